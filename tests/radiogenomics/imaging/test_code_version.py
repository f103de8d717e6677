"""Kept results are computed anew when code that decides them changes, and not when a comment does."""

from __future__ import annotations

import importlib
import sys

import pytest

from radiogenomics.imaging import code_version as module
from radiogenomics.imaging.code_version import code_version
from radiogenomics.imaging.lesion_step import Step

SOURCE = '''"""A step."""


def compute(lesion, settings):
    """What it gives."""
    return {"value": 1.0}
'''


@pytest.fixture
def digest_of(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))

    def digest(source: str) -> str:
        (tmp_path / "a_step_of_a_test.py").write_text(source)
        sys.modules.pop("a_step_of_a_test", None)
        importlib.invalidate_caches()
        module._digest.cache_clear()
        return code_version(importlib.import_module("a_step_of_a_test").compute)

    return digest


def test_comments_docstrings_and_layout_do_not_count(digest_of) -> None:
    changed = SOURCE.replace("A step", "Another text").replace("    return", "    # why\n\n    return")
    assert digest_of(SOURCE) == digest_of(changed)


def test_a_changed_number_counts(digest_of) -> None:
    assert digest_of(SOURCE) != digest_of(SOURCE.replace("1.0", "2.0"))


def test_the_code_of_imported_modules_counts_too(digest_of) -> None:
    plain = SOURCE.replace('"""A step."""', "import json")
    imported = SOURCE.replace('"""A step."""', "import radiogenomics.imaging.suv")
    renamed = SOURCE.replace('"""A step."""', "import radiogenomics.imaging.planes")
    assert len({digest_of(plain), digest_of(imported), digest_of(renamed)}) == 3


def test_the_key_of_every_step_depends_on_how_images_are_read(digest_of) -> None:
    alone = digest_of(SOURCE)
    step = Step("a step", 1, sys.modules["a_step_of_a_test"].compute, ())
    assert step.identity()[2] != alone
    assert {"SimpleITK", "pydicom"} <= set(step.identity()[3])
