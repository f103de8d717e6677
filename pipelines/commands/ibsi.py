"""``radiogenomics ibsi``."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from radiogenomics.storage.atomic import write_atomically


def ibsi(folder: Path, output: Path | None, out: Console, err: Console) -> int:
    """Compare with IBSI's reference values; print how many of how many agree, and each that does not.

    Returns
    -------
    Exit code: 0 where all agree, 1 where any does not.
    """
    from radiogenomics.imaging.ibsi.conformance import ibsi_conformance
    from radiogenomics.imaging.ibsi.conformance_report import conformance_page, conformance_summary

    with err.status("IBSI") as status:
        table = ibsi_conformance(folder, on_progress=status.update)
    shown = Table("standard", "configuration", "within", "of", box=None)
    for row in conformance_summary(table).itertuples():
        shown.add_row(str(row.standard), str(row.configuration), str(row.within), str(row.of))
    out.print(shown)
    for row in table[~table["within"]].itertuples():
        out.print(
            f"not within: {row.standard} {row.configuration} {row.tag}: reference {row.reference:g} "
            f"(tolerance {row.tolerance:.3g}), found {row.found:.6g}",
            highlight=False,
            soft_wrap=True,
        )
    agree = int(table["within"].sum())
    out.print(f"{agree} of {len(table)} within tolerance", highlight=False)
    if output is not None:
        page = conformance_page(table)
        write_atomically(output, lambda path: path.write_text(page, encoding="utf-8"))
        err.print(f"{output}: written", highlight=False)
    return 0 if agree == len(table) else 1
