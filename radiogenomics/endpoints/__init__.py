"""What is predicted: labels with their reasons, times with events, and the features that may not predict them."""

from radiogenomics.endpoints.labels import derive_labels, label_agreement
from radiogenomics.endpoints.leakage import refused_features
from radiogenomics.endpoints.survival import derive_survival

__all__ = ["derive_labels", "derive_survival", "label_agreement", "refused_features"]
