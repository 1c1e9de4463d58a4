"""Runs on a real Ray cluster of this machine, started once for all tests."""

from __future__ import annotations

import contextlib
import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("ray") is None:  # a run in which everything is skipped would look like a good one
    pytest.exit("tests/ray needs Ray: sh scripts/test --ray", returncode=4)

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"


@pytest.fixture(scope="session")
def cluster():
    """A Ray cluster that runs find as one that their program is connected to; its folder."""
    import ray

    with tempfile.TemporaryDirectory(prefix="targen-ray-") as folder:
        ray.init(
            address="local",
            num_cpus=4,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="CRITICAL",
            object_store_memory=100 << 20,
            _node_ip_address="127.0.0.1",
            _temp_dir=folder,
        )
        try:
            yield Path(folder)
        finally:
            with contextlib.suppress(Exception):
                ray.shutdown()


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    """No reply of another test."""
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "cache"))
