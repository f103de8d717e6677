"""The filters of IBSI-2's reference response maps and feature values."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import TypeAdapter

from radiogenomics.cohort.radiomic_settings import ImageFilter, Radiomics

_FILTER: TypeAdapter[Any] = TypeAdapter(ImageFilter)


class ResponseMap(NamedTuple):
    """A reference map: its phantom, and the filter whose response it is."""

    phantom: str
    filter: Any


def response_maps() -> dict[str, ResponseMap]:
    """Map identifier -> phantom and filter, maps 1 to 8."""
    found: dict[str, ResponseMap] = {}

    def declare(name: str, phantom: str, **settings: Any) -> None:
        found[name] = ResponseMap(phantom, _FILTER.validate_python(settings))

    for number, boundary in enumerate(("zero", "nearest", "periodic", "mirror"), start=1):
        declare(f"1.a.{number}", "checkerboard", filter="mean", support=15, boundary=boundary)
    declare("1.b.1", "impulse", filter="mean", support=15, dimensions=2, boundary="zero")
    declare("2.a", "impulse", filter="log", sigma_mm=3, boundary="zero")
    declare("2.b", "checkerboard", filter="log", sigma_mm=5)
    declare("2.c", "checkerboard", filter="log", sigma_mm=5, dimensions=2)
    for name, phantom, kernels, boundary in (
        ("3.a", "impulse", "E5L5S5", "zero"),
        ("3.b", "checkerboard", "E3W5R5", "mirror"),
        ("3.c", "checkerboard", "L5S5", "mirror"),
    ):
        laws: dict[str, Any] = {"filter": "laws", "kernels": kernels, "boundary": boundary}
        declare(f"{name}.1", phantom, **laws, rotation_invariant=False, energy_distance=None)
        declare(f"{name}.2", phantom, **laws, energy_distance=None)
        declare(f"{name}.3", phantom, **laws, energy_distance=7)
    gabor: dict[str, Any] = {"filter": "gabor", "sigma_mm": 10, "wavelength_mm": 4, "gamma": 0.5, "boundary": "zero"}
    declare("4.a.1", "impulse", **gabor, theta_deg=60, step_deg=None, orthogonal_planes=False)
    declare("4.a.2", "impulse", **gabor, step_deg=45)
    gabor = {"filter": "gabor", "sigma_mm": 20, "wavelength_mm": 8, "gamma": 2.5}
    declare("4.b.1", "sphere", **gabor, theta_deg=225, step_deg=None, orthogonal_planes=False)
    declare("4.b.2", "sphere", **gabor, step_deg=22.5)
    for name, phantom, wavelet, decomposition, boundary in (
        ("5.a", "impulse", "db2", "LHL", "zero"),
        ("6.a", "sphere", "coif1", "HHL", "periodic"),
    ):
        for number, invariant in ((1, False), (2, True)):
            declare(
                f"{name}.{number}",
                phantom,
                filter="wavelet",
                wavelet=wavelet,
                decompositions=[decomposition],
                rotation_invariant=invariant,
                boundary=boundary,
            )
    for number, decomposition in ((1, "LLL"), (2, "HHH")):
        declare(
            f"7.a.{number}",
            "checkerboard",
            filter="wavelet",
            wavelet="haar",
            decompositions=[decomposition],
            level=2,
            rotation_invariant=True,
        )
    for level in (1, 2, 3):
        declare(f"8.a.{level}", "checkerboard", filter="simoncelli", level=level)
    return found


def filtered_settings() -> dict[str, Radiomics]:
    """Configuration identifier (``1.A`` to ``9.B``) -> settings; A: by slice, as acquired; B: in space, 1 mm."""
    found = {}
    for letter, dimensions in (("A", 2), ("B", 3)):
        flat = dimensions == 2
        wavelet: dict[str, Any] = {"filter": "wavelet", "wavelet": "db3", "rotation_invariant": True}
        filters: list[list[dict[str, Any]]] = [
            [],
            [{"filter": "mean", "support": 5, "dimensions": dimensions}],
            [{"filter": "log", "sigma_mm": 1.5, "dimensions": dimensions}],
            [{"filter": "laws", "kernels": "L5E5" if flat else "L5E5E5", "energy_distance": 7}],
            [{"filter": "gabor", "sigma_mm": 5, "wavelength_mm": 2, "gamma": 1.5, "orthogonal_planes": not flat}],
            [{**wavelet, "decompositions": ["LH" if flat else "LLH"]}],
            [{**wavelet, "decompositions": ["HH" if flat else "HHH"], "level": 2}],
            [{"filter": "simoncelli", "level": 1, "dimensions": dimensions}],
            [{"filter": "simoncelli", "level": 2, "dimensions": dimensions}],
        ]
        for number, chosen in enumerate(filters, start=1):
            found[f"{number}.{letter}"] = Radiomics.model_validate(
                {
                    "standard": "ibsi",
                    "resample_mm": None if flat else (1, 1, 1),
                    "interpolation": "cubic",
                    "resegment_range": (-1000, 400),
                    "filters": chosen,
                }
            )
    return found
