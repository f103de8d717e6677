"""A cBioPortal study folder: which file is what, told from its ``meta_*.txt``.

``study: folder`` in ``cohort.yaml`` declares what the folder holds, so that only variables and endpoints remain to be
declared; whatever the file declares itself is left as it is. The format: docs.cbioportal.org, 'File Formats'.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from radiogenomics.exceptions import ConfigurationError

PATIENT, SAMPLE = "patient", "sample"
"""Names of the clinical tables of a study."""

_MUTATION_KEYS = {
    ("MUTATION_EXTENDED", "MAF"): "maf",
    ("COPY_NUMBER_ALTERATION", "DISCRETE"): "copy_number",
    ("COPY_NUMBER_ALTERATION", "SEG"): "segments",
    ("STRUCTURAL_VARIANT", "SV"): "structural_variants",
    ("GENE_PANEL_MATRIX", "GENE_PANEL_MATRIX"): "panel_matrix",
}
_SCALES = {"CONTINUOUS": "log", "Z-SCORE": "z_score", "LOG2-VALUE": "log"}


def read_metadata(folder: Path) -> list[dict[str, str]]:
    """The entries of each ``meta_*.txt`` of a folder, in the order of their names.

    Raises
    ------
    ConfigurationError
        There is no such folder, it has no such file, or one is not text.
    """
    files = sorted(folder.glob("meta_*.txt")) if folder.is_dir() else []
    if not files:
        raise ConfigurationError(f"{folder}: not a cBioPortal study folder: no meta_*.txt", rule="no_study")
    found = []
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{file}: not UTF-8 text (byte {error.start})", rule="encoding") from error
        pairs = (line.partition(":") for line in lines if ":" in line)
        found.append({"meta": file.name, **{key.strip(): value.strip() for key, _, value in pairs}})
    return found


def study_sections(folder: Path, prefix: str) -> dict[str, Any]:
    """The sections of ``cohort.yaml`` that a study folder stands for.

    Parameters
    ----------
    prefix : the folder as declared, put before each file's name.

    Raises
    ------
    ConfigurationError
        A meta file names a data file that is not there, or there is no table of patients.
    """
    tables: dict[str, Any] = {}
    mutations: dict[str, Any] = {}
    sections: dict[str, Any] = {}
    for entry in read_metadata(folder):
        kind, datatype = entry.get("genetic_alteration_type", ""), entry.get("datatype", "")
        name = entry.get("data_filename", "")
        if not name:
            continue
        if not (folder / name).is_file():
            raise ConfigurationError(
                f"{folder / entry['meta']}: data_filename '{name}' is not in the folder", rule="file_missing"
            )
        path = f"{prefix.rstrip('/')}/{name}" if prefix not in ("", ".") else name
        if kind == "CLINICAL" and datatype == "PATIENT_ATTRIBUTES":
            tables[PATIENT] = {"file": path, "patient_id": "PATIENT_ID"}
        elif kind == "CLINICAL" and datatype == "SAMPLE_ATTRIBUTES":
            tables[SAMPLE] = {
                "file": path, "patient_id": "PATIENT_ID", "one_row_per": "sample", "sample_id": "SAMPLE_ID",
            }  # fmt: skip
        elif (kind, datatype) in _MUTATION_KEYS:
            key = _MUTATION_KEYS[(kind, datatype)]
            if key == "maf" and "maf" in mutations:
                mutations["maf"] = [*_listed(mutations["maf"]), path]
            else:
                mutations.setdefault(key, path)
        elif kind == "MRNA_EXPRESSION" and datatype in _SCALES and "expression" not in sections:
            sections["expression"] = {"file": path, "scale": _SCALES[datatype]}
    if not tables:
        raise ConfigurationError(f"{folder}: the study has no clinical table", rule="no_patients")
    samples = {"table": SAMPLE} if SAMPLE in tables else None
    if "maf" in mutations:
        sections["mutations"] = {**mutations, **({"samples": samples} if samples else {})}
    if "expression" in sections and samples:
        sections["expression"]["samples"] = samples
    sections["clinical"] = {"tables": tables}
    return sections


def with_study(raw: dict[str, Any], folder_of_file: Path) -> dict[str, Any]:
    """The content of a ``cohort.yaml``, with what its `study` folder holds filled in where it declares nothing."""
    declared = raw.get("study")
    if not isinstance(declared, str) or not declared:
        return raw
    folder = (folder_of_file / str(raw.get("root", ".")) / declared).resolve()
    filled = dict(raw)
    for name, section in study_sections(folder, declared).items():
        given = raw.get(name)
        if given is None:
            filled[name] = section
        elif isinstance(given, dict):
            filled[name] = {**section, **given}
    return filled


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
