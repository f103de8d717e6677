"""SHAP values of an endpoint's final model."""

from typing import Any

from assets.display import number, plot, table
from assets.step import Product
from assets.stored_model import stored_model
from assets.training_frame import training_frame
from radiogenomics.cohort.configuration import Cohort


def explanations(cohort: Cohort, endpoint: str):
    def compute(home, values, progress) -> Product:
        from radiogenomics.explanation import explain
        from radiogenomics.reporting import figures

        frame = training_frame(home, cohort, values["mdata"], endpoint)
        record = values["model"]
        model = stored_model(home, cohort, endpoint, record)
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
