"""Intermediate fusion: what the attention may look at, what training does, and exact values for whole modalities."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radiogenomics.explanation import explain
from radiogenomics.fusion.gated_attention import GatedAttention

SMALL = {"inner_repeats": 1, "members": 4, "epochs": (20, 60)}


def cohort(n: int, effects: dict[str, float], seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Independent modalities of six features; each effect is the shift of the first two between the classes, in SD."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 3 == 0).astype(int)
    columns = {f"{m}:f{i}": rng.normal(size=n) + e * y * (i < 2) for m, e in effects.items() for i in range(6)}
    index = [f"P{i:03d}" for i in range(n)]
    return pd.DataFrame(columns, index=index), pd.Series(y, index=index)


def test_a_modality_that_a_patient_lacks_gets_no_attention_and_the_rest_share_all_of_it() -> None:
    X, y = cohort(60, {"a": 1.0, "b": 1.0, "c": 0.0})
    X.loc[X.index[::4], X.columns.str.startswith("b:")] = np.nan
    model = GatedAttention(**SMALL).fit(X, y)
    attention = model.attention(X)
    assert (attention[::4, 1] == 0).all()
    assert (attention[1::4, 1] > 0).all()
    np.testing.assert_allclose(attention.sum(axis=1), 1.0)


def test_both_modalities_together_tell_new_patients_apart_better_than_either() -> None:
    X, y = cohort(120, {"a": 0.9, "b": 0.9}, seed=1)
    new, truth = cohort(900, {"a": 0.9, "b": 0.9}, seed=2)
    model = GatedAttention(**SMALL).fit(X, y)

    def auc(hidden: str | None) -> float:
        shown = new.copy()
        if hidden is not None:
            shown.loc[:, shown.columns.str.startswith(f"{hidden}:")] = np.nan
        return float(roc_auc_score(truth, model.decision_function(shown)))

    assert auc(None) > max(auc("a"), auc("b")) + 0.03
    assert min(auc("a"), auc("b")) > 0.7  # dropped in training, so that it can do without either


def test_training_without_dropping_modalities_does_worse_when_one_is_missing() -> None:
    lost = []
    for seed in range(3):
        X, y = cohort(90, {"strong": 1.5, "weak": 0.7}, seed=10 + seed)
        new, truth = cohort(900, {"strong": 1.5, "weak": 0.7}, seed=50 + seed)
        new.loc[:, new.columns.str.startswith("strong:")] = np.nan
        scores = [
            roc_auc_score(truth, GatedAttention(modality_dropout=chance, **SMALL).fit(X, y).decision_function(new))
            for chance in (0.3, 0.0)
        ]
        lost.append(scores[0] - scores[1])
    assert np.mean(lost) > 0


def test_shapley_values_of_modalities_are_those_of_the_definition() -> None:
    X, y = cohort(60, {"a": 1.2, "b": 0.6})
    model = GatedAttention(**SMALL).fit(X, y)
    shap, base = model.contributions(X)
    names = model.contribution_names()
    value = {}
    for kept in ("a", "b"):
        shown = X.copy()
        shown.loc[:, ~shown.columns.str.startswith(f"{kept}:")] = np.nan
        value[kept] = model.decision_function(shown)
    both = model.decision_function(X)
    expected = 0.5 * (value["a"] - base) + 0.5 * (both - value["b"])
    np.testing.assert_allclose(shap[:, names.index("a:(modality as a whole)")], expected, atol=1e-9)
    assert (shap[:, : X.shape[1]] == 0).all()


def test_the_explanation_of_a_whole_modality_carries_no_value_of_its_own() -> None:
    X, y = cohort(60, {"a": 1.2, "b": 0.6})
    X.iloc[0, :6] = np.nan
    table = explain(
        GatedAttention(**SMALL).fit(X, y), X, pd.DataFrame(columns=["feature", "modality", "unit"]), name="attention"
    )
    assert set(table["feature"]) == {"(modality as a whole)"}
    assert table["value"].isna().all()
    first = table[table["patient_id"] == "P000"].set_index("modality")["shap_value"]
    assert first["a"] == pytest.approx(0.0, abs=1e-12)  # what is absent moves nothing
    assert first["b"] != 0


def test_the_number_of_threads_changes_no_bit() -> None:
    import torch

    X, y = cohort(60, {"a": 1.0, "b": 0.5})
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(GatedAttention(**SMALL).fit(X, y).decision_function(X))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])


def test_listing_the_algorithms_does_not_load_torch() -> None:
    code = "import sys, radiogenomics.fusion.registry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
