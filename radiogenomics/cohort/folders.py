"""The files below a folder, whatever its links: each once, in the order of their names, without going round in circles."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class Walk(NamedTuple):
    """What lies below a folder.

    `files` are regular files that are not hidden, sorted by path. `broken` has a path and the reason for each link that
    leads back to a folder above it, or nowhere, and for each folder that may not be opened.
    """

    files: list[Path]
    broken: list[tuple[Path, str]]


def walk(folder: Path) -> Walk:
    """Everything below a folder; linked folders are entered, but never one that holds the link itself."""
    files: list[Path] = []
    broken: list[tuple[Path, str]] = []
    _enter(folder, (os.path.realpath(folder),), files, broken)
    return Walk(sorted(files), sorted(broken))


def files_below(folder: Path) -> list[Path]:
    """The files of :func:`walk`, broken links passed over."""
    return walk(folder).files


def _enter(folder: Path, above: tuple[str, ...], files: list[Path], broken: list[tuple[Path, str]]) -> None:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        broken.append((folder, f"cannot be opened ({error.strerror or type(error).__name__})"))
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = Path(entry.path)
        try:
            is_folder = entry.is_dir()
            is_file = entry.is_file()
        except OSError:  # a link to itself
            is_folder = is_file = False
        if is_folder:
            place = os.path.realpath(path) if entry.is_symlink() else os.path.join(above[-1], entry.name)
            if any(os.path.commonpath([place, folder_above]) == place for folder_above in above):
                broken.append((path, f"is a link back to {place}, which holds it"))
            else:
                _enter(path, (*above, place), files, broken)
        elif is_file:
            files.append(path)
        elif entry.is_symlink():
            broken.append((path, "is a link that leads to no file"))
