"""Forks of one process: what one order read is known to the next, unless it has other code."""

from __future__ import annotations

import os
import sys

import pytest

from targen_testing.forks import _FORK, Forks

CODE = "from targen_core.engine.ledger import code_of, known; "
READ = f"{CODE}code_of('targen-core'), code_of('pydantic')"
KNOWN = f"{CODE}print(*known)"


@pytest.mark.skipif(_FORK is None, reason="each order gets a fresh process")
def test_code_is_read_once_unless_other_code_is_on_the_path(tmp_path):
    site = tmp_path / "site"
    (site / "targen_core-1.dist-info").mkdir(parents=True)
    forks = Forks()

    def told(code, *path):
        return forks(code, (), cwd=tmp_path, path=[*map(str, path)], env=os.environ).stdout.strip()

    try:
        assert told(KNOWN) == ""
        told(READ)
        assert told(KNOWN) == "targen-core pydantic"
        assert told(KNOWN, tmp_path, *sys.path) == "targen-core pydantic"
        assert told(KNOWN, site) == "pydantic"
    finally:
        forks.close()
