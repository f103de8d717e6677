"""One group a survival endpoint that names modalities: evaluation, final model, predictions, report."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.display import Item, number, plot, sentences, table
from assets.factory import asset_key, cohort_asset
from assets.fold_check import WHAT, patients_in_one_fold
from assets.robustness import declared_readings
from assets.step import Product
from assets.survival_model import EVALUATION, survival_model, survival_predictions
from assets.survival_report import survival_report
from assets.survival_source import (
    LEARNING,
    survival_depends,
    survival_inputs,
    survival_settings,
    training_survival_frame,
)
from radiogenomics.cohort.configuration import Cohort

SURVIVAL_ASSETS = (EVALUATION, "model", "predictions", "report")


def survival_assets(cohort: Cohort) -> list[dg.AssetsDefinition]:
    """The assets of all survival endpoints that get models."""
    return [
        make(cohort, name)
        for name in cohort.survival_endpoints()
        for make in (_survival_evaluation, survival_model, survival_predictions, survival_report)
    ]


def survival_asset_keys(cohort: Cohort) -> list[dg.AssetKey]:
    """Their keys."""
    return [asset_key(cohort, name, asset) for name in cohort.survival_endpoints() for asset in SURVIVAL_ASSETS]


def _survival_evaluation(cohort: Cohort, name: str) -> dg.AssetsDefinition:
    return cohort_asset(
        cohort,
        [name, EVALUATION],
        group_name=name,
        kinds=["table"],
        description=(
            f"**What is this:** how well each Cox model orders patients by their time to `{name}`, for patients it never saw, "
            "beside the clinical baseline and the confounder floors. **Can I trust it:** everything learned is learned inside "
            "the training folds; look at the interval, at the events and at the floors before the figure. **What next:** the "
            "`report`."
        ),
        compute=_compute(cohort, name),
        packages=LEARNING,
        settings=survival_settings(cohort),
        inputs=survival_inputs(cohort),
        depends=lambda values: survival_depends(cohort, values),
    )


def _compute(cohort: Cohort, name: str) -> Any:
    def compute(home: Any, values: Mapping[str, Any], progress: Any) -> Product:
        import pandas as pd

        from radiogenomics.evaluation.survival_nested import evaluate_survival
        from radiogenomics.evaluation.verdict import survival_verdict
        from radiogenomics.storage.feature_cache import FeatureCache

        declared = cohort.survival[name]
        frame = training_survival_frame(cohort, name, values)
        result = evaluate_survival(
            frame.X,
            frame.time,
            frame.event,
            frame.confounders,
            settings=declared,
            resampling=cohort.resampling,
            clinical=cohort.models.clinical_baseline,
            imaging=cohort.imaging_tables,
            readings=declared_readings(cohort, values),
            groups=frame.groups,
            workers=cohort.compute.workers,
            scheduler=cohort.compute.scheduler,
            on_progress=progress,
            cache=FeatureCache(home.cache / "folds"),
        )
        final = declared.final_model
        everyone = result.metrics[result.metrics["population"] == "all"]
        own = result.figures[(result.figures["model"] == final) & (result.figures["population"] == "all")]
        shown: dict[str, Item] = {
            "1_verdict": sentences([survival_verdict(result.metrics, result.comparisons, final)]),
            "2_patients": number(len(frame.X)),
            "2_events": number(int(frame.event.sum())),
            "3_c_index_of_final_model": number(float(everyone.set_index("model")["c_index"][final])),
            **_pictures(home, cohort, name, result),
            "7_metrics": table(
                result.metrics.sort_values(["population", "role", "c_index"], ascending=[True, True, False]),
                rows=60,
                columns=11,
            ),
            "7_further_figures": table(own.drop(columns=["model", "role", "population"]), rows=20),
            "8_comparisons": table(
                result.comparisons.rename(columns={"auc_difference": "c_index_difference"}), rows=30
            ),
            "9_refused_features": table(frame.refused, rows=20),
            "9_excluded_patients": table(
                frame.excluded["reason"].value_counts().rename_axis("reason").reset_index(name="patients")
            ),
        }
        return Product(
            {
                "out_of_fold": result.out_of_fold,
                "at_horizons": result.at_horizons,
                "curves": result.curves,
                "metrics": result.metrics,
                "figures": result.figures,
                "comparisons": result.comparisons,
                "folds": result.folds,
                "settings": pd.DataFrame({"final_model": [final]}),
                "refused": frame.refused,
                "excluded": frame.excluded,
            },
            shown,
        )

    return compute


def _pictures(home: Any, cohort: Cohort, name: str, result: Any) -> dict[str, Item]:
    """Forest of the C-index, curves by predicted risk, AUC by time, what is added."""
    from radiogenomics.fusion.cox_floor import EVERYBODY
    from radiogenomics.reporting import figures

    declared = cohort.survival[name]
    final = declared.final_model
    options: dict[str, Any] = {"endpoint": name, "simulated": cohort.simulated}
    renamed = {
        "c_index": "auc",
        "c_index_lower": "auc_lower",
        "c_index_upper": "auc_upper",
        "integrated_brier": "brier",
    }
    metrics = result.metrics[result.metrics["model"] != EVERYBODY].rename(columns=renamed)
    populations = [p for p in ("all", "complete") if (metrics["population"] == p).any()]
    axis = "C-index: share of pairs whose order is predicted rightly"
    drawn = {
        "4_forest": figures.forest_figure(
            metrics, populations=populations, final_model=final, measure="Harrell's C", axis=axis, **options
        ),
        "5_kaplan_meier": figures.kaplan_meier_figure(
            result.out_of_fold, final, groups=declared.risk_groups, **options
        ),
        "5_time_dependent_auc": figures.time_dependent_auc_figure(
            result.figures, _first_look(metrics, final), **options
        ),
        "6_what_is_added": figures.comparisons_figure(
            result.comparisons, populations=populations, measure="C-index", **options
        ),
    }
    key = [cohort.name, name, EVALUATION]
    return {label: plot(figure, home.pages, key, label.split("_", 1)[1]) for label, figure in drawn.items()}


def _first_look(metrics: Any, final: str) -> list[str]:
    """The final model, the clinical baseline and the best floor."""
    everyone = metrics[metrics["population"] == "all"].sort_values("auc", ascending=False)
    baseline = everyone.loc[everyone["role"] == "clinical_baseline", "model"].head(1).tolist()
    floor = everyone.loc[everyone["role"] == "floor", "model"].head(1).tolist()
    return [final, *baseline, *floor]


def survival_checks(cohort: Cohort, name: str) -> list[dg.AssetChecksDefinition]:
    """Checks of one survival endpoint."""

    @dg.asset_check(
        asset=asset_key(cohort, name, EVALUATION),
        blocking=True,
        description=WHAT,
    )
    def patients_never_straddle_folds(survival_evaluation: Any) -> dg.AssetCheckResult:
        return patients_in_one_fold(survival_evaluation["out_of_fold"])

    return [patients_never_straddle_folds]
