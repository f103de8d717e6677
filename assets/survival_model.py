"""The stored final model of a survival endpoint, and the rows that it adds to the append-only table of predictions."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.display import number, plot, table, text
from assets.factory import cohort_asset
from assets.prediction_store import prediction_store, store_identity
from assets.robustness import declared_readings
from assets.step import Product
from assets.stored_model import files_for_use
from assets.survival_source import LEARNING, survival_inputs, survival_settings, training_survival_frame
from assets.versions import code_version, source_digest
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.model_use import TIME_TO_EVENT
from radiogenomics.prediction.configuration import stored_configuration

EVALUATION = "survival_evaluation"
"""Last part of the key of the evaluation, on which model and predictions stand."""


def survival_model(cohort: Cohort, name: str) -> dg.AssetsDefinition:
    """The declared final model, fitted and registered."""
    return cohort_asset(
        cohort,
        [name, "model"],
        group_name=name,
        kinds=["scikitlearn"],
        description=(
            f"**What is this:** the declared final model (`{cohort.survival[name].final_model}`) of `{name}`, fitted on every patient "
            "whose time is known and stored without pickle. **Can I trust it:** as far as the out-of-fold figures of the same recipe "
            "in `survival_evaluation`; it was declared before any result. **What next:** `predictions`; `radiogenomics predict` applies "
            "it to new patients, by its identifier or, once a person has promoted it, as the champion."
        ),
        compute=_fit(cohort, name),
        packages=("prediction", "omics", "storage", *LEARNING),
        settings=survival_settings(cohort) | {"configuration": stored_configuration(cohort, name)},
        inputs=survival_inputs(cohort) | {"evaluation": [name, EVALUATION]},
    )


def _fit(cohort: Cohort, name: str) -> Any:
    def compute(home: Any, values: Mapping[str, Any], progress: Any) -> Product:
        from radiogenomics.evaluation.model_evidence import content_digest
        from radiogenomics.evaluation.prediction_table import outcomes_id, settings_id
        from radiogenomics.fusion import TRUSTED_TYPES, fit_final_survival
        from radiogenomics.fusion.robustness import unreliable_columns
        from radiogenomics.storage.model_stages import ModelStages
        from radiogenomics.storage.models import ModelRegistry

        declared = cohort.survival[name]
        frame = training_survival_frame(cohort, name, values)
        fitted = fit_final_survival(
            frame.X,
            frame.time,
            frame.event,
            declared.final_model,
            cohort.resampling,
            imaging=cohort.imaging_tables,
            clinical=cohort.models.clinical_baseline,
            unreliable=unreliable_columns(declared_readings(cohort, values), frame.X.index),
        )
        metrics, rows = values["evaluation"]["metrics"], values["evaluation"]["out_of_fold"]
        metrics = metrics[metrics["model"] == declared.final_model]
        evidence = rows[rows["model"] == declared.final_model].reset_index(drop=True)
        record: dict[str, Any] = {
            "snapshot_id": str(values["mdata"].uns["snapshot_id"]),
            "n": len(frame.X),
            "events": int(frame.event.sum()),
        }
        model_id = ModelRegistry(home.models).register(
            fitted,
            cohort=cohort.name,
            endpoint=name,
            name=declared.final_model,
            metadata={
                **record,
                "outcome": TIME_TO_EVENT,
                "simulated": cohort.simulated,
                "columns": list(frame.X.columns),
                "out_of_fold_metrics": metrics.astype(object).where(metrics.notna(), None).to_dict("records"),
                "resampling": cohort.resampling.model_dump(mode="json"),
                "code_version": code_version(),
                "declared": declared.model_dump(mode="json"),
                "configuration": stored_configuration(cohort, name),
                "out_of_fold_sha256": content_digest(evidence),
                "labels_id": outcomes_id(frame.time, frame.event),
                "settings_id": settings_id(_recipe(cohort, name)["settings"]),
            },
            trusted=TRUSTED_TYPES,
            attachments=files_for_use(cohort, values["manifest"], frame, fitted),
        )
        ModelStages(home.models, cohort.name, name).add(model_id, "registered by training")
        return Product(
            {"model_id": model_id, "name": declared.final_model, **record},
            {
                "1_model": text(f"`{model_id}`"),
                "2_patients": number(record["n"]),
                "3_events": number(record["events"]),
                "4_out_of_fold": table(metrics, columns=9),
            },
        )

    return compute


def survival_predictions(cohort: Cohort, name: str) -> dg.AssetsDefinition:
    """The rows that the endpoint adds to the table of predictions."""
    horizon = min(cohort.survival[name].horizons_months)
    return cohort_asset(
        cohort,
        [name, "predictions"],
        group_name=name,
        kinds=["table"],
        description=(
            f"**What is this:** the rows of `{name}` in the append-only predictions table: risk score, and probability of the event "
            f"by {horizon:g} months. **Can I trust it:** they are out of fold, by models that never saw the patient; those of new patients "
            "come from `radiogenomics predict`. **What next:** "
            "`radiogenomics predictions export`, or the table itself (docs/predictions.md)."
        ),
        compute=_predict(cohort, name),
        packages=("storage", *LEARNING),
        settings=survival_settings(cohort) | store_identity(cohort),
        inputs={"mdata": ["multimodal_cohort"], "evaluation": [name, EVALUATION], "model": [name, "model"]},
    )


def _predict(cohort: Cohort, name: str) -> Any:
    def compute(home: Any, values: Mapping[str, Any], progress: Any) -> Product:
        from radiogenomics.evaluation.prediction_table import survival_rows
        from radiogenomics.reporting import figures

        rows = survival_rows(
            values["evaluation"]["out_of_fold"],
            values["evaluation"]["at_horizons"],
            recipe=_recipe(cohort, name),
            cohort=cohort.name,
            endpoint=name,
            snapshot_id=str(values["mdata"].uns["snapshot_id"]),
            simulated=cohort.simulated,
            code_version=code_version(),
        )
        place = prediction_store(home, cohort).append(rows)
        final = rows[rows["model"] == values["model"]["name"]]
        figure = figures.patient_probabilities_figure(final, model=values["model"]["name"], simulated=cohort.simulated)
        shown = [
            "patient_id",
            "repeat",
            "fold",
            "risk_score",
            "probability",
            "lower",
            "upper",
            "label",
            "time_months",
            "event",
        ]
        return Product(
            rows,
            {
                "1_rows": number(len(rows)),
                "2_horizon_months": number(float(rows["horizon_months"].iloc[0])),
                "2_abstained": number(int(final.loc[final["abstained"], "patient_id"].nunique())),
                "3_by_patient": plot(figure, home.pages, [cohort.name, name, "predictions"], "by_patient"),
                "4_stored_in": text(f"`{place}`"),
                "5_rows": table(final[[*shown, "modalities_used"]], rows=20, columns=11),
            },
        )

    return compute


def _recipe(cohort: Cohort, name: str) -> dict[str, Any]:
    """What, beside the data, decides an out-of-fold model: part of its identifier."""
    settings = cohort.model_dump(
        mode="json", include={"survival": {name}, "resampling": True, "models": {"clinical_baseline"}}
    )
    return {
        "settings": settings,
        "code": {package: source_digest(package) for package in ("fusion", "evaluation", "multimodal")},
    }
