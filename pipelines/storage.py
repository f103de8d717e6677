"""The IO manager: every table, cohort, model record and report of the graph goes through the artefact store."""

from __future__ import annotations

from typing import Any

import dagster as dg

from assets.step import Computed, Unchanged
from radiogenomics.storage import ArtefactStore


class ArtefactIOManager(dg.ConfigurableIOManager):
    """Tables as Parquet, the cohort as ``.h5mu``, text and JSON as is; atomic, digests checked on reading."""

    folder: str

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        if isinstance(obj, Unchanged):
            return
        value = obj if isinstance(obj, Computed) else Computed(obj, "", {})
        ArtefactStore(_path(self.folder)).write(
            context.asset_key.path, value.value, fingerprint=value.fingerprint, shown=value.shown
        )

    def load_input(self, context: dg.InputContext) -> Any:
        return ArtefactStore(_path(self.folder)).read(context.asset_key.path)


def _path(folder: str):
    from pathlib import Path

    return Path(folder)
