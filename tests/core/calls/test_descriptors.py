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
print(affordable(300), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def ask(soft: int, hard: int) -> tuple[int, int, str]:
    code = _ASK.format(soft=soft, hard=hard)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    concurrency, limit = map(int, done.stdout.split())
    return concurrency, limit, done.stderr


@pytest.mark.parametrize(
    ("soft", "hard", "concurrency", "limit"),
    [
        (64, 1024, range(300, 301), range(301, 1024)),  # raised as far as it is needed
        (1024, 1024, range(300, 301), range(1024, 1025)),  # it fits
        (64, 64, range(2, 64), range(64, 65)),
        (16, 16, range(1, 2), range(16, 17)),  # one call is always tried
    ],
)
def test_a_soft_limit_is_raised_as_far_as_it_is_needed_and_a_hard_one_is_said(
    soft, hard, concurrency, limit
):
    found, after, said = ask(soft, hard)
    assert found in concurrency and after in limit
    if found == 300:
        assert said == ""
    else:
        (line,) = said.splitlines()
        assert f"from 300 to {found}:" in line and str(hard) in line and "ulimit -n" in line
