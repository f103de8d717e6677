"""Whether a newly trained model takes the place of the champion."""

from typing import Any

from assets.display import number, sentences, table, text
from assets.step import Product
from radiogenomics.cohort.configuration import Cohort


def promotion(cohort: Cohort, endpoint: str):
    def compute(home, values, progress) -> Product:
        from radiogenomics.monitoring.promotion import settle_stage
        from radiogenomics.storage.model_stages import ModelStages

        model_id = values["model"]["model_id"]
        settled = settle_stage(home.models, cohort.name, endpoint, model_id, cohort.prediction.promotion)
        found = settled.comparison
        record: dict[str, Any] = {
            "endpoint": endpoint,
            "model_id": model_id,
            "outcome": settled.outcome,
            "why": settled.why,
            "champion": settled.champion,
            "n": found.n if found else None,
            "events": found.events if found else None,
        }
        shown = {
            "1_decision": sentences([f"{model_id}: {settled.outcome}: {settled.why}"]),
            "2_champion": text(f"`{settled.champion}`" if settled.champion else "none"),
            "4_history": table(ModelStages(home.models, cohort.name, endpoint).history().iloc[::-1], rows=30),
        }
        if found is not None:
            shown |= {"3_patients_compared": number(found.n), "3_events_compared": number(found.events)}
        return Product(record, shown)

    return compute
