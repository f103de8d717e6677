"""The rows that an endpoint adds to the append-only table of predictions."""

from typing import Any

from assets.display import number, plot, table, text
from assets.prediction_store import prediction_store
from assets.prospective import prospective
from assets.step import Product
from assets.versions import code_version, source_digest
from radiogenomics.cohort.configuration import Cohort


def predictions(cohort: Cohort, endpoint: str):
    def compute(home, values, progress) -> Product:
        import pandas as pd

        from radiogenomics.evaluation.prediction_table import out_of_fold_rows
        from radiogenomics.multimodal import endpoint_frame, patient_frame
        from radiogenomics.reporting import figures

        mdata, record = values["mdata"], values["model"]
        common: dict[str, Any] = {
            "cohort": cohort.name,
            "endpoint": endpoint,
            "snapshot_id": str(mdata.uns["snapshot_id"]),
            "simulated": cohort.simulated,
            "code_version": code_version(),
        }
        parts = [out_of_fold_rows(values["evaluation"]["out_of_fold"], recipe=recipe(cohort, endpoint), **common)]
        labelled = endpoint_frame(cohort, mdata, endpoint).y.index
        X = patient_frame(cohort, mdata, endpoint)
        X = X.loc[~X.index.isin(labelled)]
        champion = values["promotion"]["champion"]
        if len(X) and champion is not None:
            parts.append(prospective(home, cohort, mdata, X, endpoint, champion))
        rows = pd.concat(parts, ignore_index=True)
        place = prediction_store(home, cohort).append(rows)
        final = rows[rows["model"] == record["name"]]
        figure = figures.patient_probabilities_figure(final, model=record["name"], simulated=cohort.simulated)
        return Product(
            rows,
            {
                "1_rows": number(len(rows)),
                "2_prospective_patients": number(int((rows["kind"] == "prospective").sum())),
                "2_abstained": number(int((rows["abstained"] & (rows["kind"] == "prospective")).sum())),
                "2_champion": text(f"`{champion}`" if champion else "none: no prospective prediction is made"),
                "3_by_patient": plot(figure, home.pages, [cohort.name, endpoint, "predictions"], "by_patient"),
                "4_stored_in": text(f"`{place}`"),
                "5_rows": table(final, rows=20, columns=14),
            },
        )

    return compute


def recipe(cohort: Cohort, endpoint: str) -> dict[str, Any]:
    """What, beside the data, decides an out-of-fold model: part of its identifier."""
    return {
        "settings": cohort.model_dump(
            mode="json", include={"endpoints": {endpoint}, "resampling": True, "models": True}
        ),
        "code": {name: source_digest(name) for name in ("fusion", "evaluation", "multimodal")},
    }
