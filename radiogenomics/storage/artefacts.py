"""What each step of the graph produced: tables as Parquet, the cohort as ``.h5mu``, text as is.

An artefact has a key (``cohort/asset`` or ``cohort/endpoint/asset``). Its content lies in a folder named by its digest;
``record.json`` beside it says which one is current. The record is replaced in one step, so a reader sees the old content
or the new one, whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from radiogenomics.exceptions import IntegrityError, NotMaterialisedError
from radiogenomics.storage.atomic import file_digest, write_text
from radiogenomics.storage.mudata_file import read_mudata, write_mudata

FORMAT = 1
KEPT_VERSIONS = 2
"""How many contents of an artefact stay on disk, so that a reader of the last one is not cut off."""


@dataclass(frozen=True)
class Record:
    """What is known of the current content of an artefact.

    Attributes
    ----------
    digest : SHA-256 over the content; for a MuData its own snapshot identifier's part of it.
    fingerprint : hash of everything the content was computed from (code version, settings, inputs); '' if unknown.
    kind : ``table``, ``tables``, ``cohort``, ``text`` or ``json``.
    files : file name -> SHA-256.
    shown : what the step reported about it, in JSON.
    """

    key: str
    digest: str
    fingerprint: str
    kind: str
    files: dict[str, str]
    created_at: str
    shown: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT


class ArtefactStore:
    """Artefacts below one folder.

    Parameters
    ----------
    folder : Path
        Created when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def record(self, key: Sequence[str]) -> Record | None:
        """The record of the current content, or None where there is none.

        Raises
        ------
        IntegrityError
            The record is unreadable or of a later format.
        """
        path = self._place(key) / "record.json"
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise IntegrityError(f"{path}: not a readable record ({error})", rule="record") from error
        if raw.get("format", 0) > FORMAT:
            raise IntegrityError(f"{path}: format {raw['format']}, this version reads up to {FORMAT}", rule="format")
        return Record(**raw)

    def write(
        self, key: Sequence[str], value: Any, *, fingerprint: str = "", shown: Mapping[str, Any] | None = None
    ) -> Record:
        """Store `value` under `key` and make it the current content.

        Parameters
        ----------
        value : DataFrame; mapping (or named tuple) of name -> DataFrame; MuData; str; or any other JSON value.
        """
        place = self._place(key)
        place.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".tmp-", dir=place))
        try:
            kind = _dump(value, staging)
            files = {p.name: file_digest(p) for p in sorted(staging.iterdir())}
            digest = _digest(value, files)
            content = place / digest[:16]
            previous = self.record(key)
            if previous is not None and previous.digest == digest and self._whole(key, previous):
                files = previous.files  # the same content is there already
            else:
                shutil.rmtree(content, ignore_errors=True)
                os.replace(staging, content)
                os.chmod(content, 0o755)
            record = Record(
                key="/".join(key),
                digest=digest,
                fingerprint=fingerprint,
                kind=kind,
                files=files,
                created_at=datetime.now(UTC).isoformat(timespec="seconds"),
                shown=dict(shown or {}),
            )
            write_text(place / "record.json", json.dumps(asdict(record), indent=1, sort_keys=True))
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        self._prune(place, keep=digest[:16])
        return record

    def read(self, key: Sequence[str]) -> Any:
        """The current content, checked against its digests.

        Raises
        ------
        NotMaterialisedError
            Nothing was stored under this key yet.
        IntegrityError
            A file is missing or altered.
        """
        record = self.record(key)
        if record is None:
            raise NotMaterialisedError(
                f"{'/'.join(key)}: nothing stored yet; run the cohort first (radiogenomics run COHORT.yaml)",
                rule="not_materialised",
            )
        content = self.content(key, record)
        for name, digest in record.files.items():
            if not (content / name).is_file():
                raise IntegrityError(f"{content / name}: named in the record but not there", rule="file_missing")
            if file_digest(content / name) != digest:
                raise IntegrityError(f"{content / name}: altered since it was written (digest differs)", rule="digest")
        return _load(record.kind, content)

    def current(self, key: Sequence[str], fingerprint: str) -> Record | None:
        """The record where it was computed from exactly `fingerprint` and its files are whole; else None."""
        record = self.record(key)
        if record is None or not fingerprint or record.fingerprint != fingerprint:
            return None
        return record if self._whole(key, record) else None

    def _whole(self, key: Sequence[str], record: Record) -> bool:
        content = self.content(key, record)
        return all((content / name).is_file() and file_digest(content / name) == d for name, d in record.files.items())

    def keys(self, *prefix: str) -> list[tuple[str, ...]]:
        """Keys of all stored artefacts that start with `prefix`, sorted."""
        base = self.folder.joinpath(*prefix)
        found = [p.parent.relative_to(self.folder).parts for p in base.rglob("record.json")]
        return sorted(found)

    def content(self, key: Sequence[str], record: Record) -> Path:
        """The folder that holds the files of `record`."""
        return self._place(key) / record.digest[:16]

    def _place(self, key: Sequence[str]) -> Path:
        return self.folder.joinpath(*key)

    @staticmethod
    def _prune(place: Path, keep: str) -> None:
        old = [
            p for p in place.iterdir() if p.is_dir() and len(p.name) == 16 and p.name != keep and (p / _MARK).exists()
        ]
        for folder in sorted(old, key=lambda p: p.stat().st_mtime, reverse=True)[KEPT_VERSIONS - 1 :]:
            shutil.rmtree(folder, ignore_errors=True)


_MARK = "kind"


def _dump(value: Any, folder: Path) -> str:
    kind = _kind(value)
    if kind == "table":
        value.to_parquet(folder / "table.parquet", index=_has_index(value))
    elif kind == "tables":
        for name, table in _tables(value).items():
            table.to_parquet(folder / f"{name}.parquet", index=_has_index(table))
    elif kind == "cohort":
        write_mudata(value, folder / "cohort.h5mu")
    elif kind == "text":
        (folder / "text.txt").write_text(value, encoding="utf-8")
    else:
        (folder / "value.json").write_text(
            json.dumps(value, indent=1, sort_keys=True, allow_nan=False), encoding="utf-8"
        )
    (folder / _MARK).write_text(kind, encoding="utf-8")
    return kind


def _load(kind: str, folder: Path) -> Any:
    if kind == "table":
        return pd.read_parquet(folder / "table.parquet")
    if kind == "tables":
        return {p.stem: pd.read_parquet(p) for p in sorted(folder.glob("*.parquet"))}
    if kind == "cohort":
        return read_mudata(folder / "cohort.h5mu")
    if kind == "text":
        return (folder / "text.txt").read_text(encoding="utf-8")
    if kind == "json":
        return json.loads((folder / "value.json").read_text(encoding="utf-8"))
    raise IntegrityError(f"{folder}: unknown kind of artefact '{kind}'", rule="kind")


def _kind(value: Any) -> str:
    if isinstance(value, pd.DataFrame):
        return "table"
    if _tables(value):
        return "tables"
    if type(value).__name__ == "MuData":
        return "cohort"
    return "text" if isinstance(value, str) else "json"


def _tables(value: Any) -> dict[str, pd.DataFrame]:
    """The tables of a mapping or named tuple that holds nothing but tables; {} for anything else."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping) and value and all(isinstance(item, pd.DataFrame) for item in value.values()):
        return dict(value)
    return {}


def _has_index(table: pd.DataFrame) -> bool:
    return not isinstance(table.index, pd.RangeIndex)


def _digest(value: Any, files: Mapping[str, str]) -> str:
    """Digest of the content. HDF5 files of equal content differ in bytes, so a cohort goes by its snapshot identifier."""
    snapshot = getattr(value, "uns", {}).get("snapshot_id") if _kind(value) == "cohort" else None
    text = f"cohort {snapshot}" if snapshot else "\n".join(f"{name} {digest}" for name, digest in sorted(files.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def fingerprint(*parts: Any) -> str:
    """One hash over JSON-able parts: code version, settings, digests of inputs."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
