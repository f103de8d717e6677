"""What a network's view of the images adds to radiomic features, on the same patients and folds."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from radiogenomics.cohort.configuration import Cohort, Models, Resampling
from radiogenomics.cohort.encoder_settings import VOXELS, Network, Patches
from radiogenomics.cohort.inputs import read_inputs
from radiogenomics.endpoints import derive_labels
from radiogenomics.evaluation.comparisons import Question, auc_measure, comparisons_table
from radiogenomics.evaluation.metrics import metrics_table
from radiogenomics.evaluation.nested import evaluate
from radiogenomics.evaluation.populations import ALL, scores_by_model
from radiogenomics.exceptions import ComputationError
from radiogenomics.fusion.columns import modality_of
from radiogenomics.multimodal import confounder_table, endpoint_frame, extract_features, join_cohort
from radiogenomics.storage.feature_cache import FeatureCache

RADIOMICS, PACKAGED, TRAINED = "radiomics", "packaged encoder", "network trained on the cohort"


class EncoderStudy(NamedTuple):
    """What was found on one kind of images.

    Attributes
    ----------
    metrics : by `schemas.METRICS`: each view of the images alone, and radiomics with each encoder.
    comparisons : by `schemas.COMPARISONS`, corrected together: what each encoder adds, and how each compares alone.
    """

    metrics: pd.DataFrame
    comparisons: pd.DataFrame


def encoder_study(
    cohort: Cohort,
    endpoint: str,
    images: str,
    *,
    patches: Patches,
    network: Network,
    resampling: Resampling,
    cache: FeatureCache | None = None,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> EncoderStudy:
    """Judge both encoders on the patients who have these images and a label.

    Each is judged as declared: an elastic net on radiomic features and on embeddings, the network itself, and late fusions of
    radiomics with either, whose weights are learned inside the fold.

    Parameters
    ----------
    images : name of the images; nothing else of the cohort is looked at.
    patches, network : how the network's boxes are made and how it is trained.

    Raises
    ------
    ComputationError
        Too few patients of one class.
    """
    names = {RADIOMICS: f"radiomics_{images}", PACKAGED: f"embedding_{images}", TRAINED: f"{VOXELS}_{images}"}
    narrowed = _narrowed(cohort, endpoint, images, patches, tuple(names.values()))
    manifest = read_inputs(narrowed).manifest
    extracted = extract_features(narrowed, manifest, cache=cache)
    labels, _ = derive_labels(narrowed, manifest)
    confounders = confounder_table(narrowed, manifest, extracted.acquisition, extracted.features)
    frame = endpoint_frame(narrowed, join_cohort(narrowed, extracted.features, labels, confounders), endpoint)
    modality = pd.Series([modality_of(str(column)) for column in frame.X.columns], index=frame.X.columns)
    whole = frame.X.notna().T.groupby(modality).any().all()
    X, y = frame.X[whole], frame.y[whole]
    if min(int(y.sum()), int((1 - y).sum())) < resampling.outer_folds:
        raise ComputationError(
            f"cohort '{cohort.name}', {images}: {len(y)} patients with {int(y.sum())} events are too few for "
            f"{resampling.outer_folds} folds",
            rule="too_few_events",
        )
    models = Models(unimodal=("elastic_net",), fusion=("late/weighted",), network=network)
    tables = []
    for number, encoder in enumerate((PACKAGED, TRAINED)):
        kept = modality[modality.isin([names[RADIOMICS], names[encoder]])].index
        found = evaluate(
            X[kept],
            y,
            pd.DataFrame(index=X.index),
            models=models,
            resampling=resampling,
            workers=workers,
            cache=cache,
            on_progress=None if on_progress is None else _half(on_progress, number),
        ).out_of_fold
        said = {
            f"{names[RADIOMICS]}/elastic_net": RADIOMICS,
            f"{names[PACKAGED]}/elastic_net": PACKAGED,
            f"{names[TRAINED]}/cnn": TRAINED,
            "late/weighted": f"{RADIOMICS} + {encoder}",
        }
        tables.append(found[found["model"].isin(said)].assign(model=found["model"].map(said)))
    out_of_fold = pd.concat([tables[0], tables[1][tables[1]["model"] != RADIOMICS]], ignore_index=True)
    patients = X.index.astype(str).sort_values()
    target = y.rename(index=str).reindex(patients).to_numpy(dtype=int)
    scores, everyone = scores_by_model(out_of_fold, patients), {ALL: target >= 0}
    return EncoderStudy(
        metrics_table(scores, target, everyone, ""),
        comparisons_table(_questions(), auc_measure(scores, target), target, everyone),
    )


def _questions() -> list[Question]:
    """What each encoder adds to radiomics, one family; and how each does alone, another."""
    adds = [
        Question(f"{e} over {RADIOMICS}", f"{RADIOMICS} + {e}", (RADIOMICS,), f"the {e}", RADIOMICS, "adds")
        for e in (PACKAGED, TRAINED)
    ]
    alone = [
        Question(f"{e} against {RADIOMICS}", e, (RADIOMICS,), f"the {e} alone", RADIOMICS, "alone")
        for e in (PACKAGED, TRAINED)
    ]
    return [*adds, *alone]


def _narrowed(cohort: Cohort, endpoint: str, images: str, patches: Patches, modalities: tuple[str, ...]) -> Cohort:
    """The cohort with one kind of images, one endpoint and nothing else but what its label needs."""
    declared = cohort.images[images].model_copy(update={"embedding": True, "patches": patches})
    asked = cohort.endpoints[endpoint].model_copy(update={"modalities": modalities, "include": (), "exclude": ()})
    clinical = cohort.clinical.model_copy(update={"variables": {}})
    made = cohort.model_copy(
        update={
            "images": {images: declared},
            "imaging_tables": {},
            "expression": None,
            "omics": {},
            "survival": {},
            "clinical": clinical,
            "endpoints": {endpoint: asked},
            "confounders": {},
        }
    )
    return made.model_copy(update={"mutations": None}) if "column" in asked.label.model_fields_set else made


def _half(report: Callable[[int, int], None], number: int) -> Callable[[int, int], None]:
    return lambda done, total: report(number * total + done, 2 * total)
