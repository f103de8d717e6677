"""What leaves the house with the report: under declared pseudonyms no identifier of a patient is anywhere in it."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from pipelines.discovery import read_cohort_file
from pipelines.running import run_cohort
from radiogenomics.reporting.pseudonymised import Naming, identifiers_in
from radiogenomics.storage import ArtefactStore, Home
from radiogenomics.storage.pseudonyms import Pseudonyms
from tests.pipelines.small_cohort import write_cohort

KEY = "a key of more than thirty-two bytes, for tests"
IDENTIFIER = re.compile(r"P\d{3}(?!\d)")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    """A run whose files, values and quarantine name patients, and what was written on its figures."""
    folder = tmp_path_factory.mktemp("named")
    file = write_cohort(folder / "little", 60, unlabelled=6, predictions={"pseudonyms": {"key_env": "STUDY_KEY"}})
    _name_patients(file)
    written: list[str] = []

    def remembered(figure: Figure) -> str:
        written.extend(text.get_text() for text in figure.findobj(Text))
        out = io.BytesIO()
        Image.new("L", (1, 1)).save(out, format="PNG")
        return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"

    patch = pytest.MonkeyPatch()
    patch.setenv("STUDY_KEY", KEY)
    patch.setattr("radiogenomics.reporting.pictures.png_data_uri", remembered)
    home = Home(folder / "home")
    assert run_cohort(read_cohort_file(file, home), "all", home).failures == {}
    patch.undo()
    return file, home, written


def _name_patients(file: Path) -> None:
    """A value that quotes a patient is set aside, and one patient's mutations lie in a file of his name."""
    clinical = pd.read_csv(file.parent / "clinical.csv", dtype=str)
    clinical.loc[clinical["id"] == "P004", "sex"] = "see P005"
    clinical.to_csv(file.parent / "clinical.csv", index=False)
    mutations = pd.read_csv(file.parent / "mutations.maf", sep="\t", dtype=str)
    own = mutations["Tumor_Sample_Barcode"] == "P003"
    mutations[own].to_csv(file.parent / "P003.maf", sep="\t", index=False)
    mutations[~own].to_csv(file.parent / "mutations.maf", sep="\t", index=False)
    settings = yaml.safe_load(file.read_text())
    settings["mutations"]["maf"] = ["mutations.maf", "P003.maf"]
    del settings["expression"]
    settings["endpoints"]["response"]["modalities"] = ["clinical", "mutations"]
    file.write_text(yaml.safe_dump(settings, sort_keys=False))


def test_no_identifier_is_in_the_page_in_its_figures_or_in_the_crate(run) -> None:
    file, home, written = run
    folder = home.pages / "little" / "response" / "report"
    page = (folder / "report.html").read_text(encoding="utf-8")
    parts = json.loads((folder / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"][1]["hasPart"]
    held = [part["@id"] for part in parts if (folder / part["@id"]).is_file()]
    assert {"report.html", "cohort.yaml"} <= set(held)
    for name in (*held, "ro-crate-metadata.json"):
        assert IDENTIFIER.findall((folder / name).read_text(encoding="utf-8")) == [], name
    assert IDENTIFIER.findall("\n".join(written)) == []

    stored = ArtefactStore(home.artefacts).read(["little", "quarantine"])  # what the page must not quote
    assert stored["reason"].str.contains("see P005").any()
    pseudonyms = Pseudonyms(KEY.encode())
    assert pseudonyms.of("P004") in page
    assert "Files and reasons, which may name them, are in the stored quarantine table alone." in page
    shown = re.findall(r"([0-9a-f]{15})…([0-9a-f]{8})", "\n".join(written))  # titles have room for 24 characters
    everyone = [pseudonyms.of(f"P{i:03d}") for i in range(60)]
    assert shown
    assert all(any(n.startswith(head) and n.endswith(tail) for n in everyone) for head, tail in shown)
    crate = (folder / "ro-crate-metadata.json").read_text(encoding="utf-8")
    assert '"mutations.maf"' in crate
    assert "P003.maf" in file.read_text()


def test_without_declared_pseudonyms_tables_and_files_stay_as_they_are() -> None:
    rows = pd.DataFrame({"patient_id": ["P1", None], "reason": ["P1 is odd", "x"], "source": "a", "file": "P1.csv"})
    naming = Naming(None, identifiers_in(rows), "files: P1.csv")
    for given in (naming.table(rows), naming.quarantine(rows), naming.files(rows)):
        pd.testing.assert_frame_equal(given, rows)
    assert naming.text("P1 is odd") == "P1 is odd"


def test_a_missing_identifier_stays_missing_and_a_file_that_is_not_declared_is_named_by_its_source() -> None:
    rows = pd.DataFrame(
        {"patient_id": ["P1", None], "reason": ["P1 and P12", "x"], "source": "maf", "file": ["a.maf", "P1.maf"]}
    )
    pseudonyms = Pseudonyms(KEY.encode())
    naming = Naming(pseudonyms, identifiers_in(rows), "maf: [a.maf, P1.maf]")
    named = naming.table(rows)
    assert named["patient_id"].tolist()[0] == pseudonyms.of("P1")
    assert named["patient_id"].isna().tolist() == [False, True]
    assert named["reason"].tolist() == [f"{pseudonyms.of('P1')} and P12", "x"]  # P12 is another word
    assert naming.files(rows)["file"].tolist() == ["a.maf", "maf, file 2"]
    assert naming.quarantine(rows)["reason"].isna().all()


def test_a_short_number_in_running_text_is_no_identifier() -> None:
    pseudonyms = Pseudonyms(KEY.encode())
    assert pseudonyms.in_text("outer_folds: 12, patient 1234567", ["12", "1234567"]) == (
        f"outer_folds: 12, patient {pseudonyms.of('1234567')}"
    )
