"""A small read-only server for plots and reports, beside Dagster's own, which has no route for files."""

from __future__ import annotations

import http.server
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from assets.display import pages_url


class _Pages(http.server.SimpleHTTPRequestHandler):
    """Files below one folder: no listing of folders, no way out of it, nothing can be written."""

    server_version = "radiogenomics"

    def list_directory(self, path):
        self.send_error(404, "no listing")
        return None

    def send_head(self):
        root = Path(self.directory).resolve()
        if not Path(self.translate_path(self.path)).resolve().is_relative_to(root):
            self.send_error(404)
            return None
        return super().send_head()

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *args) -> None:
        return


def pages_server(folder: Path) -> http.server.ThreadingHTTPServer:
    """The server, bound to the loopback address and port that the links in the UI name."""
    folder.mkdir(parents=True, exist_ok=True)
    address = urlsplit(pages_url())
    return http.server.ThreadingHTTPServer(("127.0.0.1", address.port or 80), partial(_Pages, directory=str(folder)))
