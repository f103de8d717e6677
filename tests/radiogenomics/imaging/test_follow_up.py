"""Follow-up against known growth: changes, their error, response categories, and which lesion is which."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from lesion_phantoms import ball, volume

from radiogenomics import imaging
from radiogenomics.cohort import load_cohort, read_inputs
from radiogenomics.cohort.follow_up_settings import VolumeResponse
from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.follow_up.change import doubling_days, growth_per_year, sum_change, volume_change
from radiogenomics.imaging.follow_up.matching import match_by_distance, match_by_label
from radiogenomics.imaging.follow_up.measures import measures_of_lesion
from radiogenomics.imaging.follow_up.response import by_volume, recist, target_lesions
from radiogenomics.imaging.reading import Lesion
from radiogenomics.simulation import simulate_cohort
from radiogenomics.simulation.follow_up import draw_course
from radiogenomics.simulation.images import draw_tumours


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """A simulated cohort with later studies: configuration, truth, lesions by study, tables of follow-up."""
    folder = tmp_path_factory.mktemp("followed") / "cohort"
    simulate_cohort(folder, patients=14, random_state=3, follow_up=True)
    cohort = load_cohort(folder / "cohort.yaml")
    manifest = read_inputs(cohort).manifest
    lesions = imaging.declared_lesions(cohort, manifest)
    qc = imaging.check_lesions(lesions).qc
    studies = imaging.lesions_by_study(cohort, manifest, lesions, qc)
    tables = imaging.follow_up_tables(cohort, studies.baseline, studies.later, studies.studies, studies.labels)
    return cohort, json.loads((folder / "truth.json").read_text())["follow_up"], studies, tables


def true_tumours(truth, patient: str, study: str) -> dict[str, dict[str, float]]:
    return truth[patient][study]["tumours"]


def true_baseline(truth, patient: str) -> dict[str, dict[str, float]]:
    return true_tumours(truth, patient, f"{patient}-CT1")


def test_the_change_of_each_lesion_lies_within_its_limits_as_often_as_they_say(followed) -> None:
    _, truth, studies, tables = followed
    label = dict(zip(studies.labels["lesion_id"], studies.labels["label"], strict=True))
    scores = {"volume": [], "diameter": []}
    for row in tables.lesions.to_dict("records"):
        name = label[row["baseline_lesion_id"]]
        before = true_baseline(truth, row["patient_id"])[name]
        after = true_tumours(truth, row["patient_id"], row["study_id"])[name]
        for what, key in (("volume", "volume_mm3"), ("diameter", "diameter_mm")):
            error = np.log1p(row[f"{what}_change"]) - np.log(after[key] / before[key])
            sd = (np.log1p(row[f"{what}_upper"]) - np.log1p(row[f"{what}_lower"])) / (2 * 1.96)
            scores[what].append(error / sd)
    for what, z in scores.items():
        assert len(z) > 25
        assert abs(np.mean(z)) < 0.35, what  # no bias
        assert 0.7 < np.std(z) < 1.25, what  # errors are as large as they say
        assert np.mean(np.abs(z) < 1.96) > 0.8, what  # pairs of one patient share the baseline and its error


def test_the_category_is_the_true_one_wherever_the_limits_leave_no_other(followed) -> None:
    cohort, truth, _, tables = followed
    sure = agree = 0
    for patient, visits in tables.patients.sort_values("days").groupby("patient_id"):
        baseline = true_baseline(truth, patient)
        start = nadir = sum(t["volume_mm3"] for t in baseline.values())
        for row in visits.to_dict("records"):
            now = true_tumours(truth, patient, row["study_id"])
            total = sum(now[name]["volume_mm3"] for name in baseline)
            new = bool(set(now) - set(baseline))
            expected = by_volume(start, nadir, total, cohort.images["ct"].follow_up.volume_response, new=new)
            nadir = min(nadir, total)
            crossed = any(row["volume_lower"] <= limit <= row["volume_upper"] for limit in (-0.65, 0.73))
            if not crossed:
                sure += 1
                agree += row["volume_response"] == expected
    assert sure >= 8
    assert agree / sure > 0.94


def one_with_several_lesions(studies):
    """Baseline and later lesions of one patient with at least two lesions at every study."""
    counts = pd.concat([studies.baseline, studies.later]).groupby(["patient_id", "study_id"]).size()
    patient = counts.groupby("patient_id").min().loc[lambda least: least >= 2].index[0]
    return [
        part[part["patient_id"] == patient].reset_index(drop=True)
        for part in (studies.baseline, studies.later, studies.studies)
    ]


def test_a_lesion_that_the_baseline_lacks_is_new_and_that_is_progression(followed) -> None:
    cohort, _, studies, _ = followed
    baseline, later, times = one_with_several_lesions(studies)
    tables = imaging.follow_up_tables(cohort, baseline.iloc[:1], later, times, studies.labels)
    named = tables.unmatched[tables.unmatched["what"] == "new"]
    assert set(named["study_id"]) == set(later["study_id"])
    assert named["reason"].str.contains("no lesion of the baseline has label").all()
    assert set(tables.patients["recist"]) == {"PD"}
    assert set(tables.patients["volume_response"]) == {"PD"}


@pytest.mark.parametrize("absent", ["gone", "not_measured"])
def test_a_lesion_without_contour_is_gone_or_not_measured_as_declared(followed, absent) -> None:
    cohort, _, studies, _ = followed
    baseline, later, times = one_with_several_lesions(studies)
    settings = cohort.images["ct"].follow_up.model_copy(update={"absent": absent})
    other = cohort.model_copy(update={"images": {"ct": cohort.images["ct"].model_copy(update={"follow_up": settings})}})
    last = later["study_id"] == later["study_id"].iloc[-1]
    kept = later[~last | ~later[last].duplicated("study_id").reindex(later.index, fill_value=False)]
    tables = imaging.follow_up_tables(other, baseline, kept, times, studies.labels)
    row = tables.patients.iloc[-1]
    assert row["absent"] == len(baseline) - 1
    assert (row["recist"] == "NE") == (absent == "not_measured")
    assert np.isnan(row["volume_after_mm3"]) == (absent == "not_measured")


def test_simulated_lesions_grow_by_the_rate_that_was_drawn_vanish_and_appear() -> None:
    appeared = vanished = 0
    for number in range(200):
        generator = np.random.default_rng([5, number])
        tumours = draw_tumours(generator.standard_normal(4), generator)
        course = draw_course(tumours, bool(number % 2), generator)
        first, *_, last = course.visits
        assert first.days < 0 < last.days
        appeared += len(set(last.labels) - set(first.labels))
        vanished += len(last.gone)
        assert not set(last.gone) & set(last.labels)
    assert appeared > 2
    assert vanished > 2


def test_features_of_a_patient_are_of_the_baseline_alone(followed) -> None:
    _, _, studies, _ = followed
    assert set(studies.baseline["study_id"].str.split("-").str[-1]) == {"CT1"}
    assert studies.baseline["patient_id"].nunique() == studies.baseline["study_id"].nunique()
    assert not set(studies.later["lesion_id"]) & set(studies.baseline["lesion_id"])
    of_baseline = studies.studies[studies.studies["role"] == "baseline"]
    assert (of_baseline["days_after_index"].dropna() <= 0).all()
    assert set(studies.studies.loc[studies.studies["days_after_index"] > 0, "role"]) == {"follow_up"}


def test_nearest_centres_find_the_same_pairs_as_the_labels(followed) -> None:
    _, _, studies, tables = followed
    label = dict(zip(studies.labels["lesion_id"], studies.labels["label"], strict=True))
    found = right = 0
    for _, own in tables.measures.groupby("patient_id"):
        first = own[own["study_id"].str.endswith("CT1")]
        for study, now in own.groupby("study_id"):
            if study.endswith("CT1"):
                continue
            pairs = match_by_distance(first, now, 25.0).matched
            found += len(pairs)
            right += sum(label[a] == label[b] for a, b in pairs)
    assert found > 25
    assert right == found


def test_a_ball_has_the_error_that_geometry_says() -> None:
    image, roi = ball((60, 60, 60), (30, 30, 30), 15.0, (1.0, 1.0, 1.0))
    grid = {"spacing": (1.0, 1.0, 1.0)}
    lesion = Lesion(volume(image, **grid), volume(roi.astype(np.uint8), **grid), "CT", "ct L1", {})
    found = measures_of_lesion(lesion, {"contour_sd_mm": 0.6})
    assert found["log_volume_sd"] == pytest.approx(3 * 0.6 / 15.0, rel=0.12)  # d ln V = 3 dr / r
    assert found["diameter_sd_mm"] == pytest.approx(2 * 0.6, rel=0.08)


def test_a_lesion_that_its_own_error_swallows_is_set_aside() -> None:
    image, roi = ball((20, 20, 20), (10, 10, 10), 2.0, (1.0, 1.0, 1.0))
    lesion = Lesion(volume(image), volume(roi.astype(np.uint8)), "CT", "ct L1", {})
    with pytest.raises(ComputationError, match="too small to measure"):
        measures_of_lesion(lesion, {"contour_sd_mm": 9.0})


@pytest.mark.parametrize(
    ("baseline", "nadir", "now", "new", "expected"),
    [
        (100.0, 100.0, 70.0, False, "PR"),
        (100.0, 100.0, 71.0, False, "SD"),
        (100.0, 100.0, 120.0, False, "PD"),
        (100.0, 60.0, 72.0, False, "PD"),  # against the smallest so far, not the baseline
        (20.0, 20.0, 24.5, False, "SD"),  # 22 % but less than 5 mm
        (100.0, 100.0, 0.0, False, "CR"),
        (100.0, 0.0, 6.0, False, "PD"),
        (100.0, 100.0, np.nan, False, "NE"),
        (100.0, 100.0, np.nan, True, "PD"),
    ],
)
def test_recist_categories(baseline, nadir, now, new, expected) -> None:
    assert recist(baseline, nadir, now, new=new) == expected


def test_volume_categories_are_those_of_a_ball_under_recist() -> None:
    for diameter, expected in ((0.70, "PR"), (0.71, "SD"), (1.19, "SD"), (1.21, "PD")):
        assert by_volume(1000.0, 1000.0, 1000.0 * diameter**3, VolumeResponse(), new=False) == expected


def test_targets_are_the_largest_measurable_lesions() -> None:
    table = pd.DataFrame(
        {
            "lesion_id": list("abcdefgh"),
            "diameter_mm": [12.0, 30.0, 9.9, 15.0, 11.0, 40.0, 20.0, 11.0],
            "slice_mm": [1.0, 1.0, 1.0, 8.0, 1.0, 1.0, 1.0, 1.0],
        }
    )
    assert target_lesions(table) == [
        "f",
        "b",
        "g",
        "a",
        "e",
    ]  # c is too small, d too small for its slices, h is the sixth


def test_a_change_has_limits_and_a_doubling_time() -> None:
    change = volume_change(1000.0, 2000.0, 0.1, 0.1)
    assert change.relative == pytest.approx(1.0)
    assert np.log1p(change.upper) - np.log1p(change.lower) == pytest.approx(2 * 1.96 * np.hypot(0.1, 0.1), rel=1e-3)
    assert not change.within_error
    assert volume_change(1000.0, 1100.0, 0.1, 0.1).within_error
    assert doubling_days(1000.0, 2000.0, 90.0) == pytest.approx(90.0)
    assert doubling_days(2000.0, 1000.0, 90.0) == pytest.approx(-90.0)
    assert growth_per_year(change, 365.25)[0] == pytest.approx(1.0)
    gone = sum_change(50.0, 0.0, 1.0, 0.0)
    assert (gone.relative, gone.within_error) == (-1.0, False)


def lesions_at(**places: tuple[float, float, float]) -> pd.DataFrame:
    rows = [(name, *place) for name, place in places.items()]
    return pd.DataFrame(rows, columns=["lesion_id", "x_mm", "y_mm", "z_mm"])


def test_a_match_by_distance_that_is_not_clear_is_named_and_not_made() -> None:
    first = lesions_at(a=(0.0, 0.0, 0.0), b=(40.0, 0.0, 0.0))
    clear = match_by_distance(first, lesions_at(c=(2.0, 0.0, 0.0), d=(41.0, 0.0, 0.0), e=(0.0, 90.0, 0.0)), 25.0)
    assert sorted(clear.matched) == [("a", "c"), ("b", "d")]
    assert list(clear.new) == ["e"]
    unclear = match_by_distance(lesions_at(a=(0.0, 0.0, 0.0), b=(16.0, 0.0, 0.0)), lesions_at(c=(8.5, 0.0, 0.0)), 25.0)
    assert unclear.matched == []
    assert list(unclear.ambiguous) == ["c"]
    assert not unclear.new


def test_labels_that_stand_twice_or_not_at_all_match_nothing() -> None:
    first = pd.DataFrame({"lesion_id": ["a", "b"], "label": ["T1", None]})
    later = pd.DataFrame({"lesion_id": ["c", "d", "e", "f"], "label": ["T1", "T1", "T9", None]})
    pairs = match_by_label(first, later)
    assert pairs.matched == []
    assert set(pairs.ambiguous) == {"c", "d", "f"}
    assert list(pairs.new) == ["e"]
    assert set(pairs.absent) == {"a", "b"}
