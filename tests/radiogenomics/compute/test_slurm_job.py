"""The SLURM job of docs/cluster.md is what dask-jobqueue makes of it."""

from __future__ import annotations

import re

import pytest

from tests.conftest import REPOSITORY


def test_the_documented_cluster_renders_a_job_that_starts_a_worker_with_the_documented_limits() -> None:
    jobqueue = pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
    page = (REPOSITORY / "docs" / "cluster.md").read_text()
    block = re.search(r"```python\n(from dask_jobqueue.*?)```", page, re.DOTALL)
    assert block is not None
    code = block.group(1).split("cluster.adapt")[0].replace('"port": 8786', '"port": 0')  # 8786 may be taken here
    names: dict = {}
    exec(code, names)  # the documentation's own lines
    cluster = names["cluster"]
    try:
        assert isinstance(cluster, jobqueue.SLURMCluster)
        script = cluster.job_script()
    finally:
        cluster.close()
    assert script.startswith("#!/usr/bin/env bash")
    for line in ("#SBATCH -p normal", "#SBATCH --cpus-per-task=1", "#SBATCH --mem=6G", "#SBATCH -t 08:00:00"):
        assert line in script.splitlines(), script
    assert "source /shared/radiogenomics/.venv/bin/activate" in script
    assert re.search(r"distributed\.cli\.dask_worker tcp://\S+ .*--nthreads 1 .*--lifetime 7h", script), script
