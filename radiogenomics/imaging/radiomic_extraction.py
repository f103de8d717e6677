"""Radiomic features of lesions: by IBSI's definitions, or by pyradiomics with all done around it that it leaves to the user."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.radiomic_settings import Radiomics
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.imaging.extraction import extract
from radiogenomics.imaging.lesion_radiomics import radiomics_of_lesion
from radiogenomics.imaging.lesion_step import Step
from radiogenomics.imaging.radiomic_dictionary import radiomic_dictionary
from radiogenomics.storage.feature_cache import FeatureCache


def radiomic_features(
    cohort: Cohort,
    lesions: pd.DataFrame,
    *,
    cache: FeatureCache | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Features:
    """Radiomic features of every lesion whose images ask for them.

    Settings are those of ``images.<name>.radiomics``. With ``standard: ibsi`` the features and filters are those of the Image
    Biomarker Standardisation Initiative, named ``<image>_<tag>`` (``original_stat_mean``); with ``standard: pyradiomics`` the
    classes shape, firstorder, glcm, glrlm, glszm, gldm and ngtdm of pyradiomics 3.1 (van Griethuysen et al., Cancer Res
    2017;77:e104), named as there (``original_firstorder_Mean``), on the original, Laplacian-of-Gaussian and wavelet images.

    Parameters
    ----------
    cohort : the configuration.
    lesions : DataFrame by `schemas.LESIONS`.
    cache : where results are kept; None computes all.
    workers, scheduler, on_progress : see `radiogenomics.compute.map_items`.

    Returns
    -------
    Features with one row a lesion. A lesion that cannot be read, whose ROI is too small, or that has any feature that is
    not a finite number is in the quarantine with its reason, and the others go on.

    Raises
    ------
    ConfigurationError
        A resampling or filter setting is not above 0; a parameter file is wrong.
    """
    chosen = resolved_settings(cohort)
    settings: dict[str, dict[str, Any]] = {}
    for name, one in chosen.items():
        settings[name] = one.model_dump(mode="json", exclude={"preset"})
        _check(settings[name], f"images.{name}.radiomics")
    found = extract(STEP, lesions, settings, cache=cache, workers=workers, scheduler=scheduler, on_progress=on_progress)
    dictionary = radiomic_dictionary(cohort, found.values, chosen)
    return Features(found.values, dictionary, found.quarantine)


def resolved_settings(cohort: Cohort) -> dict[str, Radiomics]:
    """Settings of each image name that asks for radiomics; a parameter file is read.

    Raises
    ------
    ConfigurationError
        A parameter file is missing or wrong.
    """
    found: dict[str, Radiomics] = {}
    for name, images in cohort.images.items():
        if images.radiomics is not None:
            file = images.radiomics.parameter_file
            if file is None:
                found[name] = images.radiomics
            else:
                from radiogenomics.imaging.parameter_file import read_parameter_file

                found[name] = read_parameter_file(cohort.path(file))
    return found


def _check(settings: Mapping[str, Any], where: str) -> None:
    for key in ("resample_mm", "log_sigma_mm"):
        for value in settings[key] or ():
            if not (math.isfinite(value) and value > 0):
                raise ConfigurationError(f"{where}.{key}: must be above 0 mm, found {value}", rule="radiomics_settings")


STEP = Step(
    "radiomics",
    2,
    radiomics_of_lesion,
    ("pyradiomics-bhklab", "SimpleITK", "numpy", "scipy", "scikit-image", "PyWavelets"),
)
"""Radiomics as a cached step."""
