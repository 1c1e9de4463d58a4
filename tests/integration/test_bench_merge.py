"""The short form of `bench/merge.py`: shards of the form that it writes still merge."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench/merge.py"


@pytest.mark.whole
def test_written_shards_merge(tmp_path):
    size = ["--runs", "2", "--rows", "20", "--folder", str(tmp_path)]
    done = subprocess.run([sys.executable, BENCH, *size], capture_output=True, text=True)
    assert "rows read 40, asked for 40, taken 40" in done.stdout, done.stderr
    assert len((tmp_path / "merged/dataset.jsonl").read_text().splitlines()) == 40
