"""What a cohort may say of encoders and boxes of voxels."""

from __future__ import annotations

from pathlib import Path

import pytest

from radiogenomics.cohort import load_cohort
from radiogenomics.exceptions import ConfigurationError

COHORT = """
name: c
clinical:
  tables: {{main: {{file: clinical.csv, patient_id: id}}}}
images:
  ct: {{kind: CT, image: "{{patient_id}}.nii", mask: "{{patient_id}}_m.nii"{more}}}
{below}
"""


def load(folder: Path, more: str = "", below: str = "") -> object:
    file = folder / "cohort.yaml"
    file.write_text(COHORT.format(more=more, below=below))
    return load_cohort(file)


def test_boxes_of_voxels_are_a_modality_only_where_they_are_declared(tmp_path: Path) -> None:
    assert "patches_ct" not in load(tmp_path).modalities()  # type: ignore[attr-defined]
    assert "patches_ct" in load(tmp_path, ", patches: {}").modalities()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("more", "below", "message"),
    [
        (", patches: {size: 23}", "", "patches.size"),
        (", patches: {window: [400, -1000]}", "", "the lower end must lie below the upper"),
        (", patches: {voxels: 3}", "", "voxels"),
        (", embedding: {path: x.onnx}", "", "manifest"),
        ("", "models: {network: {device: tpu}}", "device"),
        (
            ", patches: {}",
            "confounders: {site: {source: clinical, columns: [site]}}\n"
            "models: {harmonisation: {site: site, modalities: [patches_ct]}}",
            "hold voxels, which ComBat cannot harmonise",
        ),
        (
            ", patches: {}",
            "survival: {os: {table: main, time: months, event: dead, horizons_months: [12], modalities: [patches_ct]}}",
            "hold voxels, which a Cox model cannot read",
        ),
        ("", "imaging_tables: {patches_x: {file: t.csv, patient_id: id}}", "are names of other modalities"),
    ],
)
def test_a_mistake_is_named_with_its_key(tmp_path: Path, more: str, below: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, more, below)
    assert message in str(caught.value)
