"""A segmentation program of the institution: run as a process of its own, checked, never trusted. Here small scripts stand in."""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path

import numpy as np
import psutil
import pytest
import SimpleITK as sitk

from radiogenomics.cohort.draft_settings import Segmenter
from radiogenomics.exceptions import ConfigurationError, ImageError
from radiogenomics.imaging.drafts.segmenter import find_segmenter, run_segmenter
from tests.radiogenomics.imaging.test_draft_contours import BOX, all_of, lesions_cohort, nodule

__all__ = ["lesions_cohort"]

NNUNET = """
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
assert Path(arguments["-m"], "plans.json").is_file() and arguments["-device"] == "cpu"
image = sitk.ReadImage(str(Path(arguments["-i"], "image_0000.nii.gz")))
target = str(Path(arguments["-o"], "image.nii.gz"))
"""
FINDS = "sitk.WriteImage(sitk.Cast((image > -400) * 2, sitk.sitkUInt8), target)"


@pytest.fixture
def program(tmp_path: Path):
    """`program(body)`: an executable in Python that has read its arguments as nnU-Net's command does; and its weights."""

    def make(body: str, head: str = NNUNET) -> tuple[Path, Path]:
        file, weights = tmp_path / "bin" / "segment", tmp_path / "weights"
        file.parent.mkdir(exist_ok=True)
        weights.mkdir(exist_ok=True)
        (weights / "plans.json").write_text("{}")
        imports = "import os, sys, time\nfrom pathlib import Path\nimport SimpleITK as sitk\n"
        file.write_text(f"#!{sys.executable}\n{imports}{head}{textwrap.dedent(body)}\n")
        file.chmod(0o755)
        return file, weights

    return make


def run(program: Path, weights: Path, **settings) -> np.ndarray:
    chosen = Segmenter(tool="nnunet", weights=str(weights), executable=str(program), **{"labels": (2,), **settings})
    return run_segmenter(nodule()[0], chosen, find_segmenter(chosen, weights, "key"), weights, "lesion 1")


def test_what_the_program_finds_is_the_draft_and_is_held_against_the_threshold(program, lesions_cohort, tmp_path):
    file, weights = program(FINDS)
    segmenter = {"tool": "nnunet", "weights": str(weights), "executable": str(file), "labels": [2]}
    cohort = lesions_cohort([{"mask": "", "box_mm": BOX}], use="separate", method="segmenter", segmenter=segmenter)
    _, made = all_of(cohort, tmp_path / "drafts")
    row = made.drafts.iloc[0]
    assert (row["method"], row["status"]) == ("segmenter", "draft")
    assert row["agreement"] > 0.9
    assert made.lesions.set_index("lesion_id").loc["LA", "contour"] == "draft"


def test_totalsegmentator_is_told_its_task_and_where_its_weights_are(program):
    body = """
    arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    assert arguments["-ta"] == "lung_nodules" and arguments["-d"] == "cpu"
    assert Path(os.environ["TOTALSEG_WEIGHTS_PATH"], "plans.json").is_file()
    found = sitk.Cast(sitk.ReadImage(arguments["-i"]) > -400, sitk.sitkUInt8)
    sitk.WriteImage(found, str(Path(arguments["-o"], "lung_nodules.nii.gz")))
    """
    file, weights = program(body, head="")
    chosen = Segmenter(tool="totalsegmentator", weights=str(weights), executable=str(file))
    found = run_segmenter(nodule()[0], chosen, str(file), weights, "lesion 1")
    assert np.array_equal(found, sitk.GetArrayFromImage(nodule()[0]) > -400)


@pytest.mark.parametrize(
    ("body", "rule", "found"),
    [
        ("print('out of memory'); sys.exit(3)", "segmenter_failed", "exit code 3: out of memory"),
        ("pass", "segmenter_output", r"wrote no image\.nii\.gz"),
        ("sitk.WriteImage(sitk.Cast(image[1:] > 0, sitk.sitkUInt8), target)", "segmenter_output", "the image has"),
        ("sitk.WriteImage(sitk.Cast(image > 1e6, sitk.sitkUInt8), target)", "segmenter_empty", "found no tumour"),
    ],
)
def test_a_program_that_fails_is_one_message(program, body, rule, found):
    with pytest.raises(ImageError, match=found) as caught:
        run(*program(body))
    assert caught.value.rule == rule
    assert "lesion 1" in str(caught.value)


def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(program, tmp_path):
    file, weights = program("pass")
    file.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {tmp_path}/started\nwait\n")
    with pytest.raises(ImageError, match="longer than 1 s") as caught:
        run(file, weights, timeout_s=1)
    assert caught.value.rule == "segmenter_time"
    started = int((tmp_path / "started").read_text())
    assert not psutil.pid_exists(started) or psutil.Process(started).status() == psutil.STATUS_ZOMBIE


def test_a_program_that_is_not_installed_says_what_to_do(tmp_path):
    chosen = Segmenter(tool="nnunet", weights=str(tmp_path))
    if shutil.which("nnUNetv2_predict_from_modelfolder") is not None:
        pytest.skip("nnU-Net is installed here")
    with pytest.raises(
        ConfigurationError, match=r"nnUNetv2_predict_from_modelfolder is not on the PATH; install nnunetv2"
    ):
        find_segmenter(chosen, tmp_path, "images.ct.draft_contours.segmenter")


def test_weights_that_are_not_there_are_never_downloaded(program):
    file, weights = program("pass")
    chosen = Segmenter(tool="nnunet", weights="w", executable=str(file))
    with pytest.raises(ConfigurationError, match=r"no such folder.*never downloaded"):
        find_segmenter(chosen, weights / "none", "key")
