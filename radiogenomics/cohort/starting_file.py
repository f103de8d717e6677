"""A starting ``cohort.yaml`` for a folder of tables and images: every guess marked, for a person to confirm."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from radiogenomics.cohort.column_guess import Guess, binary_codes, guess_column, looks_like_identifier
from radiogenomics.cohort.dicom_guess import FoundImages, find_images
from radiogenomics.cohort.folder_guess import FoundTable, find_tables, guessed_scale, kind_of, sample_pattern
from radiogenomics.cohort.samples import BARCODE
from radiogenomics.exceptions import InputError

CONFIRM = "# CONFIRM"


class _Clinical:
    """A clinical table with the guess for each of its columns."""

    def __init__(self, name: str, table: FoundTable) -> None:
        assert table.raw is not None
        self.name, self.file, self.cells = name, table.file, table.raw.cells
        self.guesses = {str(c): guess_column(str(c), self.cells[c]) for c in self.cells.columns}
        named = [c for c, g in self.guesses.items() if g.kind == "identifier"]
        named += [c for c in self.guesses if looks_like_identifier(c) and c not in named]
        sample = next((c for c in named if "sample" in c.lower()), None)
        patient = next((c for c in named if re.search(r"patient|case|subject", c, re.I)), None)
        self.patient = patient or next((c for c in named if c != sample), str(self.cells.columns[0]))
        self.sample = sample if sample is not None and sample != self.patient else None

    @property
    def patients(self) -> list[str]:
        return [str(v).strip() for v in self.cells[self.patient]]


def starting_file(folder: Path, name: str | None = None) -> str:
    """The text of a starting ``cohort.yaml`` that lies in the folder itself.

    Parameters
    ----------
    folder : the folder with the tables.
    name : the cohort's name; left out: from the folder's.

    Raises
    ------
    InputError
        There is no such folder, or no table in it names patients.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder", rule="folder_missing")
    tables = find_tables(folder)
    clinical: list[_Clinical] = []
    for table in tables:
        if table.kind == "clinical":
            clinical.append(_Clinical(_name(Path(table.file).name.split(".")[0], {c.name for c in clinical}), table))
    if not clinical:
        seen = ", ".join(f"{t.file} ({t.kind})" for t in tables) or "no table"
        raise InputError(
            f"{folder}: no clinical table with a column of patient identifiers; found {seen}", rule="no_clinical_table"
        )
    lines = [
        "# A start, made from the tables in this folder. What is marked CONFIRM is a guess: check it, then remove the mark.",
        "# What a guess got wrong you change here; then run: radiogenomics check cohort.yaml",
        "version: 1",
        f"name: {_name(name or folder.resolve().name, set())}",
        "root: .",
        "",
    ]
    variables = _variables(clinical)
    lines += _clinical_section(clinical, variables)
    patients = list(dict.fromkeys(p for c in clinical for p in c.patients))
    modalities = ["clinical"] if any(line for line, used in variables if used) else []
    for section, modality in (
        (_mutations(tables, clinical, patients), "mutations"),
        (_expression(tables, clinical, patients), "expression"),
    ):
        if section:
            lines += ["", *section]
            modalities.append(modality)
    images = _images(tables, find_images(folder), set(patients))
    if images:
        lines += ["", "images:", *(line for section in images.values() for line in section)]
        modalities += [f"radiomics_{name_of_images}" for name_of_images in images]
    lines += [""] if any(t.kind == "imaging_features" for t in tables) else []
    for name_of_table, declared in _imaging_tables(tables):
        lines += declared
        modalities.append(name_of_table)
    lines += ["", *_endpoints(clinical, modalities)]
    unreadable = [f"#   {t.problem}" for t in tables if t.kind == "unreadable"]
    if unreadable:
        lines += ["", "# Not read:", *unreadable]
    return "\n".join(lines) + "\n"


def _name(text: str, taken: set[str]) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:50] or "cohort"
    plain = plain if plain[0].isalpha() else f"c_{plain}"
    unique, count = plain, 2
    while unique in taken:
        unique, count = f"{plain}_{count}", count + 1
    return unique


def _flow(value: Any) -> str:
    """A value as one line of YAML."""
    return (
        yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True).strip().removesuffix("\n...")
    )


def _clinical_section(clinical: list[_Clinical], variables: list[tuple[str, bool]]) -> list[str]:
    lines = ["clinical:", "  tables:"]
    for table in clinical:
        declared: dict[str, Any] = {"file": table.file, "patient_id": table.patient}
        if table.sample is not None:
            declared |= {"one_row_per": "sample", "sample_id": table.sample}
        lines.append(f"    {table.name}: {_flow(declared)}  {CONFIRM} the column that names the patient")
    if not any(used for _, used in variables):
        return lines + [line for line, _ in variables]
    return [*lines, "  variables:", *(line for line, _ in variables)]


def _variables(clinical: list[_Clinical]) -> list[tuple[str, bool]]:
    """Lines of the variables, and whether each declares one (or is a comment)."""
    taken: set[str] = set()
    lines: list[tuple[str, bool]] = []
    for table in clinical:
        for column, guess in table.guesses.items():
            if column in (table.patient, table.sample) or guess.kind in {"identifier", "empty", "constant", "text"}:
                if guess.kind in {"text", "constant"} and column not in (table.patient, table.sample):
                    lines.append((f"    # left out: '{_plain(column)}' ({guess.kind})", False))
                continue
            if guess.kind == "date":
                lines.append(
                    (f"    # a date ({guess.date_format}): '{_plain(column)}'; may be clinical.index_date", False)
                )
                continue
            endpoint = guess.label and guess.kind == "category" and binary_codes(guess.values) is not None
            if guess.outcome or guess.time or endpoint:
                later = "a possible endpoint, or known only later" if guess.label else "known only later?"
                lines.append((f"    # {later}; left out as a predictor: '{_plain(column)}'", False))
                continue
            name = _name(re.sub(r"\(.*?\)", "", column) or column, taken)
            taken.add(name)
            lines.append(
                (f"    {name}: {_flow(_variable(table, column, guess, len(clinical) > 1))}  {_doubt(guess)}", True)
            )
    return lines


def _plain(column: str) -> str:
    return column.replace("\n", " ")


def _variable(table: _Clinical, column: str, guess: Guess, several: bool) -> dict[str, Any]:
    declared: dict[str, Any] = {"table": table.name} if several else {}
    declared |= {"column": column, "type": guess.kind}
    if guess.kind == "number":
        declared |= {"unit": guess.unit or "1"}
        if guess.unknown:
            declared["text_numbers"] = "refuse"
    else:
        declared |= {"categories": list(guess.values)}
    return declared


def _doubt(guess: Guess) -> str:
    said = {
        "number": "number" + ("" if guess.unit else ", unit not told"),
        "category": "which is the reference comes first",
        "ordered": "the order",
    }[guess.kind]
    notes = [said, f"known for {guess.share_known:.0%}"]
    if guess.unknown:
        notes.append("not numbers: " + ", ".join(repr(text) for text in guess.unknown))
    return f"{CONFIRM} {'; '.join(notes)}"


def _samples(barcodes: list[str], clinical: list[_Clinical], patients: list[str]) -> dict[str, str] | None:
    """How barcodes lead to patients: through a table of samples, by a pattern, or because they are the patients."""
    for table in clinical:
        if table.sample is not None:
            known = {str(v).strip() for v in table.cells[table.sample]}
            if sum(b in known for b in barcodes) > len(barcodes) / 2:
                return {"table": table.name}
    pattern = sample_pattern(barcodes, patients)
    return {"pattern": pattern} if pattern else None


def _mutations(tables: list[FoundTable], clinical: list[_Clinical], patients: list[str]) -> list[str]:
    mafs = [t for t in tables if t.kind == "maf"]
    if not mafs:
        return []
    files = [t.file for t in mafs]
    barcodes = sorted({str(b).strip() for t in mafs if t.raw is not None for b in t.raw.cells[BARCODE]})
    lines = ["mutations:", f"  maf: {_flow(files if len(files) > 1 else files[0])}"]
    samples = _samples(barcodes, clinical, patients)
    if samples:
        lines.append(f"  samples: {_flow(samples)}  {CONFIRM} how a barcode leads to a patient")
    else:
        lines.append(f"  # {CONFIRM[2:]} Tumor_Sample_Barcode is taken to be the patient identifier")
    for kind in ("panel_matrix", "panels", "copy_number", "structural_variants", "segments"):
        one = next((t for t in tables if t.kind == kind), None)
        if one is not None:
            lines.append(f"  {kind}: {_flow(one.file)}")
    if not any(t.kind == "panels" for t in tables):
        lines.append(f"  {CONFIRM} no table of gene panels: every gene of the MAF counts as covered in every sample")
    return lines


def _expression(tables: list[FoundTable], clinical: list[_Clinical], patients: list[str]) -> list[str]:
    found = next((t for t in tables if t.kind == "expression"), None)
    if found is None:
        return []
    scale = guessed_scale(found.raw) if found.raw is not None else "log"
    lines = ["expression:", f"  file: {_flow(found.file)}", f"  scale: {scale}  {CONFIRM} counts, tpm, log or z_score"]
    if found.raw is not None:
        columns = [str(c) for c in found.raw.cells.columns[1:]]
        rows = [str(v).strip() for v in found.raw.cells.iloc[:, 0]]
        samples = _samples(columns, clinical, patients) or _samples(rows, clinical, patients)
        if samples:
            lines.append(f"  samples: {_flow(samples)}  {CONFIRM} how a sample leads to a patient")
    more = [t.file for t in tables if t.kind == "expression" and t is not found]
    return lines + [f"  # another table like this one: {file}; declare it under `omics`" for file in more]


_PRESETS = {"CT": "ct_default", "PT": "pet_default", "MR": "mr_default"}
_NAMES = {"CT": "ct", "PT": "pet", "MR": "mr"}


def _images(tables: list[FoundTable], found: list[FoundImages], patients: set[str]) -> dict[str, list[str]]:
    """Lines of each kind of images, by the name given to it."""
    table = next((t for t in tables if t.kind == "lesions"), None)
    if table is not None:
        return {"ct": [f"  ct: {_flow({'kind': 'CT', 'lesions': table.file})}  {CONFIRM} CT, PT or MR"]}
    sections = {}
    for one in found:
        names = ", ".join(f"{_flow(name)} ({count})" for name, count in one.names[:12])
        more = f" and {len(one.names) - 12} more" if len(one.names) > 12 else ""
        lines = [
            f"  {_NAMES[one.kind]}:",
            f"    kind: {one.kind}",
            f"    # regions in the folder, and in how many files: {_plain(names)}{more}",
            f"    dicom: {_flow({'folder': one.folder, 'roi': one.roi})}  {CONFIRM} which regions are the tumour",
            f"    radiomics: {_flow({'preset': _PRESETS[one.kind]})}",
        ]
        strangers = [patient for patient in one.patients if patient not in patients]
        if strangers:
            lines.insert(
                4,
                f"    {CONFIRM} {len(strangers)} of {len(one.patients)} PatientIDs stand in no clinical table (first: "
                f"{_flow(strangers[0])}); where they are pseudonyms, add to dicom: patients: {{file: key.csv, dicom_id: "
                "pseudonym, patient_id: id}",
            )
        sections[_NAMES[one.kind]] = lines
    return sections


def _imaging_tables(tables: list[FoundTable]) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for table in tables:
        if table.kind == "imaging_features" and table.raw is not None:
            clinical = _Clinical("features", table)
            name = _name(Path(table.file).name.split(".")[0], {n for n, _ in found})
            declared = _flow({"file": table.file, "patient_id": clinical.patient})
            head = ["imaging_tables:"] if not found else []
            found.append((name, [*head, f"  {name}: {declared}  {CONFIRM} which columns are features"]))
    return found


def _endpoints(clinical: list[_Clinical], modalities: list[str]) -> list[str]:
    """Likely endpoints: binary columns whose names speak of one, and times with events."""
    endpoints, survival = [], []
    taken: set[str] = set()
    several = len(clinical) > 1
    for table in clinical:
        of_table = {"table": table.name} if several else {}
        times = [c for c, guess in table.guesses.items() if guess.time and guess.kind == "number"]
        events = {_event_of(table, c) for c in times}
        for column, guess in table.guesses.items():
            codes = binary_codes(guess.values) if guess.kind in {"category", "constant"} else None
            if codes is not None and (guess.label or guess.outcome) and column not in events:
                name = _name(column, taken)
                taken.add(name)
                label = {**of_table, "column": column, "positive": codes[0], "negative": codes[1]}
                others = [v for v in guess.values if v not in codes[0] + codes[1]]
                endpoints += [
                    f"  {name}:",
                    f"    label: {_flow(label)}  {CONFIRM} which codes count"
                    + (f"; missing: {', '.join(others)}" if others else ""),
                    f"    modalities: {_flow(modalities)}",
                ]
            if guess.time and guess.kind == "number":
                event = _event_of(table, column)
                unit = next((u for u in ("days", "weeks", "years") if u[:-1] in column.lower()), "months")
                if event is not None:
                    declared = {**of_table, "time": column, "unit": unit, "event": event}
                    survival.append(
                        f"  {_name(column, taken)}: {_flow(declared)}  {CONFIRM} unit and codes of the event"
                    )
    lines = ["endpoints:", *endpoints] if endpoints and modalities else ["# endpoints: no column was recognised as one"]
    return lines + (["", "survival:", *survival] if survival else [])


def _event_of(table: _Clinical, time: str) -> str | None:
    """The column that probably says whether the event of a time happened: the same first word, 'status' or 'event'."""
    word = re.split(r"[^A-Za-z]", time)[0].lower()
    for column, guess in table.guesses.items():
        if column != time and column.lower().startswith(word) and re.search(r"status|event|censor", column, re.I):
            digits = {v.split(":", 1)[0] for v in guess.values}
            if guess.kind in {"category", "constant"} and digits <= {"0", "1"}:
                return column
    return None


__all__ = ["kind_of", "starting_file"]
