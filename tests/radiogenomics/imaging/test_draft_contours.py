"""A lesion with a box and no contour gets a draft that is never taken for a drawn contour."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radiogenomics.cohort import read_inputs
from radiogenomics.cohort.contour_origin import sidecar_of
from radiogenomics.cohort.draft_settings import DraftContours
from radiogenomics.cohort.prompts import Prompt, PromptError, prompt_of_cells
from radiogenomics.exceptions import ConfigurationError, ImageError
from radiogenomics.imaging import check_lesions, declared_lesions, draft_lesions, draft_sheet, lesion_volumetrics
from radiogenomics.imaging.drafts.contours import draft_contour
from radiogenomics.imaging.drafts.drafted import drafted_lesion
from radiogenomics.imaging.drafts.ellipsoid import ellipsoid_of
from radiogenomics.imaging.drafts.quality import dice, draft_problems
from radiogenomics.multimodal.aggregation import split_by_images
from tests.radiogenomics.imaging.lesion_phantoms import volume

CENTRE, RADIUS = (2.0, 25.0, 124.0), 9.0
SPACING, ORIGIN, SHAPE = (1.0, 1.0, 2.0), (-20.0, 5.0, 100.0), (24, 40, 44)
BOX = "-7.5 15.5 114.5 11.5 34.5 133.5"
ALLOW = {"kind": "CT", "lesions": "lesions.csv", "radiomics": None, "embedding": False}


def distance(centre=CENTRE) -> np.ndarray:
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    places = [o + s * g for o, s, g in zip(ORIGIN, SPACING, (x, y, z), strict=True)]
    return np.sqrt(sum((place - c) ** 2 for place, c in zip(places, centre, strict=True)))


def nodule(background: float = -800.0, inside: float = 40.0) -> tuple[sitk.Image, np.ndarray]:
    """A noisy ball of soft tissue in lung, and which voxels it is."""
    roi = distance() <= RADIUS
    values = np.where(roi, inside, background) + np.random.default_rng(1).normal(0, 40, SHAPE)
    return volume(values.astype(np.float32), spacing=SPACING, origin=ORIGIN), roi


def drafted(image: sitk.Image, kind: str = "CT", box: str = BOX, **settings: Any):
    chosen = DraftContours(use="include", **settings)
    prompt = prompt_of_cells({"box_mm": box})
    assert prompt is not None
    made = draft_contour(image, kind, ellipsoid_of(prompt, image, "x"), chosen, "x")
    return made, [rule for rule, _ in draft_problems(made.measures, chosen)]


# ------------------------------------------------------------------------------------------------------- the two methods
@pytest.mark.parametrize("method", ["threshold", "watershed"])
def test_a_nodule_in_the_lung_is_found_from_its_box_and_passes(method):
    image, roi = nodule()
    made, problems = drafted(image, method=method)
    assert dice(made.draft, roi) > 0.9
    assert problems == []
    assert made.measures.volume_mm3 == made.draft.sum() * 2.0
    assert made.measures.agreement == dice(made.draft, made.second)


def test_where_no_edge_is_the_draft_is_the_prompts_and_is_refused():
    image, _ = nodule(background=30.0)
    made, problems = drafted(image)
    assert made.measures.at_limit > 0.95
    assert "draft_at_limit" in problems


def test_a_box_beside_the_lesion_gives_no_usable_draft():
    _, problems = drafted(nodule()[0], box="14 -20 104 22 -12 112".replace("-20", "6").replace("-12", "14"))
    assert "draft_too_small" in problems


def test_a_draft_at_the_images_border_is_refused():
    roi = distance((-20.0, 25.0, 124.0)) <= RADIUS
    image = volume(np.where(roi, 40, -800).astype(np.float32), spacing=SPACING, origin=ORIGIN)
    _, problems = drafted(image, box="-20 15.5 114.5 -10.5 34.5 133.5")
    assert "draft_at_border" in problems


def test_a_box_outside_the_image_says_how_far():
    with pytest.raises(ImageError, match=r"lies 1\d\d\.\d mm outside the image") as caught:
        drafted(nodule()[0], box="100 100 100 200 200 200")
    assert caught.value.rule == "box_outside"


def test_uptake_is_cut_at_41_per_cent_of_its_maximum():
    """A cone of uptake 10 - r/2 mm: 41 % of its maximum lies at (10 - 0.41 * maximum) * 2 mm."""
    away = distance()
    values = np.maximum(10 - away / 2, 0.0).astype(np.float32)
    made, _ = drafted(volume(values, spacing=SPACING, origin=ORIGIN), "PT", box="-16 7 106 20 43 142")
    limit = 2 * (10 - 0.41 * values.max())
    assert np.array_equal(made.draft, away <= limit)


def test_there_is_no_method_for_mr():
    with pytest.raises(ImageError, match="MR"):
        drafted(nodule()[0], "MR")


# ------------------------------------------------------------------------------------------------------- prompts
@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"box_mm": "1 2 3 4 5"}, "6 numbers are needed, found 5"),
        ({"box_mm": "1 2 3 4 5 x"}, "no number"),
        ({"box_mm": "1 2 3 1 5 6"}, "flat"),
        ({"box_mm": "0 0 0 500 5 6"}, "500 mm"),
        ({"box_mm": "1 2 3 4 5 inf"}, "not finite"),
        ({"box_voxels": "1 2 3 4 5 6.5"}, "whole numbers"),
        ({"centre_mm": "1 2 3"}, "diameter_mm"),
        ({"diameter_mm": "20"}, "centre_mm"),
        ({"centre_mm": "1 2 3", "diameter_mm": "-4"}, "-4 mm"),
        ({"recist_mm": "1 2 3 1 2 3"}, "0 mm"),
        ({"box_mm": "1 2 3 4 5 6", "recist_mm": "1 2 3 4 5 6"}, "both filled"),
    ],
)
def test_a_prompt_that_cannot_be_used_says_why(cells, found):
    with pytest.raises(PromptError, match=found):
        prompt_of_cells(cells)


def test_box_diameter_and_centre_of_one_ball_are_one_ellipsoid():
    image, _ = nodule()
    x, y, z = CENTRE
    same = [
        Prompt("box_mm", (x - 9, y - 9, z - 9, x + 9, y + 9, z + 9)),
        Prompt("recist_mm", (x - 9, y, z, x + 9, y, z)),
        Prompt("centre_mm", (x, y, z, 18)),
    ]
    first, *others = (ellipsoid_of(prompt, image, "x") for prompt in same)
    for other in others:
        assert np.allclose(other.centre, first.centre)
        assert np.allclose(other.half_axes, first.half_axes)


# ------------------------------------------------------------------------------------------------------- a whole cohort
@pytest.fixture
def lesions_cohort(tmp_path: Path, write_cohort_files):
    """`make(rows, **draft settings)`: a cohort whose patients A, B, ... each have the nodule, and rows of lesions.csv beyond
    patient and image; patient Z has a drawn contour and nothing else."""

    def make(rows: list[dict[str, str]], image: sitk.Image | None = None, **settings: Any):
        chosen, roi = nodule()
        chosen = image or chosen
        sitk.WriteImage(chosen, str(tmp_path / "ct.nii.gz"))
        drawn = volume(roi.astype(np.uint8), spacing=SPACING, origin=ORIGIN)
        drawn.CopyInformation(chosen)
        if image is not None:
            drawn = sitk.Flip(volume(roi.astype(np.uint8), spacing=SPACING, origin=ORIGIN), [True, True, False])
        sitk.WriteImage(drawn, str(tmp_path / "drawn.nii.gz"))
        names = [chr(65 + i) for i in range(len(rows))] + ["Z"]
        table = pd.DataFrame([*rows, {"mask": "drawn.nii.gz"}]).assign(
            patient_id=names, study_id=names, lesion_id=[f"L{name}" for name in names], image="ct.nii.gz"
        )
        table = table.fillna("")
        clinical = "id\n" + "\n".join(names) + "\n"
        ct = {**ALLOW, "draft_contours": settings or "refuse"}
        return write_cohort_files(
            {"clinical.csv": clinical, "lesions.csv": table.to_csv(index=False)}, images={"ct": ct}
        )

    return make


def all_of(cohort, folder: Path):
    inputs = read_inputs(cohort)
    made = draft_lesions(cohort, declared_lesions(cohort, inputs.manifest), folder)
    return inputs, made


def test_drafts_are_refused_unless_the_cohort_says_otherwise(lesions_cohort, tmp_path):
    inputs, made = all_of(lesions_cohort([{"mask": "", "box_mm": BOX}]), tmp_path / "drafts")
    row = inputs.quarantine.iloc[0]
    assert (row["rule"], row["row"]) == ("draft_refused", 2)
    assert "images.ct.draft_contours" in row["reason"]
    assert made.lesions["lesion_id"].tolist() == ["LZ"]
    assert not (tmp_path / "drafts").exists()


def test_a_draft_is_marked_from_the_manifest_to_the_features_and_enters_patients_only_where_included(
    lesions_cohort, tmp_path
):
    rows = [
        {"mask": "", "box_mm": BOX},
        {"mask": "", "recist_mm": "-7 25 124 11 25 124"},
        {"mask": "drawn.nii.gz", "box_mm": BOX},
        {"mask": "", "box_mm": "14 6 104 22 14 112"},
        {"mask": "", "box_mm": "1 2"},
    ]
    cohort = lesions_cohort(rows, use="separate")
    inputs, made = all_of(cohort, tmp_path / "drafts")
    assert inputs.quarantine[["lesion_id", "rule"]].to_numpy().tolist() == [["LE", "box_invalid"]]
    assert made.drafts.set_index("lesion_id")["status"].to_dict() == {
        "LA": "draft",
        "LB": "draft",
        "LC": "compared",
        "LD": "not used",
    }
    assert made.quarantine[["lesion_id", "rule", "row"]].to_numpy().tolist() == [["LD", "draft_too_small", 5]]
    compared = made.drafts.set_index("lesion_id").loc["LC"]
    assert compared["dice_with_drawn"] > 0.9
    assert abs(compared["volume_error"]) < 0.15
    contours = made.lesions.set_index("lesion_id")["contour"].to_dict()
    assert contours == {"LA": "draft", "LB": "draft", "LC": "drawn", "LZ": "drawn"}

    qc = check_lesions(made.lesions).qc.set_index("lesion_id")
    assert qc.loc["LA", ["contour", "status", "rules"]].tolist() == ["draft", "flagged", "draft_contour"]
    assert qc.loc["LZ", ["contour", "status"]].tolist() == ["drawn", "used"]

    features = lesion_volumetrics(cohort, made.lesions)
    assert features.values.set_index("lesion_id")["contour"].to_dict() == contours
    assert "contour" not in features.dictionary["feature"].tolist()
    separate = split_by_images(cohort, features, "volumetrics")["volumetrics_ct"].values
    assert separate["patient_id"].tolist() == ["C", "Z"]
    included = cohort.model_copy(
        update={
            "images": {"ct": cohort.images["ct"].model_copy(update={"draft_contours": DraftContours(use="include")})}
        }
    )
    both = split_by_images(included, features, "volumetrics")["volumetrics_ct"].values
    assert both["patient_id"].tolist() == ["A", "B", "C", "Z"]
    assert len(draft_sheet(made.drafts).axes) == 12


def test_an_unchanged_draft_is_not_made_again(lesions_cohort, tmp_path):
    cohort = lesions_cohort([{"mask": "", "box_mm": BOX}], use="separate")
    first = all_of(cohort, tmp_path / "drafts")[1].drafts
    times = {file: file.stat().st_mtime_ns for file in (tmp_path / "drafts").rglob("*")}
    second = all_of(cohort, tmp_path / "drafts")[1].drafts
    assert times == {file: file.stat().st_mtime_ns for file in (tmp_path / "drafts").rglob("*")}
    pd.testing.assert_frame_equal(first, second)


def test_voxel_boxes_mean_the_axes_as_the_file_stores_them_and_the_draft_lies_on_the_files_grid(
    lesions_cohort, tmp_path
):
    """The image is stored from left to right and from back to front; the box counts as the file does."""
    flipped = sitk.Flip(nodule()[0], [True, True, False])
    first, last = (nodule()[0].TransformPhysicalPointToContinuousIndex(p) for p in ((-7, 16, 115), (11, 34, 133)))
    turned = [
        SHAPE[2] - 1 - last[0],
        SHAPE[1] - 1 - last[1],
        first[2],
        SHAPE[2] - 1 - first[0],
        SHAPE[1] - 1 - first[1],
        last[2],
    ]
    box = " ".join(str(round(v)) for v in turned)
    cohort = lesions_cohort(
        [{"mask": "", "box_voxels": box}, {"mask": "", "box_mm": BOX}], image=flipped, use="include"
    )
    _, made = all_of(cohort, tmp_path / "drafts")
    assert made.drafts["status"].tolist() == ["draft", "draft"]
    masks = [sitk.ReadImage(file) for file in made.drafts["draft"]]
    drawn = sitk.ReadImage(str(tmp_path / "drawn.nii.gz"))
    for mask in masks:
        assert np.allclose(mask.GetOrigin(), drawn.GetOrigin())
        assert dice(sitk.GetArrayFromImage(mask) > 0, sitk.GetArrayFromImage(drawn) > 0) > 0.9
    qc = check_lesions(made.lesions).qc
    assert not qc["rules"].str.contains("mask_resampled").any()
    again = drafted_lesion(made.drafts.iloc[1].to_dict())
    assert np.array_equal(sitk.GetArrayFromImage(sitk.Flip(masks[1], [True, True, False])) > 0, again.masks["draft"])


# ------------------------------------------------------------------------------------------------------- contours that come back
def test_a_draft_that_is_copied_into_the_mask_column_is_still_a_draft(lesions_cohort, tmp_path):
    _, made = all_of(lesions_cohort([{"mask": "", "box_mm": BOX}], use="separate"), tmp_path / "drafts")
    shutil.copy(made.drafts["draft"][0], tmp_path / "mine.nii.gz")
    inputs, _ = all_of(lesions_cohort([{"mask": "mine.nii.gz"}]), tmp_path / "drafts")
    assert inputs.quarantine["rule"].tolist() == ["draft_refused"]
    _, allowed = all_of(lesions_cohort([{"mask": "mine.nii.gz"}], use="include"), tmp_path / "drafts")
    assert allowed.lesions["contour"].tolist() == ["draft", "drawn"]


def accepted_file(draft: str, target: Path, **told: str) -> None:
    """What the page saves: the draft with another mark in its header, and a sidecar."""
    from radiogenomics.imaging.drafts.contour_file import write_contour

    sidecar = {"decision": "accepted", "initials": "AB", "lesion_id": "LA", **told}
    write_contour(target, sitk.ReadImage(draft), "radiogenomics accepted by AB", sidecar)


def test_an_accepted_contour_counts_as_drawn_and_keeps_who_accepted_it(lesions_cohort, tmp_path):
    _, made = all_of(lesions_cohort([{"mask": "", "box_mm": BOX}], use="separate"), tmp_path / "drafts")
    accepted_file(made.drafts["draft"][0], tmp_path / "ok.nii.gz")
    cohort = lesions_cohort([{"mask": "ok.nii.gz", "box_mm": BOX}])  # drafts are refused, this is none
    inputs, again = all_of(cohort, tmp_path / "drafts")
    assert inputs.quarantine.empty
    row = again.lesions.iloc[0]
    assert (row["contour"], row["accepted_by"]) == ("accepted", "AB")
    qc = check_lesions(again.lesions).qc.iloc[0]
    assert (qc["contour"], qc["status"]) == ("accepted", "used")
    features = lesion_volumetrics(cohort, again.lesions)
    patients = split_by_images(cohort, features, "volumetrics")["volumetrics_ct"].values["patient_id"].tolist()
    assert patients == ["A", "Z"]


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"lesion_id": "other"}, "of lesion 'other', not of 'LA'"),
        ({"decision": "rejected"}, "says 'rejected'"),
        ({"initials": "XY"}, "by 'XY'"),
    ],
)
def test_a_contour_that_contradicts_its_sidecar_is_set_aside(lesions_cohort, tmp_path, told, found):
    _, made = all_of(lesions_cohort([{"mask": "", "box_mm": BOX}], use="separate"), tmp_path / "drafts")
    accepted_file(made.drafts["draft"][0], tmp_path / "ok.nii.gz", **told)
    inputs, _ = all_of(lesions_cohort([{"mask": "ok.nii.gz"}]), tmp_path / "drafts")
    assert inputs.quarantine["rule"].tolist() == ["contour_sidecar"]
    assert found in inputs.quarantine["reason"][0]


def test_a_sidecar_that_is_no_json_is_set_aside(lesions_cohort, tmp_path):
    _, made = all_of(lesions_cohort([{"mask": "", "box_mm": BOX}], use="separate"), tmp_path / "drafts")
    accepted_file(made.drafts["draft"][0], tmp_path / "ok.nii.gz")
    sidecar_of(tmp_path / "ok.nii.gz").write_text("{")
    inputs, _ = all_of(lesions_cohort([{"mask": "ok.nii.gz"}]), tmp_path / "drafts")
    assert "is no JSON object" in inputs.quarantine["reason"][0]


# ------------------------------------------------------------------------------------------------------- configuration
def test_a_word_alone_says_what_is_done_with_drafts():
    assert DraftContours.model_validate("separate").use == "separate"
    with pytest.raises(ValueError, match="segmenter"):
        DraftContours(use="separate", method="segmenter")


def test_drafts_for_mr_are_a_configuration_error(write_cohort_files):
    images = {"mr": {**ALLOW, "kind": "MR", "draft_contours": "include"}}
    with pytest.raises(ConfigurationError, match="no method for MR"):
        write_cohort_files({"clinical.csv": "id\nA\n"}, images=images)


def test_the_sidecar_of_a_draft_says_how_it_was_made(lesions_cohort, tmp_path):
    _, made = all_of(lesions_cohort([{"mask": "", "box_mm": BOX}], use="separate"), tmp_path / "drafts")
    told = json.loads(sidecar_of(Path(made.drafts["draft"][0])).read_text())
    assert (told["decision"], told["lesion_id"], told["prompt"][0]) == ("draft", "LA", "box_mm")
    assert told["settings"]["method"] == "threshold"


def test_a_study_says_who_drew_its_lesions_so_that_it_can_be_declared_a_confounder(lesions_cohort, tmp_path):
    _, made = all_of(lesions_cohort([{"mask": "", "box_mm": BOX}], use="include"), tmp_path / "drafts")
    together = made.lesions.assign(patient_id="A", study_id="A")
    found = check_lesions(made.lesions).acquisition.set_index("patient_id")["contour"].to_dict()
    assert found == {"A": "draft", "Z": "drawn"}
    assert check_lesions(together).acquisition["contour"].tolist() == ["draft + drawn"]
