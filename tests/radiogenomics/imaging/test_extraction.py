"""One computation over all lesions: cache, order, failures."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lesion_phantoms import ball, cohort, lesion_row, lesion_table, write_pair, write_series

from radiogenomics.imaging import cnn_embeddings, lesion_volumetrics, radiomic_features
from radiogenomics.imaging.extraction import extract
from radiogenomics.imaging.lesion_step import Step
from radiogenomics.storage.feature_cache import FeatureCache

SETTINGS = {"ct": {"factor": 2}}


def _count_and_measure(lesion, settings):
    """Writes one file for each call, so that calls in other processes are counted too."""
    folder = Path(settings["calls"])
    (folder / f"{len(list(folder.iterdir()))}-{os.getpid()}").touch()
    image, roi = lesion.arrays()
    return {"mean": float(image[roi].mean()) * settings["factor"]}


def _spoil(lesion, settings):
    return {"good": 1.0, "bad": float("nan")}


def _crash_on_one(lesion, settings):
    if lesion.name.endswith("L1"):
        os.abort()
    return {"fine": 1.0}


STEP = Step("count", 1, _count_and_measure, ("numpy",))


@pytest.fixture
def calls(tmp_path, monkeypatch):
    folder = tmp_path / "calls"
    folder.mkdir()
    monkeypatch.setitem(
        SETTINGS["ct"], "calls", str(folder)
    )  # the environment of workers may be that of an earlier test
    return lambda: len(list(folder.iterdir()))


def _rows(folder: Path, count: int) -> list[dict]:
    rows = []
    for index in range(count):
        image, roi = ball(shape=(14, 24, 26), centre=(7, 12, 13), radius_mm=6, seed=index)
        rows.append(lesion_row(*write_pair(folder, f"i{index}", image, roi), f"L{index}"))
    return rows


def test_a_second_run_computes_nothing_and_gives_the_same(tmp_path, calls) -> None:
    table, cache = lesion_table(*_rows(tmp_path / "i", 3)), FeatureCache(tmp_path / "cache")
    first = extract(STEP, table, SETTINGS, cache=cache)
    second = extract(STEP, table, SETTINGS, cache=cache)
    assert calls() == 3
    assert (first.computed, second.computed) == (3, 0)
    pd.testing.assert_frame_equal(first.values, second.values)


def test_an_unchanged_lesion_is_not_even_opened(tmp_path, calls, monkeypatch) -> None:
    table, cache = lesion_table(*_rows(tmp_path / "i", 2)), FeatureCache(tmp_path / "cache")
    extract(STEP, table, SETTINGS, cache=cache)
    monkeypatch.setattr("radiogenomics.imaging.lesion_step.read_lesion", lambda record: pytest.fail("was opened"))
    assert len(extract(STEP, table, SETTINGS, cache=cache).values) == 2


def test_adding_one_lesion_computes_one(tmp_path, calls) -> None:
    rows, cache = _rows(tmp_path / "i", 4), FeatureCache(tmp_path / "cache")
    extract(STEP, lesion_table(*rows[:3]), SETTINGS, cache=cache)
    found = extract(STEP, lesion_table(*rows), SETTINGS, cache=cache)
    assert calls() == 4
    assert found.values["lesion_id"].tolist() == ["L0", "L1", "L2", "L3"]


def test_a_damaged_entry_is_computed_anew(tmp_path, calls) -> None:
    table, cache = lesion_table(*_rows(tmp_path / "i", 1)), FeatureCache(tmp_path / "cache")
    first = extract(STEP, table, SETTINGS, cache=cache)
    for path in (tmp_path / "cache").rglob("*.json"):
        path.write_text(path.read_text()[:-20])
    second = extract(STEP, table, SETTINGS, cache=cache)
    assert calls() == 2
    pd.testing.assert_frame_equal(first.values, second.values)


@pytest.mark.parametrize("change", ["settings", "version", "mask", "kind"])
def test_whatever_changes_the_result_is_computed_anew(tmp_path, calls, change) -> None:
    rows, cache = _rows(tmp_path / "i", 1), FeatureCache(tmp_path / "cache")
    extract(STEP, lesion_table(*rows), SETTINGS, cache=cache)
    step, settings = STEP, SETTINGS
    if change == "settings":
        settings = {"ct": {**SETTINGS["ct"], "factor": 3}}
    elif change == "version":
        step = Step("count", 2, _count_and_measure, ("numpy",))
    elif change == "mask":
        image, roi = ball(shape=(14, 24, 26), centre=(7, 12, 13), radius_mm=5, seed=0)
        write_pair(tmp_path / "i", "i0", image, roi)
    else:
        rows[0]["kind"] = "PT"
    extract(step, lesion_table(*rows), settings, cache=cache)
    assert calls() == 2


def test_the_same_voxels_in_another_file_are_not_computed_again(tmp_path, calls) -> None:
    image, roi = ball(shape=(14, 24, 26), centre=(7, 12, 13), radius_mm=6)
    cache = FeatureCache(tmp_path / "cache")
    _, mask = write_pair(tmp_path / "n", "a", image, roi)
    write_series(tmp_path / "dicom", image)
    nifti = lesion_row(tmp_path / "n" / "a_image.nii.gz", mask)
    # volume files and DICOM both count axes to the patient's left, back and head, so the voxels are the same
    first = extract(STEP, lesion_table(nifti), SETTINGS, cache=cache)
    second = extract(STEP, lesion_table(lesion_row(tmp_path / "dicom", mask)), SETTINGS, cache=cache)
    assert calls() == 1
    pd.testing.assert_frame_equal(first.values, second.values)


def test_a_moved_folder_is_still_known(tmp_path, calls) -> None:
    cache = FeatureCache(tmp_path / "cache")
    extract(STEP, lesion_table(*_rows(tmp_path / "i", 2)), SETTINGS, cache=cache)
    shutil.move(tmp_path / "i", tmp_path / "moved")
    moved = [
        lesion_row(tmp_path / "moved" / f"i{n}_image.nii.gz", tmp_path / "moved" / f"i{n}_mask.nii.gz", f"L{n}")
        for n in range(2)
    ]
    assert extract(STEP, lesion_table(*moved), SETTINGS, cache=cache).computed == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_lesion_that_fails_is_in_quarantine_with_its_reason_and_the_others_go_on(tmp_path, calls, workers) -> None:
    rows = _rows(tmp_path / "i", 4)
    rows[1]["roi"] = "7"
    rows[2]["image"] = str(tmp_path / "gone.nii.gz")
    found = extract(STEP, lesion_table(*rows), SETTINGS, cache=FeatureCache(tmp_path / "cache"), workers=workers)
    assert found.values["lesion_id"].tolist() == ["L0", "L3"]
    assert found.quarantine["lesion_id"].tolist() == ["L1", "L2"]
    assert found.quarantine["rule"].tolist() == ["roi_missing", "file_missing"]
    assert found.quarantine["row"].tolist() == [3, 4]
    assert "label 7 not in mask (found [1])" in found.quarantine["reason"][0]


def test_a_feature_that_is_not_a_number_sets_the_lesion_aside_by_name(tmp_path) -> None:
    found = extract(Step("spoil", 1, _spoil, ()), lesion_table(*_rows(tmp_path, 1)), SETTINGS)
    assert found.values.empty
    assert found.quarantine["rule"].tolist() == ["not_finite"]
    assert "no finite value for bad" in found.quarantine["reason"][0]


def test_a_lesion_that_crashes_its_process_costs_that_lesion_only(tmp_path) -> None:
    found = extract(Step("crash", 1, _crash_on_one, ()), lesion_table(*_rows(tmp_path, 4)), SETTINGS, workers=2)
    assert found.values["lesion_id"].tolist() == ["L0", "L2", "L3"]
    assert found.quarantine["rule"].tolist() == ["worker_died"]


def test_progress_counts_known_lesions_too(tmp_path, calls) -> None:
    rows, cache = _rows(tmp_path / "i", 3), FeatureCache(tmp_path / "cache")
    extract(STEP, lesion_table(*rows[:2]), SETTINGS, cache=cache)
    seen: list[tuple[int, int]] = []
    extract(
        STEP, lesion_table(*rows), SETTINGS, cache=cache, on_progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(2, 3), (3, 3)]


@pytest.mark.parametrize("compute", [radiomic_features, cnn_embeddings, lesion_volumetrics])
def test_one_and_two_workers_give_the_same_values_to_the_bit(tmp_path, compute) -> None:
    table = lesion_table(*_rows(tmp_path, 3))
    one, two = compute(cohort(), table), compute(cohort(), table, workers=2)
    pd.testing.assert_frame_equal(one.values, two.values, check_exact=True)
    assert one.values["lesion_id"].tolist() == ["L0", "L1", "L2"]


@pytest.mark.parametrize("compute", [radiomic_features, cnn_embeddings, lesion_volumetrics])
def test_every_feature_has_one_line_in_the_dictionary(tmp_path, compute) -> None:
    features = compute(cohort(), lesion_table(*_rows(tmp_path, 1)))
    assert features.dictionary["feature"].tolist() == features.values.columns[4:].tolist()
    assert features.values.dtypes.iloc[4:].eq(np.float64).all()
    assert (features.dictionary["description"] != "").all()


@pytest.mark.parametrize("compute", [radiomic_features, cnn_embeddings, lesion_volumetrics])
def test_no_lesions_give_an_empty_table_with_its_keys(compute) -> None:
    from radiogenomics.cohort.schemas import LESIONS, empty

    features = compute(cohort(), empty(LESIONS))
    assert features.values.columns.tolist() == ["patient_id", "study_id", "lesion_id", "images"]
    assert len(features.dictionary) == len(features.quarantine) == 0
