"""A PostgreSQL server of the tests' own, on a free port, gone when they end."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


def programs() -> Path | None:
    """The folder with initdb and pg_ctl, or None where there is none."""
    found = shutil.which("initdb")
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    return Path(found).parent if found else (newest[-1].parent if newest else None)


@contextmanager
def running_server() -> Iterator[str]:
    """The URL of a server with a password; PostgreSQL refuses root, so another user runs it then."""
    psycopg2 = pytest.importorskip("psycopg2", reason="psycopg2 is not installed (the extra 'postgres')")
    folder = programs()
    if folder is None:
        pytest.skip("no PostgreSQL server on this machine: apt-get install postgresql")
    root = Path(tempfile.mkdtemp(prefix="radiogenomics-pg-", dir="/tmp"))
    who: dict[str, str | int] = {}
    if os.geteuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        account = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
        os.chown(root, account.pw_uid, account.pw_gid)
        who = {"user": account.pw_uid, "group": account.pw_gid}
    password = secrets.token_hex(8)
    (root / "pw").write_text(password)
    data, port = root / "data", _free_port()
    options = f"-p {port} -k {root} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=16MB"
    made = [
        folder / "initdb",
        "-D",
        data,
        "-U",
        "owner",
        "-A",
        "scram-sha-256",
        "--pwfile",
        root / "pw",
        "--no-sync",
        "-E",
        "UTF8",
    ]
    started = [folder / "pg_ctl", "-D", data, "-w", "-l", root / "log", "-o", options, "start"]
    try:
        for command in (made, started):
            subprocess.run(
                [str(c) for c in command],
                cwd=root,
                check=True,
                stdout=subprocess.DEVNULL,
                extra_groups=[] if who else None,
                **who,
            )  # type: ignore[call-overload]
        url = f"postgresql://owner:{password}@127.0.0.1:{port}/postgres"
        for _ in range(50):
            with suppress(psycopg2.OperationalError):
                psycopg2.connect(url).close()
                break
            time.sleep(0.1)
        yield url
    finally:
        stop = [str(folder / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"]
        subprocess.run(stop, cwd=root, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who)  # type: ignore[call-overload]
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def new_database(server: str, name: str) -> Iterator[str]:
    """The URL of an empty database of that server."""
    import psycopg2

    connection = psycopg2.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    yield server.rsplit("/", 1)[0] + f"/{name}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
