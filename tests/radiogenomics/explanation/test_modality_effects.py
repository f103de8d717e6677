"""Shapley values of modalities: true coalitions, on the scale of probabilities, that add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from radiogenomics.cohort import schemas
from radiogenomics.explanation.coalitions import modality_effects


class Additive:
    """Log-odds: the sum of what each modality says, and of the product of the first two where both are there."""

    def __init__(self, product: float = 0.0) -> None:
        self.product = product

    def decision_function(self, X: pd.DataFrame) -> np.ndarray:
        values = X.to_numpy()
        said = np.nansum(values, axis=1)
        if self.product:
            both = values[:, 0] * values[:, 1]
            said = said + self.product * np.nan_to_num(both)
        return np.where(np.isnan(values).all(axis=1), np.nan, said)


def table(n: int, m: int) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, m)), columns=[f"m{i}:x" for i in range(m)])
    X.iloc[::3, 1] = np.nan
    return X, {f"m{i}": np.array([i]) for i in range(m)}


def test_effects_add_up_to_the_probability_less_the_base_rate() -> None:
    X, blocks = table(20, 4)
    found = modality_effects(Additive(0.7), X, blocks, 0.3)
    np.testing.assert_allclose(found.base + found.effect.sum(axis=1), found.probability, atol=1e-12)
    np.testing.assert_allclose(found.probability, expit(Additive(0.7).decision_function(X)))
    assert found.method == "exact"
    assert (found.standard_error == 0).all()


def test_two_modalities_have_the_values_that_the_definition_gives_by_hand() -> None:
    X, blocks = table(4, 2)
    model, base = Additive(1.1), 0.25
    found = modality_effects(model, X, blocks, base)
    x0, x1 = X.iloc[1]
    alone, other, both = expit(x0), expit(x1), expit(x0 + x1 + 1.1 * x0 * x1)
    assert found.effect[1, 0] == pytest.approx(((alone - base) + (both - other)) / 2, abs=1e-12)
    assert found.effect[1, 1] == pytest.approx(((other - base) + (both - alone)) / 2, abs=1e-12)


def test_a_modality_that_the_patient_lacks_has_no_effect_and_changes_no_other() -> None:
    X, blocks = table(6, 3)
    found = modality_effects(Additive(), X, blocks, 0.4)
    assert found.effect[0, 1] == 0
    without = modality_effects(Additive(), X[["m0:x", "m2:x"]], {"m0": np.array([0]), "m2": np.array([1])}, 0.4)
    np.testing.assert_allclose(found.effect[0, [0, 2]], without.effect[0], atol=1e-12)


def test_sampled_effects_add_up_exactly_and_lie_within_their_stated_error_of_the_exact_ones() -> None:
    X, blocks = table(30, 7)
    exact = modality_effects(Additive(0.9), X, blocks, 0.3, most_exact=7)
    sampled = modality_effects(Additive(0.9), X, blocks, 0.3, orders=40)
    assert (exact.method, sampled.method) == ("exact", "sampled")
    np.testing.assert_allclose(sampled.base + sampled.effect.sum(axis=1), sampled.probability, atol=1e-12)
    here = sampled.standard_error > 0
    far = np.abs(sampled.effect - exact.effect)[here] / sampled.standard_error[here]
    assert (far < 1.96).mean() > 0.9
    assert far.max() < 5
    again = modality_effects(Additive(0.9), X, blocks, 0.3, orders=40)
    np.testing.assert_array_equal(sampled.effect, again.effect)


def test_a_patient_on_whom_the_model_abstains_has_no_effects() -> None:
    X, blocks = table(3, 2)
    X.iloc[2] = np.nan
    found = modality_effects(Additive(), X, blocks, 0.4)
    assert np.isnan(found.effect[2]).all()
    assert np.isfinite(found.effect[:2]).all()


def test_effects_of_an_evaluation_add_up_to_the_mean_out_of_fold_probability(explained) -> None:
    rows = explained.found.modalities
    schemas.MODALITY_EFFECTS.validate(rows)
    by_patient = rows.groupby("patient_id")
    total = by_patient["base_probability"].first() + by_patient["effect"].sum()
    stored = explained.evaluation.out_of_fold.query("model == 'late/weighted'").groupby("patient_id")["probability"]
    np.testing.assert_allclose(total, stored.mean(), atol=1e-9)
    has = explained.X.filter(like="radiomics_ct:").notna().any(axis=1)
    assert set(rows.loc[rows["modality"] == "radiomics_ct", "patient_id"]) == set(explained.X.index[has])
