"""Configuration, identities, table schemas, manifest, quarantine."""

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.inputs import Inputs, account, cohort_patients, read_inputs, source_rows
from radiogenomics.cohort.loading import load_cohort

__all__ = ["Cohort", "Inputs", "account", "cohort_patients", "load_cohort", "read_inputs", "source_rows"]
