"""Clinical tables to features."""

from radiogenomics.clinical.encoding import clinical_features

__all__ = ["clinical_features"]
