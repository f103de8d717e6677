"""Which EGFR variants make a tumour sensitive to EGFR inhibitors (rule ``egfr_sensitising_variant``).

========================  =========================================================================================
sensitising               L858R; in-frame deletions of exon 19; G719X; S768I; L861Q; in-frame insertions of exon 19;
                          A763_Y764insFQEA, the one exon 20 insertion that responds
resistance                T790M, C797S: acquired under treatment; alone they do not tell what the tumour was
exon_20_insertion         in-frame insertions of exon 20: driver variants, but not sensitive to the classical inhibitors
uncertain                 every other non-synonymous variant
========================  =========================================================================================

The classes stand in ``reference/egfr_variants.csv``, each with its source; an institution can declare a table of its own
(`label.variants`). Which classes are positive and which negative is declared; the others make the label missing. A tumour
with a variant of a positive class is positive, whatever else it carries. Wild type is a covered gene without a
non-synonymous variant.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple, get_args

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.label_settings import EgfrClass, VariantRule
from radiogenomics.cohort.reading import declared_path, read_table
from radiogenomics.exceptions import TableError
from radiogenomics.omics.protein_change import ProteinChange, parse_protein_change
from radiogenomics.omics.sequencing import Sequencing

RULE = "egfr_sensitising_variant"
GENE = "EGFR"
CHANGES = ("missense", "insertion", "in_frame_loss", "in_frame_gain")


class VariantClass(NamedTuple):
    """One row of the table of variants."""

    change: str
    first: int
    last: int
    reference: str
    alternate: str
    effect: EgfrClass
    name: str
    source: str

    def fits(self, change: ProteinChange) -> bool:
        """Whether a protein change is of this kind and place."""
        if self.change in {"missense", "insertion"}:
            same = change.kind == self.change and change.first == self.first
            reference = self.reference in {"", "*", change.reference}
            return same and reference and self.alternate in {"", "*", change.inserted}
        net = change.net_length
        if net is None or net == 0 or (net > 0) != (self.change == "in_frame_gain"):
            return False
        return self.first <= change.first and change.last <= self.last


def read_variant_classes(path: Path, label: str) -> tuple[VariantClass, ...]:
    """A table of variants, `change,first,last,reference,alternate,class,name,source`; the first row that fits decides.

    Raises
    ------
    TableError
        A change or class is not a known one, or a residue is no number.
    """
    raw = read_table(path, label=label)
    columns = {n: raw.cells[raw.column(n)].str.strip() for n in (*VariantClass._fields[:5], "class", "name", "source")}
    found = []
    for row in raw.cells.index:
        change, effect = columns["change"][row], columns["class"][row]
        if change not in CHANGES or effect not in get_args(EgfrClass):
            raise TableError(
                f"{label} line {row}: change '{change}' must be one of {', '.join(CHANGES)}, and class '{effect}' one of "
                f"{', '.join(get_args(EgfrClass))}",
                rule="variant_class",
            )
        if not (columns["first"][row].isdigit() and columns["last"][row].isdigit()):
            raise TableError(f"{label} line {row}: first and last must be residue numbers", rule="type")
        found.append(
            VariantClass(
                change,
                int(columns["first"][row]),
                int(columns["last"][row]),
                columns["reference"][row],
                columns["alternate"][row],
                effect,
                columns["name"][row],
                columns["source"][row],
            )
        )
    return tuple(found)


@lru_cache(maxsize=1)
def packaged_classes() -> tuple[VariantClass, ...]:
    """The packaged table of variants."""
    return read_variant_classes(
        Path(str(resources.files("radiogenomics.endpoints") / "reference" / "egfr_variants.csv")), "egfr_variants.csv"
    )


def declared_classes(cohort: Cohort, rule: VariantRule) -> tuple[VariantClass, ...]:
    """The table of variants that a rule uses."""
    if rule.variants is None:
        return packaged_classes()
    return read_variant_classes(declared_path(cohort, rule.variants, "label.variants"), rule.variants)


def variant_class(protein_change: str, classes: tuple[VariantClass, ...] | None = None) -> VariantClass | None:
    """The row of the table that a protein change fits; None: uncertain."""
    change = parse_protein_change(protein_change)
    rows = packaged_classes() if classes is None else classes
    return next((row for row in rows if row.fits(change)), None)


def egfr_variant_effect(protein_change: str, classes: tuple[VariantClass, ...] | None = None) -> EgfrClass:
    """What a non-synonymous EGFR variant means for sensitivity.

    Parameters
    ----------
    protein_change : ``HGVSp_Short``, e.g. ``p.L858R``. Blank or not understood is 'uncertain'.
    classes : a table of variants; left out: the packaged one.
    """
    found = variant_class(protein_change, classes)
    return "uncertain" if found is None else found.effect


def egfr_variants(sequencing: Sequencing, classes: tuple[VariantClass, ...] | None = None) -> pd.DataFrame:
    """Every non-synonymous EGFR variant with its class.

    Returns
    -------
    DataFrame `patient_id, sample_id, file, row, protein_change, classification, class, name, source`, in the order of
    patients and rows.
    """
    rows = sequencing.variants[(sequencing.variants["gene"] == GENE) & sequencing.variants["non_synonymous"]]
    table = rows[["patient_id", "sample_id", "file", "row", "protein_change", "classification"]].copy()
    found = [variant_class(change, classes) for change in table["protein_change"]]
    table["class"] = ["uncertain" if f is None else f.effect for f in found]
    table["name"] = ["" if f is None else f.name for f in found]
    table["source"] = ["" if f is None else f.source for f in found]
    return table.sort_values(["patient_id", "file", "row"], ignore_index=True)
