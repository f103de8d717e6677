"""The ``cohort.yaml`` that describes a simulated cohort to the pipeline."""

from __future__ import annotations

import json
import re
from importlib import resources

import yaml

from radiogenomics.exceptions import InputError

DEFAULT_NAME = "simulated"


FOLLOW_UP = (
    (
        "  variables:\n",
        "  index_date: {table: main, column: start_of_therapy}\n  variables:\n",
    ),
    (
        "    lesions: lesions.csv\n",
        "    lesions: lesions.csv\n    follow_up: {match: label, contour_sd_mm: 0.5, absent: gone, delta: {until_days: 60}}\n",
    ),
    (
        "\nsurvival:\n",
        "  benefit_from_day_60:\n"
        "    description: No progression within six months, predicted two months after the start of therapy\n"
        "    label: {rule: horizon, table: main, time: pfs_months, event: progressed, horizon_months: 6}\n"
        "    landmark_days: 60\n"
        "    modalities: [radiomics_ct, delta_ct, clinical]\n"
        "\nsurvival:\n",
    ),
)
"""What a cohort with later studies declares beside: text and what stands in its place."""


def cohort_text(*, name: str = DEFAULT_NAME, root: str = ".", follow_up: bool = False) -> str:
    """Text of a ``cohort.yaml`` for a simulated cohort.

    Parameters
    ----------
    name : name of the cohort.
    follow_up : the cohort has later studies.
    root : folder of the data, as the file is to state it (relative to the file, or with ``${VARIABLE}``).

    Raises
    ------
    InputError
        A name that a configuration may not have.
    """
    if re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name) is None:
        raise InputError(
            f"name: must be lower-case letters, digits and underscores, a letter first; found {name!r}",
            rule="cohort_name",
        )
    text = resources.files(__package__).joinpath("cohort_template.yaml").read_text(encoding="utf-8")
    for before, after in FOLLOW_UP if follow_up else ():
        text = text.replace(before, after, 1)
    text = text.replace(f"\nname: {DEFAULT_NAME}\n", f"\nname: {_scalar(name)}\n", 1)
    return text.replace("\nroot: .\n", f"\nroot: {_scalar(root)}\n", 1)


def _scalar(text: str) -> str:
    """The text as a YAML value: quoted where YAML would read it as something else (`null`, a colon in a path)."""
    try:
        plain = yaml.safe_load(f"key: {text}\n") == {"key": text}
    except yaml.YAMLError:
        plain = False
    return text if plain else json.dumps(text)
