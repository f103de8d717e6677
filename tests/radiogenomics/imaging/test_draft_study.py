"""Draft contours against drawn ones: of a phantom always, of real lung tumours where the public data are there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from rich.console import Console

from pipelines.commands.study_drafts import study_drafts
from radiogenomics.exceptions import InputError
from radiogenomics.imaging.drafts.study import StudyLesion, draft_study, real_lesions, summary
from tests.radiogenomics.imaging.lesion_phantoms import write_pair
from tests.radiogenomics.imaging.test_draft_contours import ORIGIN, SPACING, nodule


@pytest.fixture(scope="module")
def phantom_draws(tmp_path_factory) -> pd.DataFrame:
    image, roi = nodule()
    paths = write_pair(
        tmp_path_factory.mktemp("phantom"), "ball", sitk.GetArrayFromImage(image), roi, spacing=SPACING, origin=ORIGIN
    )
    return draft_study([StudyLesion("phantom", "ball", "CT", *paths)], draws=8, jitter_mm=3.0)


def test_without_jitter_a_ball_in_lung_is_found_and_with_jitter_less_so(phantom_draws, tmp_path):
    image, roi = nodule()
    paths = write_pair(tmp_path, "ball", sitk.GetArrayFromImage(image), roi, spacing=SPACING, origin=ORIGIN)
    exact = draft_study([StudyLesion("phantom", "ball", "CT", *paths)], draws=1, jitter_mm=0.0)
    threshold = exact[(exact["method"] == "threshold") & (exact["prompt"] == "box")].iloc[0]
    assert threshold["dice"] > 0.95
    assert abs(threshold["volume_error"]) < 0.1
    assert threshold["passed"]
    jittered = phantom_draws[(phantom_draws["method"] == "threshold") & (phantom_draws["prompt"] == "box")]
    assert 0.5 < jittered["dice"].mean() < threshold["dice"]
    assert jittered["dice"].nunique() == 8  # every draw is another box


def test_summaries_give_means_with_intervals_and_the_share_that_passes(phantom_draws):
    table = summary(phantom_draws, ["lesion", "prompt", "method"])
    assert len(table) == 4
    assert (table["dice_lower"] <= table["dice"]).all()
    assert (table["dice"] <= table["dice_upper"]).all()
    assert ((table["passed_lower"] >= 0) & (table["passed_upper"] <= 1)).all()
    two = pd.concat([phantom_draws, phantom_draws.assign(lesion="other", dice=phantom_draws["dice"] / 2, passed=False)])
    both = summary(two, ["prompt", "method"])
    assert both["lesions"].tolist() == [2] * 4
    single = table.set_index(["prompt", "method"])["dice"]
    assert np.allclose(both.set_index(["prompt", "method"])["dice"], single * 0.75)


def test_the_picture_has_a_line_for_each_lesion_and_method(phantom_draws):
    from radiogenomics.reporting.figures import draft_contours_figure

    axes = draft_contours_figure(phantom_draws, title="t").axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ball, threshold", "ball, watershed"]
    assert sum(len(marks.get_offsets()) for marks in axes.collections) == len(phantom_draws)


def test_the_command_says_which_data_it_lacks(tmp_path):
    with pytest.raises(InputError, match="found 0 lung tumours and 0 sarcomas"):
        study_drafts(tmp_path, tmp_path / "page.md", 2, 1, 1, Console(stderr=True))


@pytest.mark.real_data
def test_a_real_lung_tumour_is_found_from_its_box(shared_data):
    lesion = next((lesion for lesion in real_lesions(shared_data) if lesion.name == "lung2"), None)
    if lesion is None:
        pytest.skip("lung_ct_samples/ is not among the public data")
    draws = draft_study([lesion], draws=2)
    boxes = draws[draws["prompt"] == "box"].groupby("method")["dice"].mean()
    assert boxes["threshold"] > 0.75
    assert boxes["watershed"] > 0.8
