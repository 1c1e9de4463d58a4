"""Forks of one process: what one order read is known to the next, unless it has other code."""

from __future__ import annotations

import os
import sys

import pytest

from targen_testing.forks import _FORK, Forks

NAMES = ("targen-core", "targen-testing")
DIGEST = f"from targen_core.runs.preparing.code_digest import digest_of; digest_of({NAMES})"
KNOWN = f"from targen_core.runs.preparing.code_digest import known; print({NAMES} in known)"


@pytest.mark.skipif(_FORK is None, reason="each order gets a fresh process")
def test_code_is_read_once_unless_other_code_is_on_the_path(tmp_path):
    site = tmp_path / "site"
    (site / "other-1.dist-info").mkdir(parents=True)
    forks = Forks()

    def told(code, *path):
        return forks(code, (), cwd=tmp_path, path=[*map(str, path)], env=os.environ).stdout.strip()

    try:
        assert told(KNOWN) == "False"
        told(DIGEST)
        assert told(KNOWN) == "True"
        assert told(KNOWN, tmp_path, *sys.path) == "True"
        assert told(KNOWN, site) == "False"
    finally:
        forks.close()
