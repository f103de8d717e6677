"""Signature scores from the ranks of genes within one sample: they need no other patient."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.gene_names import current_symbol
from radiogenomics.cohort.omics_settings import PACKAGED, Expression
from radiogenomics.cohort.reading import declared_path, read_table
from radiogenomics.exceptions import ConfigurationError, TableError
from radiogenomics.omics.alterations import reference_table

PREFIX = "signature_"


class Signature(NamedTuple):
    """A gene set: genes whose high rank raises the score, and genes whose high rank lowers it."""

    name: str
    up: tuple[str, ...]
    down: tuple[str, ...]
    source: str

    @property
    def genes(self) -> tuple[str, ...]:
        """All genes of the set."""
        return self.up + self.down


def read_signatures(cohort: Cohort, declared: str) -> list[Signature]:
    """Gene sets from a table `signature,gene,direction,source` (direction up or down), or the 'packaged' ones.

    Raises
    ------
    TableError
        A cell is blank, or a direction is neither up nor down.
    """
    path = (
        reference_table("signatures.csv")
        if declared == PACKAGED
        else declared_path(cohort, declared, "expression.signatures")
    )
    raw = read_table(path, label=declared)
    table = pd.DataFrame(
        {n: raw.cells[raw.column(n)].str.strip() for n in ("signature", "gene", "direction", "source")}
    )
    for row, entry in table.iterrows():
        if entry["direction"] not in {"up", "down"} or not entry["signature"] or not entry["gene"]:
            raise TableError(
                f"{declared} line {row}: needs a signature, a gene, and a direction 'up' or 'down', found '{entry['direction']}'",
                rule="signature",
            )
    table["gene"] = table["gene"].map(current_symbol)
    found = []
    for name, rows in table.groupby("signature", sort=True):
        by_direction = {d: tuple(dict.fromkeys(rows.loc[rows["direction"] == d, "gene"])) for d in ("up", "down")}
        found.append(Signature(str(name), by_direction["up"], by_direction["down"], str(rows["source"].iloc[0])))
    return found


def signature_coverage(signatures: list[Signature], genes: list[str], minimum: float) -> pd.DataFrame:
    """How much of each set is there.

    Returns
    -------
    DataFrame `signature, genes, present, share, scored, lacking, source`; `scored` is whether the share reaches `minimum`.
    """
    have = set(genes)
    rows = []
    for signature in signatures:
        lacking = [gene for gene in signature.genes if gene not in have]
        total = len(signature.genes)
        share = (total - len(lacking)) / total
        rows.append(
            (signature.name, total, total - len(lacking), share, share >= minimum, ", ".join(lacking), signature.source)
        )
    columns = ["signature", "genes", "present", "share", "scored", "lacking", "source"]
    return pd.DataFrame(rows, columns=columns)


def signature_score(signature: Signature, genes: list[str], values: np.ndarray) -> np.ndarray:
    """Score of each sample, -1 to 1: mean centred rank of the `up` genes minus that of the `down` genes.

    Ranks are of all measured genes within the sample, scaled to -0.5 (lowest) .. 0.5 (highest), ties averaged; so the score
    of a sample is the same whatever other samples there are, and for any monotone scale. After singscore (Foroutan et al.,
    BMC Bioinformatics 19:404, 2018). Genes that the sample lacks do not count.

    Parameters
    ----------
    values : float array (samples, genes).
    """
    ranks = pd.DataFrame(values).rank(axis=1, method="average").to_numpy()
    measured = np.isfinite(values).sum(axis=1, keepdims=True)
    centred = np.where(measured > 1, (ranks - 1) / np.maximum(measured - 1, 1) - 0.5, np.nan)
    place = {gene: at for at, gene in enumerate(genes)}
    score = np.zeros(len(values))
    for chosen, sign in ((signature.up, 1.0), (signature.down, -1.0)):
        at = [place[gene] for gene in chosen if gene in place]
        if not chosen:
            continue
        if not at:
            return np.full(len(values), np.nan)
        part = centred[:, at]
        known = np.isfinite(part)
        mean = np.where(
            known.any(axis=1), np.where(known, part, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1), np.nan
        )
        score = score + sign * mean
    return score


def declared_coverage(cohort: Cohort, genes: list[str]) -> pd.DataFrame:
    """`signature_coverage` of the cohort's declared signatures.

    Raises
    ------
    ConfigurationError
        The cohort declares none.
    """
    declared = cohort.expression
    if not isinstance(declared, Expression) or declared.signatures is None:
        raise ConfigurationError(f"{cohort.file}: expression.signatures: not declared", rule="missing_key")
    return signature_coverage(read_signatures(cohort, declared.signatures), genes, declared.signature_coverage)
