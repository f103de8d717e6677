"""Patients that a model has not seen, brought to its predictor columns by exactly the steps of its training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.inputs import REFERENCE, Inputs, cohort_patients, read_inputs
from radiogenomics.cohort.schemas import LABELS, empty
from radiogenomics.cohort.set_aside import together
from radiogenomics.exceptions import ComputationError, ConfigurationError, RadiogenomicsError, TableError
from radiogenomics.fusion.columns import feature_of, modality_of
from radiogenomics.multimodal.confounders import confounder_table
from radiogenomics.multimodal.extraction import Extracted, declared_tables, extract_features
from radiogenomics.multimodal.join import join_cohort
from radiogenomics.multimodal.sites import SITE, site_column
from radiogenomics.prediction.methods import at_stored_methods
from radiogenomics.prediction.narrowing import present_sources
from radiogenomics.prediction.stored import StoredModel


class NewPatients(NamedTuple):
    """What a model is applied to.

    Attributes
    ----------
    X : predictor columns of the model in its order, index patient_id (sorted), NaN where not known.
    confounders : columns `<confounder>:<column>`, same index; those that could be read.
    absent : one sentence for each source, variable or setting that is not as in training.
    quarantine : by `schemas.QUARANTINE`: what was set aside on the way.
    patients : all patients of the clinical tables, those without any modality included.
    """

    X: pd.DataFrame
    confounders: pd.DataFrame
    absent: list[str]
    quarantine: pd.DataFrame
    patients: list[str]
    snapshot_id: str
    inputs: Inputs
    dictionary: pd.DataFrame


def at_root(stored: StoredModel, folder: Path) -> Cohort:
    """The configuration that the model was trained by, on files that lie below `folder` as the training cohort's did."""
    if not folder.is_dir():
        raise ConfigurationError(f"{folder}: no such folder", rule="file_missing")
    cohort = stored.trained_by().model_copy(update={"root": str(folder.resolve())})
    cohort._file = folder.resolve() / "cohort.yaml"
    return cohort


def with_stored_methods(stored: StoredModel, cohort: Cohort) -> tuple[Cohort, list[str]]:
    """A cohort with files and columns of its own and the model's methods; see `methods.at_stored_methods`."""
    return at_stored_methods(cohort, stored.trained_by())


def new_patients(
    stored: StoredModel,
    cohort: Cohort,
    *,
    missing_features: str | None = None,
    whole_modalities: bool = True,
    cache: Any = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> NewPatients:
    """Read a cohort, make the features that the model was trained on, join them.

    Parameters
    ----------
    cohort : from `at_root` or `with_stored_methods`. Sources that are not there are left out and named in `absent`.
    missing_features : 'refuse' or 'modality_absent', for features that count in the model and that the data lack; None: as
        declared when the model was trained.
    whole_modalities : whether patients may lack a modality altogether whatever `missing_features` says.

    Raises
    ------
    TableError
        A feature that counts is lacking and is refused, or has another unit; an input cannot be read.
    ComputationError
        No patient has any of the model's modalities.
    """
    narrowed, absent = present_sources(cohort)
    inputs = read_inputs(narrowed)
    modalities = list(dict.fromkeys(modality_of(c) for c in stored.columns if modality_of(c) != SITE))
    extracted = extract_features(
        narrowed,
        inputs.manifest,
        cache=cache,
        on_progress=on_progress,
        state=stored.state,
        wanted=_tables(narrowed, modalities),
    )
    absent += _other_references(stored, inputs)
    features = {name: each for name, each in extracted.features.items() if name in modalities}
    if not features:
        raise ComputationError(
            f"{cohort.path('.')}: no patient has any of {', '.join(modalities)}"
            + _because(absent, extracted.quarantine),
            rule="no_patients",
        )
    confounders = _confounders(stored, narrowed, inputs, extracted, absent)
    joined = join_cohort(narrowed, features, empty(LABELS), confounders)
    dictionary = pd.concat([part.var for part in joined.mod.values()])
    _check_units(stored, dictionary)
    patients = pd.Index(sorted(joined.obs_names), name="patient_id", dtype=object)
    parts = [
        pd.DataFrame(part.X, index=part.obs_names, columns=part.var_names).reindex(patients)
        for part in joined.mod.values()
    ]
    table = pd.concat(parts, axis=1).astype("float64")
    aligned, said = align_columns(stored, table, missing_features or stored.use.missing_features, whole_modalities)
    for column in (c for c in stored.columns if modality_of(c) == SITE):
        aligned[column] = site_column(confounders, feature_of(column)).reindex(patients)
    return NewPatients(
        X=aligned[stored.columns],
        confounders=confounders.reindex(patients),
        absent=absent + said,
        quarantine=together([inputs.quarantine, extracted.quarantine]),
        patients=cohort_patients(inputs.manifest),
        snapshot_id=str(joined.uns["snapshot_id"]),
        inputs=inputs,
        dictionary=dictionary,
    )


def align_columns(
    stored: StoredModel, table: pd.DataFrame, rule: str, whole_modalities: bool
) -> tuple[pd.DataFrame, list[str]]:
    """A table of predictors with exactly the model's columns, and one sentence for each thing it lacked.

    A feature that does not count in the model is NaN where it is lacking. One that counts is refused, or takes its whole
    modality with it, by `rule`; a modality of which the table has no column at all is absent, and refused only where
    `whole_modalities` is false.

    Raises
    ------
    TableError
        A feature is refused; the message names it.
    """
    columns = [c for c in stored.columns if modality_of(c) != SITE]
    counting = set(columns if stored.reference is None else stored.reference.counting)
    aligned, said = table.reindex(columns=columns), []
    for modality in dict.fromkeys(modality_of(c) for c in columns):
        own = [c for c in columns if modality_of(c) == modality]
        lacking = [c for c in own if c not in table.columns]
        needed = [c for c in lacking if c in counting]
        if not needed:
            continue
        whole = len(lacking) == len(own)
        named = f"{needed[0]}'" + (f" and {len(needed) - 1} more" if len(needed) > 1 else "")
        if rule == "refuse" and not (whole and whole_modalities):
            raise TableError(
                f"model '{stored.model_id}' needs feature '{named} of modality '{modality}', which the data do not have; "
                "declare prediction.missing_features: modality_absent to let the modality count as absent",
                rule="missing_feature",
            )
        aligned[own] = np.nan
        said.append(f"modality '{modality}' counts as absent: no feature '{named}")
    return aligned, said


def _tables(cohort: Cohort, modalities: list[str]) -> list[str]:
    """The feature tables that these modalities come from, and what aggregating their lesions needs."""
    prefixes = {"radiomic_features": "radiomics_", "cnn_embeddings": "embedding_"}
    named = {"mutation_features": "mutations", "expression_features": "expression", "clinical_features": "clinical"}
    wanted = []
    for table in declared_tables(cohort):
        prefix, modality = prefixes.get(table), named.get(table, table.removesuffix("_features"))
        by_prefix = prefix is not None and any(m.startswith(prefix) for m in modalities)
        if by_prefix or modality in modalities or table == "lesion_volumetrics":
            wanted.append(table)
    return wanted


def _confounders(
    stored: StoredModel, cohort: Cohort, inputs: Inputs, extracted: Extracted, absent: list[str]
) -> pd.DataFrame:
    """The confounders that can be read; those that cannot are said to be absent."""
    parts = []
    for name, declared in cohort.confounders.items():
        if ":" in declared.source:  # a number among the features: the distance of its modality covers it
            continue
        alone = cohort.model_copy(update={"confounders": {name: declared}})
        alone._file = cohort.file
        try:
            parts.append(confounder_table(alone, inputs.manifest, extracted.acquisition, extracted.features))
        except (ConfigurationError, TableError) as error:
            if any(c == f"{SITE}:{name}" for c in stored.columns):
                raise
            absent.append(f"confounder '{name}' is not known: {error.message}")
    patients = pd.Index(cohort_patients(inputs.manifest), name="patient_id")
    return pd.concat(parts, axis=1) if parts else pd.DataFrame(index=patients)


def _check_units(stored: StoredModel, dictionary: pd.DataFrame) -> None:
    if stored.dictionary is None:
        return
    trained = dict(
        zip(stored.dictionary["modality"] + ":" + stored.dictionary["feature"], stored.dictionary["unit"], strict=True)
    )
    for column, unit in dictionary["unit"].astype(str).items():
        if column in trained and trained[str(column)] != unit:
            raise TableError(
                f"feature '{column}' is in '{unit}' here, and in '{trained[str(column)]}' in model '{stored.model_id}'",
                rule="other_unit",
            )


def _other_references(stored: StoredModel, inputs: Inputs) -> list[str]:
    """Tables of methods (panels, pathways) whose content is not that of training."""
    files = inputs.files[inputs.files["source"].str.startswith(REFERENCE)]
    found = {str(r["source"]).removeprefix(REFERENCE): str(r["sha256"]) for r in files.to_dict("records")}
    return [
        f"table of methods '{name}' is not the one of training"
        for name, digest in found.items()
        if name in stored.state.references and stored.state.references[name] != digest
    ]


def _because(absent: list[str], quarantine: pd.DataFrame) -> str:
    reasons = [*absent, *quarantine["reason"].head(3)]
    return "; " + "; ".join(reasons) if reasons else ""


def failure(error: RadiogenomicsError) -> str:
    """One line on why patients could not be predicted."""
    return f"{error.rule or type(error).__name__}: {error.message}"
