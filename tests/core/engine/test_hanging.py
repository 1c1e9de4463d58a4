"""A run one of whose calls hangs: it does not hold up the others."""

from __future__ import annotations

import asyncio

import pytest

from targen_core.engine import window
from targen_core.engine.events import Committed

pytestmark = pytest.mark.usefixtures("virtual_time")


@pytest.mark.parametrize(("concurrency", "hedge"), [(1, False), (4, False), (4, True)])
def test_a_call_that_hangs_at_the_head_does_not_hold_up_the_others(
    lab, tmp_path, monkeypatch, concurrency, hedge
):
    """Others run ahead of it, however many candidates they are of; and not without end."""
    monkeypatch.setattr(window, "_FAR", 4)  # so that few rows show the end
    world, sent = lab.World(lists=(5, 5), relabel=0.2, none=0.1), []
    started, committed, most_waiting = set(), set(), 0
    quotas = {"yes": 60, "no": 60}

    def first_hangs(request):
        nonlocal most_waiting
        if request.origin.step != "generate":
            return 1.0
        sent.append(asyncio.get_running_loop().time())
        started.add(request.origin.place.removeprefix("generate/"))
        most_waiting = max(most_waiting, len(started - committed))
        return 500.0 if len(sent) == 1 else 1.0

    def listen(event):
        if isinstance(event, Committed):
            committed.add(event.id)

    how = {"concurrency": concurrency, "latency": first_hangs, "limits": {"hedge": hedge}}
    ran = lab.run(world, tmp_path / "run", quotas, listen=listen, **how)
    assert ran.error is None
    usual = lab.run(world, tmp_path / "usual", quotas, concurrency=4)
    assert ran.files == usual.files
    ahead = 120 if hedge else 16 * concurrency if concurrency > 1 else 1
    assert sum(at - sent[0] < 250 for at in sent) >= ahead, "it is virtual time"
    assert hedge or 4 * concurrency <= most_waiting <= 16 * concurrency
    assert ran.report.get("hung", 0) == hedge
