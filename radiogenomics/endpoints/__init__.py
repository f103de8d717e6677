"""What is predicted: labels with their reasons, and the features that may not predict them."""

from radiogenomics.endpoints.labels import derive_labels
from radiogenomics.endpoints.leakage import refused_features

__all__ = ["derive_labels", "refused_features"]
