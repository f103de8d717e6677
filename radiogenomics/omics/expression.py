"""Expression and other omics tables to features: one column a molecule, and signature scores."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.inputs import source_rows
from radiogenomics.cohort.omics_settings import Expression, OmicsTable
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform, empty
from radiogenomics.cohort.set_aside import SetAside
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.omics.cohort_state import CohortState
from radiogenomics.omics.matrix import Matrix, read_matrix
from radiogenomics.omics.sample_choice import choose_samples, not_chosen
from radiogenomics.omics.signatures import PREFIX, read_signatures, signature_coverage, signature_score

MODALITY = "expression"
_UNITS = {"counts": "counts", "tpm": "TPM", "log": "log2", "z_score": "SD"}


def expression_features(
    cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None, state: CohortState | None = None
) -> Features:
    """Gene expression and signature scores, one row for every patient with a used sample; see `omics_features`."""
    return omics_features(cohort, manifest, "expression", files, state)


def omics_features(
    cohort: Cohort,
    manifest: pd.DataFrame,
    source: str,
    files: pd.DataFrame | None = None,
    state: CohortState | None = None,
) -> Features:
    """A table of molecules by samples as features, one row for every patient with a used sample.

    Rows with the same name are made one as `duplicates` declares; the samples of one patient that `choose` picks are
    averaged (over the values that are there). Counts and TPM become log2(1 + x), which needs nothing learned from other
    patients; `log` and `z_score` stay as they are. A cell that holds no number, and a negative count or TPM, is NaN with a
    quarantine entry of level 'value'; a row without a usable name, a sample that is not chosen and a signature of which
    too few genes are there have an entry too.

    Parameters
    ----------
    source : 'expression' or 'omics/<name>'.
    state : what another cohort decided for its patients together; given, nothing here is decided anew.

    Returns
    -------
    Features: values `patient_id` and one float column a molecule, then `signature_<name>`; `derived_from` is
    '<source>:<molecule>', for a signature those of its genes.

    Raises
    ------
    ConfigurationError
        The cohort declares no such table.
    """
    if source not in cohort.omics_tables():
        raise ConfigurationError(f"{cohort.file}: {source.replace('/', '.')}: not declared", rule="missing_key")
    declared = cohort.omics_tables()[source][1]
    modality = source.partition("/")[2] or source
    aside = SetAside(source, declared.file)
    samples = source_rows(cohort, manifest, source, files)
    chosen = choose_samples(cohort, manifest, declared.choose, samples, files)
    not_chosen(chosen, aside)
    samples = samples[samples["sample_id"].isin(set(chosen.loc[chosen["used"], "sample_id"]))].reset_index(drop=True)
    if samples.empty:
        none = pd.DataFrame({"patient_id": pd.Series(dtype=object)})
        return Features(none, empty(FEATURE_DICTIONARY), aside.table())
    rows = None if state is None else state.rows.get(source, {})
    matrix = read_matrix(cohort, declared, samples, aside, rows)
    scores, score_entries = _scores(cohort, declared, matrix, modality, source, aside)
    values = matrix.values
    if declared.scale in {"counts", "tpm"}:
        values = _log2(matrix.names, values, samples, declared.scale, aside)
    genes = not isinstance(declared, Expression) or declared.genes
    table = pd.DataFrame(
        values if genes else values[:, :0], columns=pd.Index(matrix.names if genes else [], dtype=object)
    )
    table = pd.concat([table, scores], axis=1)
    by_patient = table.groupby(samples["patient_id"].to_numpy(), sort=True).mean()
    result = pd.concat(
        [
            pd.DataFrame({"patient_id": pd.Series(list(by_patient.index), dtype=object)}),
            by_patient.reset_index(drop=True).astype(float),
        ],
        axis=1,
    )
    entries = pd.concat([_entries(declared, matrix, modality, source) if genes else score_entries[:0], score_entries])
    dictionary = conform(entries, FEATURE_DICTIONARY) if len(entries) else empty(FEATURE_DICTIONARY)
    return Features(result, dictionary, aside.table())


def _entries(declared: OmicsTable, matrix: Matrix, modality: str, source: str) -> pd.DataFrame:
    logged = declared.scale in {"counts", "tpm"}
    scale = "log2(1 + x) of " + declared.scale if logged else declared.scale
    how = {"mean": "mean of", "maximum": "the largest of", "first": "the first of"}.get(declared.duplicates, "")
    kind = "symbol" if declared.identifiers == "symbol" else "identifier"
    noted = {name: f"; {how} {count} rows with this {kind}" for name, count in matrix.repeats.items()}
    return pd.DataFrame(
        {
            "feature": matrix.names,
            "modality": modality,
            "family": modality,
            "unit": f"log2({_UNITS[declared.scale]} + 1)" if logged else _UNITS[declared.scale],
            "derived_from": [f"{source}:{name}" for name in matrix.names],
            "recorded": "baseline",
            "description": [f"{modality} of {name}, {scale}{noted.get(name, '')}" for name in matrix.names],
        }
    )


def _scores(
    cohort: Cohort, declared: OmicsTable, matrix: Matrix, modality: str, source: str, aside: SetAside
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Signature scores of each sample, and their dictionary; a set of which too little is there is set aside."""
    columns: dict[str, np.ndarray] = {}
    entries = []
    if isinstance(declared, Expression) and declared.signatures is not None:
        signatures = read_signatures(cohort, declared.signatures)
        coverage = signature_coverage(signatures, matrix.names, declared.signature_coverage).set_index("signature")
        for signature in signatures:
            row = coverage.loc[signature.name]
            share = f"{row['present']} of {row['genes']} genes"
            if not row["scored"]:
                aside.value(
                    row=None,
                    patient_id=None,
                    rule="signature_coverage",
                    reason=f"signature '{signature.name}' is not scored: {share} are there, {declared.signature_coverage:.0%} are needed; "
                    f"lacking {row['lacking']}",
                )
                continue
            columns[f"{PREFIX}{signature.name}"] = signature_score(signature, matrix.names, matrix.values)
            entries.append(
                {
                    "feature": f"{PREFIX}{signature.name}",
                    "modality": modality,
                    "family": "signature",
                    "unit": "1",
                    "derived_from": ";".join(f"{source}:{gene}" for gene in signature.genes),
                    "recorded": "baseline",
                    "description": f"rank-based score of {signature.name} ({share}): {signature.source}",
                }
            )
    index = range(len(matrix.values))
    return pd.DataFrame(columns, index=index), pd.DataFrame(entries, columns=list(FEATURE_DICTIONARY.columns))


def _log2(genes: list[str], matrix: np.ndarray, samples: pd.DataFrame, scale: str, aside: SetAside) -> np.ndarray:
    negative = matrix < 0
    for sample_at, gene_at in zip(*np.nonzero(negative), strict=True):
        aside.value(
            row=None,
            patient_id=str(samples["patient_id"].iloc[sample_at]),
            rule="out_of_range",
            reason=f"{genes[gene_at]} of sample '{samples['sample_id'].iloc[sample_at]}' is negative, which scale '{scale}' cannot be",
        )
    return np.log2(1 + np.where(negative, np.nan, matrix))
