"""How an image was made, as far as headers say: scanner and protocol, never who was scanned, where or when."""

from __future__ import annotations

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
    "magnetic_field_t": "MagneticFieldStrength",
    "repetition_time_ms": "RepetitionTime",
    "echo_time_ms": "EchoTime",
}

ACQUISITION_FIELDS = (*_TEXTS, *_NUMBERS)
"""Columns of the acquisition table beside the identities and the voxel spacing."""


def acquisition_of_header(header: Any) -> dict[str, Any]:
    """Scanner and protocol from one DICOM header; None where it does not say."""
    found: dict[str, Any] = {}
    for name, keyword in _TEXTS.items():
        value = getattr(header, keyword, None)
        parts = [value] if isinstance(value, str) or value is None else list(value)
        found[name] = "\\".join(str(part).strip() for part in parts if part is not None) or None
    for name, keyword in _NUMBERS.items():
        value = getattr(header, keyword, None)
        try:
            found[name] = float(value) if value not in (None, "") else None
        except (TypeError, ValueError):
            found[name] = None
    return found


def unknown_acquisition() -> dict[str, Any]:
    """For formats whose headers say nothing of the scanner."""
    return dict.fromkeys(ACQUISITION_FIELDS)
