"""Mutations, expression and other omics tables to features."""

from radiogenomics.omics.expression import expression_features, omics_features
from radiogenomics.omics.mutations import mutation_features

__all__ = ["expression_features", "mutation_features", "omics_features"]
