"""Only what a declared model needs: for analyses that fit it many times."""

from __future__ import annotations

from radiogenomics.cohort.configuration import Models
from radiogenomics.evaluation.left_out import WHOLE
from radiogenomics.fusion.registry import ALGORITHMS, PRESPECIFIED, WITH_PRESPECIFIED


def models_for(models: Models, final_model: str) -> Models:
    """The unimodal models and, of the fusions, the final one (the learned late fusion where it is built of that).

    The model of the prespecified predictors, and the fusion with it, go unless one of them is the final one.
    """
    if final_model not in {PRESPECIFIED, WITH_PRESPECIFIED}:
        models = models.model_copy(update={"prespecified": ()})
    if final_model in ALGORITHMS and "/" in final_model:
        return models.model_copy(update={"fusion": (final_model,)})
    fusion = (WHOLE,) if final_model.startswith("late/") else ()
    return models.model_copy(update={"fusion": fusion})
