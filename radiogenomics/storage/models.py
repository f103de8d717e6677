"""Fitted models on disk, without pickle: a folder a model, checked by digest before any parser sees a byte.

::

    <folder>/<cohort>/<endpoint>/<model_id>/
        model.skops      the estimator, in skops' format: arrays and plain values, types by allow-list
        <attachment>     what its use needs beside it (from format 2 on), named by whoever registers the model
        manifest.json    format version, identity, metadata, and size and SHA-256 of every other file

`model_id` is a readable name followed by a hash of the content, so equal models have equal ids. A model folder appears
whole, by one rename, or not at all, and is never changed afterwards.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

import pandas as pd

from radiogenomics.exceptions import ConfigurationError, IntegrityError, NotMaterialisedError
from radiogenomics.storage.atomic import file_digest

FORMAT = 2
READABLE = (1, 2)
"""Format 1 has no attachments."""
MODEL_FILE = "model.skops"
MANIFEST_FILE = "manifest.json"
_IMPORTING = Lock()
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")


class ModelRegistry:
    """The models of all cohorts and endpoints below one folder."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def register(
        self,
        model: Any,
        *,
        cohort: str,
        endpoint: str,
        name: str,
        metadata: dict[str, Any],
        trusted: Iterable[str] | None = None,
        attachments: Mapping[str, bytes] | None = None,
    ) -> str:
        """Store a fitted model and return its id.

        Parameters
        ----------
        name : readable, such as `late/weighted`; `/` becomes `-` in the id.
        metadata : plain JSON values: what it was trained on, versions, figures.
        trusted : names of the types that the model may hold beside numpy arrays and plain values
            (`radiogenomics.fusion.TRUSTED_TYPES`); a model that holds another could not be loaded, and is refused here.
            None: not checked now, only when it is loaded.
        attachments : file name -> content, stored beside the model under its digest.

        Raises
        ------
        ConfigurationError
            A name that is no safe file name, metadata that are no JSON, or a type that is not trusted.
        """
        skops_io = _skops_io()
        place = self._place(cohort, endpoint)
        readable = _checked(name.replace("/", "-"), "name")
        place.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".tmp-", dir=place))
        try:
            file = temporary / MODEL_FILE
            skops_io.dump(model, file, compression=zipfile.ZIP_DEFLATED)
            if trusted is not None:
                _refuse_untrusted(file, trusted, ConfigurationError)
            files = {MODEL_FILE: file}
            for attached, content in (attachments or {}).items():
                files[_checked(attached, "attachment")] = temporary / attached
                files[attached].write_bytes(content)
            described = {
                "format": FORMAT,
                "cohort": cohort,
                "endpoint": endpoint,
                "name": name,
                "metadata": metadata,
                "files": {
                    each: {"sha256": file_digest(path), "bytes": path.stat().st_size} for each, path in files.items()
                },
            }
            model_id = f"{readable}-{_content_hash(file, described)}"
            try:
                text = json.dumps({**described, "model_id": model_id}, indent=2, sort_keys=True, allow_nan=False)
            except (TypeError, ValueError) as error:
                raise ConfigurationError(
                    f"model '{name}': metadata must be plain JSON: {error}", rule="metadata"
                ) from error
            (temporary / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")
            _publish(temporary, place / model_id)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return model_id

    def load(self, cohort: str, endpoint: str, model_id: str, trusted: Iterable[str]) -> Any:
        """The fitted model, after its files were checked against the manifest.

        Raises
        ------
        NotMaterialisedError
            There is no such model.
        IntegrityError
            A file is altered, missing or too many, of an unknown format, or holds a type that is not trusted.
        """
        skops_io = _skops_io()
        folder = self._existing(cohort, endpoint, model_id)
        self._verified(folder)
        file = folder / MODEL_FILE
        _refuse_untrusted(file, trusted, IntegrityError)
        return skops_io.load(file, trusted=sorted(trusted))

    def manifest(self, cohort: str, endpoint: str, model_id: str) -> dict[str, Any]:
        """The checked manifest of a model: identity, metadata, files."""
        return self._verified(self._existing(cohort, endpoint, model_id))

    def attachment(self, cohort: str, endpoint: str, model_id: str, name: str) -> bytes | None:
        """The checked content of a file stored beside a model; None where it has no such file."""
        folder = self._existing(cohort, endpoint, model_id)
        return (folder / name).read_bytes() if name in self._verified(folder)["files"] else None

    def find(self, model_id: str) -> tuple[str, str]:
        """Cohort and endpoint of the model with this id.

        Raises
        ------
        NotMaterialisedError
            No cohort has such a model, or several do.
        """
        _checked(model_id, "model_id")
        found = sorted(self.folder.glob(f"*/*/{model_id}/{MANIFEST_FILE}"))
        if len(found) != 1:
            known = sorted(p.parent.name for p in self.folder.glob(f"*/*/[!.]*/{MANIFEST_FILE}"))
            raise NotMaterialisedError(
                f"model '{model_id}': {len(found)} of that id are stored; there are: {', '.join(known) or 'none'}",
                rule="no_such_model",
            )
        return found[0].parts[-4], found[0].parts[-3]

    def list(self) -> pd.DataFrame:
        """One row a stored model: cohort, endpoint, model_id, name, registered_at (UTC), intact, newest last."""
        rows = []
        for manifest in sorted(self.folder.glob(f"*/*/*/{MANIFEST_FILE}")):
            folder = manifest.parent
            if folder.name.startswith("."):
                continue
            try:
                name, intact = str(self._verified(folder)["name"]), True
            except IntegrityError:
                name, intact = "", False
            moment = pd.Timestamp(manifest.stat().st_mtime_ns, unit="ns", tz="UTC")
            rows.append((folder.parts[-3], folder.parts[-2], folder.name, name, moment, intact))
        table = pd.DataFrame(rows, columns=["cohort", "endpoint", "model_id", "name", "registered_at", "intact"])
        return table.sort_values(["registered_at", "model_id"], ignore_index=True)

    # ------------------------------------------------------------------------------------------------------------
    def _place(self, cohort: str, endpoint: str) -> Path:
        return self.folder / _checked(cohort, "cohort") / _checked(endpoint, "endpoint")

    def _existing(self, cohort: str, endpoint: str, model_id: str) -> Path:
        folder = self._place(cohort, endpoint) / _checked(model_id, "model_id")
        if not folder.is_dir():
            known = sorted(p.name for p in folder.parent.glob("[!.]*")) if folder.parent.is_dir() else []
            raise NotMaterialisedError(
                f"no model '{model_id}' of cohort '{cohort}', endpoint '{endpoint}'; stored: {', '.join(known) or 'none'}",
                rule="no_such_model",
            )
        return folder

    @staticmethod
    def _verified(folder: Path) -> dict[str, Any]:
        """The manifest, after every file in the folder was found as it says."""
        try:
            manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
            declared, model_id = dict(manifest["files"]), manifest["model_id"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IntegrityError(f"{folder.name}: {MANIFEST_FILE} cannot be read: {error}", rule="manifest") from error
        if manifest.get("format") not in READABLE:
            readable = " and ".join(map(str, READABLE))
            raise IntegrityError(
                f"{folder.name}: format {manifest.get('format')!r}, this version reads {readable}", rule="format"
            )
        found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
        if found != {*declared, MANIFEST_FILE}:
            odd = sorted(found ^ {*declared, MANIFEST_FILE})
            raise IntegrityError(f"{folder.name}: files differ from the manifest: {', '.join(odd)}", rule="files")
        for name, expected in declared.items():
            actual = file_digest(folder / name)
            if actual != expected["sha256"]:
                raise IntegrityError(
                    f"{folder.name}/{name}: SHA-256 is {actual[:12]}..., the manifest says {expected['sha256'][:12]}...",
                    rule="digest",
                )
        if not str(model_id).endswith(_content_hash(folder / MODEL_FILE, manifest)) or model_id != folder.name:
            raise IntegrityError(f"{folder.name}: {MANIFEST_FILE} does not belong to this model", rule="identity")
        return dict(manifest)


def _content_hash(file: Path, described: dict[str, Any]) -> str:
    """Hash over what the model is and what is said about it.

    A skops archive carries memory addresses (as object ids and member names) and time stamps, which differ between equal
    models: addresses are renumbered in order of appearance, members count with their content.
    """
    total = hashlib.sha256()
    numbers: dict[Any, int] = {}
    with zipfile.ZipFile(file) as archive:
        members = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}

        def plain(node: Any) -> Any:
            if isinstance(node, list):
                return [plain(part) for part in node]
            if not isinstance(node, dict):
                return members.get(node, node) if isinstance(node, str) else node
            return {
                key: numbers.setdefault(value, len(numbers)) if key == "__id__" else plain(value)
                for key, value in sorted(node.items())
            }

        total.update(json.dumps(plain(json.loads(archive.read("schema.json"))), sort_keys=True).encode())
    identity = {key: described[key] for key in ("format", "cohort", "endpoint", "name", "metadata")}
    if described["format"] > 1:
        identity["attachments"] = {
            name: stored["sha256"] for name, stored in described["files"].items() if name != MODEL_FILE
        }
    total.update(json.dumps(identity, sort_keys=True, default=str).encode())
    return total.hexdigest()[:12]


def _skops_io() -> ModuleType:
    """`skops.io`, without torch where nothing has loaded it yet.

    On import skops lists scikit-learn's estimators by walking through its packages; one of them, a shim that holds no
    estimator and is skipped where it cannot be imported, would load torch, which costs seconds and which few models need.
    """
    if "torch" in sys.modules or "skops.io" in sys.modules:
        return import_module("skops.io")
    with _IMPORTING:
        sys.modules["torch"] = None  # type: ignore[assignment]  # documented: importing it is then a ModuleNotFoundError
        try:
            return import_module("skops.io")
        finally:
            del sys.modules["torch"]


def _refuse_untrusted(
    file: Path, trusted: Iterable[str], kind: type[ConfigurationError] | type[IntegrityError]
) -> None:
    skops_io = _skops_io()
    unknown = sorted(set(skops_io.get_untrusted_types(file=file)) - set(trusted))
    if unknown:
        raise kind(f"{file.name}: holds types that are not trusted: {', '.join(unknown)}", rule="untrusted_type")


def _publish(temporary: Path, final: Path) -> None:
    """Rename a whole folder into place; an equal model that is there already stays."""
    for file in temporary.iterdir():
        os.chmod(file, 0o644)
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    os.chmod(temporary, 0o755)
    try:
        os.rename(temporary, final)
    except OSError:
        if not final.is_dir():
            raise
        ModelRegistry._verified(final)  # another process published the same content: it must be intact
    descriptor = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checked(name: str, what: str) -> str:
    if not _NAME.match(name):
        raise ConfigurationError(
            f"{what}: '{name}' is no safe file name (letters, digits, '_', '-', '.')", rule="file_name"
        )
    return name
