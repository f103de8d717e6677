"""pyradiomics' YAML parameter files, read strictly: what is not understood is an error, never passed over.

The original ignores a misspelt setting and computes with its default.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from radiogenomics.cohort.radiomic_settings import Radiomics
from radiogenomics.exceptions import ConfigurationError

_WITHOUT_EFFECT = {
    "padDistance": "the margin follows from the filters",
    "preCrop": "images are always cropped as the filters allow",
    "geometryTolerance": "geometry is checked before",
    "additionalInfo": "provenance is recorded elsewhere",
    "minimumROIDimensions": "a line or a point is always refused",
}
"""Settings that change no value here."""

_ONLY: dict[str, tuple[Any, ...]] = {
    "interpolator": ("sitkBSpline", 3),
    "normalizeScale": (1,),
    "removeOutliers": (None,),
    "correctMask": (False,),
    "label": (1,),
    "label_channel": (0,),
    "force2D": (False,),
    "force2Ddimension": (0,),
    "voxelArrayShift": (0,),
    "symmetricalGLCM": (True,),
    "weightingNorm": (None,),
    "distances": ([1],),
    "gldm_a": (0,),
    "resegmentMode": ("absolute",),
    "resegmentShape": (False,),
}
"""Settings that are accepted with these values, which are what is done here."""

_TRANSLATED = ("binWidth", "binCount", "resampledPixelSpacing", "normalize", "resegmentRange", "minimumROISize")

_WAVELET: dict[str, tuple[Any, ...]] = {"wavelet": ("coif1",), "level": (1,), "start_level": (0,)}


def read_parameter_file(path: Path) -> Radiomics:
    """The settings of a pyradiomics parameter file, with `standard` pyradiomics.

    Raises
    ------
    ConfigurationError
        The file cannot be read; a section, setting, image type, feature class or feature does not exist or is not supported;
        a value is not possible. The message names the file, the key, the rule and what was found.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path}: no such file", rule="file_missing") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: cannot be read as YAML: {error}", rule="yaml") from error
    sections = _mapping(path, "(top level)", raw)
    _known(path, "", sections, ("setting", "imageType", "featureClass", "voxelSetting"))
    if sections.get("voxelSetting"):
        raise _refused(path, "voxelSetting", "feature maps are not supported")
    found: dict[str, Any] = {"standard": "pyradiomics", "resample_mm": None}
    found |= _settings(path, _mapping(path, "setting", sections.get("setting")))
    found |= _images(path, _mapping(path, "imageType", sections.get("imageType")))
    found["features"] = _features(path, _mapping(path, "featureClass", sections.get("featureClass")))
    try:
        return Radiomics.model_validate(found)
    except ValueError as error:
        raise ConfigurationError(f"{path}: {_first_problem(error)}", rule="radiomics_settings") from error


def _settings(path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    _known(path, "setting.", given, (*_TRANSLATED, *_ONLY, *_WITHOUT_EFFECT))
    for key, allowed in _ONLY.items():
        if key in given and not any(_same(given[key], value) for value in allowed):
            raise _refused(path, f"setting.{key}", f"must be {_listed(allowed)}, found {given[key]!r}")
    found: dict[str, Any] = {"normalise": given.get("normalize", False)}
    spacing = given.get("resampledPixelSpacing")
    if spacing is not None:
        if not (isinstance(spacing, list) and len(spacing) == 3 and all(_positive(value) for value in spacing)):
            raise _refused(
                path, "setting.resampledPixelSpacing", f"must be three lengths above 0 mm, found {spacing!r}"
            )
        found["resample_mm"] = tuple(spacing)
    if given.get("binCount") is not None:  # it wins over binWidth in the original
        found |= {"bin_count": given["binCount"], "bin_width": None}
    else:
        found["bin_width"] = given.get("binWidth", 25)
    limits = given.get("resegmentRange")
    if limits is not None:
        if not isinstance(limits, list) or len(limits) not in (1, 2):
            raise _refused(path, "setting.resegmentRange", f"must be one or two limits, found {limits!r}")
        found["resegment_range"] = (limits[0], limits[1] if len(limits) == 2 else None)
    if given.get("minimumROISize") is not None:
        size = given["minimumROISize"]
        if not (isinstance(size, int) and size >= 1):
            raise _refused(path, "setting.minimumROISize", f"must be a whole number from 1, found {size!r}")
        found["minimum_voxels"] = size + 1  # the original wants more voxels than that
    return found


def _images(path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    if not given:
        return {}
    _known(path, "imageType.", given, ("Original", "LoG", "Wavelet"))
    if "Original" not in given:
        raise _refused(path, "imageType", "Original must be among the image types; choose features by featureClass")
    if given["Original"]:
        raise _refused(path, "imageType.Original", f"takes no settings, found {given['Original']!r}")
    found: dict[str, Any] = {"wavelet": "Wavelet" in given}
    if "LoG" in given:
        log = _mapping(path, "imageType.LoG", given["LoG"])
        _known(path, "imageType.LoG.", log, ("sigma",))
        sigma = log.get("sigma")
        if not (isinstance(sigma, list) and sigma and all(_positive(value) for value in sigma)):
            raise _refused(path, "imageType.LoG.sigma", f"must be a list of lengths above 0 mm, found {sigma!r}")
        found["log_sigma_mm"] = tuple(sigma)
    wavelet = _mapping(path, "imageType.Wavelet", given.get("Wavelet"))
    _known(path, "imageType.Wavelet.", wavelet, tuple(_WAVELET))
    for key, value in wavelet.items():
        if not any(_same(value, allowed) for allowed in _WAVELET[key]):
            raise _refused(path, f"imageType.Wavelet.{key}", f"must be {_listed(_WAVELET[key])}, found {value!r}")
    return found


def _features(path: Path, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Patterns of the features that are asked for; none: all."""
    from radiomics import getFeatureClasses

    classes = {name: one for name, one in getFeatureClasses().items() if name != "shape2D"}
    _known(path, "featureClass.", given, tuple(classes))
    patterns: list[str] = []
    for name, chosen in given.items():
        if chosen is None or chosen == []:
            patterns.append(f"*_{name}_*")
            continue
        if not isinstance(chosen, list):
            raise _refused(
                path, f"featureClass.{name}", f"must be a list of features, or nothing for all, found {chosen!r}"
            )
        known = [feature for feature, deprecated in classes[name].getFeatureNames().items() if not deprecated]
        for feature in chosen:
            if feature not in known:
                raise _refused(path, f"featureClass.{name}", f"no feature {feature!r}{_hint(str(feature), known)}")
            patterns.append(f"*_{name}_{feature}")
    return tuple(patterns)


def _mapping(path: Path, key: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _refused(path, key, f"must be a mapping of keys to values, found {type(value).__name__}")
    return value


def _known(path: Path, where: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            raise _refused(path, f"{where}{key}", f"unknown or not supported{_hint(str(key), list(known))}")


def _hint(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else f"; valid: {', '.join(known)}"


def _refused(path: Path, key: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"{path}: {key}: {what}", rule="parameter_file")


def _same(found: Any, allowed: Any) -> bool:
    """Equal and of one kind: True is not 1 here."""
    return bool(found == allowed) and isinstance(found, bool) == isinstance(allowed, bool)


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf")


def _listed(values: tuple[Any, ...]) -> str:
    return " or ".join(repr(value) for value in values)


def _first_problem(error: ValueError) -> str:
    problems: list[Any] = getattr(error, "errors", list)()
    if not problems:
        return str(error)
    where = ".".join(str(part) for part in problems[0]["loc"])
    return f"{where}: {problems[0]['msg']}; found {problems[0].get('input')!r}"
