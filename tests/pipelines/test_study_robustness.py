"""The study of robustness, on phantoms: its page says what its table says."""

from __future__ import annotations

import re

import numpy as np
import pytest
import SimpleITK as sitk
from rich.console import Console

from pipelines.commands import study_robustness as command
from radiogenomics.exceptions import InputError
from radiogenomics.storage import Home


def write(path, array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((2.0, 2.0, 3.0))
    sitk.WriteImage(image, str(path))


@pytest.fixture
def data(tmp_path):
    """The layout of the public data, with a ball in every image."""
    places = [
        (
            tmp_path / f"sts_metastasis/nifti/P{n}/CT_image.nii.gz",
            tmp_path / f"sts_metastasis/nifti/P{n}/CT_mask.nii.gz",
        )
        for n in range(4)
    ]
    places += [(tmp_path / image, tmp_path / mask) for _, image, mask in command._CHEST]
    for number, (image, mask) in enumerate(places):
        z, y, x = np.ogrid[:14, :36, :36]
        roi = np.hypot(np.hypot((x - 18) * 2, (y - 18) * 2), (z - 7) * 3) <= 11.0 + number
        noise = np.random.default_rng(number).normal(0, 12, roi.shape)
        write(image, (np.where(roi, 30.0 + 20.0 * number, 60.0) + noise).astype(np.float32))
        write(mask, roi.astype(np.uint8))
    return tmp_path


def test_the_page_counts_the_features_of_its_table(data, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(command, "RADIOMICS", {"resample_mm": [2, 2, 2], "features": ["original_firstorder_*"]})
    monkeypatch.setattr(
        command, "ROBUSTNESS", {"lesions": None, "contour": {"rotate_deg": []}, "acquisition": {"dose": [0.5]}}
    )
    home, err, page = Home(tmp_path / "home"), Console(quiet=True), tmp_path / "docs" / "robustness.md"
    command.study_robustness(data, page, None, 1, home, err)
    text = page.read_text(encoding="utf-8")
    result, refused = command.robustness_of(command._lesions(data, "sarcomas", None), 1, home, err)
    assert refused.empty
    for group, own in result.groupby("group"):
        counts = re.search(
            rf"### {str(group).capitalize()}: 4 lesions, \d+ readings each\n\n(\d+) of (\d+) features", text
        )
        assert counts is not None
        known = own[own["icc"].notna()]
        assert [int(n) for n in counts.groups()] == [int((known["icc"] > 0.9).sum()), len(known)]
        assert (page.parent / "pictures" / f"robustness_sarcomas_{group}.png").stat().st_size > 1000
    assert "### Contour: 3 lesions" in text  # the chest
    assert "dose 0.5" in text
    assert str(tmp_path) not in text


def test_data_that_are_not_there_are_one_message(tmp_path) -> None:
    with pytest.raises(InputError, match="holds none of the images of 'sarcomas'"):
        command.study_robustness(tmp_path, tmp_path / "x.md", None, 1, Home(tmp_path / "home"), Console(quiet=True))
