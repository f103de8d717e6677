"""How radiomic features are computed: settings with units, image filters, and named presets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from radiogenomics.cohort.settings import Settings

Dimensions = Literal[2, 3]
Boundary = Literal["zero", "nearest", "periodic", "mirror"]
Positive = Annotated[float, Field(gt=0, lt=1000, allow_inf_nan=False)]
Level = Annotated[int, Field(ge=1, le=4)]


class MeanFilter(Settings):
    """Mean over a cube of voxels (IBSI S60F)."""

    filter: Literal["mean"]
    support: int = Field(ge=3, le=101, description="edge length in voxels, odd")
    dimensions: Dimensions = 3
    boundary: Boundary = "mirror"

    @model_validator(mode="after")
    def _odd(self) -> MeanFilter:
        if self.support % 2 == 0:
            raise ValueError(f"support must be odd, found {self.support}")
        return self

    def names(self) -> tuple[str, ...]:
        """Name of the filtered image, as it stands in feature names."""
        return (f"mean-{self.support}-{self.dimensions}D",)


class LogFilter(Settings):
    """Laplacian of Gaussian (IBSI L6PA)."""

    filter: Literal["log"]
    sigma_mm: Positive
    truncate: float = Field(4.0, ge=2, le=10, description="standard deviations after which the kernel is cut off")
    dimensions: Dimensions = 3
    boundary: Boundary = "mirror"

    def names(self) -> tuple[str, ...]:
        """Name of the filtered image."""
        return (f"log-sigma-{_number(self.sigma_mm)}-mm-{self.dimensions}D",)


class LawsFilter(Settings):
    """Laws kernels along x, y and z (IBSI JTXT), e.g. L5E5E5; two of them work slice by slice."""

    filter: Literal["laws"]
    kernels: str = Field(pattern=r"^(L3|E3|S3|L5|E5|S5|W5|R5){2,3}$")
    rotation_invariant: bool = True
    pooling: Literal["max", "average"] = "max"
    energy_distance: int | None = Field(7, ge=1, le=50, description="voxels; null: the response itself, not its energy")
    boundary: Boundary = "mirror"

    def names(self) -> tuple[str, ...]:
        """Name of the filtered image."""
        parts = ["laws", self.kernels]
        parts += [f"energy-{self.energy_distance}"] if self.energy_distance else []
        parts += [f"invariant-{self.pooling}"] if self.rotation_invariant else []
        return ("-".join(parts),)


class GaborFilter(Settings):
    """Modulus of Gabor filters in planes (IBSI Q88H)."""

    filter: Literal["gabor"]
    sigma_mm: Positive
    wavelength_mm: Positive
    gamma: float = Field(1.5, ge=0.1, le=10, description="width of the envelope along the wave to that across it")
    theta_deg: float = Field(0.0, ge=0, lt=360, description="orientation, where step_deg is null")
    step_deg: float | None = Field(22.5, gt=0, le=90, description="average over orientations this far apart")
    orthogonal_planes: bool = Field(True, description="average over three planes; false: x-y alone")
    boundary: Boundary = "mirror"

    def names(self) -> tuple[str, ...]:
        """Name of the filtered image."""
        turn = f"theta-{_number(self.theta_deg)}" if self.step_deg is None else f"step-{_number(self.step_deg)}"
        planes = "3planes" if self.orthogonal_planes else "2D"
        size = f"{_number(self.sigma_mm)}-{_number(self.wavelength_mm)}-mm-{_number(self.gamma)}"
        return (f"gabor-{size}-{turn}-{planes}",)


class WaveletFilter(Settings):
    """Separable undecimated wavelets (IBSI 25BO)."""

    filter: Literal["wavelet"]
    wavelet: str = Field("coif1", description="PyWavelets' name of a discrete wavelet")
    decompositions: tuple[Annotated[str, Field(pattern=r"^[LH]{2,3}$")], ...] = Field(
        ("LLH", "LHL", "LHH", "HLL", "HLH", "HHL", "HHH", "LLL"),
        min_length=1,
        description="low or high pass along x, y, z",
    )
    level: Level = 1
    rotation_invariant: bool = False
    boundary: Boundary = "mirror"

    @model_validator(mode="after")
    def _known_wavelet(self) -> WaveletFilter:
        import pywt

        if self.wavelet not in pywt.wavelist(kind="discrete"):
            raise ValueError(
                f"wavelet {self.wavelet!r} is not a discrete wavelet of PyWavelets (haar, db3, coif1, ...)"
            )
        return self

    def names(self) -> tuple[str, ...]:
        """Names of the filtered images."""
        end = "-invariant" if self.rotation_invariant else ""
        return tuple(f"wavelet-{self.wavelet}-{d}-level-{self.level}{end}" for d in self.decompositions)


class SimoncelliFilter(Settings):
    """Simoncelli's isotropic wavelet (IBSI PRT7). It needs the whole image, in memory, and takes it as periodic."""

    filter: Literal["simoncelli"]
    level: Level = 1
    dimensions: Dimensions = 3

    def names(self) -> tuple[str, ...]:
        """Name of the filtered image."""
        return (f"simoncelli-level-{self.level}-{self.dimensions}D",)


ImageFilter = Annotated[
    MeanFilter | LogFilter | LawsFilter | GaborFilter | WaveletFilter | SimoncelliFilter, Field(discriminator="filter")
]

Aggregation = Literal["2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb", "3D_avg", "3D_comb"]

IBSI_ONLY = (
    "interpolation",
    "round_intensities",
    "resegment_sigma",
    "volume_histogram_bin_width",
    "volume_histogram_bin_count",
    "aggregations",
    "filters",
    "response_bin_count",
)
"""Keys that say something only where `standard` is ibsi."""


class Radiomics(Settings):
    """How radiomic features are computed."""

    preset: Literal["ct_default", "pet_default", "mr_default", "ibsi_c", "ibsi_d", "ibsi_e", "native"] | None = Field(
        None, description="named settings, which the other keys here change; see PRESETS"
    )
    parameter_file: str | None = Field(
        None, description="pyradiomics YAML parameter file, relative to the cohort's root; stands alone"
    )
    standard: Literal["pyradiomics", "ibsi"] = Field(
        "pyradiomics", description="pyradiomics: its features, as it defines them; ibsi: IBSI-1 and IBSI-2"
    )
    resample_mm: tuple[float, float, float] | None = Field(
        (1.0, 1.0, 1.0), description="voxel size x, y, z in mm; null: native"
    )
    interpolation: Literal["linear", "cubic"] = Field("cubic", description="of intensities; masks are always linear")
    round_intensities: bool | None = Field(None, description="to whole numbers after resampling; null: CT only (HU)")
    resegment_range: tuple[float | None, float | None] | None = Field(
        None, description="intensities that count, lowest and highest, in the image's unit; null: no limit"
    )
    resegment_sigma: float | None = Field(
        None, gt=0, description="intensities further from the mean of the ROI than this many SD do not count"
    )
    bin_width: float | None = Field(25.0, gt=0, description="in the image's unit (HU, SUV); null with bin_count")
    bin_count: int | None = Field(None, ge=2)
    response_bin_count: int = Field(32, ge=2, description="grey levels of filtered images, which have no unit")
    volume_histogram_bin_width: float | None = Field(
        None, gt=0, description="of the intensity-volume histogram; null: CT in whole HU, other kinds in 1000 bins"
    )
    volume_histogram_bin_count: int | None = Field(None, ge=2)
    aggregations: tuple[Aggregation, ...] = Field(
        ("3D_avg",), min_length=1, description="how texture matrices by slice and direction become one value"
    )
    normalise: bool = Field(False, description="z-score over the image, for MR whose unit is arbitrary")
    log_sigma_mm: tuple[float, ...] = Field((), description="Laplacian of Gaussian scales, mm")
    wavelet: bool = Field(False, description="all eight level-1 responses of coif1")
    filters: tuple[ImageFilter, ...] = Field((), description="IBSI-2 filters whose responses are measured too")
    features: tuple[str, ...] = Field((), description="only features whose name fits one of these globs; empty: all")
    minimum_voxels: int = Field(27, ge=1, description="a smaller ROI (after resampling) goes to quarantine")

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("preset"), str) and data["preset"] in PRESETS:
            return overlaid(PRESETS[data["preset"]], data)
        return data

    @model_validator(mode="after")
    def _consistent(self) -> Radiomics:
        beside = sorted(self.model_fields_set - {"parameter_file"})
        if self.parameter_file is not None and beside:
            raise ValueError(f"{', '.join(beside)}: cannot stand beside `parameter_file`, which says everything")
        if (self.bin_width is None) == (self.bin_count is None):
            raise ValueError("give exactly one of `bin_width` and `bin_count`")
        if self.volume_histogram_bin_width is not None and self.volume_histogram_bin_count is not None:
            raise ValueError("give at most one of `volume_histogram_bin_width` and `volume_histogram_bin_count`")
        if self.standard == "pyradiomics":
            defaults = type(self).model_fields
            idle = [key for key in IBSI_ONLY if getattr(self, key) != defaults[key].default]
            if idle:
                raise ValueError(
                    f"{', '.join(idle)}: without effect under `standard: pyradiomics`; set `standard: ibsi`"
                )
        if self.resegment_range is not None:
            lowest, highest = self.resegment_range
            if lowest is not None and highest is not None and not lowest < highest:
                raise ValueError(f"resegment_range: the lowest must be below the highest, found {lowest} and {highest}")
        names = [name for one in self.all_filters() for name in one.names()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"filters: {', '.join(twice)} asked for twice")
        return self

    def all_filters(self) -> tuple[Any, ...]:
        """`filters`, and before them what the short forms `log_sigma_mm` and `wavelet` stand for."""
        if self.standard == "pyradiomics":
            return ()
        short: list[Any] = [LogFilter(filter="log", sigma_mm=sigma) for sigma in self.log_sigma_mm if 0 < sigma < 1000]
        if self.wavelet:
            short.append(WaveletFilter(filter="wavelet"))
        return (*short, *self.filters)


def overlaid(base: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """`base` changed by `given`; of two keys that exclude each other the given one clears the other."""
    found = dict(base)
    for chosen, other in _EXCLUSIVE:
        if given.get(chosen) is not None:
            found[other] = None
    return {**found, **given}


_EXCLUSIVE = (
    ("bin_width", "bin_count"),
    ("bin_count", "bin_width"),
    ("volume_histogram_bin_width", "volume_histogram_bin_count"),
    ("volume_histogram_bin_count", "volume_histogram_bin_width"),
)

RADIOMICS_BY_KIND: dict[str, dict[str, Any]] = {
    "CT": {"resample_mm": (1.0, 1.0, 1.0), "bin_width": 25.0, "bin_count": None},
    "PT": {"resample_mm": (4.0, 4.0, 4.0), "bin_width": 0.25, "bin_count": None},  # SUV; Sci Rep 2015;5:11075
    "MR": {"resample_mm": (1.0, 1.0, 1.0), "bin_width": None, "bin_count": 64, "normalise": True},  # no unit, no width
}
"""What `images.<name>.radiomics` means where it does not say: 25 SUV would put a whole PET into one bin."""

_TWO_MM = {"standard": "ibsi", "resample_mm": (2.0, 2.0, 2.0), "aggregations": ("3D_avg", "3D_comb")}

PRESETS: dict[str, dict[str, Any]] = {
    # 1 mm, LoG and wavelet; HU beyond 400 is bone, calcium or metal, below -1000 nothing
    "ct_default": {
        "standard": "ibsi",
        "resample_mm": (1.0, 1.0, 1.0),
        "resegment_range": (-1000.0, 400.0),
        "bin_width": 25.0,
        "bin_count": None,
        "log_sigma_mm": (1.0, 2.0, 3.0, 4.0, 5.0),
        "wavelet": True,
    },
    "pet_default": {
        "standard": "ibsi",
        "resample_mm": (4.0, 4.0, 4.0),
        "interpolation": "linear",
        "resegment_range": (0.0, None),
        "bin_width": 0.25,
        "bin_count": None,
    },
    "mr_default": {
        "standard": "ibsi",
        "resample_mm": (1.0, 1.0, 1.0),
        "normalise": True,
        "resegment_sigma": 3.0,
        "bin_width": None,
        "bin_count": 32,
        "log_sigma_mm": (1.0, 2.0, 3.0, 4.0, 5.0),
        "wavelet": True,
    },
    # the processing of IBSI-1's reference values (Zwanenburg et al., Radiology 2020;295:328)
    "ibsi_c": {
        **_TWO_MM,
        "interpolation": "linear",
        "resegment_range": (-1000.0, 400.0),
        "bin_width": 25.0,
        "bin_count": None,
        "volume_histogram_bin_width": 2.5,
    },
    "ibsi_d": {
        **_TWO_MM,
        "interpolation": "linear",
        "resegment_sigma": 3.0,
        "bin_width": None,
        "bin_count": 32,
    },
    "ibsi_e": {
        **_TWO_MM,
        "interpolation": "cubic",
        "resegment_range": (-1000.0, 400.0),
        "resegment_sigma": 3.0,
        "bin_width": None,
        "bin_count": 32,
        "volume_histogram_bin_count": 1000,
    },
    "native": {"standard": "ibsi", "resample_mm": None},
}
"""Named settings. What a preset leaves out is by the kind of image."""

PRESET_KIND: dict[str | None, str] = {
    "ct_default": "CT",
    "pet_default": "PT",
    "mr_default": "MR",
    "ibsi_c": "CT",
    "ibsi_d": "CT",
    "ibsi_e": "CT",
}
"""The kind of image that a preset's units are for."""


def radiomics_of_kind(given: dict[str, Any], kind: str) -> dict[str, Any]:
    """What `images.<name>.radiomics` says, with what it leaves out filled in by its preset, then by the kind of image."""
    if given.get("parameter_file") is not None:
        return given
    preset = given.get("preset")
    base = RADIOMICS_BY_KIND.get(kind, {})
    if isinstance(preset, str) and preset in PRESETS:
        base = overlaid(base, PRESETS[preset])
    return overlaid(base, given)


def _number(value: float) -> str:
    """1.5 -> "1-5", 2 -> "2-0", as pyradiomics writes numbers in feature names."""
    return str(float(value)).replace(".", "-")
