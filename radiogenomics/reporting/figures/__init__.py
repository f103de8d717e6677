"""Figures of stored tables: each function takes tables and returns a `matplotlib.figure.Figure` (Agg, no global state).

Every function takes `simulated`, which marks the figure 'SIMULATED DATA'. With nothing to show it returns a figure that
says what is missing. `png` and `png_data_uri` turn a figure into bytes or into an address for a page.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiogenomics.reporting.figures.altered_by_label import altered_by_label_figure
    from radiogenomics.reporting.figures.altered_genes import altered_genes_figure
    from radiogenomics.reporting.figures.attention_maps import attention_maps_figure
    from radiogenomics.reporting.figures.availability import availability_figure
    from radiogenomics.reporting.figures.calibration import calibration_figure
    from radiogenomics.reporting.figures.canvas import png, png_data_uri
    from radiogenomics.reporting.figures.clinical_summary import clinical_summary_figure
    from radiogenomics.reporting.figures.comparisons import comparisons_figure
    from radiogenomics.reporting.figures.coverage import coverage_figure
    from radiogenomics.reporting.figures.decision_curve import decision_curve_figure
    from radiogenomics.reporting.figures.dependence import dependence_figure
    from radiogenomics.reporting.figures.draft_contours import draft_contours_figure
    from radiogenomics.reporting.figures.drift import drift_figure
    from radiogenomics.reporting.figures.feature_distributions import feature_distributions_figure
    from radiogenomics.reporting.figures.forest import forest_figure
    from radiogenomics.reporting.figures.inputs import inputs_figure
    from radiogenomics.reporting.figures.kaplan_meier import kaplan_meier_figure
    from radiogenomics.reporting.figures.label_counts import label_counts_figure
    from radiogenomics.reporting.figures.learning_curve import learning_curve_figure
    from radiogenomics.reporting.figures.lesion_volumes import lesion_volumes_figure
    from radiogenomics.reporting.figures.modality_effects import modality_effects_figure
    from radiogenomics.reporting.figures.null_audit import null_audit_figure
    from radiogenomics.reporting.figures.patient_flow import patient_flow_figure
    from radiogenomics.reporting.figures.patient_probabilities import patient_probabilities_figure
    from radiogenomics.reporting.figures.precision_recall import precision_recall_figure
    from radiogenomics.reporting.figures.response import response_spider_figure, response_waterfall_figure
    from radiogenomics.reporting.figures.robustness import robustness_figure
    from radiogenomics.reporting.figures.roc import roc_figure
    from radiogenomics.reporting.figures.shap_values import modality_contributions_figure, shap_beeswarm_figure
    from radiogenomics.reporting.figures.subgroups import subgroups_figure
    from radiogenomics.reporting.figures.time_dependent_auc import time_dependent_auc_figure
    from radiogenomics.reporting.figures.waterfall import waterfall_figure

_HOMES = {
    "waterfall_figure": "waterfall",
    "modality_effects_figure": "modality_effects",
    "drift_figure": "drift",
    "dependence_figure": "dependence",
    "altered_by_label_figure": "altered_by_label",
    "altered_genes_figure": "altered_genes",
    "attention_maps_figure": "attention_maps",
    "availability_figure": "availability",
    "calibration_figure": "calibration",
    "clinical_summary_figure": "clinical_summary",
    "comparisons_figure": "comparisons",
    "coverage_figure": "coverage",
    "decision_curve_figure": "decision_curve",
    "draft_contours_figure": "draft_contours",
    "feature_distributions_figure": "feature_distributions",
    "forest_figure": "forest",
    "inputs_figure": "inputs",
    "kaplan_meier_figure": "kaplan_meier",
    "label_counts_figure": "label_counts",
    "learning_curve_figure": "learning_curve",
    "lesion_volumes_figure": "lesion_volumes",
    "modality_contributions_figure": "shap_values",
    "null_audit_figure": "null_audit",
    "patient_flow_figure": "patient_flow",
    "patient_probabilities_figure": "patient_probabilities",
    "png": "canvas",
    "png_data_uri": "canvas",
    "precision_recall_figure": "precision_recall",
    "robustness_figure": "robustness",
    "roc_figure": "roc",
    "shap_beeswarm_figure": "shap_values",
    "response_spider_figure": "response",
    "response_waterfall_figure": "response",
    "subgroups_figure": "subgroups",
    "time_dependent_auc_figure": "time_dependent_auc",
}

__all__ = [
    "altered_by_label_figure",
    "altered_genes_figure",
    "attention_maps_figure",
    "availability_figure",
    "calibration_figure",
    "clinical_summary_figure",
    "comparisons_figure",
    "coverage_figure",
    "decision_curve_figure",
    "dependence_figure",
    "draft_contours_figure",
    "drift_figure",
    "feature_distributions_figure",
    "forest_figure",
    "inputs_figure",
    "kaplan_meier_figure",
    "label_counts_figure",
    "learning_curve_figure",
    "lesion_volumes_figure",
    "modality_contributions_figure",
    "modality_effects_figure",
    "null_audit_figure",
    "patient_flow_figure",
    "patient_probabilities_figure",
    "png",
    "png_data_uri",
    "precision_recall_figure",
    "response_spider_figure",
    "response_waterfall_figure",
    "robustness_figure",
    "roc_figure",
    "shap_beeswarm_figure",
    "subgroups_figure",
    "time_dependent_auc_figure",
    "waterfall_figure",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
