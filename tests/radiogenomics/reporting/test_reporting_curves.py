"""The numbers behind the curves, against scikit-learn, hand computation and the evaluation's own estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.metrics import precision_recall_curve as sklearn_precision_recall
from sklearn.metrics import roc_curve as sklearn_roc
from statistics_of_proportions import WILSON

from radiogenomics.evaluation.concordance import placements
from radiogenomics.reporting.figures.calibration import calibration_bins, wilson_interval
from radiogenomics.reporting.figures.decision_curve import net_benefit, net_benefit_of_treating_all
from radiogenomics.reporting.figures.precision_recall import average_precision_interval, precision_recall
from radiogenomics.reporting.figures.roc import average_roc, roc_by_repeat, roc_curve
from radiogenomics.reporting.figures.shared_patients import patient_counts, shared_patients


@pytest.fixture(params=["continuous", "with ties"])
def scored(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(11)
    label = (generator.random(160) < 0.3).astype(int)
    probability = 1 / (1 + np.exp(-(label + generator.normal(size=160))))
    return label, np.round(probability, 1) if request.param == "with ties" else probability


def test_roc_points_and_area_equal_those_of_scikit_learn(scored) -> None:
    label, probability = scored
    fpr, tpr, _ = sklearn_roc(label, probability, drop_intermediate=False)
    found = roc_curve(label, probability)
    np.testing.assert_allclose(found.fpr, fpr, atol=1e-12)
    np.testing.assert_allclose(found.tpr, tpr, atol=1e-12)
    assert found.area == pytest.approx(roc_auc_score(label, probability), abs=1e-12)


def test_the_average_of_curves_has_the_average_of_their_areas(scored) -> None:
    label, probability = scored
    curves = [roc_curve(label[part], probability[part]) for part in np.array_split(np.arange(160), 5)]
    weights = [3.0, 1.0, 2.0, 1.0, 5.0]
    found = average_roc(curves, weights)
    assert found.area == pytest.approx(np.average([curve.area for curve in curves], weights=weights), abs=1e-12)
    assert (np.diff(found.fpr) >= 0).all()
    assert (np.diff(found.tpr) >= -1e-12).all()
    assert (found.fpr[0], found.tpr[0], found.fpr[-1], found.tpr[-1]) == (0, 0, 1, 1)


def test_the_drawn_curve_has_the_auc_that_evaluation_reports(tables) -> None:
    rows = tables["out_of_fold"].query("model == 'late/weighted'")
    areas = [curve.area for curve in roc_by_repeat(rows)]
    wide = rows.pivot(index="patient_id", columns="repeat", values=["probability", "fold"])
    label = rows.drop_duplicates("patient_id").set_index("patient_id").loc[wide.index, "label"].to_numpy()
    auc, _ = placements(wide["probability"].to_numpy(), label, wide["fold"].to_numpy())
    assert np.mean(areas) == pytest.approx(auc, abs=1e-12)


def test_probabilities_of_different_folds_are_never_compared() -> None:
    """Each fold ranks perfectly but on its own scale: the area is 1, where pooling would see errors."""
    rows = pd.DataFrame(
        {
            "patient_id": list("abcd"),
            "repeat": 0,
            "fold": [0, 0, 1, 1],
            "label": [0, 1, 0, 1],
            "probability": [0.1, 0.2, 0.8, 0.9],
        }
    )
    assert [curve.area for curve in roc_by_repeat(rows)] == [1.0]
    assert roc_auc_score(rows["label"], rows["probability"]) == 0.75


def test_precision_and_recall_equal_those_of_scikit_learn(scored) -> None:
    label, probability = scored
    precision, recall, _ = sklearn_precision_recall(label, probability)
    found = precision_recall(label, probability)
    np.testing.assert_allclose(found.precision[::-1], precision[:-1], atol=1e-12)
    np.testing.assert_allclose(found.recall[::-1], recall[:-1], atol=1e-12)
    assert found.average_precision == pytest.approx(average_precision_score(label, probability), abs=1e-12)


def test_the_interval_of_average_precision_holds_the_estimate_and_repeats_to_the_bit(scored) -> None:
    label, probability = scored
    lower, upper = average_precision_interval(label, probability)
    assert lower < precision_recall(label, probability).average_precision < upper
    assert (lower, upper) == average_precision_interval(label, probability)


def test_net_benefit_equals_the_value_computed_by_hand() -> None:
    label = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    probability = np.array([0.9, 0.3, 0.6, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1, 0.0])
    # threshold 0.2: 2 true and 3 false positives of 10, odds 1/4; threshold 0.5: 1 and 1, odds 1
    found = net_benefit(label, probability, np.array([0.2, 0.5]))
    np.testing.assert_allclose(found, [2 / 10 - 3 / 10 / 4, 1 / 10 - 1 / 10], atol=1e-15)


def test_treating_all_is_the_net_benefit_of_a_model_that_calls_everyone_positive() -> None:
    label = np.array([1, 0, 0, 0, 1])
    thresholds = np.array([0.1, 0.4, 0.7])
    everyone = net_benefit(label, np.ones(5), thresholds)
    np.testing.assert_allclose(net_benefit_of_treating_all(0.4, thresholds), everyone, atol=1e-15)
    assert net_benefit_of_treating_all(0.4, np.array([0.4]))[0] == pytest.approx(0)  # by definition at the prevalence


def test_calibration_groups_hold_every_patient_and_event_once(scored) -> None:
    label, probability = scored
    bins = calibration_bins(label, probability)
    assert bins["n"].sum() == len(label)
    assert bins["events"].sum() == label.sum()
    assert np.average(bins["mean_probability"], weights=bins["n"]) == pytest.approx(probability.mean())
    assert (bins["mean_probability"].diff().dropna() > 0).all()
    assert ((bins["lower"] <= bins["observed"]) & (bins["observed"] <= bins["upper"])).all()


def test_equal_probabilities_stay_in_one_calibration_group() -> None:
    bins = calibration_bins(np.array([0, 1] * 30), np.full(60, 0.4))
    assert bins["n"].tolist() == [60]
    assert bins["observed"].tolist() == [0.5]


@pytest.mark.parametrize(("events", "n", "lower", "upper"), WILSON)
def test_wilson_intervals_equal_published_ones(events: int, n: int, lower: float, upper: float) -> None:
    found = wilson_interval(np.array([events]), np.array([n]))
    np.testing.assert_allclose(np.ravel(found), [lower, upper], atol=5e-5)


def test_curves_are_drawn_on_the_patients_that_every_model_predicted(tables) -> None:
    rows = shared_patients(tables["out_of_fold"], ["late/weighted", "radiomics_ct/elastic_net"])
    with_image = tables["availability"].query("radiomics_ct").index
    labelled = set(tables["out_of_fold"]["patient_id"])
    assert set(rows["patient_id"]) == set(with_image) & labelled
    assert patient_counts(rows)[0] == len(set(with_image) & labelled)
