"""Chromium through chromedriver's own protocol (W3C WebDriver), for tests of pages."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = (
    *(
        "--headless=new",
        "--no-sandbox",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        "--ignore-gpu-blocklist",
    ),
    *("--window-size=1400,900", "--no-first-run", "--disable-background-networking", "--disable-component-update"),
)


def missing() -> str:
    """What is lacking to drive a browser, or ''."""
    if shutil.which("chromedriver") is None:
        return "chromedriver is not on the PATH"
    return "" if any(shutil.which(name) for name in BROWSERS) else "no Chromium on the PATH"


class Browser:
    """One headless window; software rendering, so that WebGL works without a graphics card."""

    def __init__(self, downloads: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._address = f"http://127.0.0.1:{port}"
        self._driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self._wait()
            preferences = {
                "download.default_directory": str(downloads),
                "profile.default_content_setting_values.automatic_downloads": 1,
            }
            binary = next(path for path in map(shutil.which, BROWSERS) if path)
            options = {"args": list(_FLAGS), "prefs": preferences, "binary": binary}
            wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
            session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            self._session = f"/session/{session['sessionId']}"
        except BaseException:
            self._driver.kill()
            raise

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                urllib.request.urlopen(f"{self._address}/status", timeout=5)
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._address + path, data=data, method=method, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=90) as answer:
            return json.load(answer)["value"]

    def open(self, file: Path) -> None:
        self._ask("POST", f"{self._session}/url", {"url": file.as_uri()})

    def run(self, script: str) -> Any:
        return self._ask("POST", f"{self._session}/execute/sync", {"script": script, "args": []})

    def until(self, script: str, patience: float = 60) -> Any:
        """The first true value of a script."""
        deadline = time.monotonic() + patience
        while not (value := self.run(script)):
            if time.monotonic() > deadline:
                raise TimeoutError(script)
            time.sleep(0.1)
        return value

    def drag(self, points: list[tuple[int, int]]) -> None:
        """Press the mouse at the first point of the window and let go at the last."""
        moves = [{"type": "pointerMove", "duration": 60, "x": x, "y": y} for x, y in points]
        actions = [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:], {"type": "pointerUp", "button": 0}]
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions}
        self._ask("POST", f"{self._session}/actions", {"actions": [mouse]})

    def requests(self) -> list[str]:
        """The addresses that the page asked for, itself included."""
        log = self._ask("POST", f"{self._session}/se/log", {"type": "performance"})
        messages = [json.loads(entry["message"])["message"] for entry in log]
        return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """Errors on the browser's console."""
        log = self._ask("POST", f"{self._session}/se/log", {"type": "browser"})
        return [entry["message"] for entry in log if entry["level"] == "SEVERE"]

    def picture(self) -> bytes:
        return base64.b64decode(self._ask("GET", f"{self._session}/screenshot"))

    def close(self) -> None:
        try:
            self._ask("DELETE", self._session)
        finally:
            self._driver.terminate()
            try:
                self._driver.wait(timeout=20)
            except subprocess.TimeoutExpired:  # a busy machine; what was to be seen has been seen
                self._driver.kill()
                self._driver.wait(timeout=20)
