"""CT volumes with tumours whose texture, margin and ground glass follow what the images see of the latent factors.

One study a patient: lung with vessels, chest wall at the back, air behind it, and one to three tumours. Arrays are indexed
[z, y, x]; voxel sizes are given x, y, z in mm; values are Hounsfield units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from radiogenomics.simulation.biology import Array

Volume = NDArray[np.float32]
Mask = NDArray[np.bool_]

AIR_HU, LUNG_HU, TISSUE_HU = -1000.0, -850.0, 40.0


@dataclass(frozen=True)
class Scanner:
    """One hospital's scanner and protocol: what makes images of two hospitals differ without any biology."""

    manufacturer: str
    model: str
    kernel: str
    kvp: int
    spacing_mm: tuple[float, float, float]
    slices: int
    noise_hu: float
    blur_mm: float
    tissue_shift_hu: float


SCANNERS = (
    Scanner("SIEMENS", "Simulated Definition", "B30f", 120, (0.9, 0.9, 1.25), 46, 14.0, 0.9, 0.0),
    Scanner("GE MEDICAL SYSTEMS", "Simulated LightSpeed", "LUNG", 140, (0.8, 0.8, 3.0), 20, 34.0, 0.5, 18.0),
)
"""By hospital, in the order of ``biology.HOSPITALS``."""

IN_PLANE = 72
"""Rows and columns of every slice."""


@dataclass(frozen=True)
class Tumour:
    """One tumour: where it is, how large, and how it looks."""

    centre_mm: tuple[float, float, float]
    radius_mm: float
    ground_glass: float
    texture_hu: float
    texture_mm: float
    lobulation: float
    spiculation: float


@dataclass(frozen=True)
class Study:
    """One CT study.

    Attributes
    ----------
    volume : shape (z, y, x), int16, HU.
    masks : one a tumour, shape (z, y, x), True inside.
    spacing_mm : x, y, z.
    origin_mm : position of the first voxel's centre in patient coordinates (L, P, S), x, y, z.
    true_masks : what the tumours really fill, where the contours were drawn with an error; else the masks themselves.
    """

    volume: NDArray[np.int16]
    masks: tuple[Mask, ...]
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float]
    scanner: Scanner
    true_masks: tuple[Mask, ...] = ()


def draw_tumours(seen: Array, generator: np.random.Generator) -> tuple[Tumour, ...]:
    """One to three tumours of a patient.

    Parameters
    ----------
    seen : shape (4,), what the images see: growth, heterogeneity, inflammation (the fourth is not seen).
    """
    growth, heterogeneity, inflammation = (float(value) for value in seen[:3])
    count = int(generator.choice([1, 2, 3], p=[0.6, 0.25, 0.15]))
    # Corners far enough apart that tumours never meet: 14 mm and 8 mm are the largest radii.
    corners = [(-17.0, -19.0, -14.0), (19.0, -19.0, 14.0)]
    tumours = []
    for index in range(count):
        largest, low, high = (10.0, 6.0, 14.0) if index == 0 else (5.5, 4.0, 7.0)
        radius = float(np.clip(largest * np.exp(0.22 * generator.standard_normal() + 0.06 * heterogeneity), low, high))
        # Lesions of one patient share the biology and differ a little.
        own = 0.25 * generator.standard_normal(3)
        centre = (4.0, -3.0, 0.0) if index == 0 else corners[index - 1]
        tumours.append(
            Tumour(
                centre_mm=tuple(c + float(generator.uniform(-1.5, 1.5)) for c in centre),  # type: ignore[arg-type]
                radius_mm=radius,
                ground_glass=float(0.62 / (1.0 + np.exp(-1.1 * (growth + own[0])))),
                texture_hu=float(np.clip(62.0 * np.exp(0.42 * (heterogeneity + own[1])), 12.0, 260.0)),
                texture_mm=float(np.clip(2.6 * np.exp(0.22 * (heterogeneity + own[1])), 1.3, 5.0)),
                lobulation=float(np.clip(0.14 * np.exp(0.5 * (inflammation + own[2])), 0.03, 0.40)),
                spiculation=float(np.clip(0.07 * np.exp(0.4 * (inflammation + own[2])), 0.02, 0.22)),
            )
        )
    return tuple(tumours)


def render(
    tumours: tuple[Tumour, ...],
    scanner: Scanner,
    generator: np.random.Generator,
    *,
    drawn_mm: tuple[float, ...] | None = None,
    noise: np.random.Generator | None = None,
    origin_mm: tuple[float, float, float] | None = None,
) -> Study:
    """Make the CT volume and the mask of each tumour.

    Masks are one connected piece each, free of holes slice by slice, at least a voxel away from the border and from one
    another.

    Parameters
    ----------
    drawn_mm : how far outside the tumour each contour is drawn, mm (inside where below 0); None: on it.
    noise : where the image noise comes from, so that two scans of one patient differ by it; None: from `generator`.
    origin_mm : where the patient lies; None: drawn.
    """
    shape = (scanner.slices, IN_PLANE, IN_PLANE)
    spacing = scanner.spacing_mm
    z, y, x = (
        ((np.arange(n) - (n - 1) / 2) * step).astype(np.float32) for n, step in zip(shape, spacing[::-1], strict=True)
    )
    volume = LUNG_HU + 25.0 * _field(shape, spacing, 9.0, generator)
    first, second = (_field(shape, spacing, 5.0, generator) for _ in range(2))
    vessel = (first**2 + second**2) < 0.012  # where two smooth fields vanish together runs a curved line
    volume = np.where(vessel, np.float32(TISSUE_HU), volume)

    masks, true_masks = [], []
    for tumour, outside in zip(tumours, drawn_mm or (0.0,) * len(tumours), strict=True):
        mask, values, drawn = _tumour(tumour, (z, y, x), shape, spacing, generator, outside)
        volume = np.where(mask, values, volume)
        masks.append(drawn)
        true_masks.append(mask)

    edge = float(y[-1])
    wall = (y > edge - 9.0)[None, :, None]
    volume = np.where(wall, TISSUE_HU + 12.0 * _field(shape, spacing, 2.0, generator), volume)
    tissue = volume > -700.0
    volume = volume + np.where(tissue, np.float32(scanner.tissue_shift_hu), np.float32(0.0))
    air = (y > edge - 4.5)[None, :, None]
    volume = np.where(air, np.float32(AIR_HU), volume)

    sigma = [scanner.blur_mm / step for step in spacing[::-1]]
    volume = ndimage.gaussian_filter(volume, sigma, mode="nearest", truncate=3.0)
    grain = _field(shape, spacing, 0.5 * scanner.blur_mm, generator if noise is None else noise)
    volume = volume + scanner.noise_hu * grain
    origin = origin_mm or (
        round(-40.0 + float(generator.uniform(-20, 20)), 1),
        round(-120.0 + float(generator.uniform(-20, 20)), 1),
        round(-300.0 + float(generator.uniform(-50, 50)), 2),
    )
    return Study(
        volume=np.rint(np.clip(volume, -1024, 3071)).astype(np.int16),
        masks=tuple(masks),
        spacing_mm=spacing,
        origin_mm=origin,
        scanner=scanner,
        true_masks=tuple(true_masks),
    )


def _tumour(
    tumour: Tumour,
    axes: tuple[Volume, Volume, Volume],
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    generator: np.random.Generator,
    outside_mm: float = 0.0,
) -> tuple[Mask, Volume, Mask]:
    """Mask of a tumour, the HU inside it, and the mask as drawn `outside_mm` outside it, all of the volume's shape."""
    z, y, x = axes
    cx, cy, cz = tumour.centre_mm
    squeeze = 1.0 + 0.12 * generator.uniform(-1, 1, 3)
    distance = np.sqrt(
        ((x[None, None, :] - cx) / squeeze[0]) ** 2
        + ((y[None, :, None] - cy) / squeeze[1]) ** 2
        + ((z[:, None, None] - cz) / squeeze[2]) ** 2
    ) / np.float32(tumour.radius_mm)
    margin = tumour.lobulation * _field(shape, spacing, 0.32 * tumour.radius_mm, generator)
    margin += tumour.spiculation * _field(shape, spacing, 0.9, generator)
    margin = np.clip(margin, -0.38, 0.28)  # bounded, so that neighbours and the border stay out of reach
    inside = _one_piece((distance + margin < 1.0) | (distance < 0.35))
    texture = tumour.texture_hu * _field(shape, spacing, tumour.texture_mm, generator)
    # Ground glass lies as a rim round the solid core; its share of the volume is what `ground_glass` says.
    depth = distance + margin + 0.15 * _field(shape, spacing, 2.0, generator)
    rim = depth > np.quantile(depth[inside], 1.0 - tumour.ground_glass)
    glass = np.where(rim, np.float32(-520.0), np.float32(35.0))
    hu = np.clip(glass + texture, -900.0, 400.0).astype(np.float32)
    if outside_mm == 0.0:
        return inside, hu, inside
    edge = 1.0 + outside_mm / tumour.radius_mm
    return inside, hu, _one_piece((distance + margin < edge) | (distance < 0.35 * edge))


def _one_piece(mask: Mask) -> Mask:
    """The largest piece, with holes filled slice by slice."""
    labels, count = ndimage.label(mask)
    if count > 1:
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        mask = labels == int(np.argmax(sizes))
    return np.stack([ndimage.binary_fill_holes(plane) if plane.any() else plane for plane in mask])


def _field(
    shape: tuple[int, int, int], spacing: tuple[float, float, float], length_mm: float, generator: np.random.Generator
) -> Volume:
    """Gaussian random field of mean 0 and variance 1 over the volume, smooth over about `length_mm`.

    White noise under a Gaussian filter, divided by the filter's analytic gain, so that no field is scaled by its own sample.
    """
    sigma = [length_mm / step for step in spacing[::-1]]
    white = generator.standard_normal(shape, dtype=np.float32)
    smooth = ndimage.gaussian_filter(white, sigma, mode="wrap", truncate=3.0)
    gain = 1.0
    for size, s in zip(shape, sigma, strict=True):
        gain *= _gain(size, s)
    return (smooth / np.float32(np.sqrt(gain))).astype(np.float32)


def _gain(size: int, sigma: float) -> float:
    """Variance that is left of white noise by the filter along one axis of `size` voxels that wraps round."""
    impulse = np.zeros(size)
    impulse[0] = 1.0
    response = ndimage.gaussian_filter1d(impulse, sigma, mode="wrap", truncate=3.0)
    return float(np.sum(response**2))
