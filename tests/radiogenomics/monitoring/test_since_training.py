"""Who counts as new: all whom the model in use has not seen, labelled by now or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier

from radiogenomics.cohort.schemas import OUT_OF_FOLD, conform
from radiogenomics.evaluation.model_evidence import content_digest, write_evidence
from radiogenomics.monitoring.since_training import since_training
from radiogenomics.storage.model_stages import ModelStages
from radiogenomics.storage.models import ModelRegistry

EVERYONE = pd.DataFrame({"clinical:age": np.arange(6.0)}, index=pd.Index(list("abcdef"), name="patient_id"))


def register(folder: Path, patients: str, evidence: bool = True) -> str:
    """A model that was trained on these patients, each named by one letter."""
    rows = conform(
        pd.DataFrame(
            {
                "patient_id": list(patients),
                "model": "m",
                "repeat": 0,
                "fold": 0,
                "label": 0,
                "probability": 0.5,
                "modalities_used": "clinical",
                "abstained": False,
            }
        ).reindex(columns=list(OUT_OF_FOLD.columns)),
        OUT_OF_FOLD,
    )
    model_id = ModelRegistry(folder).register(
        DummyClassifier(),
        cohort="c",
        endpoint="e",
        name="m",
        metadata={"n": len(patients), "out_of_fold_sha256": content_digest(rows)},
    )
    if evidence:
        write_evidence(folder, "c", "e", model_id, rows)
    return model_id


def parted(folder: Path, newest: str, trained_on: str, aside: str = "") -> tuple[str, str, str]:
    found = since_training(folder, "c", "e", EVERYONE, newest=newest, trained_on=list(trained_on), aside=list(aside))
    return found.model_id, "".join(found.training.index), "".join(found.new.index)


def test_patients_who_got_their_label_after_the_champion_was_trained_are_new_to_it(tmp_path: Path) -> None:
    old, newest = register(tmp_path, "abz"), register(tmp_path, "abcd")
    stages = ModelStages(tmp_path, "c", "e")
    for model_id in (old, newest):
        stages.add(model_id, "registered")
    assert parted(tmp_path, newest, "abcd") == (newest, "abcd", "ef")  # no champion
    stages.promote(old, "first")
    assert parted(tmp_path, newest, "abcd") == (old, "ab", "cdef")  # z has left the cohort
    assert parted(tmp_path, newest, "abcd", aside="e") == (old, "ab", "cdf")
    stages.promote(newest, "better")
    assert parted(tmp_path, newest, "abcd") == (newest, "abcd", "ef")


def test_a_champion_whose_training_patients_are_not_stored_gives_way_to_the_newest_model(tmp_path: Path) -> None:
    old, newest = register(tmp_path, "ab", evidence=False), register(tmp_path, "abcd")
    stages = ModelStages(tmp_path, "c", "e")
    stages.add(old, "registered")
    stages.promote(old, "first")
    assert parted(tmp_path, newest, "abcd") == (newest, "abcd", "ef")
