"""The gate before a new champion: same patients, margins, and too few patients are no proof."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from radiogenomics.cohort.model_use import Promotion
from radiogenomics.monitoring.promotion import compare_models, verdict


def out_of_fold(n: int, noise: float, seed: int, *, repeats: int = 2, first: int = 0) -> pd.DataFrame:
    """A model's predictions: log-odds of the truth with noise; labels are those of the patient, whatever the seed."""
    patients = np.arange(first, first + n)
    truth = np.array([np.random.default_rng(p).normal() * 2 for p in patients])
    label = np.array(
        [int(np.random.default_rng(p + 10**6).random() < expit(t - 0.5)) for p, t in zip(patients, truth, strict=True)]
    )
    rng = np.random.default_rng(seed)
    parts = [
        pd.DataFrame(
            {
                "patient_id": [f"P{p:04d}" for p in patients],
                "model": "late/mean",
                "repeat": repeat,
                "fold": rng.permutation(n) % 5,
                "probability": expit(truth - 0.5 + noise * rng.normal(size=n)),
                "label": label,
                "modalities_used": "clinical",
                "abstained": False,
            }
        )
        for repeat in range(repeats)
    ]
    return pd.concat(parts, ignore_index=True)


def test_an_equally_good_model_passes_where_there_are_patients_enough() -> None:
    found = compare_models(out_of_fold(600, 0.5, 1, first=100), out_of_fold(600, 0.5, 2))
    assert found.n == 500
    passed, why = verdict(found, Promotion())
    assert passed
    assert f"on 500 patients with {found.events} events" in why


def test_a_worse_model_does_not_pass_nor_an_equal_one_on_few_patients() -> None:
    passed, why = verdict(compare_models(out_of_fold(600, 2.5, 1), out_of_fold(600, 0.5, 2)), Promotion())
    assert not passed
    assert why.startswith("not shown not to be worse")
    few = compare_models(out_of_fold(40, 1.5, 1), out_of_fold(40, 1.5, 2))
    assert few.auc.upper - few.auc.lower > 0.1
    assert not verdict(few, Promotion())[0]


def test_disjoint_patients_cannot_be_compared() -> None:
    passed, why = verdict(compare_models(out_of_fold(60, 1, 1), out_of_fold(60, 1, 2, first=500)), Promotion())
    assert not passed
    assert "not comparable: on 0 patients" in why


def test_patients_whose_label_changed_are_left_out_and_counted() -> None:
    new, old = out_of_fold(200, 0.5, 1), out_of_fold(200, 0.5, 2)
    old.loc[old["patient_id"] < "P0010", "label"] = 1 - old["label"]
    found = compare_models(new, old)
    assert (found.n, found.relabelled) == (190, 10)


def test_a_model_that_abstains_on_the_champions_patients_does_not_pass() -> None:
    new = out_of_fold(400, 0.5, 1)
    silent = new["patient_id"] < "P0060"
    new.loc[silent, "probability"] = np.nan
    passed, why = verdict(compare_models(new, out_of_fold(400, 0.5, 2)), Promotion())
    assert not passed
    assert "abstains on 15%" in why
