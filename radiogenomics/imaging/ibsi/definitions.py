"""What each IBSI feature is: code, family, unit, meaning."""

from __future__ import annotations

import functools
import re
from importlib.resources import files
from typing import NamedTuple

FAMILIES = {
    "morph": "shape",
    "loc": "local intensity",
    "stat": "intensity statistic",
    "ih": "intensity histogram",
    "ivh": "intensity-volume histogram",
    "cm": "grey-level co-occurrence",
    "rlm": "grey-level run length",
    "szm": "grey-level size zone",
    "dzm": "grey-level distance zone",
    "ngt": "neighbourhood grey-tone difference",
    "ngl": "neighbouring grey-level dependence",
}
"""Prefix of a tag -> name of the family."""

AGGREGATION_WORDS = {
    "2D_avg": "by slice and direction, averaged",
    "2D_comb": "by slice, directions merged, averaged",
    "2_5D_avg": "by direction in the slices, averaged",
    "2_5D_comb": "all directions in the slices merged",
    "3D_avg": "by direction in space, averaged",
    "3D_comb": "all directions in space merged",
    "2D": "by slice, averaged",
    "2_5D": "slices merged",
    "3D": "in space",
}
_AGGREGATION = re.compile(r"_(2D|2_5D|3D)(_avg|_comb)?$")


class Definition(NamedTuple):
    """One feature of the standard.

    Attributes
    ----------
    tag : name without aggregation.
    code : IBSI's identifier.
    unit : ``mm``, ``1``, ...; ``I`` stands for the image's unit, ``I2`` for its square, ``H`` for the unit of the
        intensity-volume histogram (the image's, or bins).
    pyradiomics : ``<class>_<feature>`` of the same definition, '' where there is none.
    meaning : one sentence.
    """

    tag: str
    code: str
    unit: str
    pyradiomics: str
    meaning: str

    @property
    def family(self) -> str:
        """Prefix of the tag."""
        return self.tag.partition("_")[0]


@functools.cache
def definitions() -> dict[str, Definition]:
    """All features by tag without aggregation."""
    text = files("radiogenomics.imaging.ibsi").joinpath("definitions.csv").read_text(encoding="utf-8")
    rows = [line.split(";", 4) for line in text.splitlines()[1:]]  # the meaning comes last and may hold a semicolon
    return {row[0]: Definition(*row) for row in rows}


@functools.cache
def by_pyradiomics_name() -> dict[str, Definition]:
    """Features whose definition pyradiomics shares, by its ``<class>_<feature>``."""
    return {one.pyradiomics: one for one in definitions().values() if one.pyradiomics}


def definition_of(tag: str) -> tuple[Definition, str]:
    """The definition of a tag, and the aggregation it ends in ('' where it has none).

    Raises
    ------
    KeyError
        No such feature.
    """
    found = _AGGREGATION.search(tag)
    end = found.group(0)[1:] if found else ""
    return definitions()[_AGGREGATION.sub("", tag)], end
