"""A file is whole or not there."""

from __future__ import annotations

import pytest

from radiogenomics.storage import file_digest, write_atomically, write_text
from radiogenomics.storage.atomic import folder_digest


def test_a_failing_write_leaves_the_old_file_and_no_litter(tmp_path):
    target = tmp_path / "a.txt"
    write_text(target, "old")

    def fail(path):
        path.write_text("half")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        write_atomically(target, fail)
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_folders_are_made_on_the_way(tmp_path):
    write_text(tmp_path / "a" / "b" / "c.txt", "x")
    assert (tmp_path / "a" / "b" / "c.txt").read_text() == "x"


def test_the_digest_is_sha256_of_the_content(tmp_path):
    write_text(tmp_path / "a", "abc")
    assert (
        file_digest(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )  # FIPS 180-2


def test_a_folder_digest_sees_names_and_contents(tmp_path):
    write_text(tmp_path / "f" / "a", "1")
    first = folder_digest(tmp_path / "f")
    (tmp_path / "f" / "a").rename(tmp_path / "f" / "b")
    renamed = folder_digest(tmp_path / "f")
    write_text(tmp_path / "f" / "b", "2")
    assert len({first, renamed, folder_digest(tmp_path / "f")}) == 3
