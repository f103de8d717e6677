"""A small cohort written from text, for tests that say in a few lines what a hospital handed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from radiogenomics.cohort import Cohort, load_cohort

CohortWriter = Callable[..., Cohort]


@pytest.fixture
def write_cohort_files(tmp_path: Path) -> CohortWriter:
    """`write(files, **sections)` writes files (name -> text or bytes) and a cohort.yaml with these sections, and loads it.

    Without a `clinical` section there is one table `main` from clinical.csv with the column `id`.
    """

    def write(files: Mapping[str, str | bytes], **sections: Any) -> Cohort:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        sections.setdefault("clinical", {"tables": {"main": {"file": "clinical.csv", "patient_id": "id"}}})
        (tmp_path / "cohort.yaml").write_text(yaml.safe_dump({"name": "small", **sections}))
        return load_cohort(tmp_path / "cohort.yaml")

    return write
