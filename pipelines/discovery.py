"""Which cohorts there are: those in ``pipelines/cohorts/``, those named in the environment, those run before.

A cohort whose file is broken, or whose data are not on this machine, is found too, with the reason.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from radiogenomics.cohort import Cohort, load_cohort
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.storage import Home, write_text
from radiogenomics.storage.home import VARIABLE as HOME_VARIABLE

COHORTS_VARIABLE = "RADIOGENOMICS_COHORTS"
EXAMPLES = Path(__file__).resolve().parent / "cohorts"


@dataclass(frozen=True)
class Found:
    """One cohort file: the cohort it declares, or why it cannot be used."""

    name: str
    file: Path
    cohort: Cohort | None = None
    error: str = ""
    needs: str = ""
    """Environment variable that the file needs and that is not set; '' otherwise."""


def environment(home: Home) -> dict[str, str]:
    """What ``${VARIABLE}`` in a cohort file may name: the process environment, with the state folder filled in."""
    return {HOME_VARIABLE: str(home.folder), **os.environ}


def read_cohort_file(path: Path, home: Home) -> Cohort:
    """Load one cohort file with the state folder known to it."""
    return load_cohort(path, environment(home))


def discover(home: Home) -> list[Found]:
    """All cohorts, in the order: examples, named in the environment, registered by a run.

    Two files that declare the same name would write over each other: the second is found as broken.
    """
    found: dict[str, Found] = {}
    seen: set[Path] = set()
    for file in [*sorted(EXAMPLES.glob("*.yaml")), *_named(), *registered(home)]:
        file = file.resolve()
        if file in seen:
            continue
        seen.add(file)
        entry = _read(file, home)
        if entry.name in found:
            other = found[entry.name]
            if entry.cohort is not None and (other.cohort is None or _same_data(entry.cohort, other.cohort)):
                found[entry.name] = entry  # the person's own file of the same cohort comes before the example
                continue
            unique = f"{entry.name}_{len(found)}"
            entry = Found(
                unique, file, error=f"{file}: name '{entry.name}' is already used by {other.file}; choose another"
            )
        found[entry.name] = entry
    return list(found.values())


def register(cohort: Cohort, home: Home) -> None:
    """Remember a cohort file, so that the UI shows it from now on.

    Raises
    ------
    ConfigurationError
        Another cohort of that name, with other data, is known already.
    """
    for other in discover(home):
        if other.name == cohort.name and other.cohort is not None and not _same_data(other.cohort, cohort):
            raise ConfigurationError(
                f"{cohort.file}: name: '{cohort.name}' is already used by {other.file}, whose data lie elsewhere; choose another name",
                rule="name_taken",
            )
    known = [str(p) for p in registered(home)]
    if cohort.file.parent != EXAMPLES and str(cohort.file) not in known:
        write_text(_register_file(home), json.dumps([*known, str(cohort.file)], indent=1))


def registered(home: Home) -> list[Path]:
    """Cohort files that a run registered and that still exist."""
    try:
        entries = json.loads(_register_file(home).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    return [Path(entry) for entry in entries if Path(entry).is_file()]


def _register_file(home: Home) -> Path:
    return home.folder / "cohorts.json"


def _named() -> Iterable[Path]:
    for entry in os.environ.get(COHORTS_VARIABLE, "").split(os.pathsep):
        if entry:
            path = Path(entry).expanduser()
            yield from sorted(path.glob("*.yaml")) if path.is_dir() else [path]


def _same_data(first: Cohort, second: Cohort) -> bool:
    return first.path(".") == second.path(".")


def _read(file: Path, home: Home) -> Found:
    fallback = cohort_name(file.parent if file.stem == "cohort" else file)
    try:
        cohort = read_cohort_file(file, home)
    except ConfigurationError as error:
        missing = _missing_variable(error, environment(home), file)
        return Found(fallback, file, error=str(error), needs=missing)
    return Found(cohort.name, file, cohort)


def _missing_variable(error: ConfigurationError, known: Mapping[str, str], file: Path) -> str:
    if error.rule != "environment_variable":
        return ""
    names = re.findall(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", file.read_text(encoding="utf-8"))
    return next((name for name in names if name not in known), "")


def cohort_name(path: Path) -> str:
    """A valid cohort name from the name of a folder, or of a file without its ending."""
    name = re.sub(r"[^a-z0-9_]+", "_", path.resolve().stem.lower()).strip("_") or "cohort"
    return name if name[0].isalpha() else f"cohort_{name}"
