"""PET activity to standardised uptake value (SUV) by body weight."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from radiogenomics.exceptions import ImageError


def suv_factor(header: Any, first_acquisition: str, what: str, unit: str = "") -> float:
    """Factor from the stored values of a PET slice (after rescale) to SUV by body weight, g/ml.

    By the QIBA FDG-PET profile: SUV = activity concentration [Bq/ml] x weight [g] / injected dose [Bq], the dose decayed
    from injection to the start of the series where the image is decay-corrected to that time (`DecayCorrection` START),
    as injected where it is corrected to administration (ADMIN). Values that are SUV already (GML) have factor 1.

    Parameters
    ----------
    header : pydicom data set of one slice.
    first_acquisition : earliest acquisition date and time in the series, ``YYYYMMDDHHMMSS``, or ''.
    what : how to call the series in messages.
    unit : BQML or GML where the frames of an enhanced PET say so.

    Raises
    ------
    ImageError
        With rule ``suv``: units that are not activity or SUV by weight, no decay or attenuation correction, or weight,
        dose, half-life or times missing.
    """
    units = unit or str(getattr(header, "Units", "") or "")
    if units == "GML":
        kind = str(getattr(header, "SUVType", "") or "BW")
        if kind != "BW":
            raise ImageError(f"{what}: SUV by {kind}; SUV by body weight (BW) is needed", rule="suv")
        return 1.0
    if units == "CNTS":
        factor = header.get((0x7053, 0x1000))  # Philips: SUV scale factor
        if factor is not None and float(factor.value) > 0:
            return float(factor.value)
    if units != "BQML":
        raise ImageError(f"{what}: PET units must be BQML or GML, found {units or 'none'!r}", rule="suv")
    if "SharedFunctionalGroupsSequence" in header:
        return _enhanced_factor(header, what)
    corrections = [str(item) for item in _several(getattr(header, "CorrectedImage", None))]
    lacking = [code for code in ("ATTN", "DECY") if code not in corrections]
    if lacking:
        raise ImageError(f"{what}: not corrected for {' and '.join(lacking)}, SUV cannot be computed", rule="suv")
    tracer = (getattr(header, "RadiopharmaceuticalInformationSequence", None) or [None])[0]
    weight = _positive(header, "PatientWeight", what)
    dose = _positive(tracer, "RadionuclideTotalDose", what)
    correction = str(getattr(header, "DecayCorrection", "") or "")
    if correction == "ADMIN":
        return 1000.0 * weight / dose
    if correction != "START":
        raise ImageError(f"{what}: DecayCorrection must be START or ADMIN, found {correction or 'none'!r}", rule="suv")
    half_life = _positive(tracer, "RadionuclideHalfLife", what)
    start = _series_start(header, first_acquisition, what)
    return 1000.0 * weight / (dose * 2.0 ** (-_waited(header, tracer, start, half_life, what) / half_life))


def _enhanced_factor(header: Any, what: str) -> float:
    """Of an enhanced PET (DICOM PS3.3 C.8.22): it says itself to which moment activity was corrected."""
    corrected = {
        name: str(header.get(keyword, "") or "")
        for name, keyword in (("ATTN", "AttenuationCorrected"), ("DECY", "DecayCorrected"))
    }
    lacking = [name for name, value in corrected.items() if value != "YES"]
    if lacking:
        raise ImageError(f"{what}: not corrected for {' and '.join(lacking)}, SUV cannot be computed", rule="suv")
    tracer = (header.get("RadiopharmaceuticalInformationSequence") or [None])[0]
    weight, dose = _positive(header, "PatientWeight", what), _positive(tracer, "RadionuclideTotalDose", what)
    half_life = _positive(tracer, "RadionuclideHalfLife", what)
    full = str(header.get("DecayCorrectionDateTime", "") or "")
    moment = _moment(full[:8], full[8:])
    if moment is None:
        raise ImageError(f"{what}: DecayCorrectionDateTime is missing, SUV needs it", rule="suv")
    return 1000.0 * weight / (dose * 2.0 ** (-_waited(header, tracer, moment, half_life, what) / half_life))


def _waited(header: Any, tracer: Any, moment: datetime, half_life: float, what: str) -> float:
    """Seconds from injection to a moment."""
    waited = (moment - _injection(header, tracer, moment, what)).total_seconds()
    if not 0 <= waited <= 10 * half_life:
        raise ImageError(
            f"{what}: {waited:.0f} s between injection and scan is not plausible for a half-life of {half_life:.0f} s",
            rule="suv",
        )
    return waited


def _series_start(header: Any, first_acquisition: str, what: str) -> datetime:
    """Series time, unless it is later than the first acquisition: then the series was made anew from older data."""
    series = _moment(getattr(header, "SeriesDate", ""), getattr(header, "SeriesTime", ""))
    acquired = _moment(first_acquisition[:8], first_acquisition[8:])
    known = [moment for moment in (series, acquired) if moment is not None]
    if not known:
        raise ImageError(f"{what}: neither series nor acquisition time is given, SUV needs one", rule="suv")
    return min(known)


def _injection(header: Any, tracer: Any, start: datetime, what: str) -> datetime:
    full = str(getattr(tracer, "RadiopharmaceuticalStartDateTime", "") or "")
    moment = _moment(full[:8], full[8:])
    if moment is None:
        moment = _moment(start.strftime("%Y%m%d"), getattr(tracer, "RadiopharmaceuticalStartTime", ""))
        if moment is not None and moment > start:  # injected before midnight, scanned after
            moment -= timedelta(days=1)
    if moment is None:
        raise ImageError(f"{what}: the time of injection is missing, SUV needs it", rule="suv")
    return moment


def _moment(date: Any, time: Any) -> datetime | None:
    day, clock = str(date or "").strip(), str(time or "").split("+")[0].split("-")[0].strip()
    if len(day) != 8 or len(clock) < 6 or not (day + clock[:6]).isdigit():
        return None
    seconds = float("0" + clock[6:]) if clock[6:].startswith(".") else 0.0
    try:
        return datetime.strptime(day + clock[:6], "%Y%m%d%H%M%S") + timedelta(seconds=seconds)
    except ValueError:
        return None


def _positive(holder: Any, keyword: str, what: str) -> float:
    value = getattr(holder, keyword, None) if holder is not None else None
    number = float(value) if value not in (None, "") else 0.0
    if not number > 0:
        raise ImageError(f"{what}: {keyword} is missing or not above 0, SUV needs it", rule="suv")
    return number


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
