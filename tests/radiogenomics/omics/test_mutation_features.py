"""Altered genes and mutational burden: 1, 0, and 'nobody looked'."""

from __future__ import annotations

import numpy as np
import pytest

from radiogenomics.cohort import read_inputs
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.omics import mutation_features

CLINICAL = {
    "tables": {
        "main": {"file": "clinical.csv", "patient_id": "id"},
        "samples": {
            "file": "samples.tsv",
            "patient_id": "PATIENT_ID",
            "one_row_per": "sample",
            "sample_id": "SAMPLE_ID",
        },
    }
}
FILES = {
    "clinical.csv": "id\nP1\nP2\nP3\nP4\nP5\n",
    "samples.tsv": "PATIENT_ID\tSAMPLE_ID\nP1\tS1\nP1\tS1b\nP2\tS2\nP3\tS3\nP4\tS4\n",
    "panel_matrix.tsv": "SAMPLE_ID\tmutations\nS1\tBIG\nS1b\tSMALL\nS2\tSMALL\nS3\tBIG\nS4\tNA\n",
    "panels.csv": "panel,gene\nBIG,EGFR\nBIG,KEAP1\nBIG,TP53\nSMALL,EGFR\nSMALL,TP53\n",
    "m.maf": "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tStart_Position\n"
    "EGFR\tMissense_Mutation\tS1\t1\n"
    "TP53\tSilent\tS1\t2\n"
    "KEAP1\tFrame_Shift_Del\tS3\t3\n"
    "TP53\tSplice_Site\tS3\t4\n"
    "TP53\tNonsense_Mutation\tS1b\t5\n",
}
MUTATIONS = {
    "maf": "m.maf",
    "samples": {"table": "samples"},
    "panel_matrix": "panel_matrix.tsv",
    "panels": "panels.csv",
    "panel_size_mb": {"BIG": 2.0, "SMALL": 0.5},
    "minimum_altered": 1,
}


def features_of(write_cohort_files, files=FILES, **changes):
    cohort = write_cohort_files(files, clinical=CLINICAL, mutations={**MUTATIONS, **changes})
    return mutation_features(cohort, read_inputs(cohort).manifest)


def test_a_gene_is_wild_type_only_where_the_patients_panel_covers_it(write_cohort_files):
    table = features_of(write_cohort_files).values.set_index("patient_id")
    assert table["KEAP1"].loc[["P1", "P3"]].tolist() == [0.0, 1.0]
    assert np.isnan(table.loc["P2", "KEAP1"])  # SMALL does not cover KEAP1


def test_a_sequenced_patient_without_any_variant_is_a_row_of_zeros_and_an_unsequenced_one_is_no_row(write_cohort_files):
    table = features_of(write_cohort_files).values.set_index("patient_id")
    assert table.loc["P2", ["EGFR", "TP53"]].tolist() == [0.0, 0.0]
    assert "P4" not in table.index  # the matrix says NA: not profiled
    assert "P5" not in table.index  # no sample


def test_a_silent_variant_alters_nothing_and_any_sample_of_the_patient_counts(write_cohort_files):
    table = features_of(write_cohort_files).values.set_index("patient_id")
    assert table.loc["P1", "TP53"] == 1.0  # silent in S1, nonsense in S1b


def test_burden_is_non_synonymous_variants_per_megabase_of_each_samples_own_panel(write_cohort_files):
    burden = features_of(write_cohort_files).values.set_index("patient_id")["tumour_mutational_burden"]
    assert burden["P1"] == pytest.approx((1 / 2.0 + 1 / 0.5) / 2)
    assert burden["P2"] == 0.0
    assert burden["P3"] == pytest.approx(2 / 2.0)


def test_a_panel_of_undeclared_size_gives_no_burden_and_says_so(write_cohort_files):
    features = features_of(write_cohort_files, panel_size_mb={"BIG": 2.0})
    assert np.isnan(features.values.set_index("patient_id").loc["P2", "tumour_mutational_burden"])
    assert "P2" in set(features.quarantine.loc[features.quarantine["rule"] == "panel_without_size", "patient_id"])


def test_rarely_altered_genes_get_no_feature_unless_they_are_declared(write_cohort_files):
    assert list(features_of(write_cohort_files, minimum_altered=2).dictionary["feature"]) == [
        "TP53",
        "tumour_mutational_burden",
    ]
    declared = features_of(write_cohort_files, minimum_altered=2, genes=["KEAP1", "EGFR"])
    assert list(declared.dictionary["feature"]) == ["KEAP1", "EGFR", "tumour_mutational_burden"]


def test_a_declared_gene_on_no_panel_is_an_error(write_cohort_files):
    with pytest.raises(ConfigurationError, match="'STK11'"):
        features_of(write_cohort_files, genes=["STK11"])


def test_each_feature_says_which_gene_it_derives_from_and_burden_from_all(write_cohort_files):
    derived = features_of(write_cohort_files).dictionary.set_index("feature")["derived_from"]
    assert derived["EGFR"] == "mutations:EGFR"
    assert derived["tumour_mutational_burden"] == "mutations:*"


def test_gene_panel_files_of_cbioportal_do_as_well_as_a_table(write_cohort_files):
    files = dict(FILES)
    files["panels/data_gene_panel_big.txt"] = "stable_id: BIG\ndescription: x\ngene_list: EGFR\tKEAP1\tTP53\n"
    files["panels/data_gene_panel_small.txt"] = "stable_id: SMALL\ndescription: x\ngene_list:\tEGFR\tTP53\n"
    by_folder = features_of(write_cohort_files, files, panels="panels").values
    assert by_folder.equals(features_of(write_cohort_files).values)
