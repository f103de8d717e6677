"""CNN embeddings of lesions: by the packaged encoder, or by one from a file that a manifest describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from radiogenomics.cohort.configuration import Cohort, Images
from radiogenomics.cohort.encoder_settings import EncoderFile
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform, empty
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.imaging.encoder import DIMENSION, PIXELS, WEIGHTS_SHA256, encode
from radiogenomics.imaging.encoder_formats import encoded
from radiogenomics.imaging.encoder_input import encoder_pictures
from radiogenomics.imaging.encoder_manifest import EncoderManifest, read_manifest, verified_bytes, weights_file
from radiogenomics.imaging.extraction import extract
from radiogenomics.imaging.lesion_step import Step
from radiogenomics.imaging.planes import orthogonal_planes
from radiogenomics.imaging.reading import Lesion
from radiogenomics.storage.feature_cache import FeatureCache

MARGIN_MM = 10.0
"""Surroundings shown on each side of the ROI's box: the border of a tumour is part of its appearance."""

MINIMUM_MM = 40.0
"""Least extent of a plane: a small nodule is not blown up until only interpolation is seen."""

PLANES = {"margin_mm": MARGIN_MM, "minimum_mm": MINIMUM_MM}
"""What the packaged encoder is shown."""


def cnn_embeddings(
    cohort: Cohort,
    lesions: pd.DataFrame,
    *,
    cache: FeatureCache | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Features:
    """Embedding of every lesion whose images ask for one: `cnn_0000` and on.

    By the packaged encoder: the mean over three orthogonal planes of the last convolutional features of EfficientNet-Lite0,
    trained on ImageNet photographs and never on the cohort. By an encoder from a file: what it gives of the box, or the mean
    over the planes, that its manifest declares. The numbers have no unit and no meaning one by one.

    Parameters
    ----------
    lesions : DataFrame by `schemas.LESIONS`.
    cache, workers, scheduler, on_progress : as for `radiomic_features`.

    Returns
    -------
    Features with one row a lesion; lesions that cannot be read are in the quarantine.

    Raises
    ------
    ConfigurationError
        A manifest is wrong, or is for another kind of images.
    IntegrityError
        An encoder's weights are not those of its manifest, or of another format than it says.
    """
    manifests = encoder_manifests(cohort)
    settings = {name: _settings(cohort, name, manifests) for name, images in cohort.images.items() if images.embedding}
    for name, manifest in manifests.items():
        verified_bytes(Path(settings[name]["file"]), manifest.sha256)  # once, rather than as every lesion's failure
    found = extract(STEP, lesions, settings, cache=cache, workers=workers, scheduler=scheduler, on_progress=on_progress)
    return Features(found.values, _dictionary(cohort, manifests, found.values), found.quarantine)


def encoder_manifests(cohort: Cohort) -> dict[str, EncoderManifest]:
    """Images -> manifest of their encoder, for those that name one of their own.

    Raises
    ------
    ConfigurationError
        A manifest is wrong, or is for another kind of images.
    """
    found = {}
    for name, images in cohort.images.items():
        if not isinstance(images.embedding, EncoderFile):
            continue
        manifest = read_manifest(cohort.path(images.embedding.manifest))
        if manifest.kind != images.kind:
            raise ConfigurationError(
                f"{cohort.file}: images.{name}.embedding: encoder '{manifest.name}' is for {manifest.kind}, these images are "
                f"{images.kind}",
                rule="encoder_kind",
            )
        found[name] = manifest
    return found


def encoder_files(cohort: Cohort) -> list[Path]:
    """The manifests that a cohort names and the weights beside them: what embeddings depend on beside the lesions."""
    named = [cohort.path(i.embedding.manifest) for i in cohort.images.values() if isinstance(i.embedding, EncoderFile)]
    return [file for manifest in named for file in (manifest, weights_file(manifest, read_manifest(manifest)))]


def embedding_of_lesion(lesion: Lesion, settings: Mapping[str, Any]) -> dict[str, float]:
    """The embedding of one lesion: 1,280 numbers by the packaged encoder, or as many as the manifest says."""
    if "manifest" in settings:
        manifest = EncoderManifest.model_validate(settings["manifest"])
        rows = encoded(manifest, Path(settings["file"]), encoder_pictures(lesion, manifest.input))
    else:
        pictures = orthogonal_planes(lesion, PIXELS, settings["margin_mm"], settings["minimum_mm"])
        rows = encode(pictures).astype("float64")
    return {_name(index): float(value) for index, value in enumerate(rows.mean(axis=0))}


def _settings(cohort: Cohort, name: str, manifests: Mapping[str, EncoderManifest]) -> dict[str, Any]:
    declared = cohort.images[name].embedding
    if not isinstance(declared, EncoderFile):
        return {**PLANES, "weights": WEIGHTS_SHA256}
    file = weights_file(cohort.path(declared.manifest), manifests[name])
    return {"manifest": manifests[name].model_dump(mode="json"), "file": str(file)}


def _name(index: int) -> str:
    return f"cnn_{index:04d}"


def _dictionary(cohort: Cohort, manifests: Mapping[str, EncoderManifest], values: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {
            "feature": _name(index),
            "modality": f"embedding_{name}",
            "family": "embedding",
            "unit": "1",
            "derived_from": f"lesions/{name}:image",
            "recorded": "baseline",
            "description": _said(images, manifests.get(name), index),
        }
        for name, images in cohort.images.items()
        if images.embedding and (values["images"] == name).any()
        for index in range(manifests[name].dimension if name in manifests else DIMENSION)
    ]
    return conform(pd.DataFrame(rows), FEATURE_DICTIONARY) if rows else empty(FEATURE_DICTIONARY)


def _said(images: Images, manifest: EncoderManifest | None, index: int) -> str:
    if manifest is None:
        return f"EfficientNet-Lite0 channel {index}, mean over three planes through the lesion ({images.kind})"
    shown = "mean over three planes" if len(manifest.input.shape) == 2 else "box"
    ran = "; TorchScript, which runs code of its own" if manifest.format == "torchscript" else ""
    return (
        f"{manifest.name} channel {index}, {shown} of {' x '.join(str(n) for n in manifest.input.shape)} voxels "
        f"({images.kind}; {manifest.licence}; {manifest.source}{ran})"
    )


STEP = Step("embedding", 4, embedding_of_lesion, ("onnxruntime", "torch", "SimpleITK", "efficientnet-lite-pytorch"))
"""Embeddings as a cached step."""
