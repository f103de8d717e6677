"""What assets are handed: the state folder."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from pipelines.storage import ArtefactIOManager
from radiogenomics.storage import Home


class HomeResource(dg.ConfigurableResource[Home]):
    """The folder of all state, handed to assets as :class:`radiogenomics.storage.Home`."""

    folder: str

    def create_resource(self, context: dg.InitResourceContext) -> Home:
        return Home(Path(self.folder))


def resources(home: Home | None = None) -> dict[str, object]:
    """The resources of the definitions, for the state folder of the environment or another one."""
    place = home or Home.from_environment()
    return {
        "home": HomeResource(folder=str(place.folder)),
        "io_manager": ArtefactIOManager(folder=str(place.artefacts)),
    }
