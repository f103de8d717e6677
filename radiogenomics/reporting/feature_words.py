"""What a feature is called and means, in words, from its dictionary."""

from __future__ import annotations

import re
from typing import NamedTuple

import pandas as pd

from radiogenomics.reporting.wording import known

_CODE = re.compile(r"\bIBSI[: ]([0-9A-Z]{4})\b")


class FeatureWords(NamedTuple):
    """Name, unit ('' where it has none), IBSI code ('' where it has none) and meaning of a feature."""

    name: str
    unit: str
    ibsi: str
    meaning: str


def feature_words(dictionary: pd.DataFrame | None) -> dict[str, FeatureWords]:
    """`<modality>:<feature>` -> its words.

    Parameters
    ----------
    dictionary : by `schemas.FEATURE_DICTIONARY`; where it has a column `ibsi_code` that counts, else the code that the
        description names.
    """
    if dictionary is None or dictionary.empty:
        return {}
    words = {}
    for row in dictionary.to_dict("records"):
        meaning = str(row["description"]) if known(row["description"]) else ""
        coded = row.get("ibsi_code")
        named = _CODE.search(meaning)
        code = str(coded) if known(coded) and str(coded) else (named.group(1) if named else "")
        unit = str(row["unit"])
        plainly = str(row["feature"])
        words[f"{row['modality']}:{row['feature']}"] = FeatureWords(
            plainly, "" if unit in {"", "1"} else unit, code, meaning
        )
    return words
