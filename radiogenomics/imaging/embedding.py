"""CNN embeddings of lesions by the packaged encoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform, empty
from radiogenomics.imaging.encoder import DIMENSION, PIXELS, WEIGHTS_SHA256, encode
from radiogenomics.imaging.extraction import extract
from radiogenomics.imaging.lesion_step import Step
from radiogenomics.imaging.planes import orthogonal_planes
from radiogenomics.imaging.reading import Lesion
from radiogenomics.storage.feature_cache import FeatureCache

MARGIN_MM = 10.0
"""Surroundings shown on each side of the ROI's box: the border of a tumour is part of its appearance."""

MINIMUM_MM = 40.0
"""Least extent of a plane: a small nodule is not blown up until only interpolation is seen."""


def cnn_embeddings(
    cohort: Cohort,
    lesions: pd.DataFrame,
    *,
    cache: FeatureCache | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Features:
    """Embedding of every lesion whose images ask for one: `cnn_0000` to `cnn_1279`.

    The mean over three orthogonal planes of the last convolutional features of EfficientNet-Lite0, trained on ImageNet
    photographs and never on the cohort. The numbers have no unit and no meaning one by one.

    Parameters
    ----------
    lesions : DataFrame by `schemas.LESIONS`.
    cache, workers, scheduler, on_progress : as for `radiomic_features`.

    Returns
    -------
    Features with one row a lesion; lesions that cannot be read are in the quarantine.
    """
    settings: dict[str, dict[str, Any]] = {
        name: {"margin_mm": MARGIN_MM, "minimum_mm": MINIMUM_MM, "weights": WEIGHTS_SHA256}
        for name, images in cohort.images.items()
        if images.embedding
    }
    found = extract(STEP, lesions, settings, cache=cache, workers=workers, scheduler=scheduler, on_progress=on_progress)
    return Features(found.values, _dictionary(cohort, found.values), found.quarantine)


def embedding_of_lesion(lesion: Lesion, settings: Mapping[str, Any]) -> dict[str, float]:
    """The embedding of one lesion: 1,280 numbers."""
    pictures = orthogonal_planes(lesion, PIXELS, settings["margin_mm"], settings["minimum_mm"])
    vector = encode(pictures).astype("float64").mean(axis=0)
    return {_name(index): float(value) for index, value in enumerate(vector)}


def _name(index: int) -> str:
    return f"cnn_{index:04d}"


def _dictionary(cohort: Cohort, values: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {
            "feature": _name(index),
            "modality": f"embedding_{name}",
            "family": "embedding",
            "unit": "1",
            "derived_from": f"lesions/{name}:image",
            "recorded": "baseline",
            "description": f"EfficientNet-Lite0 channel {index}, mean over three planes through the lesion ({images.kind})",
        }
        for name, images in cohort.images.items()
        if images.embedding and (values["images"] == name).any()
        for index in range(DIMENSION)
    ]
    return conform(pd.DataFrame(rows), FEATURE_DICTIONARY) if rows else empty(FEATURE_DICTIONARY)


STEP = Step("embedding", 1, embedding_of_lesion, ("torch", "SimpleITK", "efficientnet-lite-pytorch"))
"""Embeddings as a cached step."""
