"""Genes of the simulated panels, their recurrent variants, and the expression programmes.

Recurrent variants carry their true position and change on GRCh37; other variants are placed at random within the
gene's neighbourhood and are named as such by the data's mark.
"""

from __future__ import annotations

from typing import NamedTuple

BUILD = "GRCh37"


class Variant(NamedTuple):
    """One protein change as a MAF row states it."""

    gene: str
    chromosome: str
    start: int
    end: int
    classification: str
    kind: str
    reference: str
    alternative: str
    protein: str


def _point(gene: str, chromosome: str, start: int, change: str, protein: str, classification: str) -> Variant:
    reference, alternative = change.split(">")
    return Variant(gene, chromosome, start, start, classification, "SNP", reference, alternative, protein)


_MISSENSE = "Missense_Mutation"

EGFR_SENSITISING: tuple[tuple[Variant, float], ...] = (
    (_point("EGFR", "7", 55259515, "T>G", "p.L858R", _MISSENSE), 0.42),
    (
        Variant("EGFR", "7", 55242465, 55242479, "In_Frame_Del", "DEL", "GGAATTAAGAGAAGC", "-", "p.E746_A750del"),
        0.44,
    ),
    (_point("EGFR", "7", 55241708, "G>C", "p.G719A", _MISSENSE), 0.06),
    (_point("EGFR", "7", 55259524, "T>A", "p.L861Q", _MISSENSE), 0.05),
    (_point("EGFR", "7", 55249005, "G>T", "p.S768I", _MISSENSE), 0.03),
)
"""Sensitising variants with their share among mutants (rounded from what is usually reported)."""

EGFR_RESISTANCE = _point("EGFR", "7", 55249071, "C>T", "p.T790M", _MISSENSE)
EGFR_NOT_SENSITISING: tuple[Variant, ...] = (
    Variant("EGFR", "7", 55249012, 55249013, "In_Frame_Ins", "INS", "-", "AGCGTGGAC", "p.D770_N771insSVD"),
    _point("EGFR", "7", 55087007, "G>A", "p.A13T", _MISSENSE),
)
"""An exon-20 insertion and a variant of unknown significance: an EGFR row in the MAF, yet not a sensitising one."""

KRAS: tuple[Variant, ...] = (
    _point("KRAS", "12", 25398285, "C>A", "p.G12C", _MISSENSE),
    _point("KRAS", "12", 25398284, "C>A", "p.G12V", _MISSENSE),
    _point("KRAS", "12", 25398284, "C>T", "p.G12D", _MISSENSE),
)
TP53: tuple[Variant, ...] = (
    _point("TP53", "17", 7577120, "C>T", "p.R273H", _MISSENSE),
    _point("TP53", "17", 7577538, "C>T", "p.R248Q", _MISSENSE),
    _point("TP53", "17", 7578406, "C>T", "p.R175H", _MISSENSE),
    _point("TP53", "17", 7577022, "G>A", "p.R306*", "Nonsense_Mutation"),
)
STK11: tuple[Variant, ...] = (_point("STK11", "19", 1207021, "C>T", "p.Q37*", "Nonsense_Mutation"),)
KEAP1: tuple[Variant, ...] = (_point("KEAP1", "19", 10602653, "G>A", "p.R320W", _MISSENSE),)

# Gene -> chromosome and a position near its start, for variants placed at random.
LOCI: dict[str, tuple[str, int]] = {
    "ALK": ("2", 29415640), "APC": ("5", 112043195), "ARID1A": ("1", 27022524), "ARID2": ("12", 46123448),
    "ATM": ("11", 108093211), "ATR": ("3", 142168077), "ATRX": ("X", 76760356), "BAP1": ("3", 52435029),
    "BRAF": ("7", 140419127), "BRCA1": ("17", 41196312), "BRCA2": ("13", 32889611), "CDKN2A": ("9", 21967751),
    "CREBBP": ("16", 3775055), "CTNNB1": ("3", 41236328), "DNMT3A": ("2", 25455845), "EGFR": ("7", 55086714),
    "EP300": ("22", 41487790), "EPHA3": ("3", 89156674), "EPHA5": ("4", 66185281), "ERBB2": ("17", 37844167),
    "ERBB4": ("2", 212240446), "FAT1": ("4", 187508937), "FBXW7": ("4", 153242410), "FGFR1": ("8", 38268656),
    "FGFR3": ("4", 1795039), "GRIN2A": ("16", 9852376), "JAK1": ("1", 65298912), "JAK2": ("9", 4985033),
    "KDM5C": ("X", 53220503), "KEAP1": ("19", 10596796), "KIT": ("4", 55524085), "KMT2C": ("7", 151832010),
    "KMT2D": ("12", 49412758), "KRAS": ("12", 25357723), "MET": ("7", 116312444), "MGA": ("15", 41913422),
    "NF1": ("17", 29421945), "NOTCH1": ("9", 139388896), "NRAS": ("1", 115247090), "NTRK1": ("1", 156785432),
    "NTRK3": ("15", 88418230), "PBRM1": ("3", 52579368), "PDGFRA": ("4", 55095264), "PIK3CA": ("3", 178865902),
    "POLE": ("12", 133200348), "PTEN": ("10", 89622870), "PTPRD": ("9", 8314246), "PTPRT": ("20", 40701392),
    "RB1": ("13", 48877887), "RBM10": ("X", 47004268), "RET": ("10", 43572475), "ROS1": ("6", 117609463),
    "SETD2": ("3", 47057919), "SMAD4": ("18", 48494410), "SMARCA4": ("19", 11071598), "STK11": ("19", 1189406),
    "TERT": ("5", 1253262), "TET2": ("4", 106067032), "TP53": ("17", 7565097), "U2AF1": ("21", 44513066),
}  # fmt: skip

WIDE, MIDDLE, SMALL = "SIMLUNG60", "SIMLUNG42", "SIMHOT12"
_NOT_IN_MIDDLE = {
    "STK11", "KEAP1", "ARID2", "ATRX", "CREBBP", "EP300", "EPHA3", "FAT1", "GRIN2A", "KDM5C", "KMT2C", "MGA",
    "NTRK3", "PBRM1", "POLE", "PTPRD", "PTPRT", "U2AF1",
}  # fmt: skip
PANELS: dict[str, tuple[str, ...]] = {
    WIDE: tuple(sorted(LOCI)),
    MIDDLE: tuple(sorted(set(LOCI) - _NOT_IN_MIDDLE)),
    SMALL: ("ALK", "BRAF", "CDKN2A", "ERBB2", "KIT", "KRAS", "MET", "NRAS", "PIK3CA", "PTEN", "RET", "TP53"),
}
"""What each panel covers. The small one lacks EGFR, the middle one lacks STK11 and KEAP1."""

PANEL_SIZE_MB = {WIDE: 1.2, MIDDLE: 0.85, SMALL: 0.1}
"""Coding size in megabases."""

PROGRAMMES: dict[str, tuple[str, ...]] = {
    "growth": (
        "NKX2-1", "SFTPA1", "SFTPA2", "SFTPB", "SFTPC", "SFTPD", "NAPSA", "SLC34A2", "ROS1", "LMO3", "SCGB1A1", "AQP4",
        "CACNA2D2", "C4BPA", "SUSD2", "HOPX", "LAMP3", "MUC1", "DUSP6", "ABCA3",
    ),
    "heterogeneity": (
        "MKI67", "TOP2A", "BIRC5", "CCNB1", "CDC20", "FOXM1", "UBE2C", "CENPF", "CA9", "SLC2A1", "LDHA", "VEGFA",
        "ADM", "NDRG1", "ANLN", "PLK1", "AURKA", "TPX2", "HK2", "P4HA1",
    ),
    "inflammation": (
        "CD8A", "CD3E", "GZMA", "GZMB", "PRF1", "IFNG", "CXCL9", "CXCL10", "CXCL11", "CD274", "PDCD1", "LAG3", "TIGIT",
        "IDO1", "STAT1", "HLA-DRA", "NKG7", "CCL5", "GBP1", "CXCR6",
    ),
    "smoking": (
        "AKR1C1", "AKR1C2", "AKR1B10", "NQO1", "CYP1A1", "CYP1B1", "GPX2", "ALDH3A1", "TXNRD1", "GCLM", "SLC7A11",
        "UCHL1",
    ),
}  # fmt: skip
"""Latent factor -> genes that follow it. The other genes follow none."""

OTHER_GENES: tuple[str, ...] = (
    "EGFR", "KRAS", "TP53", "STK11", "ACTB", "GAPDH", "B2M", "TBP", "RPLP0", "HPRT1", *(f"SIM{n:03d}" for n in range(118)),
)  # fmt: skip
