"""The columns of every table that passes from one package to another, as pandera schemas.

Feature tables are wide: the key columns, then one float column a feature; what each feature is stands in a feature
dictionary beside it. A value that is not known is NaN (float) or None (text), never a code.
"""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from radiogenomics.exceptions import TableError
from radiogenomics.storage.prediction_columns import COLUMNS, Column


def _text(nullable: bool = False) -> pa.Column:
    return pa.Column(str, nullable=nullable)


MANIFEST = pa.DataFrameSchema(
    {
        "source": _text(),  # clinical/<table>, lesions/<images>, imaging_tables/<name>, mutations, mutation_panels, expression
        "file": _text(),  # as declared, relative to the cohort's root
        "row": pa.Column(int, pa.Check.ge(1)),  # line of the file, header counted; or column for genes x samples
        "patient_id": _text(),
        "study_id": _text(nullable=True),
        "lesion_id": _text(nullable=True),
        "sample_id": _text(nullable=True),
    },
    strict=True,
    coerce=True,
    name="manifest",
    unique=["source", "file", "row"],
)
"""One row for each input row that is used."""

QUARANTINE = pa.DataFrameSchema(
    {
        "source": _text(),
        "file": _text(),
        "row": pa.Column("Int64", nullable=True),
        "patient_id": _text(nullable=True),
        "lesion_id": _text(nullable=True),
        "level": pa.Column(
            str, pa.Check.isin(["row", "value", "lesion"])
        ),  # row: an input row; value: one cell of a used row
        "rule": _text(),  # short machine-readable name of the broken rule
        "reason": _text(),  # one sentence for a person
    },
    strict=True,
    coerce=True,
    name="quarantine",
)
"""One row for each input row (level 'row'), value or lesion that is left out, with the reason."""

LESIONS = pa.DataFrameSchema(
    {
        "patient_id": _text(),
        "study_id": _text(),
        "lesion_id": _text(),  # unique within the cohort and image name
        "images": _text(),  # the name under `images:` in cohort.yaml
        "kind": pa.Column(str, pa.Check.isin(["CT", "PT", "MR"])),
        "image": _text(),  # absolute path: file, or folder of a DICOM series
        "mask": _text(),
        "roi": _text(nullable=True),  # RTSTRUCT ROI name, SEG segment label, or label value of a mask volume
        "file": _text(),  # where the row came from, for messages
        "row": pa.Column(int),
        "series": pa.Column(
            str, nullable=True, required=False
        ),  # series instance UID, where the folder may hold several
        "contour": pa.Column(
            str, pa.Check.isin(["drawn", "draft", "accepted"]), required=False
        ),  # who drew it; accepted: a draft that a person accepted
        "accepted_by": pa.Column(str, nullable=True, required=False),  # initials
        "prompt": pa.Column(
            str, nullable=True, required=False
        ),  # where a lesion is that has no contour, or a drawn one beside it: cohort/prompts as JSON
    },
    strict=True,
    coerce=True,
    name="lesions",
    unique=["images", "lesion_id"],
)
"""One row a lesion that is to be read."""

FEATURE_DICTIONARY = pa.DataFrameSchema(
    {
        "feature": _text(),  # name of the column in the feature table
        "modality": _text(),
        "family": _text(),  # shape, firstorder, glcm, ..., gene, expression, demographic, ...
        "unit": _text(),  # 'mm', 'HU', '1' for dimensionless, ...
        "derived_from": _text(),  # '<source>:<item>', e.g. 'mutations:EGFR', 'clinical/main:Gender'; ';' between several
        "recorded": pa.Column(str, pa.Check.isin(["baseline", "follow_up"])),
        "description": _text(),
        "ibsi_code": _text(),  # identifier of the feature's definition in the IBSI reference manual; '' where it has none
    },
    strict=True,
    coerce=True,
    unique=["modality", "feature"],
    parsers=pa.Parser(
        lambda table: table.assign(ibsi_code=table["ibsi_code"].fillna("") if "ibsi_code" in table else "")
    ),
    name="feature_dictionary",
)
"""What each feature is and which input it derives from (what the leakage guard reads). Tables stored before there was
`ibsi_code`, and makers of features that the standard does not know, leave it out."""

LABELS = pa.DataFrameSchema(
    {
        "patient_id": _text(),
        "endpoint": _text(),
        "label": pa.Column("Int8", pa.Check.isin([0, 1]), nullable=True),  # <NA>: missing, never negative
        "reason": _text(),  # why this label, or why it is missing
        "rule": _text(),  # name of the label rule
        "rule_version": _text(),
        "source_rows": _text(nullable=True),  # 'clinical.csv:14', ';' between several
    },
    strict=True,
    coerce=True,
    unique=["patient_id", "endpoint"],
    name="labels",
)
"""One row for each patient and endpoint."""

SURVIVAL = pa.DataFrameSchema(
    {
        "patient_id": _text(),
        "endpoint": _text(),
        "time_months": pa.Column(float, pa.Check.ge(0), nullable=True),  # since the index date; NaN: not known
        "event": pa.Column("Int8", pa.Check.isin([0, 1]), nullable=True),  # 0: censored; <NA>: not known
        "reason": _text(),
        "rule": _text(),
        "rule_version": _text(),
        "source_rows": _text(nullable=True),
    },
    strict=True,
    coerce=True,
    unique=["patient_id", "endpoint"],
    name="survival",
)
"""One row for each patient and endpoint with time and event."""

OUT_OF_FOLD = pa.DataFrameSchema(
    {
        "patient_id": _text(),
        "model": _text(),  # '<modality>/<algorithm>', 'early/...', 'late/...', 'floor/<confounder>'
        "repeat": pa.Column(int, pa.Check.ge(0)),
        "fold": pa.Column(int, pa.Check.ge(0)),
        "probability": pa.Column(float, pa.Check.in_range(0, 1), nullable=True),  # NaN: abstained
        "label": pa.Column(int, pa.Check.isin([0, 1])),
        "modalities_used": _text(),  # 'clinical;radiomics_ct', sorted; '' when abstained
        "abstained": pa.Column(bool),
    },
    strict=True,
    coerce=True,
    unique=["patient_id", "model", "repeat"],
    name="out_of_fold",
)
"""Predictions by models that never saw the patient in any step."""

METRICS = pa.DataFrameSchema(
    {
        "model": _text(),
        "role": pa.Column(str, pa.Check.isin(["fusion", "unimodal", "clinical_baseline", "floor"])),
        "population": _text(),  # 'all' (any modality), 'complete' (every modality), or a modality's name (patients that have it)
        "n": pa.Column(int),
        "events": pa.Column(int),
        "auc": pa.Column(float, nullable=True),
        "auc_lower": pa.Column(float, nullable=True),
        "auc_upper": pa.Column(float, nullable=True),
        "brier": pa.Column(float, nullable=True),
        "brier_lower": pa.Column(float, nullable=True),
        "brier_upper": pa.Column(float, nullable=True),
        "calibration_intercept": pa.Column(float, nullable=True),
        "calibration_slope": pa.Column(float, nullable=True),
        "share_abstained": pa.Column(float, nullable=True),  # of the endpoint's labelled patients
        "interval_method": _text(),
    },
    strict=True,
    coerce=True,
    unique=["model", "population"],
    name="metrics",
)
"""Figures of each model and floor, on the same patients and folds within a population."""

SURVIVAL_OUT_OF_FOLD = pa.DataFrameSchema(
    {
        "patient_id": _text(),
        "model": _text(),
        "repeat": pa.Column(int, pa.Check.ge(0)),
        "fold": pa.Column(int, pa.Check.ge(0)),
        "log_hazard": pa.Column(float, nullable=True),  # against the average training patient; NaN: abstained
        "risk_percentile": pa.Column(float, pa.Check.in_range(0, 1), nullable=True),  # among the training patients
        "time_months": pa.Column(float, pa.Check.ge(0)),
        "event": pa.Column(int, pa.Check.isin([0, 1])),
        "modalities_used": _text(),
        "abstained": pa.Column(bool),
    },
    strict=True,
    coerce=True,
    unique=["patient_id", "model", "repeat"],
    name="survival_out_of_fold",
)
"""Predicted risk of models that never saw the patient in any step."""

SURVIVAL_METRICS = pa.DataFrameSchema(
    {
        "model": _text(),
        "role": pa.Column(str, pa.Check.isin(["fusion", "unimodal", "clinical_baseline", "floor"])),
        "population": _text(),
        "n": pa.Column(int),
        "events": pa.Column(int),
        "c_index": pa.Column(float, nullable=True),  # Harrell's, within folds
        "c_index_lower": pa.Column(float, nullable=True),
        "c_index_upper": pa.Column(float, nullable=True),
        "integrated_brier": pa.Column(float, nullable=True),
        "integrated_brier_lower": pa.Column(float, nullable=True),
        "integrated_brier_upper": pa.Column(float, nullable=True),
        "share_abstained": pa.Column(float, nullable=True),
        "interval_method": _text(),
    },
    strict=True,
    coerce=True,
    unique=["model", "population"],
    name="survival_metrics",
)
"""Figures of each survival model and floor, on the same patients and folds within a population."""

COMPARISONS = pa.DataFrameSchema(
    {
        "comparison": _text(),  # 'imaging over clinical', 'fusion over best single modality', 'fusion over confounder floor'
        "model": _text(),
        "reference": _text(),
        "population": _text(),
        "n": pa.Column(int),
        "events": pa.Column(int),
        "auc_difference": pa.Column(float, nullable=True),
        "lower": pa.Column(float, nullable=True),
        "upper": pa.Column(float, nullable=True),
        "p_value": pa.Column(float, nullable=True),
        "p_holm": pa.Column(float, nullable=True, required=False),  # corrected for all questions asked of a population
        "verdict": _text(),  # one sentence, chosen by rule
    },
    strict=True,
    coerce=True,
    name="comparisons",
)
"""Paired differences on the same patients and folds."""

FIGURES = pa.DataFrameSchema(
    {
        "model": _text(),
        "role": pa.Column(str, pa.Check.isin(["fusion", "unimodal", "clinical_baseline", "floor"])),
        "population": _text(),
        "figure": _text(),  # average_precision, sensitivity, net_benefit, ...
        "at": pa.Column(float, nullable=True),  # the threshold, or the target sensitivity; NaN where there is none
        "n": pa.Column(int),
        "events": pa.Column(int),
        "estimate": pa.Column(float, nullable=True),
        "lower": pa.Column(float, nullable=True),
        "upper": pa.Column(float, nullable=True),
        "method": _text(),  # of the interval
    },
    strict=True,
    coerce=True,
    unique=["model", "population", "figure", "at"],
    name="figures",
)
"""Every further figure of a model in a population, one row each."""

SUBGROUPS = pa.DataFrameSchema(
    {
        "subgroup": _text(),  # sex, age, hospital, availability, ...
        "level": _text(),
        "model": _text(),
        "n": pa.Column(int),
        "events": pa.Column(int),
        "auc": pa.Column(float, nullable=True),
        "auc_lower": pa.Column(float, nullable=True),
        "auc_upper": pa.Column(float, nullable=True),
        "brier": pa.Column(float, nullable=True),
        "brier_lower": pa.Column(float, nullable=True),
        "brier_upper": pa.Column(float, nullable=True),
        "observed_minus_predicted": pa.Column(float, nullable=True),  # share of events less the mean probability
        "observed_minus_predicted_lower": pa.Column(float, nullable=True),
        "observed_minus_predicted_upper": pa.Column(float, nullable=True),
        "suppressed": _text(),  # why there are no figures; '' where there are
    },
    strict=True,
    coerce=True,
    unique=["subgroup", "level", "model"],
    name="subgroups",
)
"""Figures of groups of patients, from the out-of-fold predictions of models trained on everybody."""

EXPLANATIONS = pa.DataFrameSchema(
    {
        "patient_id": _text(),
        "model": _text(),
        "modality": _text(),
        "feature": _text(),
        "value": pa.Column(float, nullable=True),
        "shap_value": pa.Column(float),  # log-odds
        "base_value": pa.Column(float),  # log-odds
        "unit": _text(),
    },
    strict=True,
    coerce=True,
    name="explanations",
)
"""SHAP values: base_value + sum of shap_value over features = log-odds of the prediction."""

EXPLANATION_FOLDS = pa.DataFrameSchema(
    {
        "patient_id": _text(),
        "model": _text(),
        "repeat": pa.Column(int, pa.Check.ge(0)),
        "fold": pa.Column(int, pa.Check.ge(0)),
        "label": pa.Column(int, pa.Check.isin([0, 1])),
        "base_value": pa.Column(float),  # log-odds
        "shap_sum": pa.Column(float),  # log-odds
        "log_odds": pa.Column(float),  # of the out-of-fold prediction
    },
    strict=True,
    coerce=True,
    unique=["patient_id", "repeat"],
    name="explanation_folds",
)
"""Of each patient and repeat: base_value + shap_sum = log_odds, by a model that never saw the patient."""

EXPLANATIONS_BY_REPEAT = pa.DataFrameSchema(
    {
        "patient_id": _text(),
        "repeat": pa.Column(int, pa.Check.ge(0)),
        "modality": _text(),
        "feature": _text(),
        "shap_value": pa.Column(float),  # log-odds, never 0: a feature without a row counts for nothing
    },
    strict=True,
    coerce=True,
    name="explanations_by_repeat",
)
"""The parts of `shap_sum` of EXPLANATION_FOLDS."""

MODALITY_EFFECTS = pa.DataFrameSchema(
    {
        "patient_id": _text(),
        "model": _text(),
        "modality": _text(),  # one that the patient has
        "effect": pa.Column(float, pa.Check.in_range(-1, 1)),  # Shapley value, probability
        "standard_error": pa.Column(float, pa.Check.ge(0)),  # of the sampling of orders; 0: exact
        "base_probability": pa.Column(float, pa.Check.in_range(0, 1)),  # share of events among the training patients
        "probability": pa.Column(float, pa.Check.in_range(0, 1)),  # mean over repeats of the out-of-fold probability
        "label": pa.Column(int, pa.Check.isin([0, 1])),
        "method": _text(),  # 'exact' or 'sampled'
    },
    strict=True,
    coerce=True,
    unique=["patient_id", "modality"],
    name="modality_effects",
)
"""base_probability + sum of effect over a patient's modalities = probability."""

IMPORTANCE = pa.DataFrameSchema(
    {
        "model": _text(),
        "modality": _text(),
        "representative": _text(),  # the feature of the group that moves predictions most
        "features": pa.Column(int, pa.Check.ge(1)),  # how many the group holds
        "members": _text(),  # '; ' between them, the strongest first
        "rank": pa.Column(int, pa.Check.ge(1)),
        "n": pa.Column(int),
        "events": pa.Column(int),
        "importance": pa.Column(float),  # mean over patients and repeats of |sum of the group's SHAP values|, log-odds
        "lower": pa.Column(float, nullable=True),
        "upper": pa.Column(float, nullable=True),
        "share_in_top": pa.Column(float, pa.Check.in_range(0, 1)),  # of outer folds in which it is among the first
        "direction": pa.Column(float, nullable=True),  # rank correlation of the representative's value with the effect
        "direction_agreement": pa.Column(float, nullable=True),  # of outer folds that point the more frequent way
        "stable": pa.Column(bool),
        "unit": _text(),
        "method": _text(),
    },
    strict=True,
    coerce=True,
    name="importance",
)
"""Groups of correlated features, ranked."""

STABILITY = pa.DataFrameSchema(
    {
        "what": pa.Column(str, pa.Check.isin(["groups of features", "modalities"])),
        "between": pa.Column(str, pa.Check.isin(["outer folds", "repeats"])),
        "measure": _text(),  # Kendall's W; mean Spearman; overlap of the first k
        "raters": pa.Column(int),  # folds or repeats that rank
        "items": pa.Column(int),  # groups or modalities that are ranked
        "n": pa.Column(int),
        "events": pa.Column(int),
        "estimate": pa.Column(float, nullable=True),
        "lower": pa.Column(float, nullable=True),
        "upper": pa.Column(float, nullable=True),
        "method": _text(),  # of the interval
        "verdict": _text(),
    },
    strict=True,
    coerce=True,
    name="stability",
)
"""How far the models of different folds and repeats agree on what matters."""

DRIFT = pa.DataFrameSchema(
    {
        "modality": _text(),
        "feature": _text(),  # '(modality present)' for the share of patients that have the modality
        "n_training": pa.Column(int),
        "n_new": pa.Column(int),
        "statistic": pa.Column(float, nullable=True),  # Kolmogorov-Smirnov distance; difference of shares
        "p_value": pa.Column(float, nullable=True),
        "q_value": pa.Column(float, nullable=True),  # false discovery rate
        "larger": pa.Column(float, nullable=True),  # chance that a new patient's value is above a training patient's
        "larger_lower": pa.Column(float, nullable=True),
        "larger_upper": pa.Column(float, nullable=True),
        "drifted": pa.Column(bool),
        "reason": _text(),  # why it was not tested; '' where it was
    },
    strict=True,
    coerce=True,
    unique=["modality", "feature"],
    name="drift",
)
"""Distribution of each predictor among new patients against those the model was trained on."""


def _prediction_column(column: Column) -> pa.Column:
    checks = [pa.Check.isin(list(column.values))] if column.values else []
    if column.least is not None:
        checks.append(pa.Check.ge(column.least))
    if column.most is not None:
        checks.append(pa.Check.le(column.most))
    dtype = str if column.type == "text" else column.dtype
    return pa.Column(dtype, checks, nullable=column.nullable, default=column.default)


PREDICTIONS = pa.DataFrameSchema(
    {column.name: _prediction_column(column) for column in COLUMNS},
    strict=True,
    add_missing_columns=True,
    coerce=True,
    name="predictions",
)
"""The contract with biostatisticians: append-only, one row a patient, model and repeat."""


def conform(table: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """The table, validated and with columns in the schema's order.

    Raises
    ------
    TableError
        Naming the schema, the column, the rule and the first offending values.
    """
    try:
        valid = schema.validate(table, lazy=True)
        return valid[[name for name in schema.columns if name in valid.columns]].reset_index(drop=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        lines = [
            f"{row['column'] or row['failure_case']}: {row['check']}"
            + (f", found {row['failure_case']!r}" if row["column"] else "")
            for row in cases.head(5).to_dict("records")
        ]
        more = f" (and {len(cases) - 5} more)" if len(cases) > 5 else ""
        raise TableError(
            f"table '{schema.name}' breaks its schema: " + "; ".join(lines) + more, rule="schema"
        ) from error


def empty(schema: pa.DataFrameSchema) -> pd.DataFrame:
    """A table of that schema with no rows."""
    return schema.validate(pd.DataFrame({name: pd.Series(dtype="object") for name in schema.columns}))
