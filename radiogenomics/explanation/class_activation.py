"""Where in the image a network's part of the prediction comes from, as a volume in the image's own geometry.

Both kinds of network here end in a mean over places, so the log-odds divide exactly among the places [1]_ [2]_: the map adds up
to what the network contributed. For an embedding, each channel's SHAP value of the endpoint's model (any model) is spread over
the channel's activations; for the network trained on the cohort, the map is gradient times activation, which for a mean over
one region is Grad-CAM [3]_.

A map may look plausible and show the picture alone. It is therefore held against the map of a network whose weights were drawn
at random [4]_: near rank correlation 1 it says nothing of what was learned.

References
----------
.. [1] Zhou, Khosla, Lapedriza, Oliva, Torralba: Learning deep features for discriminative localization, CVPR 2016.
.. [2] Draelos, Carin: Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional networks, arXiv:2011.08891.
.. [3] Selvaraju et al.: Grad-CAM, visual explanations from deep networks via gradient-based localization, ICCV 2017.
.. [4] Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim: Sanity checks for saliency maps, NeurIPS 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.stats import spearmanr

from radiogenomics.imaging.embedding import PLANES
from radiogenomics.imaging.encoder import PIXELS, feature_maps
from radiogenomics.imaging.lesion_box import lesion_box
from radiogenomics.imaging.patch_blocks import packed, unpacked
from radiogenomics.imaging.planes import orthogonal_planes, plane_grids
from radiogenomics.imaging.reading import Lesion

if TYPE_CHECKING:
    import SimpleITK as sitk

RANDOM_STATE = 20260101


class ActivationMap(NamedTuple):
    """One lesion's map.

    Attributes
    ----------
    volume : float32 on the image's grid: log-odds of a cell of the network's last maps, interpolated; above 0 speaks for the
        event. 0 where the network saw nothing.
    log_odds : what the cells add up to.
    outside : share of the absolute map that lies outside the ROI.
    area_outside : share of what the network saw that lies outside the ROI: what a map without preference would have.
    randomised : Spearman's rank correlation with the map of a network of random weights; NaN where a map is constant.
    """

    volume: sitk.Image
    log_odds: float
    outside: float
    area_outside: float
    randomised: float


def embedding_map(lesion: Lesion, contributions: np.ndarray, *, random_state: int = RANDOM_STATE) -> ActivationMap:
    """The map of the packaged encoder's three planes.

    Parameters
    ----------
    contributions : (1280,) SHAP values in log-odds of the lesion's channels, from the endpoint's model.
    """
    pictures = orthogonal_planes(lesion, PIXELS, PLANES["margin_mm"], PLANES["minimum_mm"])
    cells = _spread(feature_maps(pictures), contributions)
    random = _spread(feature_maps(pictures, randomised=random_state), contributions)
    scale = tuple(PIXELS // n for n in cells.shape[1:])
    grids = plane_grids(lesion, PIXELS, PLANES["margin_mm"], PLANES["minimum_mm"])
    return _mapped(lesion, [plane[None] for plane in cells], grids, (1, *scale), _agreement(cells, random))


def network_map(
    lesion: Lesion, networks: Sequence[dict[str, Any]], settings: Any, *, random_state: int = RANDOM_STATE
) -> ActivationMap:
    """The map of the network that was trained on boxes of the cohort, mean over its ensemble.

    Parameters
    ----------
    networks : `CohortNetwork.networks()` of the fitted model.
    settings : the images' `Patches` by which the boxes were made.
    """
    import torch

    from radiogenomics.imaging import box_network

    box = lesion_box(lesion, (settings.size,) * 3, (settings.spacing_mm,) * 3, settings.window)
    seen = torch.from_numpy(unpacked(packed(box.image, box.mask)[None]))
    cells = np.mean([_gradient_times_activation(weights, weights["head"], seen) for weights in networks], axis=0)
    drawn = []
    for member, weights in enumerate(networks):
        width = len(weights["head"]) // 8
        random = box_network.start(width, torch.Generator().manual_seed(random_state + member))
        drawn.append(_gradient_times_activation(random, weights["head"], seen))
    agreement = _agreement(cells, np.mean(drawn, axis=0))
    return _mapped(lesion, [cells], [box.grid], tuple(settings.size // n for n in cells.shape), agreement)


def _spread(maps: np.ndarray, contributions: np.ndarray) -> np.ndarray:
    """Each channel's contribution in proportion to where the channel is active: (planes, rows, columns).

    A channel that is silent everywhere has nowhere to be shown; what it contributes (by being silent) is spread evenly.
    """
    total = maps.sum(axis=(0, 2, 3), dtype=np.float64)
    silent = total <= 0
    weight = np.divide(contributions, total, out=np.zeros_like(total), where=~silent)
    cells = np.einsum("pcij,c->pij", maps.astype(np.float64), weight)
    return np.asarray(cells + contributions[silent].sum() / cells.size)


def _gradient_times_activation(weights: dict[str, Any], head: Any, seen: Any) -> np.ndarray:
    """(z, y, x) of the last maps; adds up to the log-odds without the intercept."""
    import torch

    from radiogenomics.imaging import box_network

    with torch.inference_mode():
        maps = box_network.feature_maps(weights, seen)[0]
        within, around = box_network.regions(seen)[0]
        half = len(head) // 2
        by_place = torch.einsum("czyx,c->zyx", maps, head[:half]) * within
        by_place = by_place + torch.einsum("czyx,c->zyx", maps, head[half:]) * around
    return by_place.numpy().astype(np.float64)


def _agreement(cells: np.ndarray, random: np.ndarray) -> float:
    if np.ptp(cells) == 0 or np.ptp(random) == 0:
        return float("nan")
    return float(spearmanr(cells.ravel(), random.ravel()).statistic)


def _mapped(
    lesion: Lesion, parts: Sequence[np.ndarray], grids: Sequence[Any], scale: tuple[int, ...], randomised: float
) -> ActivationMap:
    """Cells on their grids, brought to the image and measured against the ROI where the network saw it."""
    import SimpleITK as sitk

    total = sitk.Image(lesion.image.GetSize(), sitk.sitkFloat32)
    total.CopyInformation(lesion.image)
    seen = sitk.Image(total)
    weight = outside = area = places = 0.0
    for cells, grid in zip(parts, grids, strict=True):
        coarse = _coarse(cells, grid, scale)
        fine = sitk.GetArrayFromImage(sitk.Resample(coarse, grid, sitk.Transform(), sitk.sitkLinear, 0.0))
        roi = sitk.GetArrayFromImage(
            sitk.Resample(lesion.mask, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
        ).astype(bool)
        weight += float(np.abs(fine).sum())
        outside += float(np.abs(fine[~roi]).sum())
        area += float((~roi).sum())
        places += roi.size
        thick = _thickened(coarse, lesion.image) if len(parts) > 1 else coarse
        total = total + sitk.Resample(thick, lesion.image, sitk.Transform(), sitk.sitkLinear, 0.0, sitk.sitkFloat32)
        there = sitk.Cast(thick * 0 + 1, sitk.sitkFloat32)
        seen = seen + sitk.Resample(there, lesion.image, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0)
    volume = total / sitk.Maximum(seen, 1.0)  # where planes cross, their mean
    log_odds = float(sum(cells.sum() for cells in parts))
    share = outside / weight if weight > 0 else float("nan")
    return ActivationMap(volume, log_odds, share, area / places, randomised)


def _coarse(cells: np.ndarray, grid: Any, scale: tuple[int, ...]) -> Any:
    """Cells as a volume that covers exactly what its grid covers. `scale`: voxels of the grid in a cell along z, y, x."""
    import SimpleITK as sitk

    volume = sitk.GetImageFromArray(np.ascontiguousarray(cells, dtype=np.float32))
    steps = np.array(scale[::-1], dtype=float)
    spacing = np.array(grid.GetSpacing())
    direction = np.array(grid.GetDirection()).reshape(3, 3)
    volume.SetSpacing((spacing * steps).tolist())
    volume.SetDirection(grid.GetDirection())
    volume.SetOrigin((np.array(grid.GetOrigin()) + direction @ (spacing * (steps - 1) / 2)).tolist())
    return volume


def _thickened(plane: Any, image: Any) -> Any:
    """A plane as thick as the image's voxels are across it, so that it meets one slice."""
    import SimpleITK as sitk

    normal = np.array(plane.GetDirection()).reshape(3, 3)[:, 2]
    axes = np.array(image.GetDirection()).reshape(3, 3)
    thickness = float(np.abs(normal @ axes) @ np.array(image.GetSpacing()))
    thick = sitk.Image(plane)
    thick.SetSpacing((*plane.GetSpacing()[:2], thickness))
    return thick
