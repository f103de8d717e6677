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


def test_a_folder_of_dicom_files_alone_becomes_a_cohort_with_a_table_of_its_patients(tmp_path):
    from lesion_phantoms import ball, square, write_series, write_structures
    from rich.console import Console

    from pipelines.commands.init import init

    image, _ = ball(shape=(6, 12, 14), centre=(3, 6, 7), radius_mm=4)
    for number, name in enumerate(["GTV", "gtv 1", "GTVp"]):
        place, frame = tmp_path / "export" / f"{number:03d}", f"1.2.{number}"
        series = write_series(place, image, frame=frame, PatientID=f"P{number}", PatientSex="F", PatientAge="061Y")
        contours = [square(float(z), 3.0, 8.0) for z in range(0, 6, 2)]
        write_structures(place / "RS", contours, series=series, frame=frame, name=name, PatientID=f"P{number}")
    (tmp_path / "export" / "notes.bin").write_bytes(b"\0" * 200)

    init(tmp_path, None, Console(quiet=True))
    cohort = load_cohort(tmp_path / "cohort.yaml")
    assert (tmp_path / "patients.csv").read_text().splitlines()[:2] == ["patient_id,sex,age_years", "P0,F,61"]
    assert cohort.images["ct"].dicom.roi == "GTV*"
    assert cohort.images["ct"].radiomics.preset == "ct_default"
    manifest = read_inputs(cohort).manifest
    assert sorted(manifest.loc[manifest["source"] == "lesions/ct", "patient_id"]) == ["P0", "P1", "P2"]


def test_patient_identifiers_of_images_that_no_table_knows_are_pointed_out(tmp_path):
    from lesion_phantoms import ball, square, write_series, write_structures

    image, _ = ball(shape=(6, 12, 14), centre=(3, 6, 7), radius_mm=4)
    series = write_series(tmp_path / "scans", image, frame="1.2.3", PatientID="ANON1", Modality="MR")
    contours = [square(float(z), 3.0, 8.0) for z in range(0, 6, 2)]
    write_structures(
        tmp_path / "scans/RS", contours, series=series, frame="1.2.3", name="Right lesion", PatientID="ANON1"
    )
    (tmp_path / "clinical.csv").write_text("Patient ID,Age\nA-1,50\nA-2,61\n")
    text = starting_file(tmp_path)
    assert "mr:" in text
    assert "{folder: scans, roi: '*lesion*'}" in text
    assert "CONFIRM 1 of 1 PatientIDs stand in no clinical table (first: ANON1)" in text
