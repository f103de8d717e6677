"""One group an endpoint: evaluation, final model, explanations, predictions, report."""

from typing import Any

import dagster as dg

from assets.display import number, page, plot, sentences, table, text
from assets.factory import asset_key, cohort_asset
from assets.scrutiny import null_audit_check, scrutiny_assets, scrutiny_names
from assets.step import Product, code_version, library_versions, source_digest
from assets.training_frame import locked_test, training_frame
from radiogenomics.cohort.configuration import Cohort

ENDPOINT_ASSETS = ("evaluation", "model", "explanations", "predictions", "report")
_LEARNING = ("fusion", "evaluation", "multimodal", "endpoints", "compute", "cohort")


def endpoint_asset_names(cohort: Cohort) -> list[str]:
    """The names of an endpoint's assets: those of every cohort, and what its `evaluation` section asks for."""
    return [*ENDPOINT_ASSETS, *scrutiny_names(cohort)]


def endpoint_assets(cohort: Cohort, endpoint: str) -> list[dg.AssetsDefinition]:
    """The assets of one endpoint."""
    declared = cohort.endpoints[endpoint]
    settings = cohort.model_dump(
        mode="json",
        include={
            "name": True,
            "endpoints": {endpoint},
            "resampling": True,
            "models": True,
            "confounders": True,
            "evaluation": True,
        },
    )

    def make(name: str, description: str, compute, inputs, packages=_LEARNING, kinds=("table",)) -> dg.AssetsDefinition:
        return cohort_asset(
            cohort,
            [endpoint, name],
            group_name=endpoint,
            kinds=list(kinds),
            description=description,
            compute=compute,
            packages=packages,
            settings=settings,
            inputs=inputs,
        )

    joined = {"mdata": ["multimodal_cohort"]}
    evaluated = {"evaluation": [endpoint, "evaluation"]}
    model = {"model": [endpoint, "model"]}
    explained = {"explanations": [endpoint, "explanations"]}
    predicted = {"predictions": [endpoint, "predictions"]}
    inputs = {"manifest": ["manifest"], "quarantine": ["quarantine"], "labels": ["labels"]}
    return [
        make(
            "evaluation",
            f"**What is this:** how well each model predicts `{endpoint}` for patients it never saw, beside the clinical baseline "
            "and the confounder floors. **Can I trust it:** everything learned is learned inside the training folds; look at the "
            "interval, at n and at the floors before the figure. **What next:** the `report`.",
            _evaluation(cohort, endpoint),
            joined,
        ),
        make(
            "model",
            f"**What is this:** the declared final model (`{declared.final_model}`), fitted on every labelled patient and stored "
            "without pickle. **Can I trust it:** as far as the out-of-fold figures of the same recipe in `evaluation`; it was "
            "declared before any result. **What next:** `explanations`, `predictions`.",
            _model(cohort, endpoint),
            joined | evaluated,
            kinds=("scikitlearn",),
        ),
        make(
            "explanations",
            "**What is this:** SHAP values of the final model: how much each feature moved each patient's log-odds. "
            "**Can I trust it:** they add up to the prediction; they explain the model, not the disease. "
            "**What next:** see which modality carries the prediction.",
            _explanations(cohort, endpoint),
            joined | model,
            packages=("explanation", *_LEARNING),
        ),
        make(
            "predictions",
            "**What is this:** the rows added to the append-only predictions table: out-of-fold for labelled patients, "
            "prospective for the others. **Can I trust it:** out-of-fold rows come from models that never saw the patient. "
            "**What next:** `radiogenomics predictions export`, or DuckDB on the Parquet files.",
            _predictions(cohort, endpoint),
            joined | evaluated | model,
        ),
        make(
            "report",
            "**What is this:** one page with the verdict, the figures, the floors, the exclusions and what is needed to repeat it. "
            "**Can I trust it:** it is made from the stored tables alone. **What next:** open the link.",
            _report(cohort, endpoint),
            joined | evaluated | model | explained | predicted | inputs,
            packages=("reporting", *_LEARNING),
            kinds=("html",),
        ),
        *scrutiny_assets(cohort, endpoint, make),
    ]


def _evaluation(cohort: Cohort, endpoint: str):
    def compute(home, values, progress) -> Product:
        import pandas as pd

        from radiogenomics.evaluation import evaluate
        from radiogenomics.evaluation.leaks import telling_columns
        from radiogenomics.evaluation.sample_size import statement
        from radiogenomics.evaluation.verdict import verdict_sentence
        from radiogenomics.storage.feature_cache import FeatureCache

        final = cohort.endpoints[endpoint].final_model
        frame = training_frame(home, cohort, values["mdata"], endpoint)
        result = evaluate(
            frame.X,
            frame.y,
            frame.confounders,
            models=cohort.models,
            resampling=cohort.resampling,
            settings=cohort.evaluation,
            workers=cohort.compute.workers,
            final_model=final,
            imaging=cohort.imaging_tables,
            scheduler=cohort.compute.scheduler,
            on_progress=progress,
            cache=FeatureCache(home.cache / "folds"),
        )
        everyone = result.metrics[result.metrics["population"] == "all"].set_index("model")
        subgroups = _subgroups(cohort, frame, result, final)
        shown = {
            "1_verdict": sentences([verdict_sentence(result.metrics, result.comparisons, final)]),
            "2_patients": number(len(frame.y)),
            "2_events": number(int(frame.y.sum())),
            **_pictures(home, cohort, endpoint, result, subgroups),
            "7_metrics": table(
                result.metrics.sort_values(["population", "role", "auc"], ascending=[True, True, False]),
                rows=60,
                columns=9,
            ),
            "7_operating_points": table(
                result.figures[(result.figures["model"] == final) & (result.figures["population"] == "all")].drop(
                    columns=["model", "role", "population"]
                ),
                rows=60,
            ),
            "7_subgroups": table(subgroups[subgroups["model"] == final], rows=40, columns=15),
            "8_comparisons": table(result.comparisons, rows=30),
            "9_refused_features": table(frame.refused, rows=20),
            "9_excluded_patients": table(
                frame.excluded["reason"].value_counts().rename_axis("reason").reset_index(name="patients")
            ),
        }
        if final in everyone.index:
            auc = float(everyone["auc"][final])
            shown["3_auc_of_final_model"] = number(auc)
            shown["3_sample_size"] = sentences([statement(len(frame.y), int(frame.y.sum()), frame.X.shape[1], auc)])
        tables = {
            "out_of_fold": result.out_of_fold,
            "metrics": result.metrics,
            "comparisons": result.comparisons,
            "folds": result.folds,
            "figures": result.figures,
            "calibration_curve": result.calibration_curve,
            "subgroups": subgroups,
            "telling_columns": telling_columns(frame.X, frame.y),
            "size": pd.DataFrame({"predictors": [frame.X.shape[1]]}),
            "refused": frame.refused,
            "excluded": frame.excluded,
        }
        return Product(tables, shown)

    return compute


def _subgroups(cohort: Cohort, frame: Any, result: Any, final: str) -> Any:
    """Figures of the final model and of the clinical baselines by subgroup."""
    from radiogenomics.evaluation.populations import scores_by_model
    from radiogenomics.evaluation.subgroups import subgroup_levels, subgroup_table

    patients = frame.X.index.astype(str).sort_values()
    levels = {
        name: column.rename(index=str).reindex(patients)
        for name, column in subgroup_levels(cohort, frame.X, frame.confounders).items()
    }
    baselines = result.metrics.loc[result.metrics["role"] == "clinical_baseline", "model"].unique()
    return subgroup_table(
        scores_by_model(result.out_of_fold, patients),
        frame.y.rename(index=str).reindex(patients).to_numpy(dtype=int),
        levels,
        cohort.evaluation,
        models=[final, *baselines],
    )


def _pictures(home: Any, cohort: Cohort, endpoint: str, result: Any, subgroups: Any) -> dict[str, Any]:
    """What a first look needs: forest, ROC and precision-recall, calibration, decision curve, what is added, subgroups."""
    from radiogenomics.reporting import figures

    final = cohort.endpoints[endpoint].final_model
    options: dict[str, Any] = {"endpoint": endpoint, "simulated": cohort.simulated}
    populations = [p for p in ("all", "complete") if (result.metrics["population"] == p).any()]
    models = _shown_models(result.metrics, final, cohort)
    drawn = {
        "4_forest": figures.forest_figure(result.metrics, populations=populations, final_model=final, **options),
        "5_roc": figures.roc_figure(result.out_of_fold, models, metrics=result.metrics, **options),
        "5_precision_recall": figures.precision_recall_figure(result.out_of_fold, models, **options),
        "6_calibration": figures.calibration_figure(result.out_of_fold, final, metrics=result.metrics, **options),
        "6_decision_curve": figures.decision_curve_figure(result.out_of_fold, models, **options),
        "6_subgroups": figures.subgroups_figure(subgroups[subgroups["model"] == final], **options),
        "6_what_is_added": figures.comparisons_figure(result.comparisons, populations=populations, **options),
    }
    key = [cohort.name, endpoint, "evaluation"]
    return {name: plot(figure, home.pages, key, name.split("_", 1)[1]) for name, figure in drawn.items()}


def _shown_models(metrics: Any, final: str, cohort: Cohort) -> list[str]:
    """The final model, the clinical baseline and the best floor: what a first look compares."""
    everyone = metrics[metrics["population"] == "all"]
    baseline = metrics.loc[metrics["role"] == "clinical_baseline", "model"].drop_duplicates().tolist()
    floors = everyone[everyone["role"] == "floor"].sort_values("auc", ascending=False)["model"].head(1).tolist()
    return [final, *baseline[:1], *floors]


def _model(cohort: Cohort, endpoint: str):
    def compute(home, values, progress) -> Product:
        from radiogenomics.fusion import TRUSTED_TYPES, fit_final
        from radiogenomics.storage.models import ModelRegistry

        frame = training_frame(home, cohort, values["mdata"], endpoint)
        name = cohort.endpoints[endpoint].final_model
        fitted = fit_final(frame.X, frame.y, name, cohort.models, cohort.resampling, imaging=cohort.imaging_tables)
        metrics = values["evaluation"]["metrics"]
        figures = metrics[metrics["model"] == name].astype(object).where(metrics.notna(), None).to_dict("records")
        snapshot = str(values["mdata"].uns["snapshot_id"])
        model_id = ModelRegistry(home.models).register(
            fitted,
            cohort=cohort.name,
            endpoint=endpoint,
            name=name,
            metadata={
                "snapshot_id": snapshot,
                "simulated": cohort.simulated,
                "n": len(frame.y),
                "events": int(frame.y.sum()),
                "columns": list(frame.X.columns),
                "out_of_fold_metrics": figures,
                "resampling": cohort.resampling.model_dump(mode="json"),
                "code_version": code_version(),
            },
            trusted=TRUSTED_TYPES,
        )
        record = {
            "model_id": model_id,
            "name": name,
            "snapshot_id": snapshot,
            "n": len(frame.y),
            "events": int(frame.y.sum()),
            "locked_test": locked_test(home, cohort, endpoint).digest() if cohort.evaluation.locked_test else "",
        }
        return Product(
            record,
            {
                "1_model": text(f"`{model_id}`"),
                "2_patients": number(len(frame.y)),
                "3_events": number(int(frame.y.sum())),
                "4_out_of_fold": table(metrics[metrics["model"] == name], columns=9),
            },
        )

    return compute


def _load(home, cohort: Cohort, endpoint: str, record: dict[str, Any]) -> Any:
    from radiogenomics.fusion import TRUSTED_TYPES
    from radiogenomics.storage.models import ModelRegistry

    return ModelRegistry(home.models).load(cohort.name, endpoint, record["model_id"], TRUSTED_TYPES)


def _explanations(cohort: Cohort, endpoint: str):
    def compute(home, values, progress) -> Product:
        from radiogenomics.explanation import explain
        from radiogenomics.reporting import figures

        frame = training_frame(home, cohort, values["mdata"], endpoint)
        record = values["model"]
        model = _load(home, cohort, endpoint, record)
        rows = explain(model, frame.X, frame.dictionary, name=record["name"])
        options: dict[str, Any] = {"endpoint": endpoint, "simulated": cohort.simulated}
        key = [cohort.name, endpoint, "explanations"]
        strength = (
            rows.assign(absolute=rows["shap_value"].abs())
            .groupby(["modality", "feature"])["absolute"]
            .sum()
            .div(rows["patient_id"].nunique())
            .rename("mean_absolute_shap_log_odds")
            .sort_values(ascending=False)
            .reset_index()
        )
        return Product(
            rows,
            {
                "1_modalities": plot(
                    figures.modality_contributions_figure(rows, **options), home.pages, key, "modalities"
                ),
                "2_features": plot(figures.shap_beeswarm_figure(rows, **options), home.pages, key, "features"),
                "3_strongest": table(strength, rows=25),
                "4_patients": number(int(rows["patient_id"].nunique())),
            },
        )

    return compute


def _predictions(cohort: Cohort, endpoint: str):
    def compute(home, values, progress) -> Product:
        import pandas as pd

        from radiogenomics.evaluation.prediction_table import out_of_fold_rows, prospective_rows
        from radiogenomics.multimodal import endpoint_frame, patient_frame
        from radiogenomics.reporting import figures
        from radiogenomics.storage import PredictionStore

        mdata, record = values["mdata"], values["model"]
        common: dict[str, Any] = {
            "cohort": cohort.name,
            "endpoint": endpoint,
            "snapshot_id": str(mdata.uns["snapshot_id"]),
            "simulated": cohort.simulated,
            "code_version": code_version(),
        }
        parts = [out_of_fold_rows(values["evaluation"]["out_of_fold"], recipe=_recipe(cohort, endpoint), **common)]
        labelled = endpoint_frame(cohort, mdata, endpoint).y.index
        X = patient_frame(cohort, mdata, endpoint)
        X = X.loc[~X.index.isin(labelled)]
        if len(X):
            model = _load(home, cohort, endpoint, record)
            parts.append(prospective_rows(model, X, model_id=record["model_id"], model_name=record["name"], **common))
        rows = pd.concat(parts, ignore_index=True)
        file = PredictionStore(home.predictions).append(rows)
        final = rows[rows["model"] == record["name"]]
        figure = figures.patient_probabilities_figure(final, model=record["name"], simulated=cohort.simulated)
        return Product(
            rows,
            {
                "1_rows": number(len(rows)),
                "2_prospective_patients": number(len(X)),
                "3_by_patient": plot(figure, home.pages, [cohort.name, endpoint, "predictions"], "by_patient"),
                "4_file": text(f"`{file}`"),
                "5_rows": table(final, rows=20, columns=14),
            },
        )

    return compute


def _recipe(cohort: Cohort, endpoint: str) -> dict[str, Any]:
    """What, beside the data, decides an out-of-fold model: part of its identifier."""
    return {
        "settings": cohort.model_dump(
            mode="json", include={"endpoints": {endpoint}, "resampling": True, "models": True}
        ),
        "code": {name: source_digest(name) for name in ("fusion", "evaluation", "multimodal")},
    }


def _report(cohort: Cohort, endpoint: str):
    def compute(home, values, progress) -> Product:
        from radiogenomics.cohort import Inputs, account
        from radiogenomics.evaluation.verdict import verdict_sentence
        from radiogenomics.multimodal import availability
        from radiogenomics.reporting import render_report

        evaluation, record = values["evaluation"], values["model"]
        labels = values["labels"]["labels"]
        html = render_report(
            cohort_title=cohort.title or cohort.name,
            endpoint=endpoint,
            simulated=cohort.simulated,
            final_model=record["name"],
            metrics=evaluation["metrics"],
            comparisons=evaluation["comparisons"],
            out_of_fold=evaluation["out_of_fold"],
            figures=evaluation["figures"],
            subgroups=evaluation["subgroups"],
            verdict=verdict_sentence(evaluation["metrics"], evaluation["comparisons"], record["name"]),
            explanations=values["explanations"],
            predictions=values["predictions"],
            labels=labels[labels["endpoint"] == endpoint],
            excluded=evaluation["excluded"],
            refused=evaluation["refused"],
            availability=availability(values["mdata"]),
            account=account(Inputs(**values["manifest"])),
            quarantine=values["quarantine"],
            settings={
                "model_id": record["model_id"],
                "snapshot_id": record["snapshot_id"],
                **cohort.resampling.model_dump(mode="json"),
                "configuration": cohort.file.name,
            },
            versions={"code": code_version(), **library_versions()},
        )
        link, file = page(html, home.pages, [cohort.name, endpoint, "report"])
        return Product(html, {"1_report": link, "2_file": text(f"`{file}`"), "3_kilobytes": number(len(html) // 1024)})

    return compute


def endpoint_checks(cohort: Cohort, endpoint: str) -> list[dg.AssetChecksDefinition]:
    """Checks of one endpoint's evaluation."""
    key = asset_key(cohort, endpoint, "evaluation")

    @dg.asset_check(
        asset=key,
        blocking=True,
        description="Within a repeat each patient is predicted once, in one fold, by every model.",
    )
    def patients_never_straddle_folds(evaluation: Any) -> dg.AssetCheckResult:
        rows = evaluation["out_of_fold"]
        folds = rows.groupby(["patient_id", "repeat"])["fold"].nunique()
        twice = int(rows.duplicated(["patient_id", "model", "repeat"]).sum())
        return dg.AssetCheckResult(
            passed=bool((folds == 1).all()) and twice == 0,
            description=f"{int((folds > 1).sum())} patients in two folds of a repeat, {twice} predicted twice",
        )

    @dg.asset_check(
        asset=key, description="A figure far above what cohorts of this size reach is a leak until shown otherwise."
    )
    def no_figure_is_too_good(evaluation: Any) -> dg.AssetCheckResult:
        metrics = evaluation["metrics"]
        high = metrics[metrics["auc"] > 0.95]
        return dg.AssetCheckResult(
            passed=high.empty,
            severity=dg.AssetCheckSeverity.WARN,
            description=""
            if high.empty
            else f"AUC above 0.95: {', '.join(high['model'].unique())}; look for a leak first",
        )

    @dg.asset_check(
        asset=key, description="No single predictor, and no predictor's absence, tells the label by itself."
    )
    def no_column_tells_the_label(evaluation: Any) -> dg.AssetCheckResult:
        telling = evaluation["telling_columns"]
        said = [
            f"{row['what']} of {row['column']} (AUC {row['auc']:.2f})" for row in telling.head(5).to_dict("records")
        ]
        return dg.AssetCheckResult(
            passed=telling.empty,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{'; '.join(said)}: made from the label, or recorded because of it?" if said else "",
        )

    checks = [patients_never_straddle_folds, no_figure_is_too_good, no_column_tells_the_label]
    return [*checks, null_audit_check(cohort, endpoint)] if "null_audit" in scrutiny_names(cohort) else checks
