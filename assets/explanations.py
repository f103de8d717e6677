"""What moves the predictions of an endpoint's final model, by models that never saw the patient."""

from typing import Any

from assets.display import number, plot, sentences, table
from assets.robustness import declared_readings
from assets.step import Product
from assets.training_frame import training_frame
from radiogenomics.cohort.configuration import Cohort


def explanations(cohort: Cohort, endpoint: str):
    def compute(home, values, progress) -> Product:
        from radiogenomics.explanation import explain_out_of_fold
        from radiogenomics.reporting.figures.modality_effects import modality_summary
        from radiogenomics.storage.feature_cache import FeatureCache

        frame = training_frame(home, cohort, values["mdata"], endpoint)
        evaluation = values["evaluation"]
        found = explain_out_of_fold(
            frame.X,
            frame.y,
            evaluation["folds"],
            frame.dictionary,
            name=cohort.endpoints[endpoint].final_model,
            models=cohort.models_of(endpoint),
            resampling=cohort.resampling,
            settings=cohort.explanations,
            imaging=cohort.imaging_tables,
            readings=declared_readings(cohort, values),
            out_of_fold=evaluation["out_of_fold"],
            workers=cohort.compute.workers,
            scheduler=cohort.compute.scheduler,
            on_progress=progress,
            cache=FeatureCache(home.cache / "folds"),
        )
        judged = found.stability[found.stability["verdict"] != ""]
        said = [f"{row['what']}, between {row['between']}: {row['verdict']}" for row in judged.to_dict("records")]
        return Product(
            found._asdict(),
            {
                "1_patients": number(int(found.features["patient_id"].nunique())),
                "1_agreement": sentences(said),
                **_pictures(home, cohort, endpoint, found),
                "5_importance": table(found.importance.drop(columns=["model", "method"]), rows=25, columns=15),
                "6_modalities": table(modality_summary(found.modalities)),
                "7_stability": table(found.stability, columns=13),
            },
        )

    return compute


def _pictures(home: Any, cohort: Cohort, endpoint: str, found: Any) -> dict[str, Any]:
    from radiogenomics.reporting import figures
    from radiogenomics.reporting.feature_words import feature_words
    from radiogenomics.reporting.figures.waterfall import telling_patients

    options: dict[str, Any] = {"endpoint": endpoint, "simulated": cohort.simulated}
    words, top = feature_words(found.dictionary), cohort.explanations.top
    drawn = {
        "2_modalities": figures.modality_effects_figure(found.modalities, **options),
        "3_features": figures.shap_beeswarm_figure(found.features, importance=found.importance, top=top, **options),
        "3_dependence": figures.dependence_figure(found.features, found.importance, words, **options),
    }
    for number_of, (why, patient, label) in enumerate(telling_patients(found.folds), start=1):
        drawn[f"4_patient_{number_of}"] = figures.waterfall_figure(
            found.features, patient, importance=found.importance, label=label, why=why, simulated=cohort.simulated
        )
    key = [cohort.name, endpoint, "explanations"]
    return {name: plot(figure, home.pages, key, name.split("_", 1)[1]) for name, figure in drawn.items()}
