"""Expression tables to one column a gene."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiogenomics.cohort import read_inputs
from radiogenomics.omics import expression_features

CLINICAL = "id\nP1\nP2\nP3\n"


def features_of(write_cohort_files, text, **expression):
    cohort = write_cohort_files(
        {"clinical.csv": CLINICAL, "e.tsv": text}, expression={"file": "e.tsv", "scale": "z_score", **expression}
    )
    return expression_features(cohort, read_inputs(cohort).manifest)


def test_genes_become_columns_of_the_right_patient_whatever_the_order_of_samples(write_cohort_files):
    table = features_of(write_cohort_files, "gene\tP3\tP1\nTP53\t3\t1\nEGFR\tNA\t-1\n").values.set_index("patient_id")
    assert table.loc["P1"].tolist() == [1.0, -1.0]
    assert table.loc["P3", "TP53"] == 3.0
    assert np.isnan(table.loc["P3", "EGFR"])
    assert "P2" not in table.index


def test_rows_with_the_same_symbol_are_averaged_and_the_dictionary_says_so(write_cohort_files):
    features = features_of(write_cohort_files, "gene\tP1\tP2\nTP53\t1\tNA\nEGFR\t0\t0\nTP53\t3\t5\n")
    assert features.values["TP53"].tolist() == [2.0, 5.0]
    assert "mean of 2 rows" in features.dictionary.set_index("feature").loc["TP53", "description"]


def test_samples_of_one_patient_are_averaged(write_cohort_files):
    text = "gene\tP1-A\tP1-B\nTP53\t1\t3\n"
    features = features_of(write_cohort_files, text, samples={"pattern": "^(P.)-"})
    assert features.values["TP53"].tolist() == [2.0]


def test_text_in_a_cell_is_missing_and_recorded_with_its_line(write_cohort_files):
    features = features_of(write_cohort_files, "gene\tP1\tP2\nTP53\tlow\t2\n\t1\t1\n")
    assert np.isnan(features.values["TP53"].iloc[0])
    assert set(features.quarantine["rule"]) == {"not_a_number", "blank_gene"}
    assert int(features.quarantine.set_index("rule").loc["not_a_number", "row"]) == 2


def test_counts_and_tpm_are_log_transformed_and_a_negative_one_is_set_aside(write_cohort_files):
    features = features_of(write_cohort_files, "gene\tP1\tP2\nTP53\t7\t-1\n", scale="tpm")
    assert features.values["TP53"].iloc[0] == pytest.approx(3.0)
    assert np.isnan(features.values["TP53"].iloc[1])
    assert features.quarantine["rule"].tolist() == ["out_of_range"]
    assert features.dictionary["unit"].iloc[0] == "log2(TPM + 1)"


def test_an_h5ad_file_gives_the_same_features_as_the_table(write_cohort_files, tmp_path):
    import anndata

    by_table = features_of(write_cohort_files, "gene\tP2\tP1\nTP53\t1\t2\nEGFR\t3\t4\n").values
    matrix = np.array([[1.0, 3.0], [2.0, 4.0]])
    anndata.AnnData(
        X=matrix, obs=pd.DataFrame(index=["P2", "P1"]), var=pd.DataFrame(index=["TP53", "EGFR"])
    ).write_h5ad(tmp_path / "e.h5ad")
    by_file = features_of(write_cohort_files, "", file="e.h5ad").values
    pd.testing.assert_frame_equal(by_table, by_file)
