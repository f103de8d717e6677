"""What a malformed file does to the process that reads it, it does to nobody else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from lesion_phantoms import ball, lesion_row, write_pair

from radiogenomics.exceptions import ImageError
from radiogenomics.imaging import guarded_reading
from radiogenomics.imaging.guarded_reading import close_reader, read_lesion
from radiogenomics.imaging.reading import decode_lesion


@pytest.fixture
def row(tmp_path):
    image, roi = ball()
    return lesion_row(*write_pair(tmp_path, "a", image, roi))


def _child() -> psutil.Process:
    return psutil.Process(guarded_reading._CURRENT[0].process.pid)


def test_a_lesion_arrives_as_it_was_decoded_to_the_bit(row) -> None:
    ours, theirs = read_lesion(row), decode_lesion(row)
    np.testing.assert_array_equal(ours.arrays()[0], theirs.arrays()[0])
    np.testing.assert_array_equal(ours.arrays()[1], theirs.arrays()[1])
    for attribute in ("GetSpacing", "GetOrigin", "GetDirection", "GetPixelID"):
        assert getattr(ours.image, attribute)() == getattr(theirs.image, attribute)()
        assert getattr(ours.mask, attribute)() == getattr(theirs.mask, attribute)()
    assert (ours.kind, ours.name, ours.acquisition) == (theirs.kind, theirs.name, theirs.acquisition)


def test_one_process_reads_many_lesions(row) -> None:
    read_lesion(row)
    first = _child().pid
    read_lesion(row)
    assert _child().pid == first != os.getpid()


def test_an_error_crosses_with_its_class_and_rule(row) -> None:
    with pytest.raises(ImageError, match=r"label 9 not in mask") as caught:
        read_lesion({**row, "roi": "9"})
    assert caught.value.rule == "roi_missing"


def test_a_reading_process_that_crashes_is_an_error_of_that_lesion_and_the_next_is_read(row) -> None:
    read_lesion(row)
    child = _child()
    child.suspend()
    os.kill(child.pid, signal.SIGSEGV)
    child.resume()
    child.wait(5)
    assert read_lesion(row).arrays()[1].any()  # started anew


def test_a_crash_in_mid_reading_names_the_files(row, monkeypatch, tmp_path) -> None:
    """A decoder that crashes, as SimpleITK did on one of 600 malformed files, stood in for by one that always does."""
    stand_in = tmp_path / "SimpleITK.py"
    stand_in.write_text(
        "class ProcessObject:\n"
        "    @staticmethod\n"
        "    def SetGlobalDefaultNumberOfThreads(n): pass\n"
        "def __getattr__(name):\n"
        "    import os, signal\n"
        "    os.kill(os.getpid(), signal.SIGFPE)\n"
    )
    close_reader()
    monkeypatch.setattr(guarded_reading.radiogenomics, "__file__", guarded_reading.radiogenomics.__file__)
    real = subprocess.Popen

    def with_stand_in(*arguments, **options):
        options["env"]["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{options['env']['PYTHONPATH']}"
        return real(*arguments, **options)

    monkeypatch.setattr(guarded_reading.subprocess, "Popen", with_stand_in)
    with pytest.raises(ImageError, match=r"a_image\.nii\.gz.*crashed \(exit code -8\)") as caught:
        read_lesion(row)
    assert caught.value.rule == "decoder_crashed"
    monkeypatch.undo()
    assert read_lesion(row).arrays()[1].any()


def test_reading_that_takes_too_long_is_ended(row) -> None:
    read_lesion(row)
    _child().suspend()
    started = time.monotonic()
    with pytest.raises(ImageError, match=r"longer than 0\.3 s") as caught:
        read_lesion(row, time_limit_s=0.3)
    assert caught.value.rule == "decoder_time"
    assert time.monotonic() - started < 5
    assert read_lesion(row).arrays()[1].any()


def test_memory_beyond_the_limit_is_refused_to_the_reading_process() -> None:
    code = (
        "import numpy as np\n"
        "from radiogenomics.imaging.reading_process import limit_memory\n"
        "limit_memory(200 * 2**20)\n"
        "np.ones(100 * 2**20, dtype=np.uint8)\n"
        "try:\n"
        "    np.ones(400 * 2**20, dtype=np.uint8)\n"
        "except MemoryError:\n"
        "    print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"


def test_the_reading_process_ends_when_the_one_that_asks_is_killed(row, tmp_path) -> None:
    code = (
        "import json, os, sys, time\n"
        "from radiogenomics.imaging import guarded_reading as g\n"
        "g.read_lesion(json.loads(sys.argv[1]))\n"
        "print(g._CURRENT[0].process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    import json

    with subprocess.Popen([sys.executable, "-c", code, json.dumps(row)], stdout=subprocess.PIPE, text=True) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        child.wait(10)  # raises where it lives on
    assert not child.is_running()
