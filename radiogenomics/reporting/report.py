"""The HTML report of one endpoint: one file that needs no other, from stored tables alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from radiogenomics.reporting import pictures
from radiogenomics.reporting.checklists.filled import Checklist
from radiogenomics.reporting.external_validation import external_validation
from radiogenomics.reporting.feature_words import FeatureWords, feature_words
from radiogenomics.reporting.figures.dependence import dependence_rows
from radiogenomics.reporting.figures.modality_effects import modality_summary
from radiogenomics.reporting.headline import headline
from radiogenomics.reporting.method import method_in_words
from radiogenomics.reporting.model_card import model_card
from radiogenomics.reporting.operating_points import operating_points
from radiogenomics.reporting.page import (
    beginning,
    ending,
    environment,
    of_final,
    of_the_endpoint,
    population_blocks,
    rows_of,
)
from radiogenomics.reporting.patient_flow import endpoint_labels, label_reasons, patient_flow
from radiogenomics.reporting.records import table_rows
from radiogenomics.reporting.surviving import surviving_features
from radiogenomics.storage.validations import StoredValidation

_DRIFT_ROWS = 20


def render_report(
    *,
    cohort_title: str,
    endpoint: str,
    simulated: bool,
    metrics: pd.DataFrame | None = None,
    comparisons: pd.DataFrame | None = None,
    out_of_fold: pd.DataFrame | None = None,
    figures: pd.DataFrame | None = None,
    subgroups: pd.DataFrame | None = None,
    verdict: str = "",
    explanations: pd.DataFrame | None = None,
    labels: pd.DataFrame | None = None,
    account: pd.DataFrame | None = None,
    quarantine: pd.DataFrame | None = None,
    settings: Mapping[str, Any] | None = None,
    versions: Mapping[str, Any] | None = None,
    final_model: str = "late/weighted",
    description: str = "",
    availability: pd.DataFrame | None = None,
    predictions: pd.DataFrame | None = None,
    excluded: pd.DataFrame | None = None,
    refused: pd.DataFrame | None = None,
    explained: Mapping[str, pd.DataFrame] | None = None,
    scrutiny: Mapping[str, pd.DataFrame] | None = None,
    people: Mapping[str, pd.DataFrame] | None = None,
    sentences: Mapping[str, str] | None = None,
    statements: Mapping[str, str] | None = None,
    checklists: Sequence[Checklist] = (),
    top: int = 10,
    command: str = "",
    crate: str = "",
    source_url: str = "",
    licence: str = "",
    contours: pd.DataFrame | None = None,
    validation: StoredValidation | None = None,
    standing: str = "",
) -> str:
    """The report as HTML text: same tables, same text. A table that is None or empty is named as missing in its section.

    Parameters
    ----------
    cohort_title, endpoint, description : as configured.
    simulated : puts a banner on the page and a mark on every figure.
    metrics, comparisons, out_of_fold, explanations, labels, quarantine, predictions : by their schemas in
        `radiogenomics.cohort.schemas`; labels and predictions of other endpoints are ignored.
    explained : what stands beside the explanations: `folds`, `modalities`, `importance`, `stability`, `dictionary`.
    scrutiny : what the cohort asked for: `sites`, `sites_skipped`, `null_audit`, `null_runs`, `learning_curve`, `robustness`, and `drift`.
    people : `missingness` and `characteristics`, see `reporting.missingness`.
    sentences : `sample_size`, `learning_curve`, `drift`: what was found, in words.
    statements : what the authors declared, by field; empty ones are not shown.
    checklists : filled by `checklists.filled.fill`.
    top : groups of features in the figures. command : repeats the run. crate : name of the RO-Crate file beside the page.
    figures, subgroups : by `schemas.FIGURES` and `schemas.SUBGROUPS`; the rows of the final model are shown.
    verdict : the one sentence that stands first; left out, the first of the comparisons does.
    account : `source`, `file`, `rows`, `used`, `quarantined`: one line an input file.
    settings : configuration of the run, nested dictionaries allowed; `resampling` is told in words.
    versions : versions, hashes and identifiers for repeating the run.
    final_model : the model that was declared final before any result.
    availability : bool, patients x modalities; those of which no model is stored are left out.
    excluded : `patient_id`, `reason` of labelled patients that were not evaluated.
    quarantine : where `file` and `reason` are missing throughout (`reporting.pseudonymised`), the page says so.
    refused : `modality`, `feature`, `rule`, `reason` of features refused by the leakage guard.
    contours : `images`, `contour`, `lesions`, `patients`, `quarantined`: who drew the contours of the cohort's lesions.
    validation : the latest of the described model on another cohort. standing : which model is described, and which is in use.
    source_url, licence : where the public gets the data, and under which terms.
    """
    own_labels = endpoint_labels(labels, endpoint)
    availability = of_the_endpoint(availability, out_of_fold)
    first = headline(metrics, final_model)
    if predictions is not None:
        predictions = predictions[predictions["endpoint"] == endpoint]
    drawn = pictures.draw_all(
        endpoint=endpoint,
        simulated=simulated,
        final_model=final_model,
        first=first,
        metrics=metrics,
        comparisons=comparisons,
        out_of_fold=out_of_fold,
        explanations=explanations,
        labels=own_labels,
        account=account,
        quarantine=quarantine,
        availability=availability,
        predictions=predictions,
        explained=explained,
        scrutiny=scrutiny,
        top=top,
    )
    explained, scrutiny, people = explained or {}, scrutiny or {}, people or {}
    card = model_card(
        first,
        figures=figures,
        comparisons=comparisons,
        subgroups=subgroups,
        sites=scrutiny.get("sites"),
        stability=explained.get("stability"),
        final_model=final_model,
        validation=validation,
        simulated=simulated,
    )
    steps = patient_flow(own_labels, endpoint, out_of_fold=out_of_fold, availability=availability, excluded=excluded)
    page = {
        **beginning(
            cohort_title=cohort_title,
            endpoint=endpoint,
            description=description,
            simulated=simulated,
            final_model=final_model,
            first=first,
            verdict=verdict,
            comparisons=comparisons,
        ),
        "figures": operating_points(of_final(figures, final_model, first.population)),
        "has_scrutiny": any(
            table is not None and not table.empty for table in (figures, subgroups, *_asked_for(scrutiny))
        )
        or bool((sentences or {}).get("sample_size")),
        "subgroups": of_final(subgroups, final_model),
        "flow": steps,
        "label_reasons": table_rows(label_reasons(own_labels, endpoint)),
        "populations": population_blocks(metrics, first.population),
        "pictures": drawn,
        "top_features": pictures.strongest_features(explanations),
        "card": card,
        "importance": rows_of(explained.get("importance"), 2 * top),
        "words": feature_words(explained.get("dictionary")),
        "meanings": _meanings(explanations, explained),
        "effects": rows_of(_effects(explained.get("modalities"))),
        "stability": rows_of(explained.get("stability")),
        "sites": of_final(scrutiny.get("sites"), final_model),
        "sites_skipped": rows_of(scrutiny.get("sites_skipped")),
        "null_audit": of_final(scrutiny.get("null_audit"), final_model),
        "learning_curve": of_final(scrutiny.get("learning_curve"), final_model),
        "robustness": rows_of(surviving_features(scrutiny.get("robustness"))),
        "drift": rows_of(_strongest_drift(scrutiny.get("drift")), _DRIFT_ROWS),
        "missingness": rows_of(people.get("missingness")),
        "characteristics": rows_of(people.get("characteristics")),
        "sentences": {"sample_size": "", "learning_curve": "", "drift": "", **(sentences or {})},
        "checklists": list(checklists),
        "validation": None if validation is None else external_validation(validation),
        "not_external": "" if validation is None else validation.why_not_external,
        "standing": standing,
        "outcome_name": "labels",
        "measure": "AUC",
        "counted": False,
        "corrected": False,
        **ending(
            account=account,
            quarantine=quarantine,
            contours=contours,
            refused=refused,
            limits=card.limits,
            statements=statements,
            method=method_in_words(settings or {}, metrics),
            settings=settings,
            versions=versions,
            command=command,
            crate=crate,
            source_url=source_url,
            licence=licence,
        ),
    }
    return environment().get_template("report.html.j2").render(page) + "\n"


def _meanings(
    explanations: pd.DataFrame | None, explained: Mapping[str, pd.DataFrame]
) -> list[tuple[str, FeatureWords]]:
    """What the features mean whose dependence is drawn."""
    importance = explained.get("importance")
    if explanations is None or importance is None:
        return []
    words = feature_words(explained.get("dictionary"))
    columns = [f"{row['modality']}:{row['feature']}" for row in dependence_rows(explanations, importance)]
    return [(column, words[column]) for column in columns if column in words]


def _asked_for(scrutiny: Mapping[str, pd.DataFrame]) -> list[pd.DataFrame]:
    return [scrutiny[name] for name in ("sites", "null_audit", "learning_curve", "robustness") if name in scrutiny]


def _effects(modalities: pd.DataFrame | None) -> pd.DataFrame | None:
    return None if modalities is None or modalities.empty else modality_summary(modalities)


def _strongest_drift(drift: pd.DataFrame | None) -> pd.DataFrame | None:
    """The tested predictors, those that drifted most first."""
    if drift is None:
        return None
    tested = drift[drift["p_value"].notna()]
    return tested.sort_values(["q_value", "p_value", "modality", "feature"], ignore_index=True)
