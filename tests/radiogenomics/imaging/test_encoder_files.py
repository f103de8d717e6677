"""Encoders from a file: checked by digest before they are parsed, fed as their manifest says, each mistake one message."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import torch
import yaml
from lesion_phantoms import ball, lesion_row, lesion_table, volume
from safetensors.torch import save

from radiogenomics.cohort import load_cohort
from radiogenomics.cohort.schemas import LESIONS, empty
from radiogenomics.exceptions import ConfigurationError, IntegrityError, RadiogenomicsError
from radiogenomics.imaging import box_network
from radiogenomics.imaging.embedding import cnn_embeddings, embedding_of_lesion, encoder_files
from radiogenomics.imaging.encoder_formats import encoded
from radiogenomics.imaging.encoder_input import encoder_pictures
from radiogenomics.imaging.encoder_manifest import EncoderInput, EncoderManifest, read_manifest, weights_file
from radiogenomics.imaging.reading import Lesion
from radiogenomics.imaging.residual_network import residual_network

SHAPE = (8, 8, 8)


def _lesion(image: np.ndarray, roi: np.ndarray) -> Lesion:
    return Lesion(volume(image), volume(roi.astype(np.uint8)), "CT", "ct L1", {})


def onnx_bytes(*, external: bool = False) -> bytes:
    """A network that gives two numbers of a box: its mean, and twice it."""
    from onnx import TensorProto, helper, numpy_helper

    factor = numpy_helper.from_array(np.array([[1.0, 2.0]], dtype=np.float32), "factor")
    axes = numpy_helper.from_array(np.array([2, 3, 4], dtype=np.int64), "axes")
    if external:
        factor.ClearField("raw_data")
        factor.data_location = TensorProto.EXTERNAL
        factor.external_data.add(key="location", value="/etc/passwd")
    box = helper.make_tensor_value_info("box", TensorProto.FLOAT, [1, 1, *SHAPE])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 2])
    nodes = [
        helper.make_node("ReduceMean", ["box", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "factor"], ["out"]),
    ]
    graph = helper.make_graph(nodes, "g", [box], [out], [factor, axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return bytes(model.SerializeToString())


def torchscript_bytes() -> bytes:
    class Twice(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            mean = x.mean(dim=[2, 3, 4])
            return torch.cat([mean, 2 * mean], dim=1)

    import io

    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(Twice()), buffer)
    return buffer.getvalue()


def written(folder: Path, content: bytes, format: str, **more: Any) -> Path:
    """A manifest with its weights; `more` replaces keys, None removes them."""
    (folder / "weights.bin").write_bytes(content)
    manifest: dict[str, Any] = {
        "name": "tiny",
        "path": "weights.bin",
        "sha256": hashlib.sha256(content).hexdigest(),
        "format": format,
        "kind": "CT",
        "input": {"shape": list(SHAPE), "spacing_mm": [2, 2, 2], "window": [-1000, 1000]},
        "dimension": 2,
        "licence": "CC0",
        "source": "made by a test",
        **more,
    }
    file = folder / "encoder.yaml"
    file.write_text(yaml.safe_dump({key: value for key, value in manifest.items() if value is not None}))
    return file


def numbers(file: Path) -> np.ndarray:
    manifest = read_manifest(file)
    settings = {"manifest": manifest.model_dump(mode="json"), "file": str(weights_file(file, manifest))}
    return np.array(list(embedding_of_lesion(_lesion(*ball()), settings).values()))


@pytest.mark.parametrize("format", ["onnx", "torchscript"])
def test_a_network_gives_what_it_computes_of_the_declared_box(tmp_path: Path, format: str) -> None:
    content = onnx_bytes() if format == "onnx" else torchscript_bytes()
    more = {"runs_code": True} if format == "torchscript" else {}
    file = written(tmp_path, content, format, **more)
    box = encoder_pictures(_lesion(*ball()), read_manifest(file).input)
    assert box.shape == (1, 1, *SHAPE)
    np.testing.assert_allclose(numbers(file), [box.mean(), 2 * box.mean()], rtol=1e-5)


def test_weights_alone_become_the_network_that_the_manifest_names(tmp_path: Path) -> None:
    network = residual_network("resnet10_3d", 1).eval()
    weights = {f"trunk.{name}": value for name, value in network.state_dict().items()}
    weights["trunk.fc.weight"] = torch.zeros(2, 512)
    more = {"architecture": "resnet10_3d", "prefix": "trunk.", "dimension": 512}
    file = written(tmp_path, save(weights), "safetensors", **more)
    box = torch.from_numpy(encoder_pictures(_lesion(*ball()), read_manifest(file).input))
    with torch.inference_mode():
        np.testing.assert_allclose(numbers(file), network(box)[0].numpy(), atol=1e-5)


def test_the_projects_own_network_is_an_encoder_too(tmp_path: Path) -> None:
    weights = box_network.start(box_network.WIDTH, torch.Generator().manual_seed(1))
    shown = {"shape": [16, 16, 16], "spacing_mm": [2, 2, 2], "window": [-1000, 400], "mask_channel": True}
    file = written(tmp_path, save(weights), "safetensors", architecture="box_network", input=shown, dimension=64)
    assert numbers(file).shape == (64,)
    assert np.ptp(numbers(file)) > 0


@pytest.mark.parametrize(
    ("content", "format", "more", "kind", "message"),
    [
        (b"x", "onnx", {"sha256": "0" * 64}, IntegrityError, "the manifest says 000000000000...; nothing of it was read"),
        (b"x", "onnx", {}, IntegrityError, "cannot be read as onnx"),
        (b"\x80\x04K\x01.", "torchscript", {"runs_code": True}, IntegrityError, "cannot be read as torchscript"),
        (b"x", "safetensors", {"architecture": "resnet10_3d"}, IntegrityError, "cannot be read as safetensors"),
        ("external", "onnx", {}, IntegrityError, "weights lie in another file ('/etc/passwd'), which no digest covers"),
        ("onnx", "onnx", {"dimension": 3}, ConfigurationError, "the manifest says 3 numbers a picture"),
        (
            "onnx",
            "onnx",
            {"input": {"shape": [9, 9, 9], "spacing_mm": [2, 2, 2], "window": [0, 1]}},
            ConfigurationError,
            "does not take an input of shape [1, 9, 9, 9]",
        ),
        ("resnet", "safetensors", {"architecture": "resnet18_3d", "dimension": 512}, IntegrityError, "the file lacks"),
        (
            "resnet",
            "safetensors",
            {"architecture": "resnet10_3d", "dimension": 512, "input": {
                "shape": [8, 8, 8], "spacing_mm": [2, 2, 2], "window": [0, 1], "channels": 2}},
            IntegrityError,
            "weights do not fit 'resnet10_3d' of 2 channels",
        ),
        (b"x", "pickle", {}, ConfigurationError, "format: Input should be 'onnx', 'safetensors' or 'torchscript'"),
        (b"x", "torchscript", {}, ConfigurationError, "a TorchScript file is a programme"),
        (b"x", "safetensors", {}, ConfigurationError, "architecture: needed for safetensors"),
        (b"x", "onnx", {"licence": None}, ConfigurationError, "licence: Field required"),
        (b"x", "onnx", {"spacing": 1}, ConfigurationError, "spacing: unknown key"),
        (b"x", "onnx", {"path": "other.bin"}, ConfigurationError, "path: no such file 'other.bin'"),
    ],
)  # fmt: skip
def test_what_does_not_match_is_one_message(
    tmp_path: Path, content: Any, format: str, more: dict[str, Any], kind: type[RadiogenomicsError], message: str
) -> None:
    made = {
        "external": lambda: onnx_bytes(external=True),
        "onnx": onnx_bytes,
        "resnet": lambda: save(residual_network("resnet10_3d", 1).state_dict()),
    }
    file = written(tmp_path, made[content]() if isinstance(content, str) else content, format, **more)
    with pytest.raises(kind) as caught:
        numbers(file)
    assert message in str(caught.value)


def test_planes_show_the_middle_of_the_lesion_and_a_mask_where_asked(tmp_path: Path) -> None:
    image, roi = ball()
    shown = EncoderInput(shape=(16, 12), spacing_mm=(1, 2), window=(-1000, 0), channels=3, mask_channel=True)
    planes = encoder_pictures(_lesion(image, roi), shown)
    assert planes.shape == (3, 4, 16, 12)
    assert planes[:, 3].max(axis=(1, 2)).tolist() == [1, 1, 1]
    np.testing.assert_array_equal(planes[:, 0], planes[:, 2])
    assert planes[:, 3, 7:9, 5:7].all()


COHORT = """
name: c
clinical:
  tables: {{main: {{file: clinical.csv, patient_id: id}}}}
images:
  ct: {{kind: {kind}, image: "{{patient_id}}.nii", mask: "{{patient_id}}.nii", embedding: {{manifest: encoder.yaml}}}}
"""


def test_a_cohort_names_its_encoder_and_the_dictionary_says_which_and_its_licence(tmp_path: Path) -> None:
    file = written(tmp_path, onnx_bytes(), "onnx")
    (tmp_path / "cohort.yaml").write_text(COHORT.format(kind="CT"))
    cohort = load_cohort(tmp_path / "cohort.yaml")
    lesion = _lesion(*ball())
    sitk.WriteImage(lesion.image, str(tmp_path / "image.nii.gz"))
    sitk.WriteImage(lesion.mask, str(tmp_path / "mask.nii.gz"))
    row = lesion_row(tmp_path / "image.nii.gz", tmp_path / "mask.nii.gz")
    found = cnn_embeddings(cohort, lesion_table(row))
    assert found.quarantine.empty
    assert found.values[["cnn_0000", "cnn_0001"]].to_numpy()[0].tolist() == pytest.approx(numbers(file).tolist())
    assert "tiny channel 1, box of 8 x 8 x 8 voxels (CT; CC0; made by a test)" in set(found.dictionary["description"])
    assert {path.name for path in encoder_files(cohort)} == {"encoder.yaml", "weights.bin"}


def test_an_encoder_for_another_kind_of_images_is_refused(tmp_path: Path) -> None:
    written(tmp_path, onnx_bytes(), "onnx")
    (tmp_path / "cohort.yaml").write_text(COHORT.format(kind="MR"))
    with pytest.raises(ConfigurationError, match="encoder 'tiny' is for CT, these images are MR"):
        cnn_embeddings(load_cohort(tmp_path / "cohort.yaml"), empty(LESIONS))


def test_many_pictures_are_encoded_as_they_are_one_by_one(tmp_path: Path) -> None:
    file = written(tmp_path, onnx_bytes(), "onnx")
    manifest = EncoderManifest.model_validate(yaml.safe_load(file.read_text()))
    pictures = np.random.default_rng(0).random((3, 1, *SHAPE)).astype(np.float32)
    together = encoded(manifest, tmp_path / "weights.bin", pictures)
    np.testing.assert_array_equal(together[1:2], encoded(manifest, tmp_path / "weights.bin", pictures[1:2]))


def test_the_manifest_in_the_documentation_is_valid_but_for_its_shortened_digest() -> None:
    import re

    text = (Path(__file__).parents[3] / "docs" / "encoders.md").read_text(encoding="utf-8")
    (example,) = (block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "sha256" in block)
    EncoderManifest.model_validate(yaml.safe_load(example) | {"sha256": "0" * 64})
