"""Which EGFR variants make a tumour sensitive to EGFR inhibitors (rule ``egfr_sensitising_variant``, version 1).

========================  =========================================================================================
sensitising               L858R; in-frame deletions of exon 19; G719X; S768I; L861Q; in-frame insertions of exon 19;
                          A763_Y764insFQEA, the one exon 20 insertion that responds [5]_
resistance                T790M, C797S: acquired under treatment; alone they do not tell what the tumour was
exon_20_insertion         in-frame insertions of exon 20: driver variants, but not sensitive to the classical inhibitors
uncertain                 every other non-synonymous variant
========================  =========================================================================================

A tumour with a sensitising variant is positive, whatever else it carries. A tumour with none but with another
non-synonymous EGFR variant is neither: its label is missing. Wild type is a covered gene without a non-synonymous
variant.

Exons are those of NM_005228 / ENST00000275493: exon 18 is residues 688-728, 19 is 729-761, 20 is 762-823, 21 is 824-875.

References
----------
.. [1] Lynch et al., N Engl J Med 350:2129-2139 (2004): L858R, exon 19 deletions.
.. [2] Yang et al., Lancet Oncol 16:830-838 (2015): G719X, L861Q, S768I respond; exon 20 insertions and T790M do not.
.. [3] He et al., Clin Cancer Res 18:1790-1797 (2012): exon 19 insertions.
.. [4] Hendriks et al., Ann Oncol 34:339-357 (2023), ESMO guideline for oncogene-addicted metastatic NSCLC.
.. [5] Yasuda et al., Sci Transl Med 5:216ra177 (2013): exon 20 insertions and A763_Y764insFQEA.
"""

from __future__ import annotations

from typing import Literal

from radiogenomics.omics.protein_change import parse_protein_change

RULE = "egfr_sensitising_variant"
RULE_VERSION = "1"
GENE = "EGFR"

EXON_19 = (729, 761)
EXON_20 = (762, 823)

Effect = Literal["sensitising", "resistance", "exon_20_insertion", "uncertain"]

_SENSITISING = {(858, "L", "R"), (768, "S", "I"), (861, "L", "Q")}
_SENSITISING_INSERTIONS = {(763, "FQEA")}
_RESISTANCE = {(790, "T", "M"), (797, "C", "S")}


def egfr_variant_effect(protein_change: str) -> Effect:
    """What a non-synonymous EGFR variant means for sensitivity.

    Parameters
    ----------
    protein_change : ``HGVSp_Short``, e.g. ``p.L858R``. Blank or not understood is 'uncertain'.
    """
    change = parse_protein_change(protein_change)
    if change.kind == "missense":
        key = (change.first, change.reference, change.inserted)
        if key in _SENSITISING or (change.first == 719 and change.reference == "G"):
            return "sensitising"
        return "resistance" if key in _RESISTANCE else "uncertain"
    net = change.net_length
    if net is None or net == 0:
        return "uncertain"
    if _inside(change.first, change.last, EXON_19):
        return "sensitising"
    if net > 0 and _inside(change.first, change.last, (EXON_20[0] - 1, EXON_20[1])):
        known = change.kind == "insertion" and (change.first, change.inserted) in _SENSITISING_INSERTIONS
        return "sensitising" if known else "exon_20_insertion"
    return "uncertain"


def _inside(first: int, last: int, exon: tuple[int, int]) -> bool:
    return exon[0] <= first and last <= exon[1]
