"""Every metric passes the kit that other people's pass."""

from __future__ import annotations

from targen_analysis.testing.suite import MetricSuite as Suite
from targen_core.plugins.loader import load_registry

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
