"""Protein changes in the short HGVS notation of MAF files (``HGVSp_Short``): a small parser, no sequence database.

Understood: ``p.L858R``, ``p.E746_A750del``, ``p.L747_A750delinsP``, ``p.D770_N771insSVD``, ``p.S768_D770dup``,
``p.V450Sfs*13``, ``p.E286*``, ``p.X1010_splice``, ``p.M1?``, ``p.*394Lext*9``, ``p.Q787=``. See den Dunnen et al., Hum Mutat
37:564-569 (2016).
"""

from __future__ import annotations

import re
from typing import NamedTuple

_AMINO_ACID = "[ACDEFGHIKLMNPQRSTVWYUX*]"
_RESIDUE = rf"(?P<first_aa>{_AMINO_ACID})(?P<first>\d+)(?:_(?P<last_aa>{_AMINO_ACID})(?P<last>\d+))?"
_PATTERNS = (
    ("splice", re.compile(r"^X(?P<first>\d+)_splice$")),
    ("frameshift", re.compile(rf"^{_RESIDUE}.*fs(?:[*X]\d*|\*\?)?$")),
    ("delins", re.compile(rf"^{_RESIDUE}(?:delins|>)(?P<inserted>{_AMINO_ACID}+)$")),
    ("deletion", re.compile(rf"^{_RESIDUE}del{_AMINO_ACID}*$")),
    ("duplication", re.compile(rf"^{_RESIDUE}dup{_AMINO_ACID}*$")),
    ("insertion", re.compile(rf"^{_RESIDUE}ins(?P<inserted>{_AMINO_ACID}+)$")),
    ("extension", re.compile(rf"^{_RESIDUE}{_AMINO_ACID}*ext.*$")),
    ("start_lost", re.compile(r"^M1(?P<first>)\?$")),
    ("synonymous", re.compile(rf"^(?P<first_aa>{_AMINO_ACID})(?P<first>\d+)=$")),
    ("substitution", re.compile(rf"^(?P<first_aa>{_AMINO_ACID})(?P<first>\d+)(?P<inserted>{_AMINO_ACID})$")),
)


class ProteinChange(NamedTuple):
    """What changes, and where.

    Attributes
    ----------
    kind : missense, nonsense, synonymous, deletion, insertion, duplication, delins, frameshift, splice, extension,
        start_lost, or unknown.
    first, last : first and last residue that is named (numbered from 1); equal for one residue; 0 where unknown.
    reference : one-letter code of the first residue; '' where not given.
    inserted : one-letter codes of what stands there instead; '' where not given.
    """

    kind: str
    first: int = 0
    last: int = 0
    reference: str = ""
    inserted: str = ""

    @property
    def net_length(self) -> int | None:
        """Residues gained (positive) or lost (negative) by an in-frame change; None for other kinds."""
        named = self.last - self.first + 1
        lengths = {
            "deletion": -named,
            "duplication": named,
            "insertion": len(self.inserted),
            "delins": len(self.inserted) - named,
        }
        return lengths.get(self.kind)


def parse_protein_change(text: str) -> ProteinChange:
    """Parse one ``HGVSp_Short``, with or without ``p.``; what is not understood is of kind 'unknown', never an error."""
    body = text.strip().removeprefix("p.")
    if body.startswith("(") and body.endswith(")"):
        body = body[1:-1]
    for kind, pattern in _PATTERNS:
        match = pattern.match(body)
        if match is None:
            continue
        parts = match.groupdict()
        first = int(parts.get("first") or 1)
        reference, inserted = parts.get("first_aa") or "", parts.get("inserted") or ""
        if kind == "substitution":
            kind = "synonymous" if reference == inserted else "nonsense" if inserted in {"*", "X"} else "missense"
        return ProteinChange(kind, first, int(parts.get("last") or first), reference, inserted)
    return ProteinChange("unknown")
