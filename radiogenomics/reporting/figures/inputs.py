"""What came in: rows of each source that are used or set aside, and the rules that set them aside."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from radiogenomics.reporting.figures.canvas import BLUE, ORANGE, message_figure, new_figure, tidy
from radiogenomics.reporting.wording import plain

_RULES = 12


def inputs_figure(account: pd.DataFrame, quarantine: pd.DataFrame, *, simulated: bool = False) -> Figure:
    """Bars of used and quarantined rows a source; below, the broken rules with their counts.

    Parameters
    ----------
    account : `source`, `file`, `rows`, `used`, `quarantined` (rows), one line a file.
    quarantine : by `schemas.QUARANTINE`.
    """
    title = "What came in"
    if account.empty:
        return message_figure(title=title, message="No input has been read.", simulated=simulated)
    sources = account.groupby("source", sort=False)[["rows", "used", "quarantined"]].sum()
    rules = quarantine.groupby(["rule", "level"], sort=True).size().sort_values(ascending=False, kind="stable")
    shown = rules.head(_RULES)
    heights = [0.34 * len(sources) + 0.75, 0.30 * max(len(shown), 1) + 0.6]
    subtitle = f"{int(sources['rows'].sum())} rows from {len(account)} files: {int(sources['used'].sum())} used, "
    subtitle += f"{int(sources['quarantined'].sum())} set aside; {len(quarantine)} entries in quarantine in all"
    more = f" {int(rules[_RULES:].sum())} entries under other rules are not drawn." if len(rules) > _RULES else ""
    figure = new_figure(
        title=title,
        subtitle=subtitle,
        note="An entry is an input row, one value of a used row, or a lesion; each is listed with its rule." + more,
        body=sum(heights),
        simulated=simulated,
    )
    upper, lower = figure.subplots(2, 1, height_ratios=heights)
    tidy(upper, grid="x")
    y = list(range(len(sources)))
    used, aside = sources["used"].to_numpy(float), sources["quarantined"].to_numpy(float)
    upper.barh(y, used, height=0.62, color=BLUE, label="used")
    upper.barh(y, aside, left=used, height=0.62, color=ORANGE, label="set aside")
    for at, (used_rows, aside_rows) in enumerate(zip(used, aside, strict=True)):
        text = f"{int(used_rows)}" + (f" + {int(aside_rows)} set aside" if aside_rows else "")
        upper.annotate(
            text, (used_rows + aside_rows, at), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9
        )
    upper.set_yticks(y, [plain(name) for name in sources.index])
    largest = float((used + aside).max()) if len(sources) else 1.0
    if largest > 50 * max(1.0, float((used + aside)[(used + aside) > 0].min(initial=largest))):
        upper.set_xscale("symlog", linthresh=10)
        upper.set_xlim(0, largest * 8)
        upper.set_xlabel("Rows (logarithmic above 10)")
    else:
        upper.set_xlim(0, max(largest, 1.0) * 1.28)
        upper.set_xlabel("Rows")
    upper.set_ylim(len(sources) - 0.4, -0.6)
    upper.tick_params(axis="y", length=0)
    upper.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, fontsize=9, frameon=False, borderaxespad=0.1)
    tidy(lower, grid="x")
    if shown.empty:
        lower.set_axis_off()
        lower.text(0.5, 0.5, "Nothing is in quarantine.", ha="center", va="center", transform=lower.transAxes)
        return figure
    lower.barh(range(len(shown)), shown.to_numpy(), height=0.62, color=ORANGE)
    for at, n in enumerate(shown.to_numpy()):
        lower.annotate(str(n), (n, at), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9)
    names = [plain(f"{rule} ({level})") for rule, level in shown.index]
    lower.set_yticks(range(len(shown)), names)
    lower.tick_params(axis="y", length=0)
    lower.set(ylim=(len(shown) - 0.4, -0.6), xlabel="Entries in quarantine, by rule (level)")
    lower.set_xlim(0, float(shown.max()) * 1.15)
    lower.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure
