"""The cohort's own `CohortState`."""

from __future__ import annotations

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.inputs import REFERENCE, source_rows
from radiogenomics.cohort.set_aside import SetAside
from radiogenomics.omics.cohort_state import CohortState
from radiogenomics.omics.matrix import read_matrix
from radiogenomics.omics.mutations import mutation_state
from radiogenomics.omics.sample_choice import choose_samples


def cohort_state(cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None) -> CohortState:
    """What `mutation_features` and `omics_features` decide for all patients of this cohort together.

    Parameters
    ----------
    manifest, files : of `read_inputs`; with `files`, a file that changed since is an error.
    """
    genes, maf_genes = mutation_state(cohort, manifest, files) if cohort.mutations is not None else ({}, None)
    references = {}
    if files is not None:
        described = files[files["source"].str.startswith(REFERENCE)]
        references = {
            str(row["source"]).removeprefix(REFERENCE): str(row["sha256"]) for row in described.to_dict("records")
        }
    return CohortState(genes=genes, maf_genes=maf_genes, rows=_rows(cohort, manifest, files), references=references)


def _rows(cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None) -> dict[str, dict[str, tuple[int, int]]]:
    found = {}
    for source, (_, declared) in cohort.omics_tables().items():
        if declared.duplicates != "maximum":
            continue
        samples = source_rows(cohort, manifest, source, files)
        chosen = choose_samples(cohort, manifest, declared.choose, samples, files)
        used = set(chosen.loc[chosen["used"], "sample_id"])
        samples = samples[samples["sample_id"].isin(used)].reset_index(drop=True)
        if samples.empty:
            continue
        matrix = read_matrix(cohort, declared, samples, SetAside(source, declared.file))
        found[source] = {name: (row, matrix.repeats[name]) for name, row in matrix.taken.items()}
    return found
