"""The server of plots and reports reads one folder and nothing else."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request

import pytest

from pipelines.pages import pages_server


@pytest.fixture
def server(tmp_path, monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("RADIOGENOMICS_PAGES_URL", f"http://127.0.0.1:{port}")
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "report.html").write_text("<p>report</p>")
    (folder / "way_out").symlink_to(tmp_path)
    running = pages_server(folder)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{port}"
    running.shutdown()
    running.server_close()


def status(address, method="GET"):
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method=method), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_a_report_is_served(server):
    assert status(f"{server}/report.html") == (200, "<p>report</p>")


@pytest.mark.parametrize("path", ["/", "/../secret.txt", "/%2e%2e/secret.txt", "/way_out/secret.txt"])
def test_no_listing_and_no_way_out_of_the_folder(server, path):
    code, text = status(server + path)
    assert code == 404
    assert "secret" not in text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_written(server, method):
    assert status(f"{server}/report.html", method)[0] == 501
