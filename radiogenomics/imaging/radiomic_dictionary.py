"""What each radiomic feature is: family, unit, description."""

from __future__ import annotations

import re

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import feature_columns
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform, empty

UNITS = {"CT": "HU", "PT": "SUV", "MR": "1"}
"""Unit of intensity by kind of image; MR has none."""

_FAMILIES = {
    "shape": "shape of the ROI",
    "firstorder": "intensity statistic",
    "glcm": "grey-level co-occurrence",
    "glrlm": "grey-level run length",
    "glszm": "grey-level size zone",
    "gldm": "grey-level dependence",
    "ngtdm": "neighbourhood grey-tone difference",
}
_SHAPE_UNITS = {"MeshVolume": "mm3", "VoxelVolume": "mm3", "SurfaceArea": "mm2", "SurfaceVolumeRatio": "1/mm"}
_SHAPE_DIMENSIONLESS = {
    "Sphericity",
    "Elongation",
    "Flatness",
    "Compactness1",
    "Compactness2",
    "SphericalDisproportion",
}
_INTENSITY_DIMENSIONLESS = {"Entropy", "Uniformity", "Skewness", "Kurtosis"}
_INTENSITY_SQUARED = {"Energy", "Variance"}


def radiomic_dictionary(cohort: Cohort, values: pd.DataFrame) -> pd.DataFrame:
    """Feature dictionary of the radiomics modalities that have lesions, one row for each image name and feature."""
    rows = []
    for name, images in cohort.images.items():
        here = values[values["images"] == name]
        if images.radiomics is None or here.empty:
            continue
        intensity = "1" if images.radiomics.normalise else UNITS[images.kind]
        for feature in feature_columns(here.dropna(axis=1, how="all")):
            filtered, family, item = feature.split("_", 2)
            rows.append(
                {
                    "feature": feature,
                    "modality": f"radiomics_{name}",
                    "family": family,
                    "unit": _unit(family, item, intensity),
                    "derived_from": f"lesions/{name}:{'mask' if family == 'shape' else 'image'}",
                    "recorded": "baseline",
                    "description": _describe(filtered, family, item, images.kind),
                }
            )
    return conform(pd.DataFrame(rows), FEATURE_DICTIONARY) if rows else empty(FEATURE_DICTIONARY)


def _unit(family: str, item: str, intensity: str) -> str:
    if family == "shape":
        return _SHAPE_UNITS.get(item, "1" if item in _SHAPE_DIMENSIONLESS else "mm")
    if family != "firstorder" or item in _INTENSITY_DIMENSIONLESS:
        return "1"
    if item == "TotalEnergy":
        return "mm3" if intensity == "1" else f"{intensity}2 mm3"
    if item in _INTENSITY_SQUARED:
        return "1" if intensity == "1" else f"{intensity}2"
    return intensity


def _describe(filtered: str, family: str, item: str, kind: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", item).lower()
    on = f"{kind} image" if filtered == "original" else f"{kind} image filtered by {filtered}"
    return f"{words} ({_FAMILIES.get(family, family)}) of the {on}"
