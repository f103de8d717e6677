"""A whole simulated cohort on disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from radiogenomics.cohort import load_cohort
from radiogenomics.exceptions import InputError
from radiogenomics.simulation import Effects, SimulationSummary, cohort_text, simulate_cohort
from radiogenomics.simulation.genes import EGFR_SENSITISING, PANEL_SIZE_MB, PANELS
from radiogenomics.storage.atomic import folder_digest

REPOSITORY = Path(__file__).resolve().parents[3]
PATIENTS = 30


@pytest.fixture(scope="module")
def summary(tmp_path_factory) -> SimulationSummary:
    return simulate_cohort(tmp_path_factory.mktemp("simulated") / "cohort", patients=PATIENTS, random_state=5)


@pytest.fixture(scope="module")
def truth(summary) -> dict:
    return json.loads((summary.folder / "truth.json").read_text())


def table(summary: SimulationSummary, name: str) -> pd.DataFrame:
    separator = "," if name.endswith(".csv") else "\t"
    return pd.read_csv(summary.folder / name, sep=separator, comment="#", dtype=str, keep_default_na=False)


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(tmp_path):
    folders = [tmp_path / n for n in "abc"]
    for folder, seed in zip(folders, (5, 5, 6), strict=True):
        simulate_cohort(folder, patients=10, random_state=seed)
    first, again, other = map(folder_digest, folders)
    assert first == again
    assert first != other


def test_a_cohort_holds_every_format_and_both_hospitals(summary, truth):
    assert all(count > 0 for count in summary.formats.values())
    assert {p["hospital"] for p in truth["patients"].values()} == {"Northgate", "Southmoor"}
    assert sum(summary.formats.values()) == PATIENTS - summary.lacking["images"]
    assert all(count > 0 for count in summary.lacking.values())
    per_patient = table(summary, "lesions.csv")["patient_id"].value_counts()
    assert per_patient.max() >= 2


def test_the_configuration_loads_and_says_simulated(summary):
    cohort = load_cohort(summary.cohort_file)
    assert cohort.simulated
    assert set(cohort.endpoints) == {"egfr_status", "durable_clinical_benefit"}
    assert set(cohort.survival) == {"overall_survival"}
    assert "mutations" not in cohort.endpoints["egfr_status"].modalities
    assert cohort.mutations is not None
    assert cohort.mutations.panel_size_mb == PANEL_SIZE_MB
    for declared in (cohort.clinical.tables["main"].file, cohort.mutations.maf, cohort.expression.file):
        assert cohort.path(declared).is_file()


def test_the_packaged_configuration_differs_from_the_written_one_in_its_root_alone(summary):
    packaged = (REPOSITORY / "pipelines" / "cohorts" / "simulated.yaml").read_text(encoding="utf-8")
    assert packaged == cohort_text(root="${RADIOGENOMICS_HOME}/simulated")
    ours, theirs = yaml.safe_load(packaged), yaml.safe_load(summary.cohort_file.read_text(encoding="utf-8"))
    assert ours.pop("root") != theirs.pop("root")
    assert ours == theirs


def test_another_name_goes_into_the_configuration(tmp_path):
    made = simulate_cohort(tmp_path / "x", patients=10, name="null_study", effects=Effects.null())
    assert load_cohort(made.cohort_file).name == "null_study"
    truth = json.loads((made.folder / "truth.json").read_text())
    assert truth["best_auc"]["egfr_status"]["all_and_hospital"] == pytest.approx(0.5, abs=1e-9)


def test_a_name_that_yaml_reads_otherwise_is_still_that_name(tmp_path):
    (tmp_path / "cohort.yaml").write_text(cohort_text(name="null", root="a: folder # one"), encoding="utf-8")
    cohort = load_cohort(tmp_path / "cohort.yaml")
    assert (cohort.name, cohort.root) == ("null", "a: folder # one")


def test_every_planted_fault_stands_where_truth_says(summary, truth):
    planted = truth["planted"]
    assert {f["fault"] for f in planted} == {
        "mask_shifted_grid", "mask_empty", "image_truncated_gzip", "image_truncated", "roi_absent", "file_absent",
        "patient_id_missing", "patient_unknown", "value_out_of_range", "row_duplicated", "sample_unknown",
    }  # fmt: skip
    assert len(planted) == summary.planted
    for fault in planted:
        path = summary.folder / fault["file"]
        lines = path.read_text(encoding="utf-8").splitlines()
        if fault["source"] == "expression":
            assert lines[0].split("\t")[fault["row"] - 1] == fault["sample_id"]
            continue
        line = lines[fault["row"] - 1]
        for key in ("patient_id", "lesion_id", "sample_id"):
            assert fault[key] is None or fault[key] in line


def test_faults_are_what_they_are_called(summary, truth):
    import gzip

    import SimpleITK as sitk

    lesions = table(summary, "lesions.csv").set_index("lesion_id")
    place = {f["fault"]: f for f in truth["planted"]}

    def files(fault: str) -> tuple[Path, Path]:
        row = lesions.loc[place[fault]["lesion_id"]]
        return summary.folder / row["image"], summary.folder / row["mask"]

    image, mask = (sitk.ReadImage(str(p)) for p in files("mask_shifted_grid"))
    assert mask.GetOrigin()[0] - image.GetOrigin()[0] == pytest.approx(5.0, abs=1e-3)
    assert sitk.GetArrayFromImage(sitk.ReadImage(str(files("mask_empty")[1]))).max() == 0
    assert not files("file_absent")[1].exists()
    with pytest.raises(EOFError):
        gzip.decompress(files("image_truncated_gzip")[0].read_bytes())
    broken = files("image_truncated")[0]
    whole = np.prod(sitk.ReadImage(str(broken.with_name("CT.nii.gz"))).GetSize()) * 2 + 352
    assert broken.stat().st_size < 0.7 * whole
    found = set(np.unique(sitk.GetArrayFromImage(sitk.ReadImage(str(files("roi_absent")[1])))))
    assert int(lesions.loc[place["roi_absent"]["lesion_id"], "roi"]) not in found
    clinical = table(summary, "clinical.csv")
    assert clinical.duplicated().sum() == 1
    assert clinical.loc[place["value_out_of_range"]["row"] - 2, "age_years"] == "430"


def test_all_other_rows_are_sound(summary, truth):
    lesions = table(summary, "lesions.csv")
    faulty = {f["lesion_id"] for f in truth["planted"]}
    sound = lesions[~lesions["lesion_id"].isin(faulty)]
    assert len(sound) == summary.lesions
    assert sound["lesion_id"].is_unique
    assert all((summary.folder / path).exists() for column in ("image", "mask") for path in sound[column])
    having = {p for p, known in truth["patients"].items() if "images" in known["has"]}
    assert set(sound["patient_id"]) == having


def test_labels_in_the_clinical_table_are_the_true_outcomes_or_missing(summary, truth):
    clinical = table(summary, "clinical.csv").drop_duplicates()
    codes = {"egfr_status": ("Wildtype", "Mutant", "Unknown"), "durable_clinical_benefit": ("NO", "YES", "NE")}
    for endpoint, (no, yes, missing) in codes.items():
        assert (clinical[endpoint] == missing).any()
        for patient, value in zip(clinical["patient_id"], clinical[endpoint], strict=True):
            assert value in (missing, (no, yes)[truth["patients"][patient]["outcome"][endpoint]])


def test_mutations_agree_with_status_and_panel(summary, truth):
    maf, panels = table(summary, "mutations.maf"), table(summary, "panel_matrix.tsv")
    panel_of = dict(zip(panels["SAMPLE_ID"], panels["mutations"], strict=True))
    patient_of = dict(table(summary, "samples.tsv").itertuples(index=False))
    content = table(summary, "panels.csv").groupby("panel")["gene"].agg(set).to_dict()
    assert content == {panel: set(genes) for panel, genes in PANELS.items()}
    known = maf[maf["Tumor_Sample_Barcode"].isin(panel_of)]
    assert len(known) == len(maf) - 1  # the planted barcode
    sensitising = {variant.protein for variant, _ in EGFR_SENSITISING}
    for gene, barcode, protein in known[["Hugo_Symbol", "Tumor_Sample_Barcode", "HGVSp_Short"]].itertuples(index=False):
        assert gene in content[panel_of[barcode]]
        if gene == "EGFR" and protein in sensitising:
            assert truth["patients"][patient_of[barcode]]["outcome"]["egfr_status"] == 1
    sequenced = {p for p, v in truth["patients"].items() if "mutations" in v["has"]}
    assert {patient_of[s] for s in panel_of} == sequenced


def test_a_panel_lacks_egfr_and_another_lacks_further_genes(summary):
    panels = table(summary, "panel_matrix.tsv")["mutations"]
    content = table(summary, "panels.csv").groupby("panel")["gene"].agg(set).to_dict()
    lacking = [panel for panel, genes in content.items() if "EGFR" not in genes]
    assert panels.isin(lacking).any()
    assert panels.nunique() >= 3
    assert len({len(genes) for genes in content.values()}) == 3


def test_expression_is_unique_by_gene_and_lacks_who_it_should(summary, truth):
    expression = table(summary, "expression.tsv")
    assert expression["Hugo_Symbol"].is_unique
    assert len(expression) == 200
    profiled = {f"{p}-T1" for p, v in truth["patients"].items() if "expression" in v["has"]}
    assert set(expression.columns[1:]) == profiled | {"SIM-9999-T1"}


def test_programme_genes_follow_what_the_expression_shows(summary, truth):
    expression = table(summary, "expression.tsv").set_index("Hugo_Symbol").astype(float)
    patients = [c.removesuffix("-T1") for c in expression.columns if c != "SIM-9999-T1"]
    score = expression.loc[["CD8A", "GZMB", "CXCL9", "STAT1", "PRF1"], [f"{p}-T1" for p in patients]].mean()
    seen = [truth["patients"][p]["views"]["expression"]["inflammation"] for p in patients]
    assert np.corrcoef(score, seen)[0, 1] > 0.7


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match=r"no simulation wrote.*new folder"):
        simulate_cohort(tmp_path, patients=10)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"patients": 3}, "found 3"), ({"random_state": -1}, "found -1"), ({"name": "My Study"}, "found 'My Study'")],
)
def test_impossible_arguments_are_named(tmp_path, arguments, named):
    with pytest.raises(InputError, match=named):
        simulate_cohort(tmp_path / "x", **arguments)


def test_an_interrupted_simulation_leaves_nothing_behind(tmp_path):
    def interrupt(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_cohort(tmp_path / "x", patients=10, on_progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_importing_the_package_loads_nothing_heavy():
    heavy = "torch", "radiomics", "SimpleITK", "highdicom", "pydicom", "sklearn", "scipy"
    code = f"import sys, radiogenomics.simulation; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
