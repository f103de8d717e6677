"""Reading lesions in a process of their own, with limits of memory and time.

Decoders of medical images crash on some malformed files, never end on others, or take all the memory there is. Each process
that asks keeps one reading process; it is started anew after it died.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import radiogenomics
from radiogenomics import exceptions
from radiogenomics.exceptions import ComputationError, ImageError
from radiogenomics.imaging.reading import Lesion
from radiogenomics.imaging.reading_process import MEMORY_BYTES, expected_bytes

TIME_LIMIT_S = 180.0
"""What reading one lesion may take. A CT of 1,000 slices takes some ten seconds."""


def read_lesion(lesion: Mapping[str, Any], *, time_limit_s: float = TIME_LIMIT_S) -> Lesion:
    """Read one row of the lesions table; formats and checks as in `reading.decode_lesion`.

    Parameters
    ----------
    lesion : mapping with the columns of `schemas.LESIONS`.
    time_limit_s : seconds.

    Raises
    ------
    ImageError
        The lesion cannot be read as declared; or decoding it crashed (rule ``decoder_crashed``), took longer than the
        limit (``decoder_time``) or more memory than is allowed (``decoder_memory``).
    """
    what = f"{lesion['image']} with {lesion['mask']}" if lesion["mask"] else str(lesion["image"])
    with _LOCK:
        head, voxels = _reader().ask(_plain(lesion), what, time_limit_s)
    if "error" in head:
        kind = getattr(exceptions, head["error"], ImageError)
        raise kind(head["message"], rule=head["rule"])
    if "memory" in head:
        raise ImageError(
            f"{what}: decoding needs more than {MEMORY_BYTES / 2**30:.0f} GiB of memory", rule="decoder_memory"
        )
    if "unexpected" in head:
        raise ComputationError(f"{what}: reading failed: {head['unexpected']}", rule="unexpected")
    return _lesion(lesion, head, voxels)


def _plain(lesion: Mapping[str, Any]) -> dict[str, Any]:
    """The row as JSON can write it; NaN and the like are not given."""
    wanted = ("image", "mask", "kind", "images", "lesion_id", "roi", "series")
    row = {key: lesion.get(key) for key in wanted}
    return {
        key: value if value is None else int(value) if isinstance(value, np.integer) else value
        for key, value in row.items()
        if not isinstance(value, float)
    }


def _lesion(lesion: Mapping[str, Any], head: dict[str, Any], voxels: list[bytearray]) -> Lesion:
    """`voxels` (of the image, of the mask) is emptied: each is let go as soon as it is an image."""
    import SimpleITK as sitk

    shape = head["shape"]
    volume = sitk.GetImageFromArray(np.frombuffer(voxels.pop(0), dtype=np.float32).reshape(shape))
    mask = sitk.GetImageFromArray(np.frombuffer(voxels.pop(0), dtype=np.uint8).reshape(shape))
    volume.SetSpacing(head["spacing"])
    volume.SetOrigin(head["origin"])
    volume.SetDirection(head["direction"])
    mask.CopyInformation(volume)
    name = f"{lesion['images']} {lesion['lesion_id']}"
    remarks = tuple((str(rule), str(text)) for rule, text in head["remarks"])
    return Lesion(volume, mask, lesion["kind"], name, head["acquisition"], remarks, tuple(head["turned"]))


class _Reader:
    """One reading process."""

    def __init__(self) -> None:
        source = str(Path(radiogenomics.__file__).parent.parent)
        path = os.pathsep.join(part for part in (source, os.environ.get("PYTHONPATH", "")) if part)
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self.owner = os.getpid()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "radiogenomics.imaging.reading_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **threads, "PYTHONPATH": path},
            bufsize=0,
            pipesize=1 << 20,  # voxels come through it
        )

    def usable(self) -> bool:
        return self.owner == os.getpid() and self.process.poll() is None

    def stop(self) -> None:
        if self.owner == os.getpid() and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def ask(self, row: dict[str, Any], what: str, limit_s: float) -> tuple[dict[str, Any], list[bytearray]]:
        """The answer's head, and voxels of image and mask; an answer that is an error has none."""
        late = threading.Event()
        watch = threading.Timer(limit_s, self._end, [late])
        watch.daemon = True
        watch.start()
        try:
            assert self.process.stdin is not None  # it was asked for
            self.process.stdin.write(json.dumps(row).encode() + b"\n")
            head = json.loads(self._read(int.from_bytes(self._read(8), "big")))
            sizes = expected_bytes(head["shape"]) if "shape" in head else (0, 0)
            voxels = [self._read(size) for size in sizes]
        except (OSError, EOFError) as error:
            code = self.process.wait()
            self.stop()
            if late.is_set():
                raise ImageError(f"{what}: reading takes longer than {limit_s:g} s", rule="decoder_time") from error
            raise ImageError(
                f"{what}: the process that read it crashed (exit code {code}); the file is malformed",
                rule="decoder_crashed",
            ) from error
        except BaseException:  # interrupted in mid-answer: the next question must not get the rest of this answer
            self.stop()
            raise
        finally:
            watch.cancel()
        return head, voxels

    def _end(self, late: threading.Event) -> None:
        late.set()
        self.process.kill()

    def _read(self, size: int) -> bytearray:
        assert self.process.stdout is not None  # it was asked for
        content = bytearray(size)
        view, held = memoryview(content), 0
        while held < size:
            got = self.process.stdout.readinto(view[held:])  # type: ignore[attr-defined]
            if not got:
                raise EOFError
            held += got
        return content


_LOCK = threading.Lock()
_CURRENT: list[_Reader] = []


def _reader() -> _Reader:
    """The reading process of this process, started where there is none; call with the lock held."""
    if _CURRENT and not _CURRENT[0].usable():
        _CURRENT.pop().stop()
    if not _CURRENT:
        _CURRENT.append(_Reader())
    return _CURRENT[0]


@atexit.register
def close_reader() -> None:
    """End the reading process of this process, if there is one."""
    while _CURRENT:
        _CURRENT.pop().stop()
