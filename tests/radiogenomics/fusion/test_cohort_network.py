"""The network that is trained on boxes of the cohort's own voxels: it finds what is planted, nothing where nothing is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.cohort.encoder_settings import Network
from radiogenomics.evaluation.leaks import telling_columns
from radiogenomics.exceptions import ConfigurationError, TableError
from radiogenomics.explanation import explain
from radiogenomics.fusion import TRUSTED_TYPES, build_models, fit_final
from radiogenomics.fusion.cohort_network import CohortNetwork
from radiogenomics.fusion.columns import modality_of, predictors_in
from radiogenomics.fusion.network_training import predicted, trained
from radiogenomics.imaging.lesion_box import lesion_box
from radiogenomics.imaging.patch_blocks import packed, unpacked
from radiogenomics.imaging.reading import Lesion
from radiogenomics.simulation.images import SCANNERS, draw_tumours, render
from radiogenomics.storage.models import ModelRegistry

QUICK = {"epochs": (2, 4), "members": 1, "width": 2, "inner_folds": 2}


def boxes_of(growth: np.ndarray, size: int) -> np.ndarray:
    """Boxes (n, 2, s, s, s) around the first tumour of simulated patients with these values of the latent growth factor."""
    made = []
    for index, value in enumerate(growth):
        own = np.random.default_rng([3, index])
        study = render(draw_tumours(np.array([value, 0.0, 0.0, 0.0]), own), SCANNERS[index % 2], own)
        image = sitk.GetImageFromArray(study.volume.astype(np.float32))
        mask = sitk.GetImageFromArray(study.masks[0].astype(np.uint8))
        for grid in (image, mask):
            grid.SetSpacing(study.spacing_mm)
        box = lesion_box(Lesion(image, mask, "CT", str(index), {}), (size,) * 3, (36.0 / size,) * 3)
        made.append(unpacked(packed(box.image, box.mask)[None])[0])
    return np.stack(made)


@pytest.fixture(scope="module")
def simulated() -> tuple[np.ndarray, np.ndarray]:
    """Boxes of 48 patients, and the latent growth that their ground glass shows."""
    growth = np.random.default_rng(0).standard_normal(48) * 1.5
    return boxes_of(growth, 16), growth


def table(boxes: np.ndarray) -> pd.DataFrame:
    blocks = np.stack([packed(box[0], box[1] > 0) for box in boxes])
    columns = [f"patches_ct:voxels_{i:05d}" for i in range(blocks.shape[1])]
    return pd.DataFrame(blocks, index=[f"P{i:03d}" for i in range(len(boxes))], columns=columns)


def out_of_fold(boxes: np.ndarray, target: np.ndarray) -> np.ndarray:
    said = np.zeros(len(target))
    for train, test in StratifiedKFold(3, shuffle=True, random_state=0).split(boxes, target):
        ((ensemble),) = trained(boxes[train], target[train], [30], members=1, width=8, seed=1, device="cpu")
        said[test] = predicted(ensemble, boxes[test])
    return said


def test_it_finds_planted_ground_glass_as_well_as_the_intensity_that_shows_it(simulated) -> None:
    boxes, growth = simulated
    target = (growth > 0).astype(int)
    handmade = [-np.percentile(box[0][box[1] > 0], 25) for box in boxes]
    found = roc_auc_score(target, out_of_fold(boxes, target))
    assert roc_auc_score(target, handmade) > 0.9
    assert found > 0.85


def test_it_finds_nothing_where_nothing_is_planted(simulated) -> None:
    boxes, _ = simulated
    scores = []
    for seed in range(2):
        target = np.random.default_rng(seed).permutation(np.arange(len(boxes)) % 2)
        scores.append(roc_auc_score(target, out_of_fold(boxes, target)))
    assert 0.3 < np.mean(scores) < 0.7


def test_voxels_survive_packing_to_half_a_grey_level(simulated) -> None:
    boxes, _ = simulated
    image = np.random.default_rng(0).random((16, 16, 16))
    back = unpacked(packed(image, boxes[0, 1] > 0)[None])[0]
    assert np.abs(back[0] - image).max() <= 0.5 / 255 + 1e-6
    np.testing.assert_array_equal(back[1], boxes[0, 1])


@pytest.mark.parametrize("harm", [np.nan, 0.5, -1.0, 2.0**46])
def test_a_box_that_was_changed_is_refused(simulated, harm: float) -> None:
    blocks = table(simulated[0][:2]).to_numpy()
    blocks[1, 5] = harm
    with pytest.raises(TableError, match="missing or were changed"):
        unpacked(blocks)


@pytest.fixture(scope="module")
def fitted(simulated) -> tuple[CohortNetwork, pd.DataFrame, np.ndarray]:
    boxes, growth = simulated
    X, y = table(boxes), (growth > 0).astype(int)
    X.iloc[::7] = np.nan
    return CohortNetwork(("patches_ct",), **QUICK).fit(X, y), X, y


def test_a_patient_without_a_box_is_abstained_on_and_others_are_predicted_alone_as_together(fitted) -> None:
    model, X, _ = fitted
    said = model.decision_function(X)
    np.testing.assert_array_equal(np.isnan(said), X.isna().all(axis=1))
    alone = np.concatenate([model.decision_function(X.iloc[[row]]) for row in range(4)])
    np.testing.assert_array_equal(alone, said[:4])
    assert model.used(X)[0] == ()


def test_fitting_twice_gives_the_same_to_the_bit_and_so_does_what_is_read_back_from_disk(
    fitted, tmp_path: Path
) -> None:
    model, X, y = fitted
    again = CohortNetwork(("patches_ct",), **QUICK).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    registry = ModelRegistry(tmp_path)
    place = registry.register(model, cohort="c", endpoint="e", name="cnn", metadata={}, trusted=TRUSTED_TYPES)
    loaded = registry.load("c", "e", place, TRUSTED_TYPES)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_its_device_is_a_setting_and_one_that_is_not_there_is_one_message(fitted) -> None:
    import torch

    model, X, y = fitted
    cpu = CohortNetwork(("patches_ct",), **QUICK, device="cpu").fit(X, y)
    np.testing.assert_allclose(cpu.predict_proba(X), model.predict_proba(X), atol=1e-3)  # 'auto' may be a GPU
    if not torch.cuda.is_available():
        with pytest.raises(ConfigurationError, match="this machine has no GPU"):
            CohortNetwork(("patches_ct",), **QUICK, device="cuda").fit(X, y)


def mixed(simulated) -> tuple[pd.DataFrame, pd.Series]:
    boxes, growth = simulated
    X = table(boxes)
    y = pd.Series((growth > 0).astype(int), index=X.index)
    noise = np.random.default_rng(5).normal(size=(len(X), 4)) + 0.8 * y.to_numpy()[:, None]
    clinical = pd.DataFrame(noise, index=X.index, columns=[f"clinical:v{i}" for i in range(4)])
    X.iloc[::6] = np.nan
    return pd.concat([clinical, X], axis=1), y


MODELS = Models(unimodal=("elastic_net",), network=Network(epochs=(2,), members=1))
FEW = Resampling(inner_folds=2)


def test_only_the_network_and_late_fusion_over_it_see_voxels(simulated) -> None:
    X, _ = mixed(simulated)
    built = build_models(Models(), dict.fromkeys(modality_of(str(c)) for c in X.columns), FEW)
    assert {n for n in built if n.startswith("patches")} == {"patches_ct/cnn"}
    assert built["early/xgboost"].modalities == ("clinical",)
    assert "patches_ct/cnn" in [name for name, _ in built["late/weighted"].members]
    assert [name for name, _ in built["late/without_imaging"].members] == ["clinical/elastic_net", "clinical/xgboost"]
    assert predictors_in(X) == 5
    assert telling_columns(X, pd.Series(np.arange(len(X)) % 2, index=X.index)).empty


def test_late_fusion_takes_the_network_in_and_explains_it_as_a_whole(simulated) -> None:
    X, y = mixed(simulated)
    model = fit_final(X, y, "late/mean", MODELS, FEW)
    dictionary = pd.DataFrame({"modality": [], "feature": [], "unit": []})
    rows = explain(model, X, dictionary)
    total = rows.groupby("patient_id")["shap_value"].sum() + rows.groupby("patient_id")["base_value"].first()
    np.testing.assert_allclose(total, model.decision_function(X), atol=1e-9)
    seen = rows[rows["modality"] == "patches_ct"]
    assert set(seen["feature"]) == {"(modality as a whole)"}
    assert (seen.loc[seen["patient_id"] == "P001", "shap_value"] != 0).all()
    assert model.used(X)[0] == ("clinical",)
    assert model.used(X)[1] == ("clinical", "patches_ct")
