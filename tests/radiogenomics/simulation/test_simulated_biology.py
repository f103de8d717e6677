"""The generative model and what is knowable of it."""

from __future__ import annotations

import numpy as np
import pytest

from radiogenomics.simulation.biology import (
    ENDPOINT_MODALITIES,
    ENDPOINTS,
    MODALITIES,
    SOURCES,
    Biology,
    Effects,
    OutcomeEffects,
    draw_patients,
)
from radiogenomics.simulation.truth import attainable, best_for_patients, best_probability, expected_auc, posterior

BIOLOGY = Biology()


@pytest.fixture(scope="module")
def best() -> dict[str, dict]:
    return attainable(Effects(), BIOLOGY)


@pytest.fixture(scope="module")
def many():
    return draw_patients(30_000, Effects(), BIOLOGY, np.random.default_rng(77))


def test_the_declared_prevalence_is_met(many):
    for endpoint in ENDPOINTS:
        assert many.outcome[endpoint].mean() == pytest.approx(Effects().of(endpoint).prevalence, abs=0.012)


def test_hospitals_differ_in_prevalence_as_a_confounder_does(many):
    for endpoint in ENDPOINTS:
        first, second = (many.outcome[endpoint][many.hospital == h].mean() for h in (0, 1))
        assert second - first > 0.1


def test_without_effects_nothing_predicts_anything():
    nothing = attainable(Effects.null(), BIOLOGY, patients=4_000)
    for endpoint in ENDPOINTS:
        figures = nothing[endpoint]
        every = [*figures["modality"].values(), *(v for k, v in figures.items() if k != "modality")]
        assert every == pytest.approx([0.5] * len(every), abs=1e-9)
    drawn = draw_patients(200, Effects.null(), BIOLOGY, np.random.default_rng(3))
    for endpoint in ENDPOINTS:
        assert np.ptp(drawn.probability[endpoint]) == 0.0
        assert drawn.probability[endpoint][0] == pytest.approx(Effects().of(endpoint).prevalence, abs=1e-9)


def test_each_modality_carries_part_of_the_signal_and_all_together_more(best):
    for endpoint in ENDPOINTS:
        single = best[endpoint]["modality"]
        assert set(single) == set(ENDPOINT_MODALITIES[endpoint])
        assert all(0.69 < auc < 0.81 for auc in single.values())
        assert 0.82 < best[endpoint]["all"] < 0.88
        assert best[endpoint]["all"] > max(single.values()) + 0.04


def test_knowing_more_never_lowers_the_best_auc(best):
    for endpoint in ENDPOINTS:
        figures = best[endpoint]
        assert figures["latent"] > figures["all_and_hospital"] > figures["all"]
        assert 0.55 < figures["hospital"] < 0.65


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_model_fitted_to_the_views_reaches_the_stated_best_auc_and_not_more(endpoint, best, many):
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    fresh = draw_patients(30_000, Effects(), BIOLOGY, np.random.default_rng(78))
    for modality in ENDPOINT_MODALITIES[endpoint]:
        source = MODALITIES[modality]
        rows = [_columns(drawn, source, endpoint) for drawn in (many, fresh)]
        model = LogisticRegression(C=1e6).fit(rows[0], many.outcome[endpoint])
        reached = roc_auc_score(fresh.outcome[endpoint], model.predict_proba(rows[1])[:, 1])
        assert reached == pytest.approx(best[endpoint]["modality"][modality], abs=0.012), modality


def _columns(drawn, source, endpoint):
    seen = drawn.views[source][:, np.isfinite(drawn.views[source][0])]
    view = BIOLOGY.view(source)
    extra = [drawn.female] if view.sees_sex else []
    if view.sees_egfr and endpoint != "egfr_status":
        extra.append(drawn.outcome["egfr_status"])
    return np.column_stack([seen, *extra])


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_the_best_probability_is_calibrated(endpoint, many):
    present = {source: np.ones(len(many), dtype=bool) for source in SOURCES}
    present["expression"] = np.random.default_rng(4).random(len(many)) < 0.6
    probability = best_for_patients(endpoint, Effects(), BIOLOGY, many, present)
    for low in np.arange(0.0, 1.0, 0.2):
        inside = (probability >= low) & (probability < low + 0.2)
        assert many.outcome[endpoint][inside].mean() == pytest.approx(probability[inside].mean(), abs=0.025)


def test_a_source_that_is_lacking_is_not_used(many):
    nobody = {source: np.zeros(len(many), dtype=bool) for source in SOURCES}
    probability = best_for_patients("durable_clinical_benefit", Effects(), BIOLOGY, many, nobody)
    assert probability == pytest.approx(np.full(len(many), 0.36), abs=1e-4)


def test_knowing_the_egfr_status_follows_bayes_rule():
    # One factor drives both outcomes and is not seen: then P(benefit | EGFR) is a ratio of two integrals.
    effects = Effects(OutcomeEffects(0.3, growth=2.0), OutcomeEffects(0.4, growth=-2.0))
    drawn = draw_patients(200_000, effects, BIOLOGY, np.random.default_rng(5))
    state = posterior({"images": drawn.views["images"][:1]}, BIOLOGY, ())
    for status in (0.0, 1.0):
        found = best_probability("durable_clinical_benefit", effects, state, egfr=np.array([status]))
        among = drawn.outcome["durable_clinical_benefit"][drawn.outcome["egfr_status"] == status]
        assert found[0] == pytest.approx(among.mean(), abs=0.008)


def test_the_expected_auc_of_two_groups_is_that_worked_out_by_hand():
    # Probabilities 0.2 and 0.8 in equal parts: 0.8 * 0.8 + (0.2 * 0.8 + 0.8 * 0.2) / 2 = 0.8.
    assert expected_auc(np.array([0.8, 0.2, 0.2, 0.8])) == pytest.approx(0.8)
    assert expected_auc(np.array([0.3, 0.3])) == pytest.approx(0.5)
