"""The figures of the report, drawn from tables and embedded as PNG; what has no table is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.reporting import figures
from radiogenomics.reporting.feature_words import feature_words
from radiogenomics.reporting.figures.canvas import png_data_uri
from radiogenomics.reporting.figures.shap_values import top_features
from radiogenomics.reporting.figures.waterfall import telling_patients
from radiogenomics.reporting.headline import Headline, best_single_modalities
from radiogenomics.reporting.records import table_rows
from radiogenomics.reporting.wording import endpoint_name

_CSS_PIXELS = 110
"""Width of an inch on the page: 7.5 inches are 825 pixels, drawn at 1.3 times that for sharp screens."""


class Picture(NamedTuple):
    """One embedded figure: `uri` (data:image/png), `alt` for those who cannot see it, `width` in CSS pixels."""

    uri: str
    alt: str
    width: int


def picture(figure: Figure, alt: str) -> Picture:
    """Draw a figure for the page."""
    width = round(float(figure.get_size_inches()[0]) * _CSS_PIXELS)
    return Picture(png_data_uri(figure), alt, width)


def draw_all(
    *,
    endpoint: str,
    simulated: bool,
    final_model: str,
    first: Headline,
    metrics: pd.DataFrame | None,
    comparisons: pd.DataFrame | None,
    out_of_fold: pd.DataFrame | None,
    explanations: pd.DataFrame | None,
    labels: pd.DataFrame | None,
    account: pd.DataFrame | None,
    quarantine: pd.DataFrame | None,
    availability: pd.DataFrame | None,
    predictions: pd.DataFrame | None,
    explained: Mapping[str, pd.DataFrame] | None = None,
    scrutiny: Mapping[str, pd.DataFrame] | None = None,
    top: int = 10,
) -> dict[str, Picture]:
    """Pictures by name; a name is absent where its table is None or empty."""
    drawn: dict[str, Picture] = {}
    mark: dict[str, Any] = {"endpoint": endpoint, "simulated": simulated}
    title = endpoint_name(endpoint)
    drawn |= draw_inputs(account, quarantine, simulated=simulated)
    drawn |= draw_availability(availability, labels, mark)
    if metrics is not None and not _bare(metrics):
        main = [name for name in dict.fromkeys([first.population, "all", "complete"]) if name]
        figure = figures.forest_figure(metrics, populations=main, final_model=final_model, **mark)
        drawn["forest"] = picture(
            figure, f"AUC of every model and floor for {title}; the same figures are in the table"
        )
    if comparisons is not None and not _bare(comparisons):
        asked = [first.population] if first.population in set(comparisons["population"]) else None
        figure = figures.comparisons_figure(comparisons, populations=asked, **mark)
        drawn["comparisons"] = picture(figure, "Paired differences in AUC; the same figures are in the table")
    if out_of_fold is not None and not _bare(out_of_fold):
        drawn |= _curves(out_of_fold, metrics, first, final_model, mark)
    shown = (
        predictions if predictions is not None and not _bare(predictions) else _as_predictions(out_of_fold, endpoint)
    )
    if shown is not None and ((shown["model"] == final_model) & (shown["kind"] == "out_of_fold")).any():
        figure = figures.patient_probabilities_figure(shown, model=final_model, simulated=simulated)
        drawn["patients"] = picture(figure, "Out-of-fold probability of each patient, ordered, coloured by label")
    if explanations is not None and not _bare(explanations):
        drawn |= _explanations(explanations, explained or {}, top, mark)
    return drawn | _scrutiny(scrutiny or {}, final_model, mark)


def draw_inputs(
    account: pd.DataFrame | None, quarantine: pd.DataFrame | None, *, simulated: bool
) -> dict[str, Picture]:
    """`inputs`: what came in and what was set aside."""
    if account is None or account.empty:
        return {}
    rows = quarantine if quarantine is not None else pd.DataFrame(columns=["rule", "level"])
    figure = figures.inputs_figure(account, rows, simulated=simulated)
    return {"inputs": picture(figure, "Rows of each source used and set aside, and the rules that set them aside")}


def draw_availability(
    availability: pd.DataFrame | None, labels: pd.DataFrame | None, mark: dict[str, Any]
) -> dict[str, Picture]:
    """`availability`: who has which modality. mark : endpoint and whether data are simulated."""
    if availability is None or availability.empty:
        return {}
    figure = figures.availability_figure(availability, labels, **mark)
    return {"availability": picture(figure, "Which patient has which modality")}


def _explanations(
    explanations: pd.DataFrame, explained: Mapping[str, pd.DataFrame], top: int, mark: dict[str, Any]
) -> dict[str, Picture]:
    """Modalities, features, dependence and a few patients; what rests on a table that is missing is left out."""
    drawn: dict[str, Picture] = {}
    effects, importance, folds = (explained.get(name) for name in ("modalities", "importance", "folds"))
    if effects is not None and not _bare(effects):
        figure = figures.modality_effects_figure(effects, **mark)
        drawn["modalities"] = picture(figure, "Effect of each modality on each patient's probability")
    else:
        figure = figures.modality_contributions_figure(explanations, **mark)
        drawn["modalities"] = picture(figure, "Mean absolute contribution of each modality")
    figure = figures.shap_beeswarm_figure(explanations, importance=importance, top=top, **mark)
    drawn["beeswarm"] = picture(figure, "SHAP values of the strongest features, one point a patient")
    if importance is None or _bare(importance):
        return drawn
    words = feature_words(explained.get("dictionary"))
    figure = figures.dependence_figure(explanations, importance, words, **mark)
    drawn["dependence"] = picture(figure, "SHAP value of the strongest features against their value")
    if folds is not None and not _bare(folds):
        for number, (why, patient, label) in enumerate(telling_patients(folds), start=1):
            figure = figures.waterfall_figure(
                explanations, patient, importance=importance, label=label, why=why, simulated=mark["simulated"]
            )
            drawn[f"patient_{number}"] = picture(figure, f"How the prediction of one patient comes about: {why}")
    return drawn


def _scrutiny(tables: Mapping[str, pd.DataFrame], final_model: str, mark: dict[str, Any]) -> dict[str, Picture]:
    """Figures of what a cohort asked for beside the evaluation, and of drift."""
    drawn: dict[str, Picture] = {}
    sites, runs, summary = (tables.get(name) for name in ("sites", "null_runs", "null_audit"))
    curve, drift = tables.get("learning_curve"), tables.get("drift")
    if sites is not None and (sites["model"] == final_model).any():
        own = sites[sites["model"] == final_model]
        figure = figures.subgroups_figure(own, heading="Each hospital left out, beside cross-validation", **mark)
        drawn["sites"] = picture(figure, "AUC in each hospital, predicted by models that never saw it")
    if runs is not None and summary is not None and not _bare(summary):
        figure = figures.null_audit_figure(runs, summary, final_model, **mark)
        drawn["null_audit"] = picture(figure, "AUC where labels are dealt out by chance, beside the observed one")
    if curve is not None and not _bare(curve):
        figure = figures.learning_curve_figure(curve, final_model, **mark)
        drawn["learning_curve"] = picture(figure, "AUC by number of training patients")
    if drift is not None and drift["larger"].notna().any():
        figure = figures.drift_figure(drift, simulated=mark["simulated"])
        drawn["drift"] = picture(figure, "The predictors in which new patients differ most from the training patients")
    return drawn


def _curves(
    out_of_fold: pd.DataFrame,
    metrics: pd.DataFrame | None,
    first: Headline,
    final_model: str,
    mark: dict[str, Any],
) -> dict[str, Picture]:
    """ROC, precision-recall, calibration and decision curve of final model, baseline and floor."""
    present = set(out_of_fold["model"])
    rows = [row for row in (first.final, first.baseline, first.floor) if row is not None]
    chosen = [row["model"] for row in rows if row["model"] in present]
    if not chosen and final_model in present:
        chosen = [final_model]
    drawn: dict[str, Picture] = {}
    if chosen:
        figure = figures.roc_figure(out_of_fold, chosen, metrics=metrics, **mark)
        drawn["roc"] = picture(figure, "ROC curves of final model, clinical baseline and confounder floor")
        figure = figures.precision_recall_figure(out_of_fold, chosen, **mark)
        drawn["precision_recall"] = picture(figure, "Precision against recall of the same models")
        figure = figures.decision_curve_figure(out_of_fold, chosen, **mark)
        drawn["decision"] = picture(figure, "Net benefit of the same models by threshold probability")
    if final_model in present:
        figure = figures.calibration_figure(out_of_fold, final_model, metrics=metrics, **mark)
        drawn["calibration"] = picture(figure, "Observed share of events against predicted probability")
    single = [model for model in best_single_modalities(metrics, "complete") if model in present]
    if final_model in present and len(single) > 1:
        figure = figures.roc_figure(
            out_of_fold, [final_model, *single], metrics=metrics, heading="ROC beside single modalities", **mark
        )
        drawn["roc_single"] = picture(figure, "ROC curves of final model and best model of each single modality")
    return drawn


def _as_predictions(out_of_fold: pd.DataFrame | None, endpoint: str) -> pd.DataFrame | None:
    """Out-of-fold predictions in the columns that the strip of patients reads."""
    if out_of_fold is None or out_of_fold.empty:
        return None
    return out_of_fold.assign(kind="out_of_fold", endpoint=endpoint, lower=float("nan"), upper=float("nan"))


def strongest_features(explanations: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Rows for the table of features."""
    return [] if explanations is None or explanations.empty else table_rows(top_features(explanations, 15))


def _bare(table: pd.DataFrame | None) -> bool:
    return table is None or table.empty
