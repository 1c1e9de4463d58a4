"""File descriptors: as many calls at once as this process may hold open."""

from __future__ import annotations

import subprocess
import sys

import pytest

resource = pytest.importorskip("resource")

_ASK = """
import logging, resource
logging.basicConfig(format="%(message)s")
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from targen_core.calls.descriptors import affordable
print(affordable({requested}), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def ask(soft: int, hard: int, requested: int) -> tuple[int, int, str]:
    done = subprocess.run(
        [sys.executable, "-c", _ASK.format(soft=soft, hard=hard, requested=requested)],
        capture_output=True,
        text=True,
        check=True,
    )
    concurrency, limit = map(int, done.stdout.split())
    return concurrency, limit, done.stderr


def test_a_hard_limit_is_kept_to_and_said():
    concurrency, limit, said = ask(64, 64, 300)
    assert 1 < concurrency < 64
    assert limit == 64
    (line,) = said.splitlines()
    assert f"from 300 to {concurrency}:" in line and "64" in line and "ulimit -n" in line


@pytest.mark.parametrize(
    ("soft", "hard", "concurrency", "limit"),
    [
        (64, 1024, 300, range(301, 1024)),  # raised as far as it is needed
        (1024, 1024, 300, range(1024, 1025)),  # it fits
        (16, 16, 1, range(16, 17)),  # one call is always tried
    ],
)
def test_a_soft_limit_is_raised_as_far_as_it_is_needed(soft, hard, concurrency, limit):
    found, after, said = ask(soft, hard, 300)
    assert found == concurrency
    assert after in limit
    assert (said == "") == (concurrency == 300)
