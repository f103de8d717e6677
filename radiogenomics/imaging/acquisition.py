"""How an image was made, as far as headers say: scanner and protocol, never who was scanned, where or when.

Only the attributes named here are read. None of them stands in the list of identifying attributes of DICOM PS3.15, table
E.1-1 (basic application level confidentiality profile), but for the contrast agent: free text, of which only is told
whether it is blank.
"""

from __future__ import annotations

import math
from typing import Any

_TEXTS = {
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
    "kernel": "ConvolutionKernel",
    "reconstruction_method": "ReconstructionMethod",
    "sequence": "ScanningSequence",
}
_NUMBERS = {
    "slice_thickness_mm": "SliceThickness",
    "kvp": "KVP",
    "tube_current_ma": "XRayTubeCurrent",
    "exposure_mas": "Exposure",
    "ctdi_vol_mgy": "CTDIvol",
    "pitch": "SpiralPitchFactor",
    "magnetic_field_t": "MagneticFieldStrength",
    "repetition_time_ms": "RepetitionTime",
    "echo_time_ms": "EchoTime",
}
_CONTRAST = ("ContrastBolusAgent", "ContrastBolusAgentSequence")
_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
_NESTED = (
    "CTAcquisitionDetailsSequence",
    "CTXRayDetailsSequence",
    "CTReconstructionSequence",
    "CTExposureSequence",
    "PixelMeasuresSequence",
    "MRTimingAndRelatedParametersSequence",
    "MREchoSequence",
)

READ_KEYWORDS = frozenset({*_TEXTS.values(), *_NUMBERS.values(), *_CONTRAST, *_GROUPS, *_NESTED})
"""Every attribute that is looked at."""

ACQUISITION_NUMBERS = tuple(_NUMBERS)
ACQUISITION_FIELDS = (*_TEXTS, "contrast", *_NUMBERS)
"""Columns of the acquisition table beside the identities and the voxel spacing."""


def acquisition_of_header(header: Any) -> dict[str, Any]:
    """Scanner and protocol from one DICOM header; None where it does not say.

    Enhanced multi-frame objects say it in the functional groups of their first frame.

    Returns
    -------
    dict with `ACQUISITION_FIELDS`: texts, numbers in the unit that ends the name, and `contrast` ('yes', 'no' or None).
    """
    places = [header, *_functional_groups(header)]
    found: dict[str, Any] = {}
    for name, keyword in _TEXTS.items():
        value = _first(places, keyword)
        parts = [value] if isinstance(value, str) or value is None else list(value)
        found[name] = "\\".join(str(part).strip() for part in parts if part is not None) or None
    found["contrast"] = _contrast(places)
    for name, keyword in _NUMBERS.items():
        try:
            number = float(_first(places, keyword))
        except (TypeError, ValueError):
            number = math.nan
        found[name] = number if math.isfinite(number) else None
    return found


def _functional_groups(header: Any) -> list[Any]:
    groups: list[Any] = []
    for keyword in _GROUPS:
        for item in (header.get(keyword) or [])[:1]:
            for nested in _NESTED:
                groups += (item.get(nested) or [])[:1]
    return groups


def _first(places: list[Any], keyword: str) -> Any:
    for place in places:
        value = place.get(keyword)
        if value not in (None, ""):
            return value
    return None


def _contrast(places: list[Any]) -> str | None:
    """'no' where the attribute is there but blank, as most scanners write it; None where it is not there at all."""
    said = [value for place in places for keyword in _CONTRAST if (value := place.get(keyword)) is not None]
    if not said:
        return None
    return "yes" if any(len(value) and str(value).strip().upper() not in ("NO", "NONE") for value in said) else "no"


def unknown_acquisition() -> dict[str, Any]:
    """For formats whose headers say nothing of the scanner."""
    return dict.fromkeys(ACQUISITION_FIELDS)
