"""The page on which a person accepts a draft: self-contained, and what it saves is what is seen, to the voxel."""

from __future__ import annotations

import io
import json
import re
import time
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import SimpleITK as sitk

from radiogenomics.cohort.contour_origin import contour_origin
from radiogenomics.exceptions import IntegrityError
from radiogenomics.imaging.geometry import along_body, backward_axes
from radiogenomics.reporting.contours import page
from radiogenomics.reporting.contours.page import PageContent, contour_page, index_page, viewer_source
from tests.radiogenomics.imaging.lesion_phantoms import ball, volume
from tests.radiogenomics.reporting.browser import Browser, missing


@pytest.fixture(scope="module")
def content() -> PageContent:
    """A ball with a drawn contour and a draft that is smaller and off, stored from left to right and from back to front."""
    image, drawn = ball()
    draft = ball(radius_mm=7.0, centre=(13, 21, 24))[1]
    stored = sitk.Flip(volume(image), [True, True, False])
    assert backward_axes(stored) == (0, 1)
    meta = {
        **{"patient_id": "P1", "study_id": "S1", "lesion_id": "L<1>", "images": "ct", "kind": "CT", "simulated": False},
        **{"status_text": "It passed.", "method": "threshold", "prompt": ["box_mm", [1, 2, 3, 4, 5, 6]]},
        **{"file_name": "L_1_", "draft_file": "d.nii.gz", "draft_sha256": "0" * 64},
    }
    masks = {"draft": draft, "second": draft, "drawn": drawn}
    return PageContent(along_body(stored), stored, masks, meta, [("agreement (Dice)", "0.81")])


@pytest.fixture(scope="module")
def html(content) -> str:
    return contour_page(content)


def test_the_page_is_one_small_file_that_names_no_other(html, content):
    assert len(html) < 4_000_000
    own = html.replace(viewer_source(), "")
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?https?:", own)
    assert "default-src 'none'" in own
    assert "BSD 2-Clause License" in own
    assert "L&lt;1&gt;" in own
    assert "L<1>" not in own
    assert contour_page(content) == html


def test_the_list_links_to_pages_and_escapes_what_people_wrote():
    row = {
        "lesion_id": "<b>",
        "images": "ct",
        "status": "draft",
        "agreement": "0.9",
        "volume": "1",
        "reason": "",
        "href": "a.html",
    }
    text = index_page("my cohort", [row], simulated=True)
    assert '<a href="a.html">&lt;b&gt;</a>' in text
    assert "SIMULATED DATA" in text


def test_a_viewer_that_was_altered_is_not_used(tmp_path, monkeypatch):
    import gzip

    folder = Path(page.__file__).parent / "niivue"
    (tmp_path / "niivue").mkdir()
    (tmp_path / "niivue/version.json").write_text((folder / "version.json").read_text())
    (tmp_path / "niivue/niivue.umd.js.gz").write_bytes(gzip.compress(viewer_source().encode() + b" "))
    monkeypatch.setattr(page, "_HERE", tmp_path)
    with pytest.raises(IntegrityError, match=r"is not @niivue/niivue \d"):
        viewer_source.__wrapped__()


def saved(folder: Path, pattern: str) -> Path:
    """The file once the browser has written it."""
    deadline = time.monotonic() + 30
    while not (found := sorted(folder.glob(pattern))):
        assert time.monotonic() < deadline, [file.name for file in folder.iterdir()]
        time.sleep(0.1)
    return found[0]


def test_in_a_browser_what_is_edited_and_accepted_is_saved_to_the_voxel_on_the_images_own_grid(tmp_path, html, content):
    if missing():
        pytest.skip(f"{missing()}: the page cannot be driven")
    file, downloads = tmp_path / "page.html", tmp_path / "saved"
    file.write_text(html)
    downloads.mkdir()
    browser = Browser(downloads)
    try:
        browser.open(file)
        browser.until("return document.body.dataset.ready")
        seen = matplotlib.image.imread(io.BytesIO(browser.picture()))[..., :3]
        draft_coloured = (seen[..., 0] > seen[..., 2] + 0.25) & (seen[..., 1] < 0.75)
        assert draft_coloured[:, 400:].sum() > 300  # the draft shows on the planes

        browser.run("document.getElementById('accept').click()")
        assert "initials" in browser.run("return document.getElementById('said').textContent")

        # the drawn contour, exactly as it is
        browser.run("document.getElementById('initials').value = 'AB'")
        browser.run("document.querySelector('[data-start=drawn]').click()")
        browser.run("document.getElementById('accept').click()")
        accepted = saved(downloads, "L_1___accepted_AB.nii.gz")
        told = json.loads(saved(downloads, "L_1___accepted_AB.contour.json").read_text())
        mask, stored = sitk.ReadImage(str(accepted)), content.stored
        for ours, theirs in ((mask, stored),):
            assert ours.GetSize() == theirs.GetSize()
            assert np.allclose(ours.GetOrigin(), theirs.GetOrigin())
            assert np.allclose(ours.GetDirection(), theirs.GetDirection())
            assert np.allclose(ours.GetSpacing(), theirs.GetSpacing())
        assert np.array_equal(sitk.GetArrayFromImage(along_body(mask)) > 0, content.masks["drawn"])
        assert (told["decision"], told["initials"], told["lesion_id"]) == ("accepted", "AB", "L<1>")
        assert told["voxels"] == content.masks["drawn"].sum()
        assert contour_origin(accepted, "L<1>") == ("accepted", "AB", "")
        assert contour_origin(accepted, "L2").problem

        # a stroke of the pen with the mouse, from nothing: what is saved is what was drawn
        browser.run("document.querySelector('[data-start=nothing]').click()")
        browser.run("document.querySelector('[data-view=axial]').click()")
        browser.run("document.querySelector('[data-tool=pen]').click()")
        browser.drag([(800, 430), (830, 450), (860, 470)])
        browser.until("return window.contourPage.count() > 0")
        held = browser.run("return Array.from(window.contourPage.current()).reduce((a, b) => a + b, 0)")
        browser.run("document.getElementById('initials').value = 'CD'; document.getElementById('accept').click()")
        stroke = sitk.ReadImage(str(saved(downloads, "*accepted_CD.nii.gz")))
        voxels = sitk.GetArrayFromImage(along_body(stroke)) > 0
        assert voxels.sum() == held > 3
        assert voxels.any(axis=(1, 2)).sum() == 1  # one axial slice
        assert json.loads(saved(downloads, "*accepted_CD.contour.json").read_text())["edited"] is True

        # a rejection saves no contour
        browser.run("document.getElementById('initials').value = 'EF'; document.getElementById('reject').click()")
        assert json.loads(saved(downloads, "*rejected_EF.contour.json").read_text())["decision"] == "rejected"
        assert not list(downloads.glob("*rejected*.nii.gz"))
        assert browser.complaints() == []
        asked = [address for address in browser.requests() if not address.startswith(("data:", "blob:"))]
        assert asked == [file.as_uri()]
    finally:
        browser.close()


def test_the_report_counts_who_drew_the_contours():
    import pandas as pd

    from radiogenomics.reporting import render_report
    from radiogenomics.reporting.contours.counts import contour_counts

    qc = pd.DataFrame(
        {
            "patient_id": ["A", "A", "B", "C"],
            "images": "ct",
            "contour": ["drawn", "draft", "draft", "accepted"],
            "status": ["used", "flagged", "quarantined", "used"],
        }
    )
    counts = contour_counts(qc)
    assert counts.set_index("contour")[["lesions", "patients", "quarantined"]].to_numpy().tolist() == [
        [1, 1, 0],
        [2, 2, 1],
        [1, 1, 0],
    ]
    text = render_report(cohort_title="c", endpoint="e", simulated=False, contours=counts)
    assert re.search(
        r"<td>ct</td><td>draft</td><td class=\"n\">2</td><td class=\"n\">2</td><td class=\"n\">1</td>", text
    )
