"""What a column of a table probably is: an identifier, a number, a category, a date, an outcome. Guesses, for a person to
confirm."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pandas as pd

from radiogenomics.cohort.configuration import DEFAULT_MISSING

MOST_CATEGORIES = 12
_IDENTIFIER = re.compile(
    r"(^|[^a-z])(id|ids|patient|case|subject|barcode|mrn|pseudonym)([^a-z]|$)|patientid|caseid", re.I
)
_OUTCOME = re.compile(
    r"death|dead|surviv|recur|relaps|progress|pfs|(^|_)os(_|$)|(^|_)dfs|follow|outcome|respon|benefit|metasta|event|"
    r"(vital|mutation|translocation|disease|os|pfs|dfs)[ _]*status$|adjuvant|chemo|radiation|"
    r"last.*(alive|contact|seen)|recist|toxicity",
    re.I,
)
_LABEL = re.compile(r"egfr|kras|alk|ros1|braf|respon|benefit|recist|metasta|recur|relaps|progress|dcb|pd.?l1", re.I)
_TIME = re.compile(
    r"(^|_| )(pfs|os|dfs|efs|rfs|ttp|survival|time).*(month|day|week|year)|(month|day|week|year)s?.*(pfs|os|survival)",
    re.I,
)
_DATES = (
    ("%Y-%m-%d", re.compile(r"^\d{4}-\d{1,2}-\d{1,2}$")),
    ("%m/%d/%Y", re.compile(r"^\d{1,2}/\d{1,2}/\d{4}$")),
    ("%d.%m.%Y", re.compile(r"^\d{1,2}\.\d{1,2}\.\d{4}$")),
    ("%Y%m%d", re.compile(r"^(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])$")),
)
_ORDERS = (
    ("i", "ia", "ib", "ii", "iia", "iib", "iii", "iiia", "iiib", "iiic", "iv", "iva", "ivb"),
    ("stage i", "stage ia", "stage ib", "stage ii", "stage iia", "stage iib", "stage iii", "stage iiia", "stage iiib", "stage iv"),
    ("tis", "t0", "t1", "t1a", "t1b", "t1c", "t2", "t2a", "t2b", "t3", "t4"),
    ("n0", "n1", "n2", "n3"),
    ("m0", "m1", "m1a", "m1b", "m1c"),
    ("g1", "g2", "g3", "g4"),
)  # fmt: skip
POSITIVE = frozenset(
    {"1", "yes", "y", "true", "mutant", "mutated", "positive", "pos", "cr", "pr", "responder", "dcb", "+", "altered"}
)
NEGATIVE = frozenset(
    {
        "0",
        "no",
        "n",
        "false",
        "wildtype",
        "wild type",
        "wild-type",
        "wt",
        "negative",
        "neg",
        "sd",
        "pd",
        "non-responder",
        "ndb",
        "-",
    }
)
_UNITS = (
    (re.compile(r"\(([^)=]{1,12})\)\s*$"), None),
    (re.compile(r"percent|pct|%", re.I), "%"),
    (re.compile(r"pack", re.I), "pack-years"),
    (re.compile(r"(^|[^a-z])age([^a-z]|$)", re.I), "years"),
    (re.compile(r"_kg$|kg$", re.I), "kg"),
    (re.compile(r"_cm$|cm$", re.I), "cm"),
)


class Guess(NamedTuple):
    """What a column probably is.

    Attributes
    ----------
    kind : identifier, number, category, ordered, date, text, constant or empty.
    values : distinct known texts in order of frequency (at most `MOST_CATEGORIES` + 1), or in their order where ordered.
    unknown : texts that mean 'not known', beside the usual codes.
    unit : of a number, from its name; '' where not told.
    date_format : of a date.
    outcome : whether the name speaks of what happened later.
    label : whether the name speaks of something one may want to predict.
    time : whether it may be a time to an event.
    share_known : share of rows with a known value.
    """

    kind: str
    values: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    unit: str = ""
    date_format: str = ""
    outcome: bool = False
    label: bool = False
    time: bool = False
    share_known: float = 0.0


def guess_column(name: str, cells: pd.Series) -> Guess:
    """The guess for one column of text cells."""
    text = cells.astype(str).str.strip()
    known = text[~text.isin(DEFAULT_MISSING)]
    said: dict[str, Any] = {
        "outcome": bool(_OUTCOME.search(name)),
        "label": bool(_LABEL.search(name)),
        "time": bool(_TIME.search(name)),
    }
    share = float(len(known) / max(len(text), 1))

    def told(kind: str, values: tuple[str, ...] = (), **more: Any) -> Guess:
        return Guess(kind, values, share_known=share, **said, **more)

    if known.empty:
        return told("empty")
    counts = known.value_counts()
    if _IDENTIFIER.search(name) and known.is_unique and len(known) >= 3:
        return told("identifier")
    for form, pattern in _DATES:
        if known.str.match(pattern).mean() > 0.9:
            return told("date", date_format=form)
    numbers = pd.to_numeric(known, errors="coerce")
    if numbers.notna().mean() >= 0.8 and counts.size > 5:
        unknown = tuple(sorted(set(known[numbers.isna()])))[:6]
        return told("number", unknown=unknown, unit=_unit(name))
    distinct = tuple(str(value) for value in counts.index[: MOST_CATEGORIES + 1])
    if counts.size == 1:
        return told("constant", distinct)
    if counts.size > MOST_CATEGORIES:
        return told(
            "identifier" if known.is_unique and _IDENTIFIER.search(name) else "text",
            distinct,
        )
    lowered = {value.lower(): value for value in distinct}
    for order in _ORDERS:
        if len(lowered) >= 3 and set(lowered) <= set(order):
            return told("ordered", tuple(lowered[v] for v in order if v in lowered))
    return told("category", distinct)


def looks_like_identifier(name: str) -> bool:
    """Whether a column's name speaks of an identifier."""
    return bool(_IDENTIFIER.search(name))


def binary_codes(values: tuple[str, ...]) -> tuple[list[str], list[str]] | None:
    """Which values are probably positive and negative, where each is known to be one."""
    positive = [v for v in values if v.lower() in POSITIVE]
    negative = [v for v in values if v.lower() in NEGATIVE]
    return (positive, negative) if positive and negative else None


def _unit(name: str) -> str:
    for pattern, unit in _UNITS:
        match = pattern.search(name)
        if match:
            return unit if unit is not None else match.group(1).strip()
    return ""
