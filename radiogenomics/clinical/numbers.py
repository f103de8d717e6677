"""Numbers as clinical tables have them: with units, bounds, ranges and per cent signs."""

from __future__ import annotations

import math
import re
from typing import Literal, NamedTuple

from radiogenomics.cohort.configuration import Variable

TextRule = Literal["refuse", "bound", "midpoint"]

CONVERSIONS: dict[tuple[str, str], tuple[float, float]] = {
    ("lbs", "kg"): (0.45359237, 0.0),
    ("lb", "kg"): (0.45359237, 0.0),
    ("oz", "g"): (28.349523125, 0.0),
    ("g", "kg"): (1e-3, 0.0),
    ("in", "cm"): (2.54, 0.0),
    ("in", "m"): (0.0254, 0.0),
    ("ft", "m"): (0.3048, 0.0),
    ("cm", "m"): (0.01, 0.0),
    ("m", "cm"): (100.0, 0.0),
    ("mm", "cm"): (0.1, 0.0),
    ("cm", "mm"): (10.0, 0.0),
    ("1", "%"): (100.0, 0.0),
    ("%", "1"): (0.01, 0.0),
    ("months", "years"): (1 / 12, 0.0),
    ("years", "months"): (12.0, 0.0),
    ("days", "years"): (1 / 365.25, 0.0),
    ("days", "months"): (12 / 365.25, 0.0),
    ("mg/dl", "g/l"): (0.01, 0.0),
    ("g/dl", "g/l"): (10.0, 0.0),
    ("F", "C"): (5 / 9, -160 / 9),
}
"""(unit in the file, declared unit) -> factor and offset. Exact by definition (NIST SP 811) except months and years, which
are of 365.25 days."""

RANGES: dict[str, tuple[float, float]] = {"%": (0, 100), "years": (0, 120), "pack-years": (0, 300)}
"""Range of a variable that declares neither `minimum` nor `maximum`, by its unit: ages and durations of a life, per cent,
pack-years (more than 300 would be five packs a day for sixty years)."""

_NUMBER = r"\d+(?:\.\d+)?"
_BOUND = re.compile(rf"^(?:[<>]=?|[≤≥])\s*({_NUMBER})\s*%?$|^({_NUMBER})\s*\+$")
_RANGE = re.compile(rf"^({_NUMBER})\s*%?\s*(?:-|–|to)\s*({_NUMBER})\s*%?$")
_PER_CENT = re.compile(rf"^({_NUMBER})\s*%$")


def declared_range(variable: Variable) -> tuple[float, float]:
    """Lowest and highest number that a variable may have, in its unit."""
    if variable.minimum is None and variable.maximum is None:
        return RANGES.get(variable.unit, (-math.inf, math.inf))
    low = -math.inf if variable.minimum is None else variable.minimum
    return low, math.inf if variable.maximum is None else variable.maximum


class Parsed(NamedTuple):
    """A number, or the rule that the text breaks."""

    value: float | None
    rule: str = ""


def parse_number(text: str, rule: TextRule, unit: str) -> Parsed:
    """A number from a cell.

    Parameters
    ----------
    rule : what text around the number means: 'bound' takes '>70' and '70+' as 70 and '1-49' as its middle; 'midpoint'
        takes ranges only; both take '12 %' as 12 where the unit is per cent; 'refuse' takes none.
    unit : unit of the column.
    """
    try:
        number = float(text)
    except ValueError:
        return _with_text(text, rule, unit)
    return Parsed(number) if math.isfinite(number) and "_" not in text else Parsed(None, "not_a_number")


def _with_text(text: str, rule: TextRule, unit: str) -> Parsed:
    bound, span, share = _BOUND.match(text), _RANGE.match(text), _PER_CENT.match(text)
    if not (bound or span or share):
        return Parsed(None, "not_a_number")
    if "%" in text and unit != "%":
        return Parsed(None, "not_a_number")
    if rule == "refuse" or (bound and rule == "midpoint"):
        return Parsed(None, "number_with_text")
    if bound:
        return Parsed(float(bound.group(1) or bound.group(2)))
    if span:
        low, high = float(span.group(1)), float(span.group(2))
        return Parsed((low + high) / 2) if low <= high else Parsed(None, "not_a_number")
    assert share is not None
    return Parsed(float(share.group(1)))
