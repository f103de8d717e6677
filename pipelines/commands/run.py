"""``radiogenomics run``."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from assets.display import pages_url
from assets.prediction_store import predictions_place
from pipelines.commands.results import print_results, print_survival
from pipelines.discovery import read_cohort_file
from radiogenomics.storage import Home


def run(file: Path, part: str, home: Home, out: Console, err: Console) -> int:
    """Materialise a cohort; ends with the main results and where to look. Gives the exit code."""
    cohort = read_cohort_file(file, home)
    from pipelines.running import run_cohort  # Dagster is loaded only once the configuration is known to be right

    err.print(f"[bold]{cohort.name}[/]: {part}" + ("  (simulated data)" if cohort.simulated else ""), highlight=False)
    outcome = run_cohort(cohort, part, home)
    for asset, message in outcome.failures.items():
        err.print(f"[bold red]failed:[/] {asset}: {escape(message)}", highlight=False, soft_wrap=True)
    for asset, check, description in outcome.failed_checks:
        err.print(
            f"[yellow]check not passed:[/] {asset}: {check}: {escape(description)}", highlight=False, soft_wrap=True
        )
    reused, made = outcome.reused
    err.print(f"{made} assets materialised, {reused} of them unchanged and reused", highlight=False)
    if outcome.failures:
        return outcome.exit_code
    if part != "features" and cohort.endpoints:
        print_results(cohort.name, None, home, out, simulated=cohort.simulated)
    elif part != "features":
        print_survival(cohort.name, home, out)
    if part != "features":
        for endpoint in (*cohort.endpoints, *cohort.survival_endpoints()):
            report = home.pages / cohort.name / endpoint / "report" / "report.html"
            out.print(f"report       {report}", highlight=False, soft_wrap=True)
    if part != "features" and (cohort.endpoints or cohort.survival_endpoints()):
        stored = predictions_place(home, cohort)
        out.print(f"predictions  {stored}", highlight=False, soft_wrap=True)
    out.print(
        f"look         make ui, then http://127.0.0.1:3000 (plots and reports: {pages_url()})",
        highlight=False,
        soft_wrap=True,
    )
    return outcome.exit_code
