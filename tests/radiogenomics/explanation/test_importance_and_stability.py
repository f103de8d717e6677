"""Correlated features rank together, and what folds do not agree on is marked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from radiogenomics.cohort import schemas
from radiogenomics.explanation.groups import correlated_groups
from radiogenomics.explanation.stability import agreement, direction, kendalls_w, mean_spearman, top_overlap


def test_features_of_one_signal_are_one_group_and_modalities_are_never_mixed(explained) -> None:
    X = explained.X.assign(**{"clinical:copy": explained.X["radiomics_ct:f0"]})
    label = correlated_groups(X, [*X.columns, "clinical:(modality absent)"], 0.8)
    assert label["radiomics_ct:f0"] == label["radiomics_ct:f1"] == label["radiomics_ct:f2"]
    assert (label == label["radiomics_ct:f0"]).sum() == 3
    assert (label == label["clinical:(modality absent)"]).sum() == 1


def test_every_two_features_of_a_group_reach_the_declared_correlation() -> None:
    rng = np.random.default_rng(1)
    walk = np.cumsum(rng.normal(size=(80, 12)), axis=1)  # neighbours are correlated, the ends are not
    X = pd.DataFrame(walk, columns=[f"radiomics_ct:f{i}" for i in range(12)])
    label = correlated_groups(X, list(X.columns), 0.9)
    related = X.corr(method="spearman").abs()
    together = label.to_numpy()[:, None] == label.to_numpy()[None, :]
    assert related.to_numpy()[together].min() >= 0.9
    assert 1 < label.nunique() < 12


def test_the_importance_of_a_group_is_that_of_the_sum_of_its_features(explained) -> None:
    table = explained.found.importance
    schemas.IMPORTANCE.validate(table)
    group = table[table["members"].str.contains("f0")].iloc[0]
    assert set(group["members"].split("; ")) == {"f0", "f1", "f2"}
    own = explained.found.by_repeat
    own = own[(own["modality"] == "radiomics_ct") & own["feature"].isin(["f0", "f1", "f2"])]
    sums = own.groupby(["patient_id", "repeat"])["shap_value"].sum().abs().sum()
    assert group["importance"] == pytest.approx(sums / (60 * 2), abs=1e-12)
    assert group["lower"] < group["importance"] < group["upper"]
    assert (table["rank"].to_numpy() == np.arange(1, len(table) + 1)).all()


def test_the_planted_signals_lead_and_are_stable_and_noise_is_not(explained) -> None:
    table = explained.found.importance
    first = table.head(2)
    assert set(first["modality"]) == {"clinical", "radiomics_ct"}
    assert first["stable"].all()
    assert (first["direction"] > 0.8).all()
    assert not table.tail(5)["stable"].any()
    assert (table.loc[table["share_in_top"] < 0.5, "stable"] == False).all()  # noqa: E712


def test_kendalls_w_is_one_for_equal_rankings_and_follows_from_the_mean_correlation() -> None:
    rng = np.random.default_rng(3)
    table = rng.normal(size=(5, 9))
    assert kendalls_w(np.tile(table[:1], (5, 1))) == pytest.approx(1)
    pairs = [spearmanr(table[i], table[j]).statistic for i in range(5) for j in range(i)]
    assert mean_spearman(table) == pytest.approx(np.mean(pairs))
    assert kendalls_w(table) == pytest.approx((1 + 4 * np.mean(pairs)) / 5)  # Kendall & Babington Smith 1939


def test_the_overlap_of_first_items_counts_only_items_with_any_importance() -> None:
    assert top_overlap(np.array([[3.0, 2, 0, 0], [3, 0, 2, 0]]), 2) == pytest.approx(1 / 3)
    assert top_overlap(np.array([[3.0, 0, 0, 0], [3, 0, 0, 0]]), 3) == 1.0


def test_rankings_by_chance_are_called_weak_however_few_the_raters() -> None:
    rng = np.random.default_rng(8)
    rows = agreement(rng.random((2, 40)), what="modalities", between="repeats", top=5, n=9, events=3)
    by_measure = {row["measure"]: row for row in rows}
    assert by_measure["Kendall's W"]["estimate"] > 0.35  # two raters reach that by chance
    assert by_measure["mean Spearman"]["verdict"].startswith("weak agreement")
    schemas.STABILITY.validate(pd.DataFrame(rows))


def test_the_interval_of_the_agreement_holds_the_truth_where_raters_are_drawn_from_one_model() -> None:
    rng = np.random.default_rng(4)
    truth = np.linspace(0, 3, 10)
    many = mean_spearman(truth + rng.normal(size=(400, 10)))
    inside = 0
    for _ in range(60):
        rows = agreement(truth + rng.normal(size=(8, 10)), what="modalities", between="repeats", top=3, n=1, events=1)
        own = next(row for row in rows if row["measure"] == "mean Spearman")
        inside += own["lower"] <= many <= own["upper"]
    assert inside >= 52


def test_direction_is_the_sign_of_the_effect_of_a_higher_value() -> None:
    value = pd.Series([1.0, 2.0, 3.0, np.nan, 5.0])
    assert direction(value, np.array([0.4, 0.3, 0.2, 9.0, 0.1])) == pytest.approx(-1)
    assert np.isnan(direction(value, np.zeros(5)))


def test_stability_is_stated_for_features_and_modalities_between_folds_and_repeats(explained) -> None:
    table = explained.found.stability
    asked = set(zip(table["what"], table["between"], strict=True))
    assert asked == {(w, b) for w in ("groups of features", "modalities") for b in ("outer folds", "repeats")}
    folds = table[(table["between"] == "outer folds") & (table["what"] == "groups of features")]
    assert (folds["raters"] == 6).all()
    assert ((folds["lower"] < folds["estimate"]) & (folds["estimate"] < folds["upper"])).all()
    assert (table["n"] == 60).all()
