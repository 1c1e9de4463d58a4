"""A run one of whose calls hangs: it does not hold up the others."""

from __future__ import annotations

import asyncio

import pytest

pytestmark = pytest.mark.usefixtures("virtual_time")


@pytest.mark.parametrize("hedge", [True, False])
def test_a_call_that_hangs_at_the_head_does_not_hold_up_the_others(lab, tmp_path, hedge):
    """All other calls are answered long before it, however many candidates they are of."""
    world, sent = lab.World(lists=(5, 5), relabel=0.2), []
    quotas = {"yes": 60, "no": 60}

    def first_hangs(request):
        if request.origin.step == "generate":
            sent.append(asyncio.get_running_loop().time())
        return 500.0 if len(sent) == 1 and request.origin.step == "generate" else 1.0

    ran = lab.run(
        world,
        tmp_path / "run",
        quotas,
        concurrency=4,
        latency=first_hangs,
        limits={"hedge": hedge},
    )
    assert ran.error is None
    usual = lab.run(world, tmp_path / "usual", quotas, concurrency=4)
    assert ran.files == usual.files
    assert sum(at - sent[0] < 250 for at in sent) >= 120, "it is virtual time"
    assert ran.report.get("hung", 0) == hedge
