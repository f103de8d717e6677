"""Confounders: texts and numbers of every patient, from wherever they are declared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiogenomics.cohort import read_inputs
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.schemas import QUARANTINE, empty
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.multimodal import confounder_table

TEXT = "id,hospital,site code,dose\n" + "".join(
    f"P{i},{h},{i % 3},{i}.5\n" for i, h in enumerate(["A", "B", "Unknown", "A", "B", "A", "B"])
)
ACQUISITION = pd.DataFrame(
    {
        "patient_id": ["P0", "P0", "P1", "P2"],
        "images": ["ct", "ct", "ct", "pet"],
        "kernel": ["B30f", "B70f", None, "X"],
        "slice_mm": [1.0, 1.0, 2.5, 9.0],
    }
)
IMAGES = {name: {"kind": "CT", "image": "{patient_id}.nii", "mask": "{patient_id}m.nii"} for name in ("ct", "pet")}


def table_of(write_cohort_files, confounders, features=None):
    cohort = write_cohort_files({"clinical.csv": TEXT}, images=IMAGES, confounders=confounders)
    return confounder_table(cohort, read_inputs(cohort).manifest, ACQUISITION, features or {})


def test_clinical_columns_are_texts_or_numbers_and_few_distinct_numbers_are_codes(write_cohort_files):
    table = table_of(write_cohort_files, {"site": {"source": "clinical", "columns": ["hospital", "site code", "dose"]}})
    assert table.columns.tolist() == ["site:hospital", "site:site code", "site:dose"]
    assert table["site:hospital"].tolist() == ["A", "B", None, "A", "B", "A", "B"]
    assert table["site:site code"].tolist() == ["0", "1", "2", "0", "1", "2", "0"]
    assert table["site:dose"].dtype == float
    assert table["site:dose"].iloc[2] == 2.5


def test_acquisition_fields_are_those_of_the_named_images_and_several_studies_are_joined(write_cohort_files):
    table = table_of(write_cohort_files, {"scanner": {"source": "acquisition/ct", "columns": ["kernel", "slice_mm"]}})
    assert table["scanner:kernel"].iloc[:3].tolist() == ["B30f + B70f", None, None]  # P2 has PET only
    assert table["scanner:slice_mm"].iloc[:3].tolist() == ["1", "2.5", None]


def test_a_feature_can_be_a_confounder(write_cohort_files):
    values = pd.DataFrame({"patient_id": ["P3", "P1"], "volume_mm3": [30.0, 10.0]})
    features = {"volumetrics_ct": Features(values, pd.DataFrame(), empty(QUARANTINE))}
    table = table_of(write_cohort_files, {"volume": {"source": "volumetrics_ct:volume_mm3"}}, features)
    expected = [np.nan, 10.0, np.nan, 30.0, np.nan, np.nan, np.nan]
    np.testing.assert_array_equal(table["volume:volume_mm3"].to_numpy(), expected)


@pytest.mark.parametrize(
    ("confounder", "message"),
    [
        ({"source": "clinical/mian", "columns": ["hospital"]}, "names no clinical table"),
        ({"source": "clinical"}, "name at least one column"),
        ({"source": "acquisition/mr", "columns": ["kernel"]}, "no images 'mr'"),
        ({"source": "acquisition/ct", "columns": ["kernal"]}, "did you mean 'kernel'"),
        ({"source": "radiomics:volume"}, "is neither clinical"),
    ],
)
def test_a_confounder_that_is_not_there_names_its_key_and_what_there_is(write_cohort_files, confounder, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        table_of(write_cohort_files, {"floor": confounder})
    assert "confounders.floor" in str(caught.value)
