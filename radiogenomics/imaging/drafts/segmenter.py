"""A segmentation program of the institution, run on one image with its local weights.

nnU-Net (Isensee et al., Nat Methods 2021;18:203-211) and TotalSegmentator (Wasserthal et al., Radiol Artif Intell
2023;5:e230024) are called by their own commands, as separate processes: neither they nor any weights are part of this project, and
nothing is downloaded. What they write is checked before it is used.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiogenomics.cohort.draft_settings import Segmenter
from radiogenomics.exceptions import ConfigurationError, ImageError
from radiogenomics.imaging.geometry import same_grid
from radiogenomics.imaging.volumes import read_volume

if TYPE_CHECKING:
    import SimpleITK as sitk

PROGRAMS = {
    "nnunet": ("nnUNetv2_predict_from_modelfolder", "nnunetv2"),
    "totalsegmentator": ("TotalSegmentator", "TotalSegmentator"),
}
"""Tool -> its program and the package that installs it."""


def find_segmenter(segmenter: Segmenter, weights: Path, key: str) -> str:
    """The program that is run.

    Raises
    ------
    ConfigurationError
        The program is not installed, or the weights are not there; the message names the key and what to do.
    """
    name, package = PROGRAMS[segmenter.tool]
    program = shutil.which(segmenter.executable or name)
    if program is None:
        where = f"{segmenter.executable}: no such program" if segmenter.executable else f"{name} is not on the PATH"
        raise ConfigurationError(
            f"{key}: {where}; install {package} in an environment of its own and name its program under `executable`",
            rule="segmenter_missing",
        )
    if not weights.is_dir():
        raise ConfigurationError(
            f"{key}.weights: {weights}: no such folder; weights are the institution's own and are never downloaded",
            rule="segmenter_weights",
        )
    return program


def run_segmenter(image: sitk.Image, segmenter: Segmenter, program: str, weights: Path, what: str) -> np.ndarray:
    """What the program finds in an image.

    Parameters
    ----------
    image : the whole volume, HU.
    what : how messages call the lesion.

    Returns
    -------
    boolean array (z, y, x) on the grid of the image.

    Raises
    ------
    ImageError
        The program failed (rule ``segmenter_failed``), took too long (``segmenter_time``), wrote nothing or something on
        another grid (``segmenter_output``), or found nothing (``segmenter_empty``).
    """
    import SimpleITK as sitk

    with tempfile.TemporaryDirectory(prefix="segmenter-") as scratch:
        folder = Path(scratch)
        (folder / "in").mkdir()
        (folder / "out").mkdir()
        source = folder / "in" / "image_0000.nii.gz"
        sitk.WriteImage(image, str(source))
        command, result = _command(segmenter, program, weights, source, folder / "out")
        environment = {**os.environ, "TOTALSEG_WEIGHTS_PATH": str(weights)}
        _run(command, environment, segmenter.timeout_s, f"{what}: {Path(program).name}")
        if not result.is_file():
            raise ImageError(f"{what}: {Path(program).name} wrote no {result.name}", rule="segmenter_output")
        found = read_volume(result, floating=False)
        if not same_grid(image, found):
            raise ImageError(
                f"{what}: {Path(program).name} wrote {found.GetSize()} voxels of {found.GetSpacing()} mm, the image has "
                f"{image.GetSize()} of {image.GetSpacing()} mm, or they lie elsewhere",
                rule="segmenter_output",
            )
        values = sitk.GetArrayFromImage(found)
    wanted = segmenter.labels if segmenter.tool == "nnunet" else (1,)
    tumour = np.isin(values, wanted)
    if not tumour.any():
        raise ImageError(f"{what}: {Path(program).name} found no tumour", rule="segmenter_empty")
    return tumour


def _command(segmenter: Segmenter, program: str, weights: Path, source: Path, target: Path) -> tuple[list[str], Path]:
    """The command line, and the file that it must write."""
    if segmenter.tool == "nnunet":
        command = [program, "-i", str(source.parent), "-o", str(target), "-m", str(weights)]
        command += ["-f", *segmenter.folds] if segmenter.folds else []
        command += ["-device", "cuda" if segmenter.device == "gpu" else "cpu"]
        return command, target / "image.nii.gz"
    command = [program, "-i", str(source), "-o", str(target), "-ta", segmenter.task, "-d", segmenter.device]
    return command, target / f"{segmenter.structure}.nii.gz"


def _run(command: list[str], environment: dict[str, str], limit_s: float, what: str) -> None:
    """Run a program in a group of processes of its own, all of which end with it."""
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired as error:
            raise ImageError(f"{what} takes longer than {limit_s:g} s", rule="segmenter_time") from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if code != 0:
            told.seek(0)
            lines = [line.strip() for line in told.read().decode(errors="replace").splitlines() if line.strip()]
            last = lines[-1][:300] if lines else "it said nothing"
            raise ImageError(f"{what} ended with exit code {code}: {last}", rule="segmenter_failed")
