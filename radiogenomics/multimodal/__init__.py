"""Lesions to patients, modalities to one cohort, the cohort to the frame of an endpoint."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiogenomics.multimodal.aggregation import aggregate_lesions, patient_features, split_by_images, to_patients
    from radiogenomics.multimodal.cohort_file import read_cohort, write_cohort
    from radiogenomics.multimodal.confounders import confounder_table
    from radiogenomics.multimodal.extraction import Extracted, extract_features, modalities_of_tables, usable_lesions
    from radiogenomics.multimodal.frame import EndpointFrame, endpoint_frame, patient_frame
    from radiogenomics.multimodal.join import availability, join_cohort
    from radiogenomics.multimodal.survival import SurvivalFrame, survival_frame

_HOME = {
    "aggregate_lesions": "aggregation",
    "patient_features": "aggregation",
    "split_by_images": "aggregation",
    "to_patients": "aggregation",
    "read_cohort": "cohort_file",
    "write_cohort": "cohort_file",
    "confounder_table": "confounders",
    "Extracted": "extraction",
    "extract_features": "extraction",
    "modalities_of_tables": "extraction",
    "usable_lesions": "extraction",
    "EndpointFrame": "frame",
    "endpoint_frame": "frame",
    "patient_frame": "frame",
    "SurvivalFrame": "survival",
    "survival_frame": "survival",
    "availability": "join",
    "join_cohort": "join",
}

__all__ = [
    "EndpointFrame",
    "Extracted",
    "SurvivalFrame",
    "aggregate_lesions",
    "availability",
    "confounder_table",
    "endpoint_frame",
    "extract_features",
    "join_cohort",
    "modalities_of_tables",
    "patient_features",
    "patient_frame",
    "read_cohort",
    "split_by_images",
    "survival_frame",
    "to_patients",
    "usable_lesions",
    "write_cohort",
]


def __getattr__(name: str) -> Any:
    """Import on first use: anndata and mudata take a second, and the graph is read without them."""
    if name in _HOME:
        return getattr(import_module(f"radiogenomics.multimodal.{_HOME[name]}"), name)
    raise AttributeError(f"module 'radiogenomics.multimodal' has no attribute '{name}'")
