"""The process in which lesions are read: what a damaged file does to it, it does to nobody else.

Run as ``python -m radiogenomics.imaging.reading_process``. Takes one lesion a line as JSON on standard input and answers
each with the length of a JSON text (8 bytes, big end first), the text, and the voxels and the mask as bytes. Ends when standard input does. Memory is limited:
asking for more is an error of that lesion.
"""

from __future__ import annotations

import json
import math
import os
import sys
from typing import Any, BinaryIO

MEMORY_BYTES = 3 * 2**30
"""What decoding one lesion may take, beyond what the process takes when idle: enough for the largest volume allowed
(`dicom_frames.MAXIMUM_VOXELS` as float32, twice) and its mask."""


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    import SimpleITK as sitk

    from radiogenomics.exceptions import RadiogenomicsError
    from radiogenomics.imaging.reading import decode_lesion

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    limit_memory(MEMORY_BYTES)
    for line in requests:
        try:
            lesion = decode_lesion(json.loads(line))
        except RadiogenomicsError as error:
            _answer(answers, {"error": type(error).__name__, "message": error.message, "rule": error.rule})
        except (MemoryError, RuntimeError) as error:
            memory = isinstance(error, MemoryError) or "alloc" in str(error).lower()
            _answer(answers, {"memory": True} if memory else {"unexpected": f"{type(error).__name__}: {error}"})
        except Exception as error:  # noqa: BLE001 - whatever a decoder raises is told to who asked, who decides
            _answer(answers, {"unexpected": f"{type(error).__name__}: {error}"})
        else:
            image, roi = sitk.GetArrayViewFromImage(lesion.image), sitk.GetArrayViewFromImage(lesion.mask)
            head: dict[str, Any] = {
                "shape": image.shape,
                "spacing": lesion.image.GetSpacing(),
                "origin": lesion.image.GetOrigin(),
                "direction": lesion.image.GetDirection(),
                "acquisition": lesion.acquisition,
                "remarks": lesion.remarks,
                "turned": lesion.turned,
            }
            _answer(answers, head)
            answers.write(image.data)
            answers.write(roi.data)
            answers.flush()
            del lesion, image, roi


def _answer(answers: BinaryIO, head: dict[str, Any]) -> None:
    text = json.dumps(head).encode()
    answers.write(len(text).to_bytes(8, "big") + text)
    answers.flush()


def limit_memory(more: int) -> None:
    """Let this process take `more` bytes of address space than it has now, where the system can limit it."""
    try:
        import resource

        import psutil
    except ImportError:  # Windows has no such limit
        return
    total = psutil.Process().memory_info().vms + more
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (total if hard == resource.RLIM_INFINITY else min(total, hard), hard))


def expected_bytes(shape: list[int]) -> tuple[int, int]:
    """Bytes of the voxels (float32) and of the mask (uint8) that follow an answer."""
    voxels = math.prod(shape)
    return 4 * voxels, voxels


if __name__ == "__main__":
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a decoder prints must not end up among the answers
    serve(sys.stdin.buffer, out)
