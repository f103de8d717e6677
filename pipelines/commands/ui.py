"""``radiogenomics ui``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from types import FrameType

from rich.console import Console

from assets.display import pages_url
from pipelines.instance import project_folder
from pipelines.pages import pages_server
from radiogenomics.exceptions import InputError
from radiogenomics.storage import Home
from radiogenomics.storage.home import VARIABLE as HOME_VARIABLE


def ui(home: Home, port: int, err: Console) -> int:
    """Serve Dagster's page, its daemon and the pages of plots and reports until stopped.

    Raises
    ------
    InputError
        The port of the pages is taken.
    """
    try:
        pages = pages_server(home.pages)
    except OSError as error:
        raise InputError(
            f"{pages_url()}: cannot be served ({error.strerror}); is another `make ui` running? "
            "Else set RADIOGENOMICS_PAGES_URL to http://127.0.0.1 with a free port",
            rule="port_taken",
        ) from error
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    home.dagster.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, HOME_VARIABLE: str(home.folder), "DAGSTER_HOME": str(project_folder())}
    err.print(
        f"Dagster: http://127.0.0.1:{port}   plots and reports: {pages_url()}   stop with Ctrl-C", highlight=False
    )
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-m",
        "pipelines.definitions",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    process = subprocess.Popen(command, env=environment, cwd=project_folder(), start_new_session=True)
    signal.signal(signal.SIGTERM, _stop)
    try:
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        pages.shutdown()
        _end(process)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end(process: subprocess.Popen[bytes]) -> None:
    """End Dagster's processes: as Ctrl-C would, and where that takes too long, at once."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
