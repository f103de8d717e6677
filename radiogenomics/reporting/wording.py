"""How numbers, names and texts are written for people, the same in figures, report and terminal."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd

UNKNOWN = "–"
"""What stands where a number is not known."""

ROLE_NAMES = {
    "fusion": "Fusion",
    "unimodal": "Single modality",
    "clinical_baseline": "Clinical baseline",
    "floor": "Confounder floor",
}

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def known(value: Any) -> bool:
    """Whether a cell holds a value (not None, NaN, NA or NaT)."""
    return value is not None and not pd.isna(value)


def number(value: Any, digits: int = 2) -> str:
    """`0.78`, or a dash where it is not known."""
    if not known(value) or not math.isfinite(float(value)):
        return UNKNOWN
    text = f"{float(value):.{digits}f}"
    if text.startswith("-") and float(text) == 0:
        return text[1:]  # no '-0.00'
    return text.replace("-", "−")


def count(value: Any) -> str:
    """A whole number, or a dash where it is not known."""
    return f"{int(value)}" if known(value) else UNKNOWN


def interval(lower: Any, upper: Any, digits: int = 2) -> str:
    """`0.70 to 0.86`, or an empty text where a bound is not known."""
    if not known(lower) or not known(upper):
        return ""
    return f"{number(lower, digits)} to {number(upper, digits)}"


def estimate(value: Any, lower: Any, upper: Any, digits: int = 2) -> str:
    """`0.78 (0.70 to 0.86)`; without a known interval only the value."""
    bounds = interval(lower, upper, digits)
    return f"{number(value, digits)} ({bounds})" if bounds and known(value) else number(value, digits)


def percent(value: Any) -> str:
    """A share as a whole percentage."""
    return f"{100 * float(value):.0f} %" if known(value) else UNKNOWN


def p_text(value: Any) -> str:
    """A p-value with two decimals, three below 0.10, `< 0.001` below that."""
    if not known(value):
        return UNKNOWN
    probability = float(value)
    if probability < 0.001:
        return "< 0.001"
    return number(probability, 3 if probability < 0.1 else 2)


def shorten(text: Any, limit: int = 44) -> str:
    """The text on one line without control characters, cut in the middle where it is too long."""
    line = _CONTROL.sub(" ", str(text)).strip()
    if len(line) <= limit:
        return line
    head = (limit - 1) * 2 // 3
    return f"{line[:head]}…{line[-(limit - 1 - head) :]}"


def plain(text: Any, limit: int = 44) -> str:
    """The text for matplotlib: shortened, and a dollar sign is a dollar sign, not the start of a formula."""
    return shorten(text, limit).replace("$", r"\$")


def population_name(population: str) -> str:
    """What a population of METRICS is, in words."""
    names = {"all": "all labelled patients with any modality", "complete": "patients with every modality"}
    return names.get(population, f"patients with {population}")


def endpoint_name(endpoint: str, inside: bool = False) -> str:
    """`egfr_status` -> `EGFR status`; `inside` a sentence the first letter stays small where it is no abbreviation."""
    words = str(endpoint).split("_")
    short = {"egfr", "kras", "alk", "pfs", "os", "pdl1"}
    text = " ".join(word.upper() if word in short else word for word in words)
    return text if inside else capitalised(text)


def capitalised(text: str) -> str:
    """As it begins a sentence: the first letter large, the others as they are."""
    return text[:1].upper() + text[1:]
