"""Intensity statistics (IBSI UHIW) and intensity histogram (IBSI ZVCW)."""

from __future__ import annotations

import numpy as np


def intensity_statistics(values: np.ndarray, prefix: str = "stat") -> dict[str, float]:
    """The 18 statistics of the intensities of a ROI, in the unit of `values` (variance and energy: squared).

    Kurtosis is excess kurtosis; variance divides by n; percentiles interpolate linearly.

    Parameters
    ----------
    values : float (n,), n > 0.
    prefix : ``stat``, or ``ih`` for grey levels.
    """
    mean = float(values.mean())
    centred = values - mean
    square = centred * centred
    variance = float(square.mean())
    lowest, p10, p25, median, p75, p90, highest = (
        float(v) for v in np.percentile(values, (0, 10, 25, 50, 75, 90, 100))
    )
    robust = values[(values >= p10) & (values <= p90)]
    moment = variance > 0
    found = {
        "mean": mean,
        "var": variance,
        "skew": float((square * centred).mean()) / variance**1.5 if moment else 0.0,
        "kurt": float((square * square).mean()) / variance**2 - 3.0 if moment else 0.0,
        "median": median,
        "min": lowest,
        "p10": p10,
        "p90": p90,
        "max": highest,
        "iqr": p75 - p25,
        "range": highest - lowest,
        "mad": float(np.abs(centred).mean()),
        "rmad": float(np.abs(robust - robust.mean()).mean()),
        "medad": float(np.abs(values - median).mean()),
        "cov": _ratio(np.sqrt(variance), mean),
        "qcod": _ratio(p75 - p25, p75 + p25),
        "energy": float(values @ values),
        "rms": float(np.sqrt(values @ values / values.size)),
    }
    return {f"{prefix}_{name}": value for name, value in found.items()}


def intensity_histogram(levels: np.ndarray) -> dict[str, float]:
    """The 23 features of the histogram of grey levels.

    Parameters
    ----------
    levels : int (n,), from 1.
    """
    found = intensity_statistics(levels.astype(np.float64), "ih")
    del found["ih_energy"], found["ih_rms"]
    counts = np.bincount(levels)[1:].astype(float)
    share = counts / levels.size
    present = share[share > 0]
    most = np.flatnonzero(counts == counts.max()) + 1
    gradient = np.gradient(counts) if counts.size > 1 else np.zeros(1)
    return found | {
        "ih_mode": float(most[np.argmin(np.abs(most - found["ih_mean"]))]),  # of several, the closest to the mean
        "ih_entropy": float(-(present @ np.log2(present))),
        "ih_uniformity": float(share @ share),
        "ih_max_grad": float(gradient.max()),
        "ih_max_grad_g": float(gradient.argmax() + 1),
        "ih_min_grad": float(gradient.min()),
        "ih_min_grad_g": float(gradient.argmin() + 1),
    }


def _ratio(numerator: float, denominator: float) -> float:
    """Coefficients of variation and dispersion say nothing about values around 0: then infinity, which is set aside."""
    return float(numerator / denominator) if denominator != 0 else float("inf")
