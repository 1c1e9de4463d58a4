"""A run whose calls hang: the same rows as without, whatever was answered first."""

from __future__ import annotations

import asyncio
import random
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.usefixtures("virtual_time")

FOR_EVER = 300.0  # seconds


def hanging(seed, share):
    """Latencies: a part of the sendings is never answered, the others are at their time."""
    rng = random.Random(seed)

    def seconds(request):
        return FOR_EVER if rng.random() < share else rng.choice([0.1, 0.1, 0.2, 0.5])

    return seconds


@given(
    seed=st.integers(0, 10**6),
    share=st.sampled_from([0.02, 0.1, 0.25]),
    concurrency=st.sampled_from([1, 4, 16, 64]),
    data=st.data(),
)
@settings(max_examples=15, deadline=None)
def test_rows_are_those_of_a_run_without_hangs(lab, folder, seed, share, concurrency, data):
    world = data.draw(lab.any)
    quotas = dict.fromkeys(data.draw(lab.quotas(world, 6)), 8)
    rng = random.Random(seed)
    with folder() as path:
        whole = lab.run(world, path / "whole", quotas)
        at, killed = rng.randint(1, max(1, len(whole.model.requests))), path / "killed"

        def copy(number, request, job):
            if number == at:
                shutil.copytree(job.path, killed, ignore=shutil.ignore_patterns(".lock"))

        def again(place, **options):
            return lab.run(
                world,
                path / place,
                concurrency=concurrency,
                latency=hanging(rng.random(), share),
                limits={"hedge": True},
                **options,
            )

        ran = again("hung", quotas=quotas, hook=copy)
        assert (str(ran.error), ran.files) == (str(whole.error), whole.files)
        assert len(set(ran.journaled)) == len(ran.journaled), "nothing is journaled twice"
        if killed.exists():
            with open(killed / "journal", "rb") as file:
                had = {line[17:49].decode() for line in file if line[9:16] == b'{"key":'}
            resumed = again("killed", resume=True)
            assert resumed.files == whole.files
            assert not had & set(resumed.model.asked), "no answer is asked for again"
        replayed = lab.run(
            world, path / "hung", resume=True, resuming={"verify": True}, concurrency=concurrency
        )
        assert replayed.files == whole.files
        assert not replayed.model.asked


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
