"""The order in which untested patients would be tested so that most is found early. It orders tests; it replaces none."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from radiogenomics.cohort.model_use import Worklist
from radiogenomics.evaluation.proportions import wilson_interval
from radiogenomics.evaluation.training_reference import TrainingReference

PLAIN = (
    "This list orders molecular testing and does not replace it: every patient on it is to be tested, whatever the rank, and a "
    "low probability is no negative test."
)


def rank_patients(
    rows: pd.DataFrame, rules: Worklist, urgency: pd.Series | None, reference: TrainingReference | None
) -> pd.DataFrame:
    """Untested patients in the order of the expected value of testing them first.

    Parameters
    ----------
    rows : prospective rows by `schemas.PREDICTIONS`, one a patient.
    urgency : value of the declared feature, by patient_id; None where none is declared.
    reference : of the model; gives the sensitivity at each cut. None: not known.

    Returns
    -------
    DataFrame patient_id, probability, lower, upper, urgency (factor on the benefit), value (urgency x benefit x probability -
    cost), rank_by_value, rank_by_probability, expected_found (events among this and all patients above, by probability),
    sensitivity, sensitivity_lower, sensitivity_upper (share of the training patients' events, out of fold, at or above this
    patient's probability, Wilson's interval), n, events (of those training patients), in_domain, abstention_reason. Patients
    without a probability stand at the end, unranked: nothing is known of them, and they are tested as ever.
    """
    table = rows[
        ["patient_id", "probability", "lower", "upper", "in_domain", "abstained", "abstention_reason"]
    ].reset_index(drop=True)
    weights = {float(value): factor for value, factor in rules.urgency_weights.items()}
    values = None if urgency is None else urgency.reindex(table["patient_id"]).to_numpy(dtype=float)
    table["urgency"] = 1.0 if values is None else [weights.get(float(v), 1.0) if v == v else 1.0 for v in values]
    table["value"] = table["urgency"] * rules.benefit * table["probability"] - rules.cost
    table["rank_by_value"] = table["value"].rank(ascending=False, method="min").astype("Int64")
    table["rank_by_probability"] = table["probability"].rank(ascending=False, method="min").astype("Int64")
    table = table.sort_values(
        ["abstained", "value", "probability", "patient_id"], ascending=[True, False, False, True], ignore_index=True
    )
    table["expected_found"] = table["probability"].cumsum()
    scored = [_sensitivity(float(p), reference) for p in table["probability"]]
    for at, name in enumerate(("sensitivity", "sensitivity_lower", "sensitivity_upper", "n", "events")):
        table[name] = [values[at] for values in scored]
    return table.drop(columns="abstained")


def _sensitivity(probability: float, reference: TrainingReference | None) -> tuple[float, float, float, int, int]:
    scored = None if reference is None else reference.scored
    if scored is None or not np.isfinite(probability):
        return np.nan, np.nan, np.nan, 0 if scored is None else len(scored.labels), 0
    event = scored.labels == 1
    found, events = int((expit(scored.scores[event]) >= probability - 1e-12).sum()), int(event.sum())
    lower, upper = wilson_interval(found, events)
    share = found / events
    return share, min(float(lower), share), max(float(upper), share), len(scored.labels), events
