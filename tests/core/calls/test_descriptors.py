"""File descriptors: as many as the calls at once need, if this process may have them."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("resource")

_ASK = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from targen_core.calls.rate import allow_descriptors
allow_descriptors(300)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "limit"), [(64, 1024, 428), (1024, 1024, 1024), (64, 99, 99)]
)
def test_a_soft_limit_is_raised_as_far_as_it_is_needed(soft, hard, limit):
    code = _ASK.format(soft=soft, hard=hard)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == limit
