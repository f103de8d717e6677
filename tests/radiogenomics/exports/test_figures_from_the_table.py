"""A biostatistician who has the exported table alone gets the published figures: in R, in pandas, in DuckDB."""

from __future__ import annotations

import io
import re
import shutil
import subprocess

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import t as student

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.evaluation import evaluate
from radiogenomics.evaluation.prediction_table import out_of_fold_rows
from radiogenomics.evaluation.study.pipeline import simulated_tables
from radiogenomics.exports import export_predictions
from radiogenomics.exports.ard import LABELS, ard_columns, ard_table, write_ard
from radiogenomics.storage import PredictionStore
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "predictions.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture(scope="module")
def evaluated():
    X, y, hospital = simulated_tables(4, patients=66, clinical=1.2, imaging=0.8)
    X.iloc[::7, 4:44] = np.nan  # some lack imaging, some expression
    X.iloc[::5, 44:] = np.nan
    return evaluate(
        X,
        y,
        hospital,
        models=Models(unimodal=("elastic_net",), fusion=("late/mean", "late/weighted")),
        resampling=Resampling(outer_folds=3, inner_folds=2, repeats=2),
    )


@pytest.fixture(scope="module")
def folder(evaluated, tmp_path_factory):
    """A folder with predictions.csv and figures.csv, as exported from the store."""
    place = tmp_path_factory.mktemp("exported")
    store = PredictionStore(place / "store")
    common = {"cohort": "a_cohort", "snapshot_id": "s", "simulated": True, "code_version": "0"}
    for endpoint, version in (("egfr_status", "older"), ("egfr_status", "newer"), ("response", "newer")):
        recipe = {"settings": {"seed": 1}, "code": {"fusion": version}}
        store.append(out_of_fold_rows(evaluated.out_of_fold, recipe=recipe, endpoint=endpoint, **common))
    export_predictions(store.query("a_cohort"), place / "predictions.csv", "csv")
    tables = {name: table for name, table in evaluated._asdict().items() if name != "out_of_fold"}
    write_ard(ard_table({"egfr_status": tables}, simulated=True), place / "figures.csv")
    return place


def published(evaluated) -> pd.DataFrame:
    everyone = evaluated.metrics[evaluated.metrics["population"] == "all"].set_index("model")
    return everyone[["auc", "calibration_intercept", "calibration_slope"]].set_axis(
        ["auc", "intercept", "slope"], axis=1
    )


def assert_same(found: pd.DataFrame, evaluated, tolerance: float) -> None:
    wanted = published(evaluated)
    assert set(found.index) == set(wanted.index)
    assert wanted.notna().sum().min() >= 6  # of seven models: there is something to compare
    for name in wanted:
        known = wanted[name].dropna()
        np.testing.assert_allclose(found.loc[known.index, name], known, atol=tolerance, err_msg=name)


def test_the_r_script_of_the_page_gives_every_published_auc_and_calibration(folder, evaluated):
    if shutil.which("Rscript") is None:
        pytest.skip(
            "R is not on this machine: apt-get install r-base-core; the pandas script and DuckDB are held against it"
        )
    (script, _) = blocks("r")
    assert len(script.strip().splitlines()) == 5
    done = subprocess.run(
        ["Rscript", "-e", script], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert_same(pd.read_csv(io.StringIO(done.stdout), index_col=0), evaluated, 1e-6)


def test_the_pandas_script_of_the_page_gives_every_published_auc_and_calibration(folder, evaluated, monkeypatch):
    monkeypatch.chdir(folder)
    names: dict = {}
    exec(compile(blocks("python")[0], "docs/predictions.md", "exec"), names)  # the block is ours
    assert_same(names["result"], evaluated, 1e-5)


def test_the_other_python_of_the_page_reads_the_parquet_files(folder, monkeypatch, tmp_path):
    (tmp_path / ".radiogenomics").mkdir()
    (tmp_path / ".radiogenomics" / "predictions").symlink_to(folder / "store")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(blocks("python")[2], "docs/predictions.md", "exec"), names)  # the block is ours
    assert set(names["rows"]["endpoint"]) == {"egfr_status", "response"}


def populations(rows: pd.DataFrame) -> dict[str, set[str]]:
    """Population -> patients, from the table alone: a patient has a modality whose own model did not abstain."""
    unimodal = rows[~rows["model"].str.split("/").str[0].isin(["late", "early", "floor"])]
    has = unimodal.groupby([unimodal["model"].str.split("/").str[0], "patient_id"])["abstained"].max().eq(False)
    patients = set(rows["patient_id"])
    found = {name: {p for p in patients if has[name].get(p, False)} for name in has.index.levels[0]}
    return {"all": set.union(*found.values()), "complete": set.intersection(*found.values()), **found}


def test_every_population_has_the_published_figures_and_intervals(folder, evaluated):
    """AUC by SQL over pairs of patients; intervals, Brier score and calibration from their published formulae."""
    rows = pd.read_csv(folder / "predictions.csv").query("endpoint == 'egfr_status'")
    patients = populations(rows)
    figures_of = evaluated.figures.set_index(["model", "population", "figure"]).sort_index()
    checked = 0
    for row in evaluated.metrics.to_dict("records"):
        own = rows[(rows["model"] == row["model"]) & rows["patient_id"].isin(patients[row["population"]])]
        assert (own["patient_id"].nunique(), int(own.groupby("patient_id")["label"].first().sum())) == (
            row["n"],
            row["events"],
        )
        ((auc,),) = duckdb.sql(
            """
            SELECT avg(auc) FROM (
                SELECT avg(CASE WHEN e.probability > o.probability THEN 1 WHEN e.probability = o.probability THEN 0.5 ELSE 0 END) AS auc
                FROM own AS e JOIN own AS o ON e.repeat = o.repeat AND e.fold = o.fold AND e.label = 1 AND o.label = 0
                GROUP BY e.repeat)
            """
        ).fetchall()
        assert auc == pytest.approx(row["auc"], abs=1e-9)
        assert auc_limits(own, auc) == pytest.approx((row["auc_lower"], row["auc_upper"]), abs=1e-9)
        assert brier(own) == pytest.approx(row["brier"], abs=1e-9)
        figures = figures_of.loc[(row["model"], row["population"])]
        assert figures.loc["calibration_intercept", "estimate"].item() == pytest.approx(
            row["calibration_intercept"], nan_ok=True
        )
        intercept, lower, upper = calibration_in_the_large(own)
        assert intercept == pytest.approx(row["calibration_intercept"], abs=1e-6)
        limits = figures.loc["calibration_intercept", ["lower", "upper"]].to_numpy(dtype=float).ravel()
        assert (lower, upper) == pytest.approx(tuple(limits), abs=1e-6)
        checked += 1
    assert checked >= 20


def auc_limits(own: pd.DataFrame, auc: float) -> tuple[float, float]:
    """DeLong's variance of placement values within folds, mean over repeats, times K / (K - 1), t, on the logit scale."""
    variances = []
    for _, repeat in own.groupby("repeat"):
        parts = []
        for _, fold in repeat.groupby("fold"):
            events, others = fold[fold["label"] == 1], fold[fold["label"] == 0]
            if len(events) and len(others):
                gap = (
                    np.sign(events["probability"].to_numpy()[:, None] - others["probability"].to_numpy()[None, :]) / 2
                    + 0.5
                )
                parts.append((len(others), gap.mean(axis=1), len(events), gap.mean(axis=0)))
        total = sum(part[0] * part[1].sum() for part in parts) / sum(part[0] * len(part[1]) for part in parts)
        total_variance = 0.0
        for weights, values, size in (
            (
                np.concatenate([np.full(len(p[1]), p[0]) for p in parts]),
                np.concatenate([p[1] for p in parts]),
                (repeat["label"] == 1).sum(),
            ),
            (
                np.concatenate([np.full(len(p[3]), p[2]) for p in parts]),
                np.concatenate([p[3] for p in parts]),
                (repeat["label"] == 0).sum(),
            ),
        ):
            influence = np.zeros(size)
            influence[: len(values)] = weights * (values - total) / weights.mean()
            total_variance += influence.var(ddof=1) / size
        variances.append(total_variance)
    labels = own.groupby("patient_id")["label"].first()
    folds = own.groupby("repeat")["fold"].nunique().iloc[0]
    error = np.sqrt(np.mean(variances) * folds / (folds - 1))
    reach = student.ppf(0.975, min(labels.sum(), (1 - labels).sum()) - 1) * error / (auc * (1 - auc))
    return float(expit(logit(auc) - reach)), float(expit(logit(auc) + reach))


def brier(own: pd.DataFrame) -> float:
    return float(((own["probability"] - own["label"]) ** 2).mean())


def calibration_in_the_large(own: pd.DataFrame) -> tuple[float, float, float]:
    """Shift of the log-odds that makes the mean right, with its robust interval, each averaged over repeats."""
    from scipy.optimize import brentq

    found = []
    for _, r in own.groupby("repeat"):
        z, y = logit(r["probability"].clip(1e-6, 1 - 1e-6)), r["label"]
        shift = brentq(lambda a, z=z, y=y: float((y - expit(a + z)).sum()), -50, 50, xtol=1e-12)
        fitted = expit(shift + z)
        found.append((shift, float(((y - fitted) ** 2).sum() / (fitted * (1 - fitted)).sum() ** 2)))
    estimate, variance = np.mean(found, axis=0)
    reach = student.ppf(0.975, own["patient_id"].nunique() - 2) * np.sqrt(variance)
    return float(estimate), float(estimate - reach), float(estimate + reach)


# -------------------------------------------------------------------------------------------- analysis results
def test_every_published_figure_stands_in_the_analysis_results_with_n_events_and_interval(folder, evaluated):
    ard = pd.read_csv(folder / "figures.csv", dtype=str, keep_default_na=False)
    assert list(ard.columns) == [column.name for column in ard_columns()]
    assert set(ard["stat_name"]) <= set(LABELS)
    key = ["context", "group2_level", "group3_level", "variable", "variable_level"]
    wide = ard[ard["context"].isin(["metrics", "figures"])].pivot(index=key, columns="stat_name", values="stat")
    for row in evaluated.metrics.to_dict("records"):
        stats = wide.loc[("metrics", row["model"], row["population"], "auc", "")]
        assert [float(stats[s]) for s in ("estimate", "conf.low", "conf.high")] == [
            row[c] for c in ("auc", "auc_lower", "auc_upper")
        ]
        assert (int(stats["n"]), int(stats["events"]), stats["method"]) == (
            row["n"],
            row["events"],
            row["interval_method"],
        )
    for row in evaluated.figures.to_dict("records"):
        where = "" if np.isnan(row["at"]) else str(row["at"])
        stats = wide.loc[("figures", row["model"], row["population"], row["figure"], where)]
        estimate = float(stats["estimate"]) if stats["estimate"] else np.nan
        assert estimate == pytest.approx(row["estimate"], nan_ok=True, abs=0)
        assert int(stats["n"]) == row["n"]
    compared = ard[(ard["context"] == "comparisons") & (ard["stat_name"] == "p.value.holm")]
    assert len(compared) == len(evaluated.comparisons)


def test_a_figure_stands_once_in_the_analysis_results(folder):
    ard = pd.read_csv(folder / "figures.csv", dtype=str, keep_default_na=False)
    names = [c for c in ard.columns if c.startswith("group")] + ["variable", "variable_level", "context", "stat_name"]
    assert not ard.duplicated(names).any()
    calibration = ard[(ard["variable"] == "calibration_slope") & (ard["stat_name"] == "conf.low")]
    assert set(calibration["context"]) == {"figures"}  # with its interval, and not again without


def test_json_holds_numbers_and_parquet_the_same_text_as_csv(folder, evaluated):
    table = ard_table({"egfr_status": {"metrics": evaluated.metrics, "figures": evaluated.figures}}, simulated=True)
    write_ard(table, folder / "few.json")
    write_ard(table, folder / "few.parquet")
    write_ard(table, folder / "few.csv")
    from_json = pd.read_json(folder / "few.json", dtype=False)
    numbers = from_json[from_json["stat_name"] == "estimate"]["stat"]
    assert all(isinstance(value, float) for value in numbers.dropna())
    text = pd.read_csv(folder / "few.csv", dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "few.parquet").astype(str), text)


def test_the_r_lines_of_the_page_make_what_cards_calls_an_ard(folder):
    """The columns that cards' check_ard_structure asks for, lists where it asks for lists, in its order."""
    if shutil.which("Rscript") is None:
        pytest.skip("R is not on this machine: apt-get install r-base-core")
    (_, script) = blocks("r")
    check = """
    needed <- c("variable", "stat_name", "stat_label", "stat", "fmt_fun", "warning", "error")
    lists <- c(grep("^group[0-9]_level$", names(ard), value = TRUE), "variable_level", "stat", "fmt_fun", "warning", "error")
    stopifnot(inherits(ard, "card"), all(needed %in% names(ard)), sapply(unclass(ard)[lists], is.list), "method" %in% ard$stat_name)
    order <- c(sort(grep("^group", names(ard), value = TRUE)), "variable", "variable_level", "context", "stat_name", "stat_label", "stat", "fmt_fun", "warning", "error")
    stopifnot(identical(names(ard), order))
    first <- which(ard$variable == "auc" & ard$stat_name == "estimate")[1]
    stopifnot(is.numeric(ard$stat[[first]]), ard$stat_name[first + 1:2] == c("conf.low", "conf.high"))
    cat(nrow(ard))
    """
    done = subprocess.run(
        ["Rscript", "-e", script + check], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(pd.read_csv(folder / "figures.csv"))
