"""The map of one lesion by a fitted model, whichever network of it saw the lesion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.cohort.encoder_settings import Patches
from radiogenomics.explanation.class_activation import ActivationMap, embedding_map, network_map
from radiogenomics.fusion.cohort_network import CohortNetwork
from radiogenomics.fusion.columns import SEPARATOR, feature_of, holds_voxels, modality_of
from radiogenomics.imaging.encoder import DIMENSION
from radiogenomics.imaging.reading import Lesion


def lesion_map(
    lesion: Lesion, model: Any, modality: str, row: pd.DataFrame, patches: Patches | None
) -> ActivationMap | None:
    """Where in a lesion's image the part of one modality in a prediction comes from.

    Parameters
    ----------
    model : a fitted model of `radiogenomics.fusion`.
    modality : an embedding by the packaged encoder, or boxes of voxels.
    row : the patient's predictors, one row. patches : how boxes were made, for a modality of voxels.

    Returns
    -------
    ActivationMap, in log-odds of the whole model for an embedding and of the network itself for boxes; None where the model
    makes no use of the modality for this patient.
    """
    if holds_voxels(modality):
        members = getattr(model, "members_", {"": model})
        own = [m for m in members.values() if isinstance(m, CohortNetwork) and list(m._used_blocks()) == [modality]]
        if not own or own[0].constant_ or patches is None:
            return None
        return network_map(lesion, own[0].networks(), patches)
    shap, _ = model.contributions(row)
    weights = np.zeros(DIMENSION)
    for name, value in zip(model.contribution_names(), np.nan_to_num(shap[0]), strict=True):
        channel = feature_of(name).removeprefix("cnn_")
        if modality_of(name) == modality and SEPARATOR in name and channel.isdigit():
            weights[int(channel)] = value
    return embedding_map(lesion, weights) if weights.any() else None
