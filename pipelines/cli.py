"""The command line: ``radiogenomics simulate | init | check | run | results | predictions | cache | ibsi | ui``.

Exit codes: 0 done, 1 failed, 2 the user's input is wrong.
"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from radiogenomics.exceptions import InputError, RadiogenomicsError
from radiogenomics.storage import Home

app = typer.Typer(
    name="radiogenomics",
    help="Tumour images, mutations, expression and clinical tables to predictions that can be defended. Research use only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
predictions_app = typer.Typer(help="The append-only table of predictions.", no_args_is_help=True)
app.add_typer(predictions_app, name="predictions")
cache_app = typer.Typer(
    help="Features per lesion that are kept, so that only what changed is computed.", no_args_is_help=True
)
app.add_typer(cache_app, name="cache")
models_app = typer.Typer(help="Registered models, their stages, and why.", no_args_is_help=True)
app.add_typer(models_app, name="models")

out = Console()
err = Console(stderr=True)


class Part(StrEnum):
    """Which part of the graph is materialised."""

    features = "features"
    train = "train"
    all = "all"


class StudyPart(StrEnum):
    """What a study of the evaluation is about."""

    labels = "labels"
    survival = "survival"


class TableFormat(StrEnum):
    csv = "csv"
    parquet = "parquet"
    xpt = "xpt"
    adam = "adam"


class ResultFormat(StrEnum):
    table = "table"
    json = "json"


class Kind(StrEnum):
    out_of_fold = "out_of_fold"
    locked_test = "locked_test"
    prospective = "prospective"


CohortFile = Annotated[Path, typer.Argument(metavar="COHORT.yaml", help="the cohort's configuration")]
CohortName = Annotated[str, typer.Option("--cohort", help="name of the cohort, as in its cohort.yaml")]


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="where the cohort is written; a new or empty folder")],
    patients: Annotated[int, typer.Option(min=20, max=5000, help="number of patients")] = 100,
    seed: Annotated[int, typer.Option(help="the same seed writes the same files, byte for byte")] = 1,
    follow_up: Annotated[
        bool, typer.Option("--follow-up", help="two later studies of each patient, with known growth")
    ] = False,
) -> None:
    """Write a simulated cohort with known truth: CT with contours, mutations, expression, clinical tables, cohort.yaml."""
    from pipelines.commands import simulate as command

    command.simulate(folder, patients, seed, err, follow_up)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="a folder with your tables")],
    name: Annotated[str | None, typer.Option(help="the cohort's name; left out: from the folder's")] = None,
) -> None:
    """Suggest a starting cohort.yaml from a folder of tables; each guess is marked for you to confirm."""
    from pipelines.commands import init as command

    command.init(folder, name, err)


@app.command()
def check(cohort: CohortFile) -> None:
    """Validate a configuration and every input without computing features; say who has what and what is set aside and why."""
    from pipelines.commands import check as command

    command.check(cohort, Home.from_environment(), out, err)


@app.command()
def run(
    cohort: CohortFile,
    select: Annotated[
        Part, typer.Option(help="features: no training; train: on the cohort as it stands; all")
    ] = Part.all,
) -> None:
    """Materialise a cohort on the instance that the UI shows; what has not changed is reused."""
    from pipelines.commands import run as command

    raise typer.Exit(command.run(cohort, select.value, Home.from_environment(), out, err))


@app.command()
def results(
    cohort: CohortName,
    endpoint: Annotated[str | None, typer.Option(help="one endpoint; all of them where left out")] = None,
    format: Annotated[ResultFormat, typer.Option(help="a table to read, or JSON")] = ResultFormat.table,
) -> None:
    """Every model and floor with n, events, AUC, interval and Brier score."""
    from pipelines.commands import results as command

    command.results(cohort, endpoint, format.value, Home.from_environment(), out)


@predictions_app.command("export")
def export(
    cohort: CohortName,
    output: Annotated[
        Path, typer.Option(help="the file that is written; datapackage.json beside it says what it holds")
    ],
    endpoint: Annotated[
        list[str] | None, typer.Option(help="an endpoint, e.g. egfr_status; may be repeated; all where left out")
    ] = None,
    kind: Annotated[list[Kind] | None, typer.Option(help="only predictions of this kind; may be repeated")] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="a model_id, or a name such as late/weighted; may be repeated")
    ] = None,
    format: Annotated[
        TableFormat | None,
        typer.Option(
            help="xpt: SAS transport 5; adam: ADaM-shaped, in .xpt, .csv or .parquet; left out: by the file's ending"
        ),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="the table as it was then: 2026-03-01 (its end) or 2026-03-01T12:00 (UTC)")
    ] = None,
    since: Annotated[str | None, typer.Option(help="only rows created from then on")] = None,
    until: Annotated[str | None, typer.Option(help="only rows created up to then")] = None,
    every_run: Annotated[
        bool, typer.Option("--every-run", help="also what a later run superseded, marked in superseded_at")
    ] = False,
) -> None:
    """Write predictions to a file, with a data dictionary; patients under pseudonyms where the cohort declares them."""
    from pipelines.commands import export as command

    filters = command.Filters(
        endpoints=tuple(endpoint or ()),
        models=tuple(model or ()),
        kinds=tuple(k.value for k in kind or ()),
        as_of=as_of,
        since=since,
        until=until,
        every_run=every_run,
    )
    rows = command.export(Home.from_environment(), cohort, output, filters, format.value if format else None)
    err.print(f"{output}: {rows} predictions", highlight=False, soft_wrap=True)


@predictions_app.command("ard")
def ard(
    cohort: CohortName,
    output: Annotated[Path, typer.Option(help="the file that is written: .csv, .parquet or .json")],
    endpoint: Annotated[str | None, typer.Option(help="one endpoint; all of them where left out")] = None,
) -> None:
    """Write every figure with its interval, n and events as an analysis results table, as R's cards and gtsummary read it."""
    from pipelines.commands import export as command

    rows = command.ard(Home.from_environment(), cohort, endpoint, output)
    err.print(f"{output}: {rows} statistics", highlight=False, soft_wrap=True)


@predictions_app.command("sql")
def sql(
    query: Annotated[str, typer.Argument(help="a SELECT on current_predictions, or on predictions (every run)")],
    cohort: CohortName,
) -> None:
    """Print the result of an SQL query as CSV; it works on a copy, so it can change nothing."""
    from pipelines.commands import export as command

    command.sql(Home.from_environment(), cohort, query).to_csv(sys.stdout, index=False)


@cache_app.command("show")
def cache_show() -> None:
    """Say where the cache is, how many entries it holds, how large it is and when it was used."""
    from pipelines.commands import cache as command

    command.show(Home.from_environment(), out)


@cache_app.command("prune")
def cache_prune(
    maximum_mb: Annotated[
        int | None, typer.Option(min=0, help="remove what is unused for longest until this size is met")
    ] = None,
    unused_days: Annotated[int | None, typer.Option(min=0, help="remove what was not used for so many days")] = None,
) -> None:
    """Remove entries; what is missing is computed anew by the next run."""
    from pipelines.commands import cache as command

    if maximum_mb is None and unused_days is None:
        raise InputError("say what to remove: --maximum-mb, --unused-days, or both", rule="nothing_to_do")
    command.prune(Home.from_environment(), maximum_mb, unused_days, err)


ModelId = Annotated[str, typer.Argument(metavar="MODEL", help="a model_id, as `radiogenomics models list` shows it")]
Why = Annotated[str, typer.Option("--why", help="the reason; it is kept for ever")]


@models_app.command("list")
def models_list(
    cohort: Annotated[str | None, typer.Option(help="only this cohort")] = None,
    endpoint: Annotated[str | None, typer.Option(help="only this endpoint")] = None,
) -> None:
    """Every registered model with its stage, n, events and AUC."""
    from pipelines.commands import models as command

    command.show_list(Home.from_environment(), out, cohort, endpoint)


@models_app.command("show")
def models_show(model: ModelId) -> None:
    """What is known of one model: settings, snapshot, figures, files with their digests, as JSON."""
    from pipelines.commands import models as command

    command.show(Home.from_environment(), out, model)


@models_app.command("promote")
def models_promote(model: ModelId, why: Why) -> None:
    """Make a model the champion of its endpoint; the one before is retired."""
    from pipelines.commands import models as command

    command.promote(Home.from_environment(), out, model, why)


@models_app.command("retire")
def models_retire(model: ModelId, why: Why) -> None:
    """Take a model out of use."""
    from pipelines.commands import models as command

    command.retire(Home.from_environment(), out, model, why)


@models_app.command("history")
def models_history(cohort: CohortName, endpoint: Annotated[str, typer.Option(help="name of the endpoint")]) -> None:
    """Every change of stage: when, who, from, to, why."""
    from pipelines.commands import models as command

    command.history(Home.from_environment(), out, cohort, endpoint)


@app.command()
def predict(
    cohort: Annotated[
        Path,
        typer.Option("--cohort", help="folder of new patients, laid out as the training cohort's; or a cohort.yaml"),
    ],
    model: Annotated[str, typer.Option(help="a model_id, or champion")] = "champion",
    of: Annotated[str | None, typer.Option("--of", help="for champion: the name of the training cohort")] = None,
    endpoint: Annotated[str | None, typer.Option(help="for champion: the endpoint")] = None,
    output: Annotated[Path | None, typer.Option(help="also write the answer, as .json or .csv")] = None,
    store: Annotated[bool, typer.Option(help="append to the predictions table")] = True,
    workers: Annotated[int, typer.Option(min=1, help="processes; one patient needs one")] = 1,
) -> None:
    """Predict new patients, from any subset of images and tables, with a registered model and its stored settings."""
    from pipelines.commands import predict as command

    home = Home.from_environment()
    command.predict(
        model, cohort, home, out, err, of=of, endpoint=endpoint, output=output, store=store, workers=workers
    )


@app.command()
def validate(
    cohort: CohortFile,
    model: Annotated[str, typer.Option(help="a model_id, or champion")],
    of: Annotated[str | None, typer.Option("--of", help="for champion: the name of the training cohort")] = None,
    endpoint: Annotated[str | None, typer.Option(help="for champion: the endpoint")] = None,
    output: Annotated[Path | None, typer.Option(help="also write every figure, as .csv or .json")] = None,
    predictions: Annotated[Path | None, typer.Option(help="also write the patients' predictions, as .csv")] = None,
    store: Annotated[bool, typer.Option(help="keep the figures for the report of the model's endpoint")] = True,
) -> None:
    """External validation: apply a registered model to another labelled cohort; nothing is refitted."""
    from pipelines.commands import validate as command

    command.validate(
        cohort,
        model,
        Home.from_environment(),
        out,
        of=of,
        endpoint=endpoint,
        output=output,
        predictions=predictions,
        store=store,
    )


@app.command()
def worklist(
    cohort: CohortName,
    endpoint: Annotated[str | None, typer.Option(help="the endpoint that the test measures")] = None,
    output: Annotated[Path | None, typer.Option(help="also write it, as .csv")] = None,
) -> None:
    """Untested patients, in the order in which a molecular test would find most. It orders testing, and replaces none."""
    from pipelines.commands import worklist as command

    command.worklist(cohort, endpoint, Home.from_environment(), out, output)


@app.command("study-evaluation")
def study_evaluation(
    output: Annotated[
        Path | None, typer.Option(help="the Markdown file that is written, its plot beside it; left out: below docs/")
    ] = None,
    part: Annotated[
        StudyPart, typer.Option(help="which figures: of labels, or of times to an event")
    ] = StudyPart.labels,
    linear_runs: Annotated[int, typer.Option(min=20, help="cohorts of each setting, for bias and coverage")] = 1000,
    pipeline_runs: Annotated[
        int, typer.Option(min=10, help="cohorts without an effect, through the whole pipeline")
    ] = 80,
    power_runs: Annotated[int, typer.Option(min=10, help="cohorts with each stated effect, likewise")] = 30,
    leak_runs: Annotated[int, typer.Option(min=4, help="cohorts with a planted leak, and without")] = 20,
    survival_runs: Annotated[int, typer.Option(min=20, help="cohorts of each setting of --part survival")] = 200,
    workers: Annotated[int, typer.Option(min=1, help="processes")] = 2,
) -> None:
    """Hold the evaluation against simulated cohorts whose true figures are known: bias, coverage, false verdicts, leaks."""
    if part is StudyPart.survival:
        from pipelines.commands.study_survival import study_survival

        study_survival(output or Path("docs/study_survival.md"), survival_runs, workers, err)
        return
    from pipelines.commands import study_evaluation as command

    page = output or Path("docs/study_evaluation.md")
    command.study_evaluation(page, linear_runs, pipeline_runs, power_runs, leak_runs, workers, err)


@app.command("study-fusion-weights")
def study_fusion_weights(
    output: Annotated[Path, typer.Option(help="the Markdown file that is written")] = Path(
        "docs/study_fusion_weights.md"
    ),
    cohorts: Annotated[int, typer.Option(min=3, help="simulated cohorts of each kind")] = 60,
    workers: Annotated[int, typer.Option(min=1, help="processes")] = 2,
) -> None:
    """Hold the rules by which late fusion may weigh its modalities against each other, on simulated cohorts."""
    from pipelines.commands import study_fusion_weights as command

    command.study_fusion_weights(output, cohorts, workers, err)


@app.command("study-learners")
def study_learners(
    output: Annotated[Path, typer.Option(help="the Markdown file that is written")] = Path("docs/study_learners.md"),
    cohorts: Annotated[int, typer.Option(min=3, help="simulated cohorts of each kind and size")] = 12,
    workers: Annotated[int, typer.Option(min=1, help="processes")] = 2,
) -> None:
    """Hold learners of a modality, and averages of them, against each other in late fusion, on simulated cohorts."""
    from pipelines.commands import study_learners as command

    command.study_learners(output, cohorts, workers, err)


@app.command("study-prespecified")
def study_prespecified(
    output: Annotated[Path, typer.Option(help="the Markdown file that is written")] = Path(
        "docs/study_prespecified.md"
    ),
    cohorts: Annotated[int, typer.Option(min=3, help="simulated cohorts of each kind and size")] = 12,
    workers: Annotated[int, typer.Option(min=1, help="processes")] = 2,
) -> None:
    """Measure what naming predictors beforehand is worth, and what wrong names cost, on simulated cohorts."""
    from pipelines.commands import study_prespecified as command

    command.study_prespecified(output, cohorts, workers, err)


@app.command("results-page")
def results_page(
    output: Annotated[Path, typer.Option(help="the Markdown file that is written")] = Path("docs/results.md"),
) -> None:
    """Write the figures of the public cohorts, as stored, with reference figures beside them."""
    from pipelines.commands import results_page as command

    command.results_page(output, Home.from_environment(), err)


@app.command("locked-test")
def locked_test(
    cohort: CohortFile,
    endpoint: Annotated[str, typer.Option(help="name of the endpoint")],
    reason: Annotated[str, typer.Option(help="why you look; it is kept in the ledger for ever")],
) -> None:
    """Look at the locked test with the stored final model. Each look is written to its ledger, and counts."""
    from pipelines.commands import locked_test as command

    command.look(cohort, endpoint, reason, Home.from_environment(), out)


@app.command()
def ibsi(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="holds ibsi1_digital_phantom/, ibsi1_ct_phantom/ and ibsi2/")
    ],
    output: Annotated[Path | None, typer.Option(help="also write the result as a Markdown page")] = None,
) -> None:
    """Compare radiomic features and filters with every published IBSI reference value; exit code 1 where one differs."""
    from pipelines.commands import ibsi as command

    raise typer.Exit(command.ibsi(folder, output, out, err))


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="port of Dagster's page on 127.0.0.1")] = 3000,
) -> None:
    """Open Dagster's UI, the daemon (schedules, sensors) and the read-only server of plots and reports, on 127.0.0.1."""
    from pipelines.commands import ui as command

    raise typer.Exit(command.ui(Home.from_environment(), port, err))


@app.command("study-missing-modalities")
def study_missing_modalities(
    output: Annotated[Path, typer.Option(help="the Markdown file that is written")] = Path(
        "docs/study_missing_modalities.md"
    ),
    cohorts: Annotated[int, typer.Option(min=2, help="simulated cohorts")] = 40,
    patients: Annotated[int, typer.Option(min=40, help="training patients of each")] = 120,
    workers: Annotated[int, typer.Option(min=1, help="processes")] = 2,
) -> None:
    """Measure on simulated cohorts what each missing modality costs, and whether a fusion falls below what remains."""
    from pipelines.commands import study_missing_modalities as command

    command.study_missing_modalities(output, cohorts, patients, workers, err)


@app.command("study-robustness")
def study_robustness(
    data: Annotated[
        Path, typer.Argument(metavar="DIR", help="holds sts_metastasis/, lung_ct_samples/, ibsi1_ct_phantom/")
    ],
    output: Annotated[
        Path, typer.Option(help="the Markdown file that is written, its plots in pictures/ beside it")
    ] = Path("docs/robustness.md"),
    lesions: Annotated[int | None, typer.Option(min=3, help="so many of the sarcomas; left out: all")] = None,
    workers: Annotated[int, typer.Option(min=1, help="processes")] = 2,
) -> None:
    """Perturb lesions of real CTs and count the features that survive, by family and filter. A killed run goes on."""
    from pipelines.commands import study_robustness as command

    command.study_robustness(data, output, lesions, workers, Home.from_environment(), err)


@app.command("study-embeddings")
def study_embeddings(
    output: Annotated[Path, typer.Option(help="the Markdown file that is written")] = Path("docs/study_embeddings.md"),
    patients: Annotated[int, typer.Option(min=40, help="patients of each simulated cohort")] = 100,
) -> None:
    """Measure what each encoder of images adds to radiomics: on simulated cohorts, and on the sarcomas where they are declared."""
    from pipelines.commands import study_embeddings as command

    command.study_embeddings(output, patients, Home.from_environment(), err)


@app.command("study-drafts")
def study_drafts(
    data: Annotated[
        Path, typer.Argument(metavar="DIR", help="holds lung_ct_samples/, ibsi1_ct_phantom/ and sts_metastasis/")
    ],
    output: Annotated[Path, typer.Option(help="the Markdown file that is written, its plot beside it")] = Path(
        "docs/draft_contours.md"
    ),
    draws: Annotated[int, typer.Option(min=2, help="prompts of each lung tumour")] = 40,
    sarcoma_draws: Annotated[int, typer.Option(min=1, help="prompts of each sarcoma")] = 2,
    workers: Annotated[int, typer.Option(min=1, help="processes")] = 2,
) -> None:
    """Hold draft contours against contours that people drew, with boxes and diameters that are up to 5 mm off."""
    from pipelines.commands import study_drafts as command

    command.study_drafts(data, output, draws, sarcoma_draws, workers, err)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; errors raised on purpose become one message, never a traceback."""
    try:
        app(args=arguments, standalone_mode=True)
    except RadiogenomicsError as error:
        err.print(f"[bold red]error:[/] {_plain(error.message)}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        err.print("stopped")
        sys.exit(1)


def _plain(message: str) -> str:
    """Brackets in a message are text, not rich's markup."""
    from rich.markup import escape

    return escape(message)


def print_json(value: object) -> None:
    """JSON on standard output, alone, so that it can be piped."""
    sys.stdout.write(json.dumps(value, indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
