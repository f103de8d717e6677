"""Models on disk: the same to the bit when read back, refused when altered, and never a way to run code."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.exceptions import ConfigurationError, IntegrityError, NotMaterialisedError
from radiogenomics.fusion import TRUSTED_TYPES, fit_final
from radiogenomics.storage.models import ModelRegistry

ARCHIVE = Path(__file__).parents[2] / "archives" / "models"
"""Models stored by earlier versions; they must stay readable."""


def cohort(n: int = 45) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(0)
    index = [f"P{i:02d}" for i in range(n)]
    y = pd.Series((np.arange(n) % 3 == 0).astype(int), index=index)
    columns = [f"clinical:v{i}" for i in range(3)] + [f"radiomics_ct:f{i}" for i in range(6)]
    X = pd.DataFrame(rng.normal(size=(n, 9)) + y.to_numpy()[:, None] * 0.5, index=index, columns=columns).round(3)
    X.loc[X.index[::5], X.columns.str.startswith("radiomics_ct:")] = np.nan
    return X, y


def store(folder: Path, name: str = "late/weighted", metadata: dict | None = None) -> tuple[ModelRegistry, str]:
    model = fit_final(*cohort(), name, Models(), Resampling())
    registry = ModelRegistry(folder)
    details = {"n": 45} if metadata is None else metadata
    return registry, registry.register(
        model, cohort="simulated", endpoint="egfr_status", name=name, metadata=details, trusted=TRUSTED_TYPES
    )


@pytest.mark.parametrize("name", ["late/weighted", "early/xgboost", "early/elastic_net", "radiomics_ct/xgboost"])
def test_a_model_read_back_predicts_the_same_to_the_bit(tmp_path: Path, name: str) -> None:
    X, y = cohort()
    registry, model_id = store(tmp_path, name)
    loaded = registry.load("simulated", "egfr_status", model_id, TRUSTED_TYPES)
    original = fit_final(X, y, name, Models(), Resampling())
    np.testing.assert_array_equal(loaded.predict_proba(X), original.predict_proba(X))
    np.testing.assert_array_equal(loaded.contributions(X)[0], original.contributions(X)[0])


def test_equal_models_have_equal_ids_and_are_stored_once(tmp_path: Path) -> None:
    registry, first = store(tmp_path)
    _, second = store(tmp_path)
    assert first == second
    assert first.startswith("late-weighted-")
    assert len(registry.list()) == 1


def test_other_metadata_give_another_id(tmp_path: Path) -> None:
    assert store(tmp_path, metadata={"snapshot": "a"})[1] != store(tmp_path, metadata={"snapshot": "b"})[1]


def test_the_list_names_what_is_stored_and_the_manifest_keeps_the_metadata(tmp_path: Path) -> None:
    registry, model_id = store(tmp_path)
    row = registry.list().iloc[0]
    assert row[["cohort", "endpoint", "model_id", "name", "intact"]].tolist() == [
        "simulated",
        "egfr_status",
        model_id,
        "late/weighted",
        True,
    ]
    assert registry.manifest("simulated", "egfr_status", model_id)["metadata"] == {"n": 45}


def test_an_empty_registry_lists_nothing_and_says_that_a_model_is_not_there(tmp_path: Path) -> None:
    registry = ModelRegistry(tmp_path / "none")
    assert registry.list().empty
    with pytest.raises(NotMaterialisedError, match="no model 'x' of cohort 'simulated'"):
        registry.load("simulated", "egfr_status", "x", TRUSTED_TYPES)


@pytest.mark.parametrize("position", [0, 200, -1])
def test_one_altered_byte_is_found_before_anything_is_parsed(
    tmp_path: Path, position: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, model_id = store(tmp_path)
    file = tmp_path / "simulated" / "egfr_status" / model_id / "model.skops"
    content = bytearray(file.read_bytes())
    content[position] ^= 1
    file.write_bytes(bytes(content))
    monkeypatch.setattr("skops.io.load", lambda *_, **__: pytest.fail("the altered file was parsed"))
    monkeypatch.setattr("skops.io.get_untrusted_types", lambda *_, **__: pytest.fail("the altered file was parsed"))
    with pytest.raises(IntegrityError, match=r"model\.skops: SHA-256 is"):
        registry.load("simulated", "egfr_status", model_id, TRUSTED_TYPES)
    assert not registry.list()["intact"].item()


def _delete_model(folder: Path) -> None:
    (folder / "model.skops").unlink()


def _add_file(folder: Path) -> None:
    (folder / "extra.pkl").write_bytes(b"x")


def _change_metadata(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["metadata"]["n"] = 4500
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _other_format(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))


def _cut_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text((folder / "manifest.json").read_text()[:40])


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (_delete_model, "files differ from the manifest: model.skops"),
        (_add_file, "files differ from the manifest: extra.pkl"),
        (_change_metadata, "does not belong to this model"),
        (_other_format, "format 99, this version reads 1 and 2"),
        (_cut_manifest, "cannot be read"),
    ],
)
def test_whatever_else_is_altered_in_the_folder_is_an_integrity_error(tmp_path: Path, alter, message: str) -> None:
    registry, model_id = store(tmp_path)
    alter(tmp_path / "simulated" / "egfr_status" / model_id)
    with pytest.raises(IntegrityError, match=message.replace(".", r"\.")):
        registry.load("simulated", "egfr_status", model_id, TRUSTED_TYPES)


def test_a_type_that_is_not_trusted_is_refused_on_writing_and_on_reading(tmp_path: Path) -> None:
    registry, model_id = store(tmp_path)
    with pytest.raises(IntegrityError, match="not trusted: radiogenomics"):
        registry.load("simulated", "egfr_status", model_id, [])
    with pytest.raises(ConfigurationError, match="not trusted"):
        registry.register(
            fit_final(*cohort(), "late/mean", Models(), Resampling()),
            cohort="c",
            endpoint="e",
            name="late/mean",
            metadata={},
            trusted=["sklearn.dummy.DummyClassifier"],
        )
    assert registry.list()["model_id"].tolist() == [model_id]  # nothing half-written is left to see


@pytest.mark.parametrize("name", ["../elsewhere", ".hidden", "a b", ""])
def test_names_that_would_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    model = DummyClassifier().fit([[0], [1]], [0, 1])
    with pytest.raises(ConfigurationError, match="no safe file name"):
        ModelRegistry(tmp_path).register(model, cohort=name, endpoint="e", name="m", metadata={})


def test_metadata_that_are_no_json_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="plain JSON"):
        store(tmp_path, metadata={"when": object()})
    assert ModelRegistry(tmp_path).list().empty


def archived(folder: Path, name: str) -> tuple[Any, dict[str, Any]]:
    """An archived model and the metadata of its manifest."""
    shutil.copytree(ARCHIVE, folder / "models")
    registry = ModelRegistry(folder / "models")
    row = registry.list().set_index("name", drop=False).loc[name]
    key = str(row["cohort"]), str(row["endpoint"]), str(row["model_id"])
    return registry.load(*key, TRUSTED_TYPES), registry.manifest(*key)["metadata"]


def test_a_model_stored_by_the_first_version_of_the_format_is_still_read(tmp_path: Path) -> None:
    model, metadata = archived(tmp_path, "late/weighted")
    found = model.predict_proba(cohort()[0].iloc[:6])[:, 1]
    np.testing.assert_allclose(found, metadata["predictions"], atol=1e-12)


def test_attention_stored_when_a_modality_without_evidence_was_silent_still_says_the_same(tmp_path: Path) -> None:
    model, metadata = archived(tmp_path, "intermediate/attention")
    rows = pd.DataFrame(metadata["rows"], columns=metadata["columns"], dtype=float)
    assert model.slopes_[-1] == 0
    np.testing.assert_allclose(model.predict_proba(rows)[:, 1], metadata["predictions"], atol=1e-9)
    np.testing.assert_allclose(model.contributions(rows)[0][:, -3:], metadata["contributions"], atol=1e-9)


def test_a_model_without_networks_is_read_without_torch_and_the_command_starts_without_dagster() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\n"
            "import pipelines.commands.predict\n"
            "from radiogenomics.fusion import TRUSTED_TYPES\n"
            "from radiogenomics.storage.models import ModelRegistry\n"
            f"registry = ModelRegistry({str(ARCHIVE)!r})\n"
            "cohort, endpoint = registry.find('late-weighted-d6c7696bae05')\n"
            "registry.load(cohort, endpoint, 'late-weighted-d6c7696bae05', TRUSTED_TYPES)\n"
            "print(sorted({'torch', 'dagster', 'matplotlib', 'lifelines', 'shap'} & set(sys.modules)))\n"
            "import torch\n"
            "print(torch.tensor([1.0]).item())\n",
        ],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout.splitlines() == ["[]", "1.0"], said.stderr
