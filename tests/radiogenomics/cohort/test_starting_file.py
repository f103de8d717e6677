"""`radiogenomics init`: a folder of tables becomes a cohort.yaml that can be checked at once."""

from __future__ import annotations

import pytest

from radiogenomics.cohort import load_cohort, read_inputs
from radiogenomics.cohort.starting_file import starting_file
from radiogenomics.endpoints import derive_labels
from radiogenomics.exceptions import InputError
from radiogenomics.omics import expression_features, mutation_features

PATIENTS = [f"HH-{i:03d}" for i in range(1, 31)]


@pytest.fixture
def folder(tmp_path):
    rows = [
        f"{p},{40 + i},{'f' if i % 2 else 'm'},{['I', 'II', 'III'][i % 3]},{'mutant' if i % 4 == 0 else 'wild type'},"
        f"{2 + i % 20},{i % 2},2020-01-{1 + i % 28:02d}"
        for i, p in enumerate(PATIENTS)
    ]
    header = "Patient ID,Age,Sex,Stage,EGFR,OS_months,OS_status,Diagnosis date"
    (tmp_path / "clinical.csv").write_text("\n".join([header, *rows]) + "\n")
    maf = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\n" + "".join(
        f"KRAS\tMissense_Mutation\t{p}-T1\n" for p in PATIENTS[::2]
    )
    (tmp_path / "variants.maf").write_text(maf)
    genes = [f"GENE{i}" for i in range(25)]
    matrix = "gene\t" + "\t".join(f"{p}-R1" for p in PATIENTS) + "\n"
    matrix += "".join(
        f"{g}\t" + "\t".join(f"{(i * 7 + j) % 11}.25" for j in range(30)) + "\n" for i, g in enumerate(genes)
    )
    (tmp_path / "expression.tsv").write_text(matrix)
    (tmp_path / "broken.csv").write_text("")
    return tmp_path


def test_a_folder_with_a_maf_an_expression_matrix_and_a_clinical_table_is_a_working_cohort_without_an_edit(folder):
    text = starting_file(folder, "Hamburg 1")
    (folder / "cohort.yaml").write_text(text)
    cohort = load_cohort(folder / "cohort.yaml")
    assert cohort.name == "hamburg_1"
    inputs = read_inputs(cohort)
    assert inputs.quarantine.empty
    assert len(mutation_features(cohort, inputs.manifest).values) == 15
    assert expression_features(cohort, inputs.manifest).values.shape == (30, 26)
    assert set(cohort.clinical.variables) == {"age", "sex", "stage"}
    assert cohort.clinical.variables["stage"].categories == ("I", "II", "III")
    labels, _ = derive_labels(cohort, inputs.manifest)
    assert labels["label"].sum() == 8
    assert cohort.survival["os_months"].event == "OS_status"


def test_each_guess_is_marked_and_what_could_not_be_read_is_named(folder):
    text = starting_file(folder)
    guessed = [
        line for line in text.splitlines() if line.startswith(("    age:", "    stage:", "  samples:", "  scale:"))
    ]
    assert len(guessed) == 5
    assert all("# CONFIRM" in line for line in guessed)
    assert "#   broken.csv: empty file" in text
    assert "a date (%Y-%m-%d): 'Diagnosis date'; may be clinical.index_date" in text


def test_an_identical_folder_gives_an_identical_file(folder):
    assert starting_file(folder) == starting_file(folder)


def test_a_folder_without_patients_is_an_error_that_says_what_was_found(tmp_path):
    (tmp_path / "numbers.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"no clinical table .* found numbers.csv \(other\)"):
        starting_file(tmp_path)
