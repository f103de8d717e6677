"""Where Dagster keeps its state: one folder by default, PostgreSQL by environment variables alone.

``dagster.yaml`` names these classes. Each only chooses where: the classes behind them are Dagster's own.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

from radiogenomics.exceptions import ConfigurationError
from radiogenomics.storage.home import Home

POSTGRES_VARIABLE = "RADIOGENOMICS_POSTGRES_URL"


def project_folder() -> Path:
    """The folder with ``dagster.yaml``: the project's own, or the working directory where it was installed elsewhere."""
    beside = Path(__file__).resolve().parent.parent
    return beside if (beside / "dagster.yaml").is_file() else Path.cwd()


def _folder() -> Path:
    folder = Home.from_environment().dagster
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class StateStorage(DagsterSqliteStorage):
    """Runs, events and schedules: SQLite in the state folder, or PostgreSQL at `RADIOGENOMICS_POSTGRES_URL`."""

    @classmethod
    def config_type(cls) -> Any:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> Any:
        url = os.environ.get(POSTGRES_VARIABLE)
        if not url:
            return DagsterSqliteStorage.from_local(str(_folder()), inst_data=inst_data)
        try:
            from dagster_postgres import DagsterPostgresStorage
        except ImportError as error:
            raise ConfigurationError(
                f'{POSTGRES_VARIABLE} is set, but dagster-postgres is not installed: pip install "radiogenomics[postgres]"',
                rule="missing_extra",
            ) from error
        if url.startswith(("postgresql://", "postgres://")):
            url = f"postgresql+psycopg2://{url.split('://', 1)[1]}"  # the driver that dagster-postgres brings
        return DagsterPostgresStorage(postgres_url=url, should_autocreate_tables=True, inst_data=inst_data)


class StateArtifacts(LocalArtifactStorage):
    """Dagster's own small files, in the state folder."""

    @classmethod
    def config_type(cls) -> Any:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> Any:
        return LocalArtifactStorage(str(_folder()), inst_data=inst_data)


class StateComputeLogs(LocalComputeLogManager):
    """What steps print, in the state folder."""

    @classmethod
    def config_type(cls) -> Any:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> Any:
        return LocalComputeLogManager(base_dir=str(_folder() / "logs"), inst_data=inst_data)
