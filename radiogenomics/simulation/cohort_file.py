"""The ``cohort.yaml`` that describes a simulated cohort to the pipeline."""

from __future__ import annotations

from importlib import resources

DEFAULT_NAME = "simulated"


def cohort_text(*, name: str = DEFAULT_NAME, root: str = ".") -> str:
    """Text of a ``cohort.yaml`` for a simulated cohort.

    Parameters
    ----------
    name : name of the cohort.
    root : folder of the data, as the file is to state it (relative to the file, or with ``${VARIABLE}``).
    """
    text = resources.files(__package__).joinpath("cohort_template.yaml").read_text(encoding="utf-8")
    return text.replace(f"\nname: {DEFAULT_NAME}\n", f"\nname: {name}\n", 1).replace(
        "\nroot: .\n", f"\nroot: {root}\n", 1
    )
