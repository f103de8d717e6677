"""One group an endpoint: evaluation, final model, explanations, predictions, report."""

from typing import Any

import dagster as dg

from assets.attention import ATTENTION, attention_maps, seen_images
from assets.display import number, plot, sentences, table, text
from assets.explanations import explanations
from assets.factory import asset_key, cohort_asset
from assets.fold_check import WHAT, patients_in_one_fold
from assets.prediction_store import store_identity
from assets.predictions import predictions, recipe
from assets.promotion import promotion
from assets.report import report, report_inputs, report_state
from assets.robustness import declared_readings, readings_input
from assets.scrutiny import CURVE, null_audit_check, scrutiny_assets, scrutiny_names
from assets.step import Product
from assets.stored_model import files_for_use
from assets.training_frame import locked_test, training_frame, tuned
from assets.versions import code_version
from assets.worklist import worklist, worklist_endpoint
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.prediction.configuration import stored_configuration

ENDPOINT_ASSETS = ("evaluation", "model", "promotion", "explanations", "predictions", "report")
_LEARNING = ("fusion", "evaluation", "multimodal", "endpoints", "compute", "cohort")


def endpoint_asset_names(cohort: Cohort, endpoint: str) -> list[str]:
    """The names of an endpoint's assets: those of every cohort, and what its modalities and `evaluation` ask for."""
    looked_into = [ATTENTION] if seen_images(cohort, endpoint) else []
    return [*ENDPOINT_ASSETS, *looked_into, *scrutiny_names(cohort)]


def trained_assets(cohort: Cohort) -> list[dg.AssetKey]:
    """The keys of everything that is made from the joined cohort, endpoint by endpoint."""
    keys = [
        asset_key(cohort, endpoint, name)
        for endpoint in cohort.endpoints
        for name in endpoint_asset_names(cohort, endpoint)
    ]
    ordered = worklist_endpoint(cohort)
    return keys + ([asset_key(cohort, ordered, "worklist")] if ordered else [])


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

    def make(
        name: str, description: str, compute, inputs, packages=_LEARNING, kinds=("table",), more=None, state=None
    ) -> dg.AssetsDefinition:
        return cohort_asset(
            cohort,
            [endpoint, name],
            group_name=endpoint,
            kinds=list(kinds),
            description=description,
            compute=compute,
            packages=packages,
            settings=settings | (more or {}),
            inputs=inputs,
            state=state,
        )

    joined = {"mdata": ["multimodal_cohort"]}
    learned = joined | readings_input(cohort)
    evaluated = {"evaluation": [endpoint, "evaluation"]}
    model = {"model": [endpoint, "model"]}
    explained = {"explanations": [endpoint, "explanations"]}
    predicted = {"predictions": [endpoint, "predictions"]}
    inputs = {"manifest": ["manifest"], "quarantine": ["quarantine"], "labels": ["labels"]}
    inputs |= {"image_qc": ["image_qc"]} if cohort.images else {}
    return [
        make(
            "evaluation",
            f"**What is this:** how well each model predicts `{endpoint}` for patients it never saw, beside the clinical baseline "
            "and the confounder floors. **Can I trust it:** everything learned is learned inside the training folds; look at the "
            "interval, at n and at the floors before the figure. **What next:** the `report`.",
            _evaluation(cohort, endpoint),
            learned | ({CURVE: [endpoint, CURVE]} if CURVE in scrutiny_names(cohort) else {}),
        ),
        make(
            "model",
            f"**What is this:** the declared final model (`{declared.final_model}`), fitted on every labelled patient and stored "
            "without pickle. **Can I trust it:** as far as the out-of-fold figures of the same recipe in `evaluation`; it was "
            "declared before any result. **What next:** `explanations`, `predictions`.",
            _model(cohort, endpoint),
            learned | evaluated | {"manifest": ["manifest"]},
            packages=("prediction", "omics", "storage", *_LEARNING),
            kinds=("scikitlearn",),
            more={"configuration": stored_configuration(cohort, endpoint)},
        ),
        make(
            "promotion",
            "**What is this:** whether the new model becomes the champion, the model in use. **Can I trust it:** only if it is "
            "shown not to be worse: same patients, out of fold, by margins declared in `prediction.promotion`; the log of "
            "stages is append-only. **What next:** `radiogenomics models history`, or promote by hand with a reason.",
            promotion(cohort, endpoint),
            model,
            packages=("monitoring", "storage", *_LEARNING),
            more={"promotion": cohort.prediction.promotion.model_dump(mode="json")},
        ),
        make(
            "explanations",
            "**What is this:** what moved each patient's out-of-fold prediction: features (SHAP values, log-odds) and whole "
            "modalities (probability), by models that never saw the patient. **Can I trust it:** they add up to the prediction; "
            "what the folds do not agree on is marked unstable; they explain the model, not the disease. **What next:** see "
            "which modality carries the prediction.",
            explanations(cohort, endpoint),
            learned | evaluated,
            packages=("explanation", *_LEARNING),
            more=cohort.model_dump(mode="json", include={"explanations"}),
        ),
        make(
            "predictions",
            "**What is this:** the rows added to the append-only predictions table: out-of-fold for labelled patients, "
            "prospective for the others. **Can I trust it:** out-of-fold rows come from models that never saw the patient. "
            "**What next:** `radiogenomics predictions export`, or the table itself (docs/predictions.md).",
            predictions(cohort, endpoint),
            joined | evaluated | model | {"promotion": [endpoint, "promotion"]},
            packages=("prediction", "storage", *_LEARNING),
            more=store_identity(cohort),
        ),
        make(
            "report",
            "**What is this:** one page with the verdict, the figures, the floors, the exclusions and what is needed to repeat it. "
            "**Can I trust it:** it is made from the stored tables alone. **What next:** open the link.",
            report(cohort, endpoint),
            joined | evaluated | model | explained | predicted | inputs | report_inputs(cohort, endpoint),
            packages=("reporting", "monitoring", "storage", *_LEARNING),
            kinds=("html",),
            more=cohort.model_dump(
                mode="json",
                include={"explanations", "statements", "title", "licence", "source_url", "images", "predictions"},
            ),
            state=report_state(cohort, endpoint),
        ),
        *_attention(cohort, endpoint, make, joined | evaluated | model),
        *scrutiny_assets(cohort, endpoint, make),
        *([_worklist(cohort, endpoint, make)] if worklist_endpoint(cohort) == endpoint else []),
    ]


def _worklist(cohort: Cohort, endpoint: str, make: Any) -> dg.AssetsDefinition:
    return make(
        "worklist",
        "**What is this:** untested patients in the order in which a molecular test would find most. **Can I trust it:** the "
        "sensitivity at each cut is that of out-of-fold predictions, with its interval. **What next:** test them all, those at "
        "the top first: the list orders molecular testing and does not replace it.",
        worklist(cohort, endpoint),
        {"mdata": ["multimodal_cohort"]} | {name: [endpoint, name] for name in ("promotion", "predictions")},
        packages=("prediction", *_LEARNING),
        more={"worklist": cohort.prediction.worklist.model_dump(mode="json")},
    )


def _attention(cohort: Cohort, endpoint: str, make: Any, inputs: Any) -> list[dg.AssetsDefinition]:
    """Maps of where networks look, where the endpoint's modalities have a network that can be looked into."""
    if not seen_images(cohort, endpoint):
        return []
    return [
        make(
            ATTENTION,
            "**What is this:** where in the image the final model's networks find what they say, for a few telling patients: "
            "right with conviction, and wrong. **Can I trust it:** a map explains the model, not the disease; hold it against "
            "the map of random weights. **What next:** open the NIfTI files over the images.",
            attention_maps(cohort, endpoint),
            inputs | {"image_qc": ["image_qc"], "lesion_volumetrics": ["lesion_volumetrics"]},
            packages=("explanation", "imaging", *_LEARNING),
        )
    ]


def _evaluation(cohort: Cohort, endpoint: str):
    def compute(home, values, progress) -> Product:
        import pandas as pd

        from radiogenomics.evaluation import evaluate
        from radiogenomics.evaluation.leaks import telling_columns
        from radiogenomics.evaluation.sample_size import statement
        from radiogenomics.evaluation.verdict import verdict_sentence
        from radiogenomics.fusion.columns import predictors_in
        from radiogenomics.storage.feature_cache import FeatureCache

        final = cohort.endpoints[endpoint].final_model
        frame = training_frame(home, cohort, values["mdata"], endpoint)
        result = evaluate(
            frame.X,
            frame.y,
            frame.confounders,
            models=cohort.models_of(endpoint),
            resampling=cohort.resampling,
            settings=cohort.evaluation,
            workers=cohort.compute.workers,
            final_model=final,
            imaging=cohort.imaging_tables,
            readings=declared_readings(cohort, values),
            groups=frame.groups,
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
            **_pictures(home, cohort, endpoint, result, subgroups, values.get(CURVE)),
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
            "8_tuning_budget": table(tuned(cohort, endpoint, frame), rows=40),
            "9_refused_features": table(frame.refused, rows=20),
            "9_excluded_patients": table(
                frame.excluded["reason"].value_counts().rename_axis("reason").reset_index(name="patients")
            ),
        }
        if final in everyone.index:
            auc = float(everyone["auc"][final])
            shown["3_auc_of_final_model"] = number(auc)
            shown["3_sample_size"] = sentences(
                [statement(len(frame.y), int(frame.y.sum()), predictors_in(frame.X), auc)]
            )
        tables = {
            "out_of_fold": result.out_of_fold,
            "metrics": result.metrics,
            "comparisons": result.comparisons,
            "folds": result.folds,
            "figures": result.figures,
            "calibration_curve": result.calibration_curve,
            "subgroups": subgroups,
            "telling_columns": telling_columns(frame.X, frame.y),
            "size": pd.DataFrame({"predictors": [predictors_in(frame.X)]}),
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


def _pictures(home: Any, cohort: Cohort, endpoint: str, result: Any, subgroups: Any, curve: Any) -> dict[str, Any]:
    """What a first look needs: forest, ROC and precision-recall, calibration, decision curve, what is added, subgroups, and the
    learning curve where one is declared."""
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
    if curve is not None:
        drawn["6_learning_curve"] = figures.learning_curve_figure(curve["curve"], final, **options)
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
        from radiogenomics.evaluation.model_evidence import content_digest, write_evidence
        from radiogenomics.evaluation.prediction_table import labels_id, settings_id
        from radiogenomics.fusion import TRUSTED_TYPES, fit_final
        from radiogenomics.fusion.robustness import unreliable_columns
        from radiogenomics.storage.models import ModelRegistry

        frame = training_frame(home, cohort, values["mdata"], endpoint)
        name = cohort.endpoints[endpoint].final_model
        fitted = fit_final(
            frame.X,
            frame.y,
            name,
            cohort.models_of(endpoint),
            cohort.resampling,
            imaging=cohort.imaging_tables,
            unreliable=unreliable_columns(declared_readings(cohort, values), frame.X.index),
        )
        metrics = values["evaluation"]["metrics"]
        rows = values["evaluation"]["out_of_fold"]
        evidence = rows[rows["model"] == name].reset_index(drop=True)
        configuration = stored_configuration(cohort, endpoint)
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
                "configuration": configuration,
                "out_of_fold_sha256": content_digest(evidence),
                "labels_id": labels_id(frame.y),
                "settings_id": settings_id(recipe(cohort, endpoint)["settings"]),
            },
            trusted=TRUSTED_TYPES,
            attachments=files_for_use(cohort, values["manifest"], frame, fitted, evidence),
        )
        write_evidence(home.models, cohort.name, endpoint, model_id, evidence)
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


def endpoint_checks(cohort: Cohort, endpoint: str) -> list[dg.AssetChecksDefinition]:
    """Checks of one endpoint's evaluation."""
    key = asset_key(cohort, endpoint, "evaluation")

    @dg.asset_check(
        asset=key,
        blocking=True,
        description=WHAT,
    )
    def patients_never_straddle_folds(evaluation: Any) -> dg.AssetCheckResult:
        return patients_in_one_fold(evaluation["out_of_fold"])

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
