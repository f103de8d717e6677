"""What each radiomic feature is: family, unit, description, IBSI code."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import feature_columns
from radiogenomics.cohort.radiomic_settings import Radiomics
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform, empty
from radiogenomics.imaging.ibsi.definitions import AGGREGATION_WORDS, by_pyradiomics_name, definition_of

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


def radiomic_dictionary(cohort: Cohort, values: pd.DataFrame, settings: Mapping[str, Radiomics]) -> pd.DataFrame:
    """Feature dictionary of the radiomics modalities that have lesions, one row for each image name and feature.

    Parameters
    ----------
    values : radiomic features, one row a lesion.
    settings : of each image name.
    """
    rows = []
    for name, images in cohort.images.items():
        here = values[values["images"] == name]
        if name not in settings or here.empty:
            continue
        intensity = "1" if settings[name].normalise else UNITS[images.kind]
        for feature in feature_columns(here.dropna(axis=1, how="all")):
            filtered, family, item = feature.split("_", 2)
            if settings[name].standard == "ibsi":
                rows.append(_ibsi_row(feature, name, images.kind, settings[name], intensity))
                continue
            rows.append(
                {
                    "feature": feature,
                    "modality": f"radiomics_{name}",
                    "family": family,
                    "unit": _unit(family, item, intensity),
                    "derived_from": f"lesions/{name}:{'mask' if family == 'shape' else 'image'}",
                    "recorded": "baseline",
                    "description": _describe(filtered, family, item, images.kind),
                    "ibsi_code": ibsi_code(feature),
                }
            )
    return conform(pd.DataFrame(rows), FEATURE_DICTIONARY) if rows else empty(FEATURE_DICTIONARY)


def _ibsi_row(feature: str, name: str, kind: str, settings: Radiomics, intensity: str) -> dict[str, str]:
    filtered, _, tag = feature.partition("_")
    definition, aggregation = definition_of(tag)
    if filtered != "original":
        intensity = "1"  # responses have no unit of their own
    bins = settings.volume_histogram_bin_count is not None or (
        settings.volume_histogram_bin_width is None and (kind != "CT" or settings.normalise)
    )
    parts = [definition.meaning, f"IBSI {definition.code}."]
    parts += [f"Matrices {AGGREGATION_WORDS[aggregation]}."] if aggregation else []
    parts += [f"Of the {kind} image filtered by {filtered}."] if filtered != "original" else []
    mask_alone = definition.family == "morph" and definition.tag not in _OF_INTENSITIES
    return {
        "feature": feature,
        "modality": f"radiomics_{name}",
        "family": definition.family,
        "unit": _ibsi_unit(definition.unit, intensity, "1" if bins else intensity),
        "derived_from": f"lesions/{name}:{'mask' if mask_alone else 'image'}",
        "recorded": "baseline",
        "description": " ".join(parts),
        "ibsi_code": definition.code,
    }


def ibsi_code(feature: str) -> str:
    """IBSI's code of a feature by its name in pyradiomics (``<image>_<class>_<feature>``); '' where pyradiomics computes
    something else under that name, or the name is not of that form."""
    definition = by_pyradiomics_name().get(feature.partition("_")[2])
    return definition.code if definition else ""


_OF_INTENSITIES = {"morph_com", "morph_integ_int", "morph_moran_i", "morph_geary_c"}


def _ibsi_unit(unit: str, intensity: str, histogram: str) -> str:
    if unit == "H":
        return histogram
    if unit == "I2":
        return "1" if intensity == "1" else f"{intensity}2"
    if unit == "I mm3":
        return "mm3" if intensity == "1" else f"{intensity} mm3"
    return intensity if unit == "I" else unit


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
    code = ibsi_code(f"{filtered}_{family}_{item}")
    same = f"; IBSI {code}" if code else ""
    return f"{words} ({_FAMILIES.get(family, family)}) of the {on}{same}"
