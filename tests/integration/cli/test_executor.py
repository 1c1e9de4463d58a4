"""`--executor`: models that work elsewhere, here in a thread of the example plugin."""

from __future__ import annotations

import targen_core
from targen_core import Backend, BackendOptions
from targen_core.calls.delivery import ModelExecutor
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_standard.scripted import ScriptedModel, ScriptedOptions


def test_an_executor_gets_each_model_once_and_what_was_asked_for(tmp_path):
    asked = []

    async def place(sources, workers):
        asked.append((sources, workers))
        return [source.model for source in sources]

    grid = ModelExecutor(summary="", place=place)
    own = Backend(
        summary="",
        options=BackendOptions,
        create=lambda options: ScriptedModel(ScriptedOptions()),
    )
    registry = load_registry()
    parts = [
        Registration("executor", "grid", grid, "", "g", "g", "g"),
        Registration("backend", "own", own, "", "o", "o", "o"),
    ]
    run = targen_core.generate(
        "rte",
        n=2,
        model="own",
        steps={"correct": "scripted"},
        out=tmp_path / "run",
        registry=Registry([*registry.everything(), *parts], registry.plugins),
        progress=False,
        max_outage=7,
        executor={"name": "grid", "workers": "2-8", "resources": {"gpu": 0.5}, "address": "a:1"},
    )
    assert run.report.status == "complete"
    ((sources, workers),) = asked
    assert [source.backend_id for source in sources] == ["o:own", "targen-standard:scripted"]
    assert (workers.minimum, workers.maximum, workers.address) == (2, 8, "a:1")
    assert (dict(workers.resources), workers.patience) == ({"gpu": 0.5}, 7)
