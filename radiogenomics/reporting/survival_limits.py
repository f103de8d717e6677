"""What the figures of a survival endpoint do not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def survival_limits(final: Mapping[str, Any] | None, simulated: bool) -> list[str]:
    """Sentences for the end of the page.

    Parameters
    ----------
    final : the row of the declared final model on the first screen; None where it has no figures.
    """
    counted = []
    if final is not None:
        counted.append(
            f"{final['n']} patients, {final['events']} events: the events carry the evidence. With few of them intervals are "
            "wide, and a figure without its interval says nothing."
        )
    limits = [
        "This is a result of research. All figures are of cross-validation inside one cohort: of the recipe, not of the one "
        "stored model, and no external validation.",
        *counted,
        "The models assume proportional hazards: that what a predictor does to the hazard is the same at all times. Nothing "
        "here tests it.",
        "Censoring is assumed to be independent: patients whose observation ended are taken to fare like those who are still "
        "observed, whatever their predictors.",
        "Competing events have no model of their own: an event is what the configuration declares as one.",
        "A C-index says how well patients are put in order, not whether the predicted chances are right. The integrated Brier "
        "score holds both; no calibration of the chances is shown.",
        "A model that is no better than the highest floor may read the hospital or the scanner, not the tumour.",
        "Who was excluded, and who has which modality, may differ from the patients it would be used for.",
    ]
    return ["The data are simulated: nothing here holds for patients.", *limits] if simulated else limits
