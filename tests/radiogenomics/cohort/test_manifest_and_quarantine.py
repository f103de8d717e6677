"""Every input row is in the manifest or in quarantine, once, with a reason."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radiogenomics.cohort import account, cohort_patients, read_inputs, source_rows
from radiogenomics.exceptions import ConfigurationError, IntegrityError, TableError

SAMPLES = {
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
MAF = "#version 2.4\nHugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tStart_Position\tMutation_Status\n"


def rules(inputs, source: str) -> dict[int, str]:
    aside = inputs.quarantine[inputs.quarantine["source"] == source]
    return {int(row): rule for row, rule in zip(aside["row"], aside["rule"], strict=True)}


def test_bad_clinical_rows_are_set_aside_each_with_its_own_rule(write_cohort_files):
    text = "id,age\nP1,60\n,61\n P2,62\nP3,63\nP3,63\nP4,64\nP4,65\nP5,66,extra\nP6,67\n"
    inputs = read_inputs(write_cohort_files({"clinical.csv": text}))
    assert cohort_patients(inputs.manifest) == ["P1", "P3", "P6"]
    assert rules(inputs, "clinical/main") == {
        3: "blank_identifier",
        4: "identifier_blanks",
        6: "duplicate",
        7: "conflicting_duplicate",
        8: "conflicting_duplicate",
        9: "ragged_row",
    }
    assert account(inputs)["balanced"].all()


def test_a_conflict_says_which_lines_and_columns_differ(write_cohort_files):
    inputs = read_inputs(write_cohort_files({"clinical.csv": "id,age,sex\nP1,60,F\nP2,60,F\nP2,61,F\n"}))
    assert (
        inputs.quarantine["reason"].iloc[0]
        == "clinical.csv line 3: 'P2' stands on lines 3, 4 with different values in age; keep one"
    )


def test_mutation_rows_of_unknown_samples_and_patients_and_broken_variants_are_set_aside(write_cohort_files):
    maf = MAF + (
        "TP53\tMissense_Mutation\tS1\t1\tSOMATIC\n"  # line 3
        "TP53\tMissense_Mutation\tS1\t1\tSOMATIC\n"  # the same again
        "TP53\tMissense_Mutation\tS9\t1\tSOMATIC\n"  # a sample nobody listed
        "\tMissense_Mutation\tS1\t1\tSOMATIC\n"
        "KRAS\tmissense\tS1\t1\tSOMATIC\n"
        "BRCA2\tMissense_Mutation\tS1\t1\tGERMLINE\n"
        "KRAS\tMissense_Mutation\tS2\t1\tUNKNOWN\n"
    )
    cohort = write_cohort_files(
        {"clinical.csv": "id\nP1\nP2\n", "samples.tsv": "PATIENT_ID\tSAMPLE_ID\nP1\tS1\nP2\tS2\n", "m.maf": maf},
        clinical=SAMPLES,
        mutations={"maf": "m.maf", "samples": {"table": "samples"}},
    )
    inputs = read_inputs(cohort)
    assert rules(inputs, "mutations") == {
        4: "duplicate",
        5: "unknown_sample",
        6: "blank_gene",
        7: "unknown_variant_classification",
        8: "not_somatic",
    }
    used = inputs.manifest[inputs.manifest["source"] == "mutations"]
    assert used[["row", "patient_id", "sample_id"]].to_numpy().tolist() == [[3, "P1", "S1"], [9, "P2", "S2"]]
    assert account(inputs)["balanced"].all()


def test_expression_samples_are_rows_named_by_their_column(write_cohort_files):
    cohort = write_cohort_files(
        {"clinical.csv": "id\nP1\n", "e.tsv": "gene\tP1-T\tP9-T\tnonsense\nTP53\t1\t2\t3\n"},
        expression={"file": "e.tsv", "scale": "log", "samples": {"pattern": r"^(P\d)-T$"}},
    )
    inputs = read_inputs(cohort)
    assert rules(inputs, "expression") == {3: "unknown_patient", 4: "unknown_sample"}
    assert account(inputs).set_index("source").loc["expression", ["rows", "used", "quarantined"]].tolist() == [3, 1, 2]


def test_a_pattern_needs_a_group_for_the_patient(write_cohort_files):
    cohort = write_cohort_files(
        {"clinical.csv": "id\nP1\n", "e.tsv": "gene\tP1\nTP53\t1\n"},
        expression={"file": "e.tsv", "scale": "log", "samples": {"pattern": r"^P\d$"}},
    )
    with pytest.raises(ConfigurationError, match="needs a group in parentheses"):
        read_inputs(cohort)


def test_lesions_by_table_are_checked_for_their_files(write_cohort_files):
    lesions = (
        "patient_id,study_id,lesion_id,image,mask\n"
        "P1,A,L1,a.nii,b.nii\n"
        "P1,A,L2,a.nii,gone.nii\n"
        "P1,A,L3,,b.nii\n"
        "P9,A,L4,a.nii,b.nii\n"
        "P1,A,L5,a.nii,b.nii\n"
        "P1,B,L5,a.nii,b.nii\n"
    )
    cohort = write_cohort_files(
        {"clinical.csv": "id\nP1\n", "images/lesions.csv": lesions, "images/a.nii": b"x", "images/b.nii": b"x"},
        images={"ct": {"kind": "CT", "lesions": "images/lesions.csv"}},
    )
    inputs = read_inputs(cohort)
    assert rules(inputs, "lesions/ct") == {
        3: "mask_missing",
        4: "image_missing",
        5: "unknown_patient",
        6: "conflicting_duplicate",
        7: "conflicting_duplicate",
    }
    row = source_rows(cohort, inputs.manifest, "lesions/ct", inputs.files).iloc[0]
    assert row["lesion_id"] == "L1"
    assert row["image"] == str(cohort.path("images/a.nii"))
    assert row["roi"] == ""


def test_images_by_pattern_half_there_are_set_aside_and_a_patient_without_any_is_no_row(write_cohort_files):
    cohort = write_cohort_files(
        {"clinical.csv": "id\nP1\nP2\nP3\n", "P1/i.nii": b"x", "P1/m.nii": b"x", "P2/i.nii": b"x"},
        images={"ct": {"kind": "CT", "image": "{patient_id}/i.nii", "mask": "{patient_id}/m.nii"}},
    )
    inputs = read_inputs(cohort)
    assert account(inputs).set_index("source").loc["lesions/ct", ["rows", "used", "quarantined"]].tolist() == [2, 1, 1]
    aside = inputs.quarantine.iloc[0]
    assert (aside["patient_id"], aside["rule"]) == ("P2", "mask_missing")
    rows = source_rows(cohort, inputs.manifest, "lesions/ct", inputs.files)
    assert rows[["patient_id", "mask"]].to_numpy().tolist() == [["P1", str(cohort.path("P1/m.nii"))]]
    cohort.path("P3").mkdir()
    for name in ("i", "m"):
        cohort.path(f"P3/{name}.nii").write_bytes(b"x")
    with pytest.raises(IntegrityError, match="changed since"):
        source_rows(cohort, inputs.manifest, "lesions/ct", inputs.files)


def test_source_rows_are_exactly_the_used_rows_as_text(write_cohort_files):
    cohort = write_cohort_files({"clinical.csv": "id,age\nP2,060\n,61\nP1,NA\n"})
    inputs = read_inputs(cohort)
    rows = source_rows(cohort, inputs.manifest, "clinical/main", inputs.files)
    assert rows[["patient_id", "row", "age"]].to_numpy().tolist() == [["P2", 2, "060"], ["P1", 4, "NA"]]


def test_a_file_that_changed_since_the_manifest_is_an_error(write_cohort_files):
    cohort = write_cohort_files({"clinical.csv": "id,age\nP1,60\nP2,61\n"})
    inputs = read_inputs(cohort)
    cohort.path("clinical.csv").write_text("id,age\nP1,60\nP2,99\n")
    with pytest.raises(IntegrityError, match="changed since"):
        source_rows(cohort, inputs.manifest, "clinical/main", inputs.files)
    cohort.path("clinical.csv").write_text("id,age\nP2,61\nP1,60\n")
    with pytest.raises(IntegrityError, match="line 2: not the row that the manifest recorded"):
        source_rows(cohort, inputs.manifest, "clinical/main")


def test_a_declared_file_that_is_not_there_names_the_key_of_the_configuration(write_cohort_files):
    cohort = write_cohort_files({"clinical.csv": "id\nP1\n"}, expression={"file": "gone.tsv", "scale": "log"})
    with pytest.raises(ConfigurationError, match=r"expression.file: no such file .*gone.tsv"):
        read_inputs(cohort)


def test_a_cohort_without_a_usable_patient_is_an_error(write_cohort_files):
    with pytest.raises(TableError, match="no usable row"):
        read_inputs(write_cohort_files({"clinical.csv": "id,age\n,60\n"}))


IDENTIFIERS = st.lists(st.sampled_from(["P1", "P2", " P2", "P3 ", "", "  ", "P4", "é"]), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(identifiers=IDENTIFIERS, ages=st.lists(st.sampled_from(["60", "61"]), min_size=12, max_size=12))
def test_whatever_the_identifiers_no_row_is_lost_and_no_patient_stands_twice(write_cohort_files, identifiers, ages):
    lines = [f"{identifier},{age}" for identifier, age in zip(identifiers, ages, strict=False)]
    cohort = write_cohort_files({"clinical.csv": "id,age\nanchor,1\n" + "\n".join(lines) + "\n"})
    inputs = read_inputs(cohort)
    assert account(inputs)["balanced"].all()
    assert account(inputs)["rows"].sum() == len(identifiers) + 1
    assert not inputs.manifest["patient_id"].duplicated().any()
    seen = pd.concat([inputs.manifest["row"], inputs.quarantine["row"].astype(int)])
    assert sorted(seen) == list(range(2, len(identifiers) + 3))
