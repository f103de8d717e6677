"""A registered model with all that its use needs: the configuration it was trained by, its features, its reference."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from pydantic import ValidationError

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.model_use import TIME_TO_EVENT, Prediction
from radiogenomics.evaluation.training_reference import ARRAYS, PLAIN, TrainingReference
from radiogenomics.exceptions import IntegrityError, NotMaterialisedError
from radiogenomics.fusion import TRUSTED_TYPES
from radiogenomics.omics.cohort_state import CohortState
from radiogenomics.storage.model_stages import ModelStages
from radiogenomics.storage.models import MODEL_FILE, ModelRegistry

DICTIONARY = "features.csv"
STATE = "cohort_state.json"
CHAMPION = "champion"


class StoredModel(NamedTuple):
    """A model ready for use.

    Attributes
    ----------
    estimator : the fitted classifier or survival model. manifest : as the registry holds it. digest : SHA-256 of the model's file.
    configuration : the cohort's settings at training, without a root; None for a model of an earlier format.
    dictionary : by `schemas.FEATURE_DICTIONARY`, one row a predictor column; None likewise.
    state : what features took from the training cohort as a whole.
    reference : summary of the training patients; None for a model of an earlier format: it gives probabilities alone.
    """

    cohort: str
    endpoint: str
    model_id: str
    estimator: Any
    manifest: dict[str, Any]
    digest: str
    configuration: Cohort | None
    dictionary: pd.DataFrame | None
    state: CohortState
    reference: TrainingReference | None

    @property
    def name(self) -> str:
        """The model's name, such as `late/weighted`."""
        return str(self.manifest["name"])

    @property
    def of_time_to_event(self) -> bool:
        """Whether it predicts a time to an event, not a label."""
        return bool(self.metadata.get("outcome") == TIME_TO_EVENT)

    @property
    def scale(self) -> str:
        """What its scores and their contributions are: `log_odds` of a label, `log_hazard` (ratio) of a time to an event."""
        return "log_hazard" if self.of_time_to_event else "log_odds"

    def horizon_months(self) -> float | None:
        """Until when the chance of the event is given: the earliest declared horizon; None for a model of a label.

        Raises
        ------
        IntegrityError
            As `trained_by`.
        """
        if not self.of_time_to_event:
            return None
        return min(self.trained_by().survival[self.endpoint].horizons_months)

    @property
    def metadata(self) -> dict[str, Any]:
        """What was said of it when it was registered."""
        return dict(self.manifest["metadata"])

    @property
    def columns(self) -> list[str]:
        """The predictor columns, in the order in which it was fitted."""
        return [str(column) for column in self.estimator.feature_names_in_]

    @property
    def use(self) -> Prediction:
        """How it is applied: the settings declared when it was trained."""
        return self.configuration.prediction if self.configuration is not None else Prediction()

    def trained_by(self) -> Cohort:
        """The configuration.

        Raises
        ------
        IntegrityError
            The model is of a format that did not keep it.
        """
        if self.configuration is None:
            raise IntegrityError(
                f"model '{self.model_id}' was stored without its configuration by an earlier version; train it again",
                rule="no_configuration",
            )
        return self.configuration


def use_of_model(reference: TrainingReference, dictionary: pd.DataFrame, state: CohortState) -> dict[str, bytes]:
    """The files that are registered beside a model: reference, feature dictionary and state."""
    return {
        **reference.to_files(),
        DICTIONARY: dictionary.to_csv(index=False).encode(),
        STATE: json.dumps(state.model_dump(mode="json"), sort_keys=True).encode(),
    }


def load_model(folder: Path, model: str, cohort: str | None = None, endpoint: str | None = None) -> StoredModel:
    """Read a registered model, every file of it checked first.

    Parameters
    ----------
    folder : the registry's.
    model : a model_id, or 'champion', which needs cohort and endpoint (the endpoint only where there are several).

    Raises
    ------
    NotMaterialisedError
        There is no such model, or no champion.
    IntegrityError
        A file was altered, or is of an unknown format.
    """
    registry = ModelRegistry(folder)
    if model == CHAMPION:
        cohort, endpoint, model_id = _champion_of(registry, cohort, endpoint)
    else:
        model_id = model
        cohort, endpoint = registry.find(model)
    manifest = registry.manifest(cohort, endpoint, model_id)
    place = (cohort, endpoint, model_id)
    files = {name: registry.attachment(*place, name) for name in (ARRAYS, PLAIN, DICTIONARY, STATE)}
    arrays, plain, described, state = (files[name] for name in (ARRAYS, PLAIN, DICTIONARY, STATE))
    return StoredModel(
        cohort=cohort,
        endpoint=endpoint,
        model_id=model_id,
        estimator=registry.load(*place, TRUSTED_TYPES),
        manifest=manifest,
        digest=str(manifest["files"][MODEL_FILE]["sha256"]),
        configuration=_configuration(manifest),
        dictionary=None if described is None else pd.read_csv(io.BytesIO(described), dtype=str, keep_default_na=False),
        state=CohortState() if state is None else CohortState.model_validate_json(state),
        reference=None if arrays is None or plain is None else TrainingReference.from_files(arrays, plain),
    )


def _configuration(manifest: Mapping[str, Any]) -> Cohort | None:
    said = manifest["metadata"].get("configuration")
    if said is None:
        return None
    try:
        return Cohort.model_validate(said)
    except ValidationError as error:
        raise IntegrityError(
            f"model '{manifest['model_id']}': this version cannot read its configuration: {error.errors()[0]['msg']}",
            rule="configuration",
        ) from error


def _champion_of(registry: ModelRegistry, cohort: str | None, endpoint: str | None) -> tuple[str, str, str]:
    """Cohort, endpoint and id of the champion that is meant: where several endpoints match, the only one that has a champion."""
    table = registry.list()
    known = sorted({(str(c), str(e)) for c, e in zip(table["cohort"], table["endpoint"], strict=True)})
    matching = [(c, e) for c, e in known if cohort in (None, c) and endpoint in (None, e)]
    if not matching:
        shown = ", ".join(f"{c}/{e}" for c, e in known) or "none"
        raise NotMaterialisedError(
            f"'champion' of which cohort and endpoint? none matches cohort={cohort}, endpoint={endpoint}; there are: {shown}",
            rule="no_champion",
        )
    stages = {pair: ModelStages(registry.folder, *pair).champion() for pair in matching}
    in_use = [(*pair, champion) for pair, champion in stages.items() if champion is not None]
    if not in_use:
        raise NotMaterialisedError(
            f"{', '.join(f'{c}/{e}' for c, e in matching)}: no model is the champion; name a model_id, or make one the champion with "
            "`radiogenomics models promote`",
            rule="no_champion",
        )
    if len(in_use) > 1:
        raise NotMaterialisedError(
            f"'champion' of which cohort and endpoint? several match cohort={cohort}, endpoint={endpoint}; champions are of: "
            + ", ".join(f"{c}/{e}" for c, e, _ in in_use),
            rule="no_champion",
        )
    return in_use[0]
