"""Mutations, expression and other omics tables to features."""

from radiogenomics.omics.cohort_state import CohortState
from radiogenomics.omics.deciding import cohort_state
from radiogenomics.omics.expression import expression_features, omics_features
from radiogenomics.omics.mutations import mutation_features

__all__ = ["CohortState", "cohort_state", "expression_features", "mutation_features", "omics_features"]
