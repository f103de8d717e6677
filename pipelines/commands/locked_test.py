"""``radiogenomics locked-test``: a look at the locked test, on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from assets.prediction_store import prediction_store
from assets.prospective import prospective
from assets.training_frame import locked_test
from assets.versions import code_version
from pipelines.discovery import read_cohort_file
from radiogenomics.exceptions import ConfigurationError, IntegrityError
from radiogenomics.storage import ArtefactStore, Home


def look(file: Path, endpoint: str, reason: str, home: Home, out: Console) -> dict[str, Any]:
    """Predict the sealed patients with the stored final model, write the look to the ledger, then show it.

    Raises
    ------
    ConfigurationError
        No such endpoint, or it declares no locked test.
    IntegrityError
        The stored model was fitted before the test was sealed, so it may have seen its patients; or seal or ledger were
        altered.
    """
    from radiogenomics.cohort.schemas import PREDICTIONS, conform
    from radiogenomics.evaluation.calibration import brier_interval, calibration
    from radiogenomics.evaluation.concordance import auc_interval
    from radiogenomics.multimodal import endpoint_frame
    from radiogenomics.reporting.standing import standing_in_words
    from radiogenomics.storage.model_stages import ModelStages

    cohort = read_cohort_file(file, home)
    if endpoint not in cohort.endpoints or cohort.evaluation.locked_test is None:
        raise ConfigurationError(
            f"{file}: endpoint '{endpoint}' with evaluation.locked_test: not declared; endpoints are "
            f"{sorted(cohort.endpoints)}",
            rule="locked_test",
        )
    store = ArtefactStore(home.artefacts)
    record = store.read([cohort.name, endpoint, "model"])
    ledger = locked_test(home, cohort, endpoint)
    if not record.get("locked_test") or record["locked_test"] != ledger.digest():
        raise IntegrityError(
            f"model {record['model_id']} was not fitted under this seal, so it may have seen the sealed patients; run the "
            "cohort again first",
            rule="locked_test_model",
        )
    mdata = store.read([cohort.name, "multimodal_cohort"])
    frame = endpoint_frame(cohort, mdata, endpoint)
    sealed = frame.X.index.isin(ledger.sealed())
    X, y = frame.X[sealed], frame.y[sealed]
    rows = prospective(home, cohort, mdata, X, endpoint, record["model_id"])
    rows = conform(
        rows.assign(kind="locked_test", label=y.rename(index=str).reindex(rows["patient_id"]).array), PREDICTIONS
    )
    known = rows[~rows["abstained"]].set_index("patient_id")
    label, probability = known["label"].to_numpy(dtype=int), known["probability"].to_numpy(dtype=float)[:, None]
    auc = auc_interval(probability, label, np.zeros(probability.shape, dtype=int))
    brier, quality = brier_interval(probability, label), calibration(probability, label)
    figures: dict[str, Any] = {"n": len(label), "events": int(label.sum()), "abstained": int(rows["abstained"].sum())}
    for name, value in (("auc", auc), ("brier", brier)):
        figures |= {name: value.estimate, f"{name}_lower": value.lower, f"{name}_upper": value.upper}
    figures |= {"calibration_intercept": quality.intercept, "calibration_slope": quality.slope}
    figures = {key: None if isinstance(v, float) and not np.isfinite(v) else v for key, v in figures.items()}
    standing = standing_in_words(ModelStages(home.models, cohort.name, endpoint).history(), record["model_id"], "look")
    entry = ledger.record(reason=reason, model_id=record["model_id"], code_version=code_version(), figures=figures)
    prediction_store(home, cohort).append(rows)
    out.print(
        f"look {entry['look']} at the locked test of {cohort.name}/{endpoint}"
        + (" (SIMULATED DATA)" if cohort.simulated else "")
        + f": {record['name']}, n {figures['n']}, events {figures['events']}, AUC {auc.estimate:.3f} "
        f"({auc.lower:.3f} to {auc.upper:.3f}), Brier {brier.estimate:.3f}. "
        + ("" if entry["look"] == 1 else "It was looked at before: the figure no longer counts as untouched."),
        highlight=False,
        markup=False,
    )
    out.print(standing, highlight=False, markup=False, soft_wrap=True)
    return entry
