"""Simulated services: each part does what it says, and the best client is never refused."""

from __future__ import annotations

import asyncio
import math
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_testing.virtual_time import VirtualLoop
from tests.simulated import (
    Bucket,
    Cap,
    Fault,
    Fixed,
    Level,
    Queue,
    Service,
    Window,
    drive,
    omniscient,
    outage,
)
from tests.simulated_catalog import compose


def limits_alone(seed):
    scenario = compose(seed)
    parts = [part for part in scenario.parts if not isinstance(part, Fault)]
    return scenario, lambda: Service(scenario.latency, *parts, seed=seed)


@given(seed=st.integers(0, 10_000))
def test_the_best_client_is_never_refused(seed):
    scenario, make = limits_alone(seed)
    made = []

    def kept():
        made.append(make())
        return made[-1]

    best = omniscient(kept, calls=100, concurrency=scenario.concurrency)
    assert 0 < best < math.inf
    log = [entry for service in made for entry in service.log]
    assert not any(answer.refused for _, answer, _ in log)
    assert max(peak for _, _, peak in log) <= scenario.concurrency


@given(seed=st.integers(0, 10_000), gap=st.sampled_from([0.0, 0.05, 1.0]))
@settings(max_examples=10)
def test_a_call_gets_through_when_the_service_opens_and_not_before(seed, gap):
    _, make = limits_alone(seed)
    service, now = make(), 0.0
    for number in range(30):
        opens = service.opens(now, 20)
        if now + 1e-3 < opens < math.inf:
            assert deepcopy(service).arrive(opens - 1e-3, 20).refused
        if opens < math.inf:
            assert not deepcopy(service).arrive(opens, 20).refused
        answer = service.arrive(now, 20)
        assert answer.refused == (opens > now)
        if number % 2:
            service.leave(answer)
        now += gap


@pytest.mark.parametrize(
    ("parts", "seconds"),
    [
        ((), 20.0),
        ((Cap(5),), 40.0),
        ((Bucket(1.0, 10),), 90.0 + 2.0),
        ((Bucket(20.0, 200, "tokens"),), 90.0 + 2.0),
        ((Window(30, 60),), 180.0 + 2.0),
        ((outage(0, 7),), 27.0),
        ((Cap(Level((0, 5), (20, 10))),), 30.0),
    ],
    ids=str,
)
def test_the_best_time_is_the_one_on_paper(parts, seconds):
    best = omniscient(lambda: Service(Fixed(2.0), *parts), calls=100, concurrency=10)
    assert best == pytest.approx(seconds)


def test_a_queue_takes_so_many_at_once_and_those_who_give_up_leave_it():
    service = Service(Queue(2.0, 1, 2), timeout=3.0)
    assert [service.arrive(0.0).what for _ in range(4)] == [200, "hang", "hang", 503]
    assert service.arrive(3.0).seconds < 3.0, "the second left its slot at 3 s"


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10)
def test_the_same_seed_is_the_same_run(seed):
    scenario = compose(seed)

    def run():
        make = lambda: Service(scenario.latency, *scenario.parts, seed=seed)  # noqa: E731
        return drive(make, calls=60, concurrency=scenario.concurrency, seed=seed)

    assert run() == run()


def test_a_run_that_stops_early_is_worth_nothing():
    service = Service(Fixed(1.0), outage(5, 50_000, 500))
    result = drive(lambda: deepcopy(service), calls=100, concurrency=4, max_outage=60.0)
    assert "no answer from the service" in result.halted
    assert 10 < result.answered < 100
    assert result.goodput == 0.0


def test_bytes_under_way_come_before_the_next_timer():
    """Round trips through loopback take no virtual time, with timers all around."""

    async def echo(reader, writer):
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    async def work():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        began = asyncio.get_running_loop().time()
        for number in range(1000):
            writer.write(b"%d\n" % number)
            assert await asyncio.wait_for(reader.readline(), 1e-3) == b"%d\n" % number
        took = asyncio.get_running_loop().time() - began
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()
        return took

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(work()) == 0.0
