"""The example configurations are valid whether or not the data are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from radiogenomics.cohort import load_cohort, read_inputs
from radiogenomics.exceptions import ConfigurationError

COHORTS = sorted((Path(__file__).resolve().parents[3] / "pipelines" / "cohorts").glob("*.yaml"))


def test_the_three_public_cohorts_are_described():
    assert {"nsclc_pd1_msk_2018.yaml", "nsclc_radiogenomics.yaml", "sts_metastasis.yaml"} <= {c.name for c in COHORTS}


@pytest.mark.parametrize("file", COHORTS, ids=lambda file: file.stem)
def test_an_example_configuration_is_valid_and_says_what_is_missing_when_the_data_are_not_there(file, tmp_path):
    cohort = load_cohort(file, {"RADIOGENOMICS_DATA": str(tmp_path), "RADIOGENOMICS_HOME": str(tmp_path)})
    assert cohort.name == file.stem
    assert cohort.source_url
    assert cohort.licence
    with pytest.raises(ConfigurationError, match=r"clinical\.tables\.\w+\.file: no such file"):
        read_inputs(cohort)


@pytest.mark.parametrize("file", COHORTS, ids=lambda file: file.stem)
def test_an_example_configuration_names_the_variable_that_is_not_set(file):
    with pytest.raises(ConfigurationError, match=r"environment variable RADIOGENOMICS_\w+ is not set"):
        load_cohort(file, {})
