"""The seam of steps 3 and 4: whoever executes them, the rows are the same bytes."""

from __future__ import annotations

import asyncio
import pickle

import pytest

from targen_core.engine import local
from targen_core.engine.executor import Executor, Generated
from targen_core.runs.jobs import job as jobs

pytestmark = pytest.mark.usefixtures("virtual_time")


class _Elsewhere(Executor):
    """Gets its work and says what came of it as bytes, like one on another machine."""

    def __init__(self, *args, **kwargs):
        self.local = local.LocalExecutor(*args, **kwargs)
        self.sent = 0

    def _across(self, value):
        self.sent += 1
        return pickle.loads(pickle.dumps(value))

    async def generate(self, work, scope):
        await asyncio.sleep(0)
        return self._across(await self.local.generate(self._across(work), scope))

    async def judge(self, work, scope):
        await asyncio.sleep(0)
        return self._across(await self.local.judge(self._across(work), scope))


@pytest.mark.parametrize(
    "parts",
    [
        {"relabel": 0.3, "bad": 0.2, "malformed": 0.1, "repeat": 0.2},
        {"per_call": 3, "rows_per_instance": 2, "maximum": 2, "samples": 3},
        {"labels": (), "relabel": 0.3},
        {"branches": (("row", None),), "none": 0.2},
    ],
)
def test_work_and_what_comes_of_it_cross_as_bytes(lab, tmp_path, monkeypatch, parts):
    world = lab.World(**parts)
    quotas = dict.fromkeys(world.quota_names, 6)
    here = lab.run(world, tmp_path / "here", quotas, give_up_after=30)
    made = []

    def elsewhere(*args, **kwargs):
        made.append(_Elsewhere(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(jobs, "LocalExecutor", elsewhere)
    there = lab.run(world, tmp_path / "there", quotas, give_up_after=30, latency=lab.latency("e"))
    assert there.files == here.files
    assert str(there.error) == str(here.error)
    assert there.report["flow"] == here.report["flow"]
    assert made[0].sent > 2 * len(there.provenance)


def test_what_fails_elsewhere_ends_the_run_as_it_does_here(lab, tmp_path, monkeypatch):
    world = lab.World()

    async def broken(llm, seed):
        raise RuntimeError("no such thing")

    task = world.task(generators={"yes": broken, "no": broken})
    here = lab.run(world, tmp_path / "here", {"yes": 2}, task=task)
    monkeypatch.setattr(jobs, "LocalExecutor", _Elsewhere)
    there = lab.run(world, tmp_path / "there", {"yes": 2}, task=task)
    assert "RuntimeError: no such thing" in str(here.error)
    assert str(there.error) == str(here.error)


def test_an_instance_that_a_reply_lacks_is_a_rejection():
    generated = Generated([1, 2], {"note": 1})
    assert [generated.at(0), generated.at(1)] == [1, 2]
    assert generated.at(2).reason == "missing"
