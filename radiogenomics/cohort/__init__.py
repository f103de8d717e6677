"""Configuration, identities, table schemas, manifest, quarantine."""

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.loading import load_cohort

__all__ = ["Cohort", "load_cohort"]
