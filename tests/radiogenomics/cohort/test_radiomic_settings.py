"""Settings of radiomics: presets, what excludes what, what is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from radiogenomics.cohort.configuration import Images
from radiogenomics.cohort.radiomic_settings import PRESETS, Radiomics


def of(kind: str, **radiomics) -> Radiomics:
    found = Images.model_validate({"kind": kind, "lesions": "lesions.csv", "radiomics": radiomics}).radiomics
    assert found is not None
    return found


def test_every_preset_is_valid_and_keeps_its_values_when_written_and_read_again() -> None:
    for name in PRESETS:
        found = Radiomics(preset=name)
        assert Radiomics.model_validate(found.model_dump(mode="json")) == found


def test_a_preset_is_changed_by_what_stands_beside_it() -> None:
    found = of("CT", preset="ct_default", bin_count=64, wavelet=False)
    assert (found.standard, found.bin_width, found.bin_count) == ("ibsi", None, 64)
    assert found.resegment_range == (-1000, 400)
    assert [one.names() for one in found.all_filters()] == [
        (f"log-sigma-{sigma}-0-mm-3D",) for sigma in (1, 2, 3, 4, 5)
    ]


def test_what_a_preset_leaves_out_is_by_the_kind_of_image() -> None:
    assert of("PT", preset="native").bin_width == 0.25
    assert of("MR", preset="native").normalise
    assert of("CT", preset="native").resample_mm is None


@pytest.mark.parametrize(
    ("kind", "radiomics", "message"),
    [
        ("CT", {"preset": "ct_defualt"}, "ct_default"),
        ("PT", {"preset": "ct_default"}, "'ct_default' is for kind CT, these images are PT"),
        ("CT", {"bin_widht": 25}, "bin_widht"),
        ("CT", {"resegment_sigma": 3}, "without effect under `standard: pyradiomics`"),
        ("CT", {"standard": "ibsi", "resegment_range": [400, -1000]}, "the lowest must be below the highest"),
        ("CT", {"standard": "ibsi", "aggregations": ["3D"]}, "aggregations"),
        ("CT", {"standard": "ibsi", "filters": [{"filter": "median"}]}, "median"),
        ("CT", {"standard": "ibsi", "filters": [{"filter": "log", "sigma": 3}]}, "sigma"),
        ("CT", {"standard": "ibsi", "filters": [{"filter": "mean", "support": 4}]}, "support must be odd"),
        ("CT", {"standard": "ibsi", "filters": [{"filter": "laws", "kernels": "L5E9"}]}, "kernels"),
        ("CT", {"standard": "ibsi", "filters": [{"filter": "wavelet", "wavelet": "morl"}]}, "not a discrete wavelet"),
        (
            "CT",
            {"standard": "ibsi", "log_sigma_mm": [2], "filters": [{"filter": "log", "sigma_mm": 2}]},
            "asked for twice",
        ),
        ("CT", {"parameter_file": "p.yaml", "bin_width": 10}, "bin_width: cannot stand beside `parameter_file`"),
    ],
)
def test_what_cannot_be_meant_is_refused(kind, radiomics, message) -> None:
    with pytest.raises(ValidationError, match=message):
        of(kind, **radiomics)
