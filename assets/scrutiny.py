"""What a hostile reviewer asks for beside the evaluation: each an asset of its own, there where the cohort declares it."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from assets.display import number, plot, sentences, table
from assets.factory import asset_key
from assets.robustness import declared_readings, readings_input
from assets.step import Product
from assets.training_frame import training_frame
from radiogenomics.cohort.configuration import Cohort

CURVE = "learning_curve"
"""Last part of the key of the learning curve, which the evaluation shows beside its own figures."""


def scrutiny_names(cohort: Cohort) -> list[str]:
    """The names of the assets that this cohort's `evaluation` section asks for."""
    asked = cohort.evaluation
    return [
        *(["sites"] if asked.site else []),
        *(["null_audit"] if asked.permutations or asked.modality_shuffles else []),
        *([CURVE] if asked.learning_curve else []),
    ]


def scrutiny_assets(
    cohort: Cohort, endpoint: str, make: Callable[..., dg.AssetsDefinition]
) -> list[dg.AssetsDefinition]:
    """The declared ones of one endpoint; `make` is the endpoint's factory."""
    joined = {"mdata": ["multimodal_cohort"]} | readings_input(cohort)
    evaluated = {"evaluation": [endpoint, "evaluation"]}
    made = {
        "sites": lambda: make(
            "sites",
            "**What is this:** each hospital, predicted by models that never saw it, beside cross-validation on the same "
            "patients. **Can I trust it:** a model that falls here has learned the hospital. **What next:** compare the two "
            "figures of each hospital, with their intervals.",
            _sites(cohort, endpoint),
            joined | evaluated,
        ),
        "null_audit": lambda: make(
            "null_audit",
            "**What is this:** what the whole pipeline scores when labels are dealt out by chance, and when one modality is. "
            "**Can I trust it:** it must lie around 0.5; above, the pipeline leaks. **What next:** the p-value.",
            _null_audit(cohort, endpoint),
            joined,
        ),
        CURVE: lambda: make(
            CURVE,
            "**What is this:** the same test patients, predicted by models trained on fewer patients. **Can I trust it:** look "
            "at the interval of the last step. **What next:** decide whether more patients would help.",
            _learning_curve(cohort, endpoint),
            joined,
        ),
    }
    return [made[name]() for name in scrutiny_names(cohort)]


def _work(home: Any, cohort: Cohort, progress: Any) -> dict[str, Any]:
    from radiogenomics.storage.feature_cache import FeatureCache

    return {
        "workers": cohort.compute.workers,
        "scheduler": cohort.compute.scheduler,
        "on_progress": progress,
        "cache": FeatureCache(home.cache / "folds"),
    }


def _run_again(home: Any, cohort: Cohort, endpoint: str, frame: Any, values: Any, progress: Any) -> dict[str, Any]:
    """What every analysis that runs the evaluation again, changed in one respect, is called with."""
    return {
        "models": cohort.models_of(endpoint),
        "resampling": cohort.resampling,
        "settings": cohort.evaluation,
        "final_model": cohort.endpoints[endpoint].final_model,
        "imaging": cohort.imaging_tables,
        "readings": declared_readings(cohort, values),
        "groups": frame.groups,
        **_work(home, cohort, progress),
    }


def _sites(cohort: Cohort, endpoint: str) -> Callable[..., Product]:
    def compute(home: Any, values: Any, progress: Any) -> Product:
        from radiogenomics.evaluation.narrowed import models_for
        from radiogenomics.evaluation.sites import leave_one_site_out
        from radiogenomics.exceptions import ConfigurationError
        from radiogenomics.multimodal import endpoint_frame
        from radiogenomics.reporting import figures

        frame = training_frame(home, cohort, values["mdata"], endpoint)
        column = cohort.evaluation.site
        known = endpoint_frame(cohort, values["mdata"], endpoint).confounders
        if column not in known.columns:
            raise ConfigurationError(
                f"{cohort.file}: evaluation.site: no confounder column '{column}'; there are {list(known.columns)}",
                rule="unknown_site",
            )
        final = cohort.endpoints[endpoint].final_model
        found = leave_one_site_out(
            frame.X,
            frame.y,
            frame.confounders,
            known[column].reindex(frame.X.index),
            models=models_for(cohort.models_of(endpoint), final),
            resampling=cohort.resampling,
            settings=cohort.evaluation,
            imaging=cohort.imaging_tables,
            readings=declared_readings(cohort, values),
            cross_validated=values["evaluation"]["out_of_fold"],
            **_work(home, cohort, progress),
        )
        figure = figures.subgroups_figure(
            found.sites[found.sites["model"] == final],
            heading="Each hospital left out, beside cross-validation",
            endpoint=endpoint,
            simulated=cohort.simulated,
        )
        return Product(
            {"out_of_fold": found.out_of_fold, "sites": found.sites, "skipped": found.skipped},
            {
                "1_sites": plot(figure, home.pages, [cohort.name, endpoint, "sites"], "sites"),
                "2_final_model": table(found.sites[found.sites["model"] == final], rows=30, columns=15),
                "3_every_model": table(found.sites, rows=80, columns=15),
                "4_could_not_be_left_out": table(found.skipped),
            },
        )

    return compute


def _null_audit(cohort: Cohort, endpoint: str) -> Callable[..., Product]:
    def compute(home: Any, values: Any, progress: Any) -> Product:
        from radiogenomics.evaluation.null_audit import null_audit
        from radiogenomics.reporting import figures

        frame = training_frame(home, cohort, values["mdata"], endpoint)
        final = cohort.endpoints[endpoint].final_model
        found = null_audit(frame.X, frame.y, **_run_again(home, cohort, endpoint, frame, values, progress))
        figure = figures.null_audit_figure(
            found.runs, found.summary, final, endpoint=endpoint, simulated=cohort.simulated
        )
        own = found.summary[found.summary["model"] == final]
        return Product(
            {"runs": found.runs, "summary": found.summary},
            {
                "1_verdicts": sentences(list(own["verdict"])),
                "2_null": plot(figure, home.pages, [cohort.name, endpoint, "null_audit"], "null"),
                "3_leak_alarms": number(int(found.summary["alarm"].sum())),
                "4_summary": table(found.summary, rows=40),
            },
        )

    return compute


def _learning_curve(cohort: Cohort, endpoint: str) -> Callable[..., Product]:
    def compute(home: Any, values: Any, progress: Any) -> Product:
        from radiogenomics.evaluation.learning_curve import learning_curve
        from radiogenomics.reporting import figures

        frame = training_frame(home, cohort, values["mdata"], endpoint)
        final = cohort.endpoints[endpoint].final_model
        found = learning_curve(frame.X, frame.y, **_run_again(home, cohort, endpoint, frame, values, progress))
        figure = figures.learning_curve_figure(found.curve, final, endpoint=endpoint, simulated=cohort.simulated)
        return Product(
            {"curve": found.curve, "skipped": found.skipped},
            {
                "1_verdict": sentences([found.verdict]),
                "2_curve": plot(figure, home.pages, [cohort.name, endpoint, CURVE], "curve"),
                "3_final_model": table(found.curve[found.curve["model"] == final]),
                "4_every_model": table(found.curve, rows=60),
                "5_too_small": table(found.skipped),
            },
        )

    return compute


def null_audit_check(cohort: Cohort, endpoint: str) -> dg.AssetChecksDefinition:
    """No model scores above chance where labels are chance."""

    @dg.asset_check(
        asset=asset_key(cohort, endpoint, "null_audit"),
        description="Where labels are dealt out by chance, the pipeline finds nothing.",
    )
    def nothing_is_found_where_there_is_nothing(null_audit: Any) -> dg.AssetCheckResult:
        alarms = null_audit["summary"].query("alarm")
        return dg.AssetCheckResult(
            passed=alarms.empty,
            severity=dg.AssetCheckSeverity.ERROR,
            description="; ".join(alarms["verdict"]),
        )

    return nothing_is_found_where_there_is_nothing
