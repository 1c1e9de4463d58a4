"""Every metric passes the kit that other people's pass."""

from __future__ import annotations

import pytest

from targen_analysis.differences import metric as differences
from targen_analysis.testing import suite
from targen_analysis.testing.suite import MetricSuite as Suite
from targen_core.plugins.loader import load_registry
from targen_testing.forks import in_another_process

OPTIONS = {"lexical": ("replicates=5",), "differences": ("replicates=100",)}
"""So that metrics take no longer than the kit needs, which measures each some thirty times."""

for _item in load_registry().all("metric"):
    if _item.distribution == "targen-analysis":
        _name = f"Test{_item.name.title().replace('-', '')}"
        globals()[_name] = type(
            _name,
            (Suite,),
            {
                "metric": _item.id,
                "options": OPTIONS.get(_item.name, ()),
                "__module__": __name__,
                "__doc__": _item.summary,
            },
        )


ONE_DRAW = """
import sys
from targen_analysis.differences import metric
from targen_analysis.testing.measured import main

metric._REPEATS = 1
main(*sys.argv[1:])
"""


@pytest.fixture(autouse=True)
def _one_draw(monkeypatch):
    """Draw few rows once, here and in other processes: each draw trains fifteen classifiers."""

    def elsewhere(_, *args):
        done = in_another_process(ONE_DRAW, args)
        assert done.returncode == 0, done.stderr

    monkeypatch.setattr(differences, "_REPEATS", 1)
    monkeypatch.setattr(suite, "elsewhere", elsewhere)
