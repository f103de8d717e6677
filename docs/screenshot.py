"""The README's pictures of the UI, by headless Chromium: ``make screenshot`` after ``make demo``.

Needs Chromium or Chrome on the PATH. Starts the UI on a free port, takes the pictures and stops it again.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PICTURES = {
    "lineage.png": ("/asset-groups", (1500, 1300)),
    "evaluation.png": ("/assets/simulated/egfr_status/evaluation", (1500, 1600)),
    "contact_sheet.png": ("/assets/simulated/image_qc", (1500, 1300)),
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def take(browser: str, address: str, target: Path, size: tuple[int, int]) -> None:
    """One picture of one page, once its scripts have had time to draw it."""
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, *QUIET, f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}"]
        command += ["--virtual-time-budget=25000", f"--screenshot={target}", address]
        subprocess.run(command, check=True, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(address: str, server: subprocess.Popen[bytes], patience: float = 120) -> None:
    """Return once the address answers; the server's own message has been printed where it ended instead."""
    deadline = time.monotonic() + patience
    while True:
        if server.poll() is not None:
            raise SystemExit(f"the UI ended with exit code {server.returncode}")
        try:
            urllib.request.urlopen(address, timeout=5)
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def main() -> int:
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        sys.stderr.write(f"no browser found: install one of {', '.join(BROWSERS)}\n")
        return 2
    port = free_port()
    command = [sys.executable, "-m", "pipelines.cli", "ui", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/server_info", server)
        (FOLDER / "pictures").mkdir(exist_ok=True)
        for name, (page, size) in PICTURES.items():
            take(browser, f"http://127.0.0.1:{port}{page}", FOLDER / "pictures" / name, size)
            sys.stdout.write(f"{FOLDER / 'pictures' / name}\n")
    finally:
        server.terminate()
        server.wait(timeout=60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
