"""Shape of a ROI (IBSI HCUG) and how its intensities lie in space."""

from __future__ import annotations

import itertools

import numpy as np

from radiogenomics.imaging.ibsi.roi import Roi


def surface_mesh(mask: np.ndarray, spacing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (n, 3; z, y, x in mm) and triangles (m, 3) of the surface half-way between inside and outside."""
    from skimage.measure import marching_cubes

    vertices, faces, _, _ = marching_cubes(np.pad(mask, 1).astype(np.float32), 0.5, spacing=tuple(spacing))
    return vertices.astype(np.float64) - spacing, faces


def largest_distance(points: np.ndarray) -> float:
    """Largest distance between any two points (n, 3): always between two corners of their convex hull."""
    from scipy.spatial.distance import pdist

    return float(pdist(points).max())


def morphology_features(roi: Roi) -> dict[str, float]:
    """Volume (mm3), surface (mm2), diameters (mm), densities and centre-of-mass shift (mm) of a ROI.

    Axis lengths are 4 square roots of the eigenvalues of the covariance, which divides by n - 1.
    """
    from scipy.spatial import ConvexHull

    spacing = roi.spacing
    mask, selected, intensity = roi.morphological[roi.box], roi.selected[roi.box], roi.intensity[roi.box]
    vertices, faces = surface_mesh(mask, spacing)
    a, b, c = vertices[faces[:, 0]], vertices[faces[:, 1]], vertices[faces[:, 2]]
    volume = abs(float(np.einsum("ij,ij->", a, np.cross(b, c)))) / 6
    area = float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()) / 2
    hull = ConvexHull(vertices)
    points = np.argwhere(mask) * spacing
    lengths = 4 * np.sqrt(np.clip(np.linalg.eigvalsh(np.cov(points, rowvar=False)), 0, None))[::-1]
    major, minor, least = (float(length) for length in lengths)
    edges = np.ptp(vertices, axis=0)
    box_area = 2 * float(edges[0] * edges[1] + edges[1] * edges[2] + edges[0] * edges[2])
    sphere = (36 * np.pi * volume**2) ** (1 / 3)  # surface of a ball of this volume
    places, values = np.argwhere(selected) * spacing, intensity[selected]
    weight = float(values.sum())
    shift = float(np.linalg.norm(points.mean(axis=0) - values @ places / weight)) if weight else float("inf")
    found = {
        "volume": volume,
        "vol_approx": float(points.shape[0] * np.prod(spacing)),
        "area_mesh": area,
        "av": area / volume,
        "comp_1": volume / (np.sqrt(np.pi) * area**1.5),
        "comp_2": 36 * np.pi * volume**2 / area**3,
        "sph_dispr": area / sphere,
        "sphericity": sphere / area,
        "asphericity": area / sphere - 1,
        "com": shift,
        "diam": largest_distance(vertices[hull.vertices]),
        "pca_maj_axis": major,
        "pca_min_axis": minor,
        "pca_least_axis": least,
        "pca_elongation": minor / major,
        "pca_flatness": least / major,
        "vol_dens_aabb": volume / float(np.prod(edges)),
        "area_dens_aabb": area / box_area,
        "vol_dens_aee": volume / (np.pi * major * minor * least / 6),
        "area_dens_aee": area / ellipsoid_area(major / 2, minor / 2, least / 2),
        "vol_dens_conv_hull": volume / hull.volume,
        "area_dens_conv_hull": area / hull.area,
        "integ_int": volume * float(values.mean()),
    }
    return {f"morph_{name}": float(value) for name, value in found.items()}


def ellipsoid_area(a: float, b: float, c: float) -> float:
    """Surface of an ellipsoid with semi-axes a >= b >= c > 0, by IBSI's series of Legendre polynomials (20 terms).

    The series as published is exact for a ball only; for semi-axes 3, 2, 2 it is 12 % below the ellipsoid's true area. The
    reference values are made with it, so it stays. The product of a power and a polynomial is carried along as one, so that
    a ball divides nothing by 0.
    """
    first, second = 1 - (b / a) ** 2, 1 - (c / a) ** 2
    mean, product = (first + second) / 2, first * second
    before, term, total = 0.0, 1.0, 1.0
    for order in range(1, 21):
        before, term = term, ((2 * order - 1) * mean * term - (order - 1) * product * before) / order
        total += term / (1 - 4 * order**2)
    return 4 * np.pi * a * b * total


def spatial_autocorrelation(roi: Roi) -> dict[str, float]:
    """Moran's I (IBSI N365) and Geary's C (NPT7), weights 1 / distance, over all pairs of voxels.

    The sums over pairs are correlations of the image with the weights: computed by Fourier transform in n log n, not n2.
    """
    from scipy import fft

    inside = roi.selected[roi.box]
    values = np.where(inside, roi.intensity[roi.box], 0.0)
    number = int(inside.sum())
    centred = np.where(inside, values - values[inside].mean(), 0.0)
    spread = float((centred**2).sum())
    shape = tuple(fft.next_fast_len(2 * n - 1, real=True) for n in inside.shape)
    offsets = [np.minimum(np.arange(n), n - np.arange(n)) * s for n, s in zip(shape, roi.spacing, strict=True)]
    apart = np.sqrt(
        sum(np.square(o).reshape([-1 if k == axis else 1 for k in range(3)]) for axis, o in enumerate(offsets))
    )
    apart[0, 0, 0] = np.inf  # each of these arrays is eight times as large as the region's box: few are held at once
    np.divide(1, apart, out=apart)
    weights = fft.rfftn(apart, overwrite_x=True).real.copy()  # real, because the weights are the same both ways
    del apart

    def weighted(field: np.ndarray) -> np.ndarray:
        """For each voxel the sum of the field over all others, divided by their distance."""
        spectrum = fft.rfftn(field, shape)
        spectrum *= weights
        near = fft.irfftn(spectrum, shape, overwrite_x=True)
        return near[tuple(slice(n) for n in field.shape)].copy()

    around = weighted(inside.astype(float))
    total = float(around[inside].sum())
    pairs = float((centred * weighted(centred)).sum())
    squares = float((centred**2 * around).sum())
    return {
        "morph_moran_i": number * pairs / (total * spread),
        "morph_geary_c": (number - 1) * 2 * (squares - pairs) / (2 * total * spread),
    }


PEAK_RADIUS_MM = float((3 / (4 * np.pi)) ** (1 / 3) * 10)
"""Radius of a ball of 1 cm3."""


def local_peaks(roi: Roi) -> dict[str, float]:
    """Local (IBSI VJGA) and global intensity peak (0F91): mean over a ball of 1 cm3 around a voxel of the ROI.

    The ball counts voxels whose centre lies within 6.2 mm, also outside the ROI, as far as the image goes.
    """
    from scipy import fft

    reach = np.floor(PEAK_RADIUS_MM / roi.spacing + 1e-9).astype(int)
    box = tuple(
        slice(max(part.start - r, 0), min(part.stop + r, n))
        for part, r, n in zip(roi.box, reach, roi.intensity.shape, strict=True)
    )
    intensity, selected = roi.intensity[box], roi.selected[box]
    steps = [
        step
        for step in itertools.product(*(range(-r, r + 1) for r in reach))
        if np.sum((np.array(step) * roi.spacing) ** 2) <= PEAK_RADIUS_MM**2 * (1 + 1e-9)
    ]
    shape = tuple(fft.next_fast_len(n + 2 * int(r), real=True) for n, r in zip(intensity.shape, reach, strict=True))
    ball = np.zeros(shape)
    for step in steps:
        ball[step] = 1.0
    kernel = fft.rfftn(ball)
    part = tuple(slice(n) for n in intensity.shape)
    total = fft.irfftn(fft.rfftn(intensity, shape) * kernel, shape)[part]
    number = np.round(fft.irfftn(fft.rfftn(np.ones(intensity.shape), shape) * kernel, shape)[part])
    means = (total / number)[selected]
    values = intensity[selected]
    return {
        "loc_peak_loc": float(means[values == values.max()].max()),
        "loc_peak_glob": float(means.max()),
    }
