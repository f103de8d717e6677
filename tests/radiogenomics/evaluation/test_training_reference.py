"""What is stored beside a model of its training patients: earlier files stay readable; only labels have scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiogenomics.cohort.configuration import Resampling
from radiogenomics.cohort.model_use import Domain
from radiogenomics.evaluation.training_reference import ARRAYS, PLAIN, TrainingReference, training_reference
from radiogenomics.fusion import fit_final_survival
from radiogenomics.prediction.applicability import applicability

ARCHIVE = Path(__file__).parents[2] / "archives" / "references"


def test_a_reference_of_the_first_format_is_read_and_written_as_it_was() -> None:
    files = {name: (ARCHIVE / name).read_bytes() for name in (ARRAYS, PLAIN)}
    reference = TrainingReference.from_files(files[ARRAYS], files[PLAIN])
    assert reference.columns == ["clinical:age", "clinical:marker", "mutations:TP53"]
    assert reference.patterns == {"clinical": 6, "clinical;mutations": 18}
    assert reference.scored is not None
    assert (len(reference.scored.scores), reference.scored.labels.sum(), reference.scored.folds) == (24, 15, 3)
    assert (np.diff(reference.scored.scores) >= 0).all()
    assert reference.to_files() == files


@pytest.fixture(scope="module")
def of_survival() -> tuple[TrainingReference, pd.DataFrame]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"clinical:age": rng.normal(60, 10, 60), "clinical:marker": rng.normal(size=60)},
        index=[f"P{i:02d}" for i in range(60)],
    )
    months = pd.Series(rng.exponential(np.exp(-X["clinical:marker"])), X.index)
    event = pd.Series((rng.random(60) < 0.8).astype(int), X.index)
    model = fit_final_survival(X, months, event, "late/cox_mean", Resampling(inner_folds=2))
    hospital = pd.DataFrame({"hospital:hospital": ["North", "South"] * 30}, index=X.index)
    made = training_reference(model, X, hospital, None, sites={"hospital": None}, random_state=1)
    files = made.to_files()
    return TrainingReference.from_files(files[ARRAYS], files[PLAIN]), X


def test_that_of_a_time_to_an_event_has_a_domain_and_no_scores(
    of_survival: tuple[TrainingReference, pd.DataFrame],
) -> None:
    reference, X = of_survival
    assert reference.scored is None
    assert "clinical:marker" in reference.counting
    new = X.iloc[[0, 1]].assign(**{"clinical:marker": [0.0, 90.0]})
    hospital = pd.DataFrame({"hospital:hospital": ["North", "West"]}, index=new.index)
    judged = applicability(reference, new, hospital, Domain())
    assert judged["in_domain"].tolist() == [True, False]
    assert "clinical:marker is 90, trained on" in judged["reason"].iloc[1]
    assert "hospital:hospital 'West' was not seen in training" in judged["reason"].iloc[1]
