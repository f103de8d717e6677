"""Rules that need a declaration alone: RECIST, a threshold, a gene, and EGFR classes of an institution's own."""

from __future__ import annotations

import pandas as pd
import pytest

from radiogenomics.cohort import read_inputs
from radiogenomics.endpoints import derive_labels, refused_features
from radiogenomics.endpoints.prevalence import label_and_group_p, prevalence_by_group
from radiogenomics.endpoints.rules import DESCRIPTIONS
from radiogenomics.exceptions import ConfigurationError, LeakageError, TableError
from radiogenomics.omics import mutation_features

MAF = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\n" + "".join(
    f"{gene}\tMissense_Mutation\t{patient}\t{change}\n"
    for gene, patient, change in [
        ("EGFR", "P1", "p.L858R"), ("EGFR", "P2", "p.T790M"), ("EGFR", "P3", "p.D770_N771insY"), ("KRAS", "P4", "p.G12C"),
        ("KRAS", "P5", "p.Q61H"), ("TP53", "P6", "p.R175H"),
    ]
)  # fmt: skip
CLINICAL = "id,best,pdl1,egfr\nP1,CR,50,Mutant\nP2,SD,49.9,Wildtype\nP3,NE,,Mutant\nP4,PD,>50,Wildtype\nP5,,0,\nP6,PR,100,Mutant\n"


def labels_of(write_cohort_files, label, extra=None, **endpoint):
    cohort = write_cohort_files(
        {"clinical.csv": CLINICAL, "m.maf": MAF, **(extra or {})},
        mutations={"maf": "m.maf"},
        endpoints={"y": {"label": label, "modalities": ["mutations"], **endpoint}},
    )
    manifest = read_inputs(cohort).manifest
    labels, aside = derive_labels(cohort, manifest)
    known = labels.set_index("patient_id")["label"]
    return {p: None if pd.isna(v) else int(v) for p, v in known.items()}, labels, aside, cohort, manifest


def test_recist_categories_are_positive_negative_or_not_evaluable(write_cohort_files):
    labels, _, aside, _, _ = labels_of(write_cohort_files, {"rule": "best_overall_response", "column": "best"})
    assert labels == {"P1": 1, "P2": 0, "P3": None, "P4": 0, "P5": None, "P6": 1}
    assert aside.empty  # NE is nothing to mend


def test_stable_disease_can_be_declared_positive(write_cohort_files):
    rule = {"rule": "best_overall_response", "column": "best", "positive": ["CR", "PR", "SD"], "negative": ["PD"]}
    assert labels_of(write_cohort_files, rule)[0]["P2"] == 1


def test_a_threshold_includes_its_number_and_a_bound_is_no_number(write_cohort_files):
    labels, _, aside, _, _ = labels_of(
        write_cohort_files, {"rule": "number_at_least", "column": "pdl1", "at_least": 50}
    )
    assert labels == {"P1": 1, "P2": 0, "P3": None, "P4": None, "P5": 0, "P6": 1}
    assert aside["rule"].tolist() == ["not_a_number"]


@pytest.mark.parametrize(("other", "expected"), [("missing", None), ("negative", 0)])
def test_a_declared_change_of_a_gene_is_positive_and_another_one_is_as_declared(write_cohort_files, other, expected):
    rule = {"rule": "gene_altered", "gene": "KRAS", "changes": ["p.G12*"], "other_changes": other}
    labels = labels_of(write_cohort_files, rule)[0]
    assert labels["P4"] == 1
    assert labels["P5"] == expected
    assert labels["P1"] == 0


def test_which_egfr_classes_are_positive_or_negative_is_declared(write_cohort_files):
    rule = {"rule": "egfr_sensitising_variant"}
    assert labels_of(write_cohort_files, rule)[0] == {"P1": 1, "P2": None, "P3": None, "P4": 0, "P5": 0, "P6": 0}
    wide = {**rule, "positive": ["sensitising", "exon_20_insertion"], "negative": ["resistance"]}
    assert labels_of(write_cohort_files, wide)[0] == {"P1": 1, "P2": 0, "P3": 1, "P4": 0, "P5": 0, "P6": 0}


def test_an_institutions_own_table_of_variants_replaces_the_packaged_one(write_cohort_files):
    own = "change,first,last,reference,alternate,class,name,source\nmissense,790,790,T,M,sensitising,T790M,our board\n"
    rule = {"rule": "egfr_sensitising_variant", "variants": "own.csv"}
    labels = labels_of(write_cohort_files, rule, {"own.csv": own})[0]
    assert (labels["P1"], labels["P2"]) == (None, 1)
    with pytest.raises(TableError, match=r"own.csv line 2: change 'missense' .* class 'good'"):
        labels_of(write_cohort_files, rule, {"own.csv": own.replace("sensitising", "good")})


def test_egfr_from_variants_and_from_the_clinic_are_compared_and_a_disagreement_is_missing(write_cohort_files):
    compare = {"column": "egfr", "positive": ["Mutant"], "negative": ["Wildtype"]}
    labels, table, aside, _, _ = labels_of(write_cohort_files, {"rule": "egfr_sensitising_variant", "compare": compare})
    assert (labels["P1"], labels["P4"], labels["P6"]) == (1, 0, None)
    assert aside["patient_id"].tolist() == ["P6"]
    reasons = table.set_index("patient_id")["reason"]
    assert "'egfr' agrees" in reasons["P1"]
    assert labels["P5"] == 0  # the clinic does not know; the variants do


def test_naming_a_refused_feature_in_the_configuration_is_an_error_that_says_why(write_cohort_files):
    rule = {"rule": "egfr_sensitising_variant"}
    _, _, _, cohort, manifest = labels_of(write_cohort_files, rule, include=["mutations:EGFR"])
    with pytest.raises(LeakageError, match="'mutations:EGFR' may not predict 'y': it derives from mutations:EGFR"):
        refused_features(cohort, "y", mutation_features(cohort, manifest).dictionary)


def test_columns_of_follow_up_are_refused_for_every_endpoint(write_cohort_files):
    cohort = write_cohort_files(
        {"clinical.csv": "id,m,e,y\nP1,1,0,a\n"},
        clinical={
            "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
            "variables": {"late": {"column": "m", "type": "number"}},
        },
        survival={"os": {"time": "m", "event": "e"}},
        endpoints={"y": {"label": {"column": "y", "positive": ["a"], "negative": ["b"]}, "modalities": ["clinical"]}},
    )
    from radiogenomics.clinical import clinical_features

    refused = refused_features(cohort, "y", clinical_features(cohort, read_inputs(cohort).manifest).dictionary)
    assert refused["feature"].tolist() == ["late"]
    assert "follow-up" in refused["reason"].iloc[0]


def test_a_rule_that_does_not_exist_is_named_with_those_that_do(write_cohort_files):
    with pytest.raises(ConfigurationError, match=r"endpoints\.y\.label"):
        labels_of(write_cohort_files, {"rule": "egfr", "column": "egfr"})


def test_every_rule_has_a_version_and_a_source():
    for rule in DESCRIPTIONS.values():
        assert rule.version
        assert rule.source


def test_label_and_hospital_that_go_together_are_told_from_those_that_do_not():
    patients = [f"P{i}" for i in range(40)]
    hospital = pd.Series(["A"] * 20 + ["B"] * 20, index=patients)
    together = prevalence_by_group(pd.Series([1] * 18 + [0] * 22, index=patients), hospital)
    apart = prevalence_by_group(pd.Series([1, 0] * 20, index=patients), hospital)
    assert together["prevalence"].tolist() == [0.9, 0.0]
    assert label_and_group_p(together) < 1e-6
    assert label_and_group_p(apart) == pytest.approx(1.0)
