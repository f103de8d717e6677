"""New patients that were put into the declared inbox, predicted by the champions."""

import time
from pathlib import Path
from typing import Any

import dagster as dg

from assets.display import number, table
from assets.factory import cohort_asset
from assets.prediction_store import prediction_store
from assets.step import Product
from assets.versions import code_version
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.storage import Home


def cohort_inbox(cohort: Cohort, home: Home) -> Any:
    """The declared inbox."""
    from radiogenomics.prediction.inbox import inbox_of

    declared = cohort.prediction
    return inbox_of(cohort.path(str(declared.inbox)), home.inbox, cohort.name, declared.inbox_settle_seconds)


def inbox_assets(cohort: Cohort) -> list[dg.AssetsDefinition]:
    """The inbox where one is declared and there is something to predict."""
    if cohort.prediction.inbox is None or not cohort.endpoints:
        return []

    def compute(home, values, progress) -> Product:
        import pandas as pd

        champions = {value["endpoint"]: value["champion"] for value in values.values() if value["champion"]}
        inbox = cohort_inbox(cohort, home)
        deliveries = inbox.work(time.time(), lambda folder: _predict(cohort, home, champions, folder))
        states = pd.DataFrame(
            [(each.name, each.state, each.reason, each.record.get("at", "")) for each in deliveries],
            columns=["delivery", "state", "reason", "at"],
        )
        predicted = [{"delivery": e.name, **row} for e in deliveries for row in e.record.get("predictions", [])]
        shown = pd.DataFrame(predicted).drop(columns=["contributions"], errors="ignore")
        return Product(
            {"deliveries": states, "predictions": shown.astype(object).where(shown.notna(), None).astype(str)},
            {
                "1_deliveries": number(len(states)),
                "1_failed": number(int((states["state"] == "failed").sum())),
                "2_deliveries": table(states, rows=60),
                "3_predictions": table(shown, rows=60, columns=16),
            },
        )

    return [
        cohort_asset(
            cohort,
            ["inbox"],
            group_name="inbox",
            kinds=["table"],
            description=(
                "**What is this:** new patients from the declared inbox, each complete folder predicted once by the champion of "
                "each endpoint. **Can I trust it:** their features are made by exactly the training path; look at `in_domain` and "
                "at the reason of an abstention. **What next:** a failed delivery says why; mend it and it is taken up again."
            ),
            compute=compute,
            packages=["prediction"],
            settings=cohort.prediction.model_dump(mode="json"),
            inputs={f"promotion_{endpoint}": [endpoint, "promotion"] for endpoint in cohort.endpoints},
            always=True,  # only looking into the folder tells whether there is something new
        )
    ]


def _predict(cohort: Cohort, home: Home, champions: dict[str, str], folder: Path) -> list[dict[str, Any]]:
    """Predictions of every endpoint for one delivery; all are made before any is stored."""
    from radiogenomics.exceptions import NotMaterialisedError
    from radiogenomics.prediction import load_model
    from radiogenomics.prediction.prospective import predict_folder
    from radiogenomics.storage.feature_cache import FeatureCache

    if not champions:
        raise NotMaterialisedError(f"{cohort.name}: no endpoint has a champion", rule="no_champion")
    cache = FeatureCache(home.cache, cohort.compute.cache_limit_mb * 2**20)
    answers = [
        predict_folder(
            load_model(home.models, champion, cohort.name, endpoint),
            folder,
            code_version=code_version(),
            cache=cache,
            workers=cohort.compute.workers,
        )
        for endpoint, champion in champions.items()
    ]
    for answer in answers:
        prediction_store(home, cohort).append(answer.rows)
    return [record for answer in answers for record in answer.records]
