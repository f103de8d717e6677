"""One computation on one lesion, as it runs in a worker: nothing here loads pandas, which is half of a worker's memory."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.code_version import code_version
from radiogenomics.imaging.guarded_reading import read_lesion
from radiogenomics.imaging.reading import Lesion, decode_lesion
from radiogenomics.storage.feature_cache import FeatureCache, cache_key

READ_BY = ("SimpleITK", "pydicom", "highdicom", "scikit-image", "python-gdcm", "pyjpegls", "pylibjpeg-openjpeg")
"""Libraries that decode images and regions."""


@dataclass(frozen=True)
class Step:
    """A computation on one lesion.

    Attributes
    ----------
    name : part of the cache's key.
    version : part of the cache's key beside the digest of the step's own code; raise when the same input gives other
        values for a reason that does not show in the code.
    compute : ``compute(lesion, settings) -> {feature: value}``, defined at the top level of a module.
    libraries : distributions whose version may change the values; part of the cache's key.
    numbers : every value must be a finite number; otherwise anything that JSON can write.
    of_voxels : the result depends on voxels, mask and geometry alone, not on what else the files say; it is then known
        again in another encoding.
    """

    name: str
    version: int
    compute: Callable[[Lesion, Mapping[str, Any]], dict[str, Any]]
    libraries: tuple[str, ...]
    numbers: bool = True
    of_voxels: bool = True

    def identity(self) -> list[Any]:
        """What of the step, beside its settings, its values depend on: its code and that of reading, and libraries."""
        code = code_version(self.compute, decode_lesion)
        return [self.name, self.version, code, {name: version(name) for name in sorted({*self.libraries, *READ_BY})}]


class Task(NamedTuple):
    """One lesion's work: its row, the step's settings for it, and the key of its files ('' without a cache)."""

    lesion: dict[str, Any]
    settings: dict[str, Any]
    key: str


def compute_task(step: Step, cache: FeatureCache | None, task: Task) -> dict[str, Any]:
    """Read one lesion and apply a step to it, unless the cache knows its voxels; keeps what it finds.

    Raises
    ------
    RadiogenomicsError
        The lesion cannot be read, or the step refuses it or gives a number that is not finite.
    """
    lesion = read_lesion(task.lesion)
    content = ""
    if cache is not None:
        what = content_digest(lesion) if step.of_voxels else task.key
        content = cache_key("content", step.identity(), task.settings, what)
    values = cache.get(content) if cache is not None else None
    if values is None:
        values = step.compute(lesion, task.settings)
        if step.numbers:
            values = finite(values, f"{lesion.name}: {step.name}")
        if cache is not None:
            cache.put(content, values)
    if cache is not None:
        cache.put(task.key, {"content": content})
    return values


def finite(values: Mapping[str, Any], what: str) -> dict[str, Any]:
    """The values as numbers, every one of them finite, or a ComputationError that names those that are not."""
    numbers = {name: float(value) for name, value in values.items()}
    bad = [name for name, value in numbers.items() if not math.isfinite(value)]
    if bad:
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        raise ComputationError(f"{what} gave no finite value for {', '.join(bad[:5])}{more}", rule="not_finite")
    return numbers


def content_digest(lesion: Lesion) -> str:
    """SHA-256 over kind, voxels, mask and geometry of a lesion as read.

    Positions are rounded to 0.1 micrometre: formats store them with different precision.
    """
    image, mask = lesion.arrays()
    grid = [
        [round(float(v), 4) + 0.0 for v in values]
        for values in (lesion.image.GetSpacing(), lesion.image.GetOrigin(), lesion.image.GetDirection())
    ]
    total = hashlib.sha256(repr((lesion.kind, image.shape, grid)).encode())
    total.update(np.ascontiguousarray(image + np.float32(0)).data)  # so that -0.0 and 0.0 are the same
    total.update(np.packbits(mask).tobytes())
    return total.hexdigest()
