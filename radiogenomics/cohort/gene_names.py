"""Gene names as tables have them, and what spreadsheets make of them."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|mär|mrz|mai|okt|dez"
_DATES = (
    re.compile(rf"^\d{{1,2}}[-. /]({_MONTH})\.?([-. /]\d{{2,4}})?$", re.IGNORECASE),
    re.compile(rf"^({_MONTH})\.?[-. /]\d{{1,4}}$", re.IGNORECASE),
    re.compile(r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{2}:\d{2}(:\d{2})?)?$"),
    re.compile(r"^\d{1,2}[/.]\d{1,2}[/.]\d{2,4}$"),
    re.compile(r"^\d+([.,]\d+)?(e[+-]?\d+)?$", re.IGNORECASE),
)
_ENSEMBL = re.compile(r"^ENS[A-Z]*G\d{11}(\.\d+)?$")


def turned_by_spreadsheet(name: str) -> bool:
    """Whether a gene symbol became a date or a number in a spreadsheet ('2-Sep', 'Mar-01', '2023-09-02', '44806').

    Which gene it was cannot be told: '1-Mar' may have been MARCHF1 or MTARC1. See Ziemann et al., Genome Biol 17:177
    (2016).
    """
    text = name.strip()
    return any(pattern.match(text) for pattern in _DATES)


def is_ensembl(name: str) -> bool:
    """Whether a name is an Ensembl gene identifier, with or without a version."""
    return _ENSEMBL.match(name.strip()) is not None


def without_version(name: str) -> str:
    """An Ensembl identifier without its version: ENSG00000146648.18 -> ENSG00000146648."""
    return name.strip().split(".", 1)[0]


@cache
def previous_symbols() -> dict[str, str]:
    """Previous symbol -> current one, for genes of cancer panels that HGNC renamed (packaged table)."""
    path = resources.files("radiogenomics.cohort") / "reference" / "gene_aliases.csv"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split(",") for line in lines[1:])


def current_symbol(name: str) -> str:
    """The current symbol of a gene, so that 'MLL2' of one panel and 'KMT2D' of the next are one gene."""
    text = name.strip()
    return previous_symbols().get(text, text)
