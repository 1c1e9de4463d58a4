"""Files from strangers, taken apart: the short form of `bench/fuzz_strangers.py`."""

from __future__ import annotations

import functools
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

_BENCH = Path(__file__).parents[3] / "bench"
_MUTATIONS = 1  # the bench has 2,000 of each kind
_REFUSED = {"settings"}
"""Kinds whose good files are refused until they are trusted."""

sys.path.insert(0, str(_BENCH))
KINDS = importlib.import_module("strangers.kinds").KINDS
sys.path.remove(str(_BENCH))


@pytest.fixture(scope="session", name="fuzz")
def _fuzz():
    """Fuzz a kind in one process that has imported everything, and remember what was found."""
    process = subprocess.Popen(
        [sys.executable, str(_BENCH / "fuzz_strangers.py"), "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    @functools.cache
    def fuzz(kind):
        process.stdin.write(f"{kind} {_MUTATIONS} 0\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield fuzz
    process.stdin.close()
    process.wait()
    process.stdout.close()


def faults(found):
    return [fault for fault in found["faults"] if fault["category"] != "slow"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_s_file_is_data(kind, fuzz):
    """No code, no file or address of others, no crash, no hang, no memory without bound.

    A good file is taken: else all its mutations would be refused at the door, and prove nothing.
    """
    found = fuzz(kind)
    assert set(found["good"]["codes"]) == ({"0", "2"} if kind in _REFUSED else {"0"})
    said = [
        f"{fault['category']}: {fault['detail']} at {fault['where']}\n"
        f"  targen {fault['command']}\n  {fault['again']}"
        for fault in faults(found["good"]) + faults(found)
    ]
    assert not said, "\n".join(sorted({*said}))
    assert found["mutations"] == _MUTATIONS
