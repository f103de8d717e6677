"""One lesion as one HTML file that needs no other and no network: image, contours, tools, and saving the accepted contour.

The image is cut to the lesion with a margin, never resampled. What is saved lies on the grid of the original image.
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from radiogenomics.exceptions import IntegrityError
from radiogenomics.imaging.drafts.contour_file import HEADER_BYTES, grid_of, nifti_bytes
from radiogenomics.imaging.geometry import bounding_box, crop_around

if TYPE_CHECKING:
    import SimpleITK as sitk

_HERE = Path(__file__).parent
_MARGINS_MM = (30.0, 15.0, 5.0)
LARGEST_BYTES = 5_000_000
"""Of the compressed image in a page: the margin shrinks until it is met, or is the smallest."""

WINDOWS: Mapping[str, Sequence[tuple[str, float, float]]] = {
    "CT": (("soft tissue", -160, 240), ("lung", -1350, 150), ("mediastinum", -125, 225), ("bone", -500, 1300)),
    "PT": (("SUV 0 to 5", 0, 5), ("SUV 0 to 10", 0, 10), ("SUV 0 to 20", 0, 20)),
}

_LAYERS = {"second": "second opinion", "drawn": "drawn contour"}


class PageContent(NamedTuple):
    """What a page shows.

    Attributes
    ----------
    image : float32 volume, axes along the body (as `read_lesion` gives it).
    stored : the grid on which the contour is saved: that of the image as its file stores it.
    masks : 'draft', 'second' and, where there is one, 'drawn': boolean arrays on the grid of `image` (z, y, x).
    meta : identities (`patient_id`, `study_id`, `lesion_id`, `images`, `kind`), `simulated`, `status_text`, `method`,
        `prompt`, `file_name`, `draft_file`, `draft_sha256`.
    facts : name and value of what quality control measured.
    """

    image: sitk.Image
    stored: sitk.Image
    masks: Mapping[str, np.ndarray]
    meta: Mapping[str, Any]
    facts: Sequence[tuple[str, str]]


def contour_page(content: PageContent) -> str:
    """The page as HTML text; the same content gives the same text.

    Raises
    ------
    IntegrityError
        The packaged viewer is not the one whose digest is recorded.
    """
    crop, packed = _crop(content)
    corners = [content.image.TransformPhysicalPointToIndex(crop.TransformIndexToPhysicalPoint(c)) for c in _ends(crop)]
    masks = {key: _cut(voxels, content.image, corners) for key, voxels in content.masks.items()}
    start = content.masks["draft"] if content.masks["draft"].any() else next(iter(content.masks.values()))
    meta = {
        **content.meta,
        "voxel_mm3": float(np.prod(content.image.GetSpacing())),
        "crop": {"size": crop.GetSize(), "centre": _centre(start, content.image, crop)},
        "original": _original(content.stored, crop),
        "page": "contour page 1",
    }
    overlays = [key for key in _LAYERS if key in content.masks]
    data = {
        "meta": meta,
        "image": packed,
        "masks": {key: _packed_mask(mask) for key, mask in masks.items()},
        "rims": {key: _packed_mask(_rim(masks[key])) for key in overlays},
        "overlays": overlays,
    }
    return _template().render(
        meta=meta,
        facts=content.facts,
        layers=[{"key": key, "label": _LAYERS[key], "shown": key == "drawn" or len(overlays) == 1} for key in overlays],
        starts=[
            {"key": "draft", "label": "the draft"},
            *({"key": key, "label": f"the {_LAYERS[key]}"} for key in overlays),
        ],
        windows=_windows(content.meta["kind"], crop),
        css=_verbatim("page.css"),
        script=_verbatim("page.js"),
        library=Markup(viewer_source()),
        licences=(_HERE / "niivue" / "LICENCES.txt").read_text(encoding="utf-8"),
        data=Markup(json.dumps(data, allow_nan=False).replace("<", "\\u003c")),
    )


def index_page(title: str, rows: Sequence[Mapping[str, Any]], simulated: bool) -> str:
    """The list of a cohort's draft contours, each a link to its page.

    Parameters
    ----------
    rows : each `lesion_id`, `images`, `status`, `agreement`, `volume`, `reason` (texts) and `href`, relative.
    """
    return (
        _environment()
        .get_template("index.html.j2")
        .render(title=title, rows=rows, simulated=simulated, css=_verbatim("index.css"))
    )


@functools.cache
def viewer_source() -> str:
    """NiiVue's script as its makers publish it, checked against the recorded digest.

    Raises
    ------
    IntegrityError
        It was altered, or could end the script element that it is put in.
    """
    folder = _HERE / "niivue"
    content = gzip.decompress((folder / "niivue.umd.js.gz").read_bytes())
    recorded = json.loads((folder / "version.json").read_text(encoding="utf-8"))
    if hashlib.sha256(content).hexdigest() != recorded["sha256"] or b"</script" in content.lower():
        raise IntegrityError(
            f"{folder / 'niivue.umd.js.gz'}: is not {recorded['package']} {recorded['version']} {recorded['file']}",
            rule="viewer_altered",
        )
    return content.decode("utf-8")


def _crop(content: PageContent) -> tuple[sitk.Image, str]:
    """The part of the image around all contours with axes to the right, front and head, and the same packed."""
    import SimpleITK as sitk

    together = np.logical_or.reduce(list(content.masks.values()))
    lower, upper = bounding_box(together) if together.any() else (np.zeros(3, int), np.array(together.shape) - 1)
    spacing = np.array(content.image.GetSpacing())
    packed = ""
    crop = content.image
    for margin in _MARGINS_MM:
        part = crop_around(content.image, lower[::-1], upper[::-1], np.ceil(margin / spacing))
        crop = sitk.DICOMOrient(part, "RAS")
        shown = sitk.Cast(sitk.Round(crop), sitk.sitkInt16) if content.meta["kind"] == "CT" else crop
        packed = _packed(shown)
        if len(packed) <= LARGEST_BYTES * 4 / 3:
            break
    return crop, packed


def _packed(volume: sitk.Image) -> str:
    """A volume as compressed NIfTI in base64."""
    import SimpleITK as sitk

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "image.nii"
        sitk.WriteImage(volume, str(file))
        return base64.b64encode(gzip.compress(file.read_bytes(), 9, mtime=0)).decode()


def _ends(crop: sitk.Image) -> list[tuple[int, int, int]]:
    size = crop.GetSize()
    return [(0, 0, 0), (size[0] - 1, size[1] - 1, size[2] - 1)]


def _cut(voxels: np.ndarray, image: sitk.Image, corners: Sequence[Sequence[int]]) -> sitk.Image:
    """A contour on the grid of the part that is shown."""
    import SimpleITK as sitk

    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    part = grid_of(image, voxels)[tuple(slice(int(a), int(b) + 1) for a, b in zip(low, high, strict=True))]
    return sitk.DICOMOrient(part, "RAS")


def _rim(mask: sitk.Image) -> sitk.Image:
    """The outermost voxels of a contour within each slice: an outline that hides nothing."""
    import SimpleITK as sitk
    from scipy.ndimage import binary_erosion

    voxels = sitk.GetArrayFromImage(mask) > 0
    cross = np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]], dtype=bool)
    return grid_of(mask, voxels & ~binary_erosion(voxels, cross))


def _packed_mask(mask: sitk.Image) -> str:
    return base64.b64encode(gzip.compress(nifti_bytes(mask, ""), 9, mtime=0)).decode()


def _centre(voxels: np.ndarray, image: sitk.Image, crop: sitk.Image) -> list[int]:
    """The voxel of the part that is shown in the middle of a contour."""
    where = np.argwhere(voxels)
    middle = where.mean(axis=0)[::-1] if len(where) else np.array(image.GetSize()) / 2
    point = image.TransformContinuousIndexToPhysicalPoint(middle.tolist())
    return [int(i) for i in crop.TransformPhysicalPointToIndex(point)]


def _original(stored: sitk.Image, crop: sitk.Image) -> dict[str, Any]:
    """The grid that contours are saved on, and where the voxels of the part that is shown lie in it."""

    def place(index: list[int]) -> np.ndarray:
        return np.array(stored.TransformPhysicalPointToIndex(crop.TransformIndexToPhysicalPoint(index)))

    base = place([0, 0, 0])
    steps = []
    for axis in range(3):
        unit = [int(axis == other) for other in range(3)]
        if crop.GetSize()[axis] > 1:
            steps.append((place(unit) - base).tolist())
        else:
            steps.append([0, 0, 0])  # never taken
    header = nifti_bytes(grid_of(stored), "")[:HEADER_BYTES]
    return {
        "size": stored.GetSize(),
        "base": base.tolist(),
        "steps": steps,
        "header": base64.b64encode(header).decode(),
    }


def _windows(kind: str, crop: sitk.Image) -> list[tuple[str, float, float]]:
    """Presets, the one that suits the surroundings first: a lesion in the lung is looked for in the lung's window."""
    import SimpleITK as sitk

    presets = list(WINDOWS[kind])
    if kind == "CT" and float(np.median(sitk.GetArrayViewFromImage(crop))) < -400:
        presets = [presets[1], presets[0], *presets[2:]]
    return presets


def _verbatim(name: str) -> Markup:
    return Markup((_HERE / name).read_text(encoding="utf-8"))


@functools.cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(_HERE), undefined=StrictUndefined, autoescape=True)


def _template() -> Any:
    return _environment().get_template("page.html.j2")
