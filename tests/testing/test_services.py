"""Simulated services: each part does what it says, and the best client is never refused."""

from __future__ import annotations

import asyncio
import itertools
import math
from copy import deepcopy

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from targen_core import errors
from targen_core.calls.model import ChatRequest, Message
from targen_testing.services.catalog import compose
from targen_testing.services.drive import drive, omniscient
from targen_testing.services.model import SimulatedModel
from targen_testing.services.parts import (
    Bucket,
    Cap,
    Fault,
    Fixed,
    Level,
    Queue,
    Retry,
    Window,
    brownout,
    cold_start,
)
from targen_testing.services.service import Service
from targen_testing.virtual_time import VirtualLoop

GAPS = st.lists(st.sampled_from([0.0, 0.01, 0.3, 1.0, 7.0]), min_size=1, max_size=60)


def moments(gaps):
    return list(itertools.accumulate(gaps))


def statuses(service, times, tokens=1):
    """What calls get that are answered at once."""
    actual = []
    for now in times:
        answer = service.arrive(now, tokens)
        service.leave(answer)
        actual.append(answer.status)
    return actual


# --- limits --------------------------------------------------------------------


@given(
    gaps=GAPS,
    rate=st.sampled_from([0.1, 1.0, 5.0]),
    capacity=st.integers(1, 10),
    hammered=st.booleans(),
)
@example(gaps=[0.0, 7.0, 0.0, 0.0], rate=5.0, capacity=2, hammered=False)  # it is full, not fuller
def test_a_bucket_grants_what_it_holds_and_what_flows_in(gaps, rate, capacity, hammered):
    times = moments(gaps)
    bucket = Bucket(rate, capacity, counts_refused=hammered)
    actual = statuses(Service(Fixed(0.0), bucket), times)
    granted = [now for now, status in zip(times, actual, strict=True) if status == 200]
    for first, begin in enumerate(granted):
        for count, end in enumerate(granted[first:], 1):
            assert count <= capacity + rate * (end - begin) + 1e-6
    if not hammered:  # nor less, by more than the part of a call that is left over
        left = float(capacity)
        before = times[0]
        for now, status in zip(times, actual, strict=True):
            left, before = min(capacity, left + rate * (now - before)), now
            assert (status == 200) == (left >= 1 - 1e-6)
            left -= status == 200


@pytest.mark.parametrize(("counts", "granted"), [(False, 20), (True, 0)])
def test_hammering_keeps_a_bucket_empty_where_refused_calls_count(counts, granted):
    service = Service(Fixed(0.0), Bucket(1.0, 5, counts_refused=counts))
    assert statuses(service, [0.0] * 5) == [200] * 5
    assert statuses(service, [0.01 * n for n in range(1, 2001)]).count(200) == granted


def test_a_bucket_of_tokens_takes_what_a_call_holds():
    service = Service(Fixed(0.0), Bucket(100.0, 1000, "tokens"))
    assert statuses(service, [0.0, 0.0, 0.0, 1.99, 2.0], 400) == [200, 200, 429, 429, 200]
    assert statuses(service, [11.9, 12.0], 5000) == [429, 200], "a call above all takes all"


@given(gaps=GAPS, limit=st.integers(1, 5), phase=st.sampled_from([None, 0.0, 3.0]))
def test_a_window_grants_so_many_and_starts_anew_on_the_minute(gaps, limit, phase):
    times = moments(gaps)
    service = Service(Fixed(0.0), Window(limit, 10, phase=phase))
    actual = statuses(service, times)
    seen = {}
    for now, status in zip(times, actual, strict=True):
        window = math.floor((now + 1e-9 - (phase or 0)) / 10)
        seen.setdefault(window, []).append(status)
    for got in seen.values():
        assert got == [200] * min(limit, len(got)) + [429] * (len(got) - limit)


# --- latencies ----------------------------------------------------------------


@given(count=st.integers(1, 40), slots=st.integers(1, 5))
def test_a_queue_works_on_so_many_at_once_in_turn(count, slots):
    service = Service(Queue(2.0, slots, sigma=0.0))
    seconds = [service.arrive(0.0).seconds for _ in range(count)]
    assert seconds == pytest.approx([2.0 * (1 + n // slots) for n in range(count)])


def test_a_full_queue_refuses_and_says_when_there_is_room():
    service = Service(Queue(2.0, 2, 3, 503, Retry("ms"), sigma=0.0))
    actual = [service.arrive(0.0) for _ in range(6)]
    assert [answer.status for answer in actual] == [200] * 5 + [503]
    assert actual[-1].retry_after == pytest.approx(2.0)
    assert service.arrive(1.9).status == 503
    assert service.arrive(2.0).status == 200


def test_who_gives_up_in_a_queue_takes_no_slot():
    service = Service(Queue(2.0, 1, sigma=0.0), timeout=3.0)
    actual = [service.arrive(0.0) for _ in range(3)]
    assert [answer.what for answer in actual] == ["answer", "hang", "hang"]
    assert service.arrive(3.0).seconds == pytest.approx(2.0), "the second left its slot at 3 s"


# --- faults --------------------------------------------------------------------


def test_outages_begin_and_end():
    parts = cold_start(3, retry=Retry()), brownout(10, 12, 500, every=20)
    service = Service(Fixed(0.0), *parts)
    actual = statuses(service, range(36))
    runs = [(status, len([*same])) for status, same in itertools.groupby(actual)]
    assert runs == [(503, 3), (200, 7), (500, 2), (200, 18), (500, 2), (200, 4)]
    assert service.log[0][1].retry_after == 3.0


# --- what is said -----------------------------------------------------------------


def test_headers_have_the_forms_of_the_services():
    def headers(part):
        service = Service(Fixed(0.0), part)
        service.arrive(0.0)
        return service.arrive(0.0).headers()

    said = headers(Bucket(1 / 12, 1, headers="openai", retry=Retry()))
    assert said == {
        "Date": "Wed, 18 Nov 2026 11:06:40 GMT",
        "Retry-After": "12",
        "x-ratelimit-limit-requests": "5",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "12s",
    }
    assert headers(Window(10, 360, headers="openai"))["x-ratelimit-reset-requests"] == "6m0s"
    said = headers(Window(1, 60, headers="anthropic", retry=Retry("date")))
    assert said["anthropic-ratelimit-requests-reset"] == "2026-11-18T11:07:41Z"
    assert said["Retry-After"] == "Wed, 18 Nov 2026 11:07:41 GMT"
    assert headers(Bucket(3.0, 1, retry=Retry("ms")))["retry-after-ms"] == "334"
    assert headers(Bucket(3.0, 1, retry=Retry()))["Retry-After"] == "1"
    assert headers(Bucket(3.0, 1, retry=Retry("seconds", 3600)))["Retry-After"] == "3600"
    assert set(headers(Bucket(3.0, 1))) == {"Date"}


@pytest.mark.parametrize(
    ("part", "kind", "billed"),
    [
        (Fault(429, 1.0), errors.RateLimited, False),
        (Fault(503, 1.0), errors.RateLimited, False),
        (Fault(529, 1.0), errors.RateLimited, False),
        (Fault(500, 1.0), errors.ServiceUnavailable, False),
        (Fault("refuse", 1.0), errors.ServiceUnavailable, False),
        (Fault("drop", 1.0), errors.ServiceUnavailable, True),
        (Fault("garbage", 1.0), errors.ServiceUnavailable, True),
        (Fault("hang", 1.0), errors.TimedOut, True),
    ],
)
def test_the_model_raises_what_a_backend_raises(part, kind, billed):
    service = Service(Fixed(0.01), part, timeout=0.02)
    request = ChatRequest((Message("user", "hello"),), {"max_tokens": 5})
    with pytest.raises(kind) as raised:
        asyncio.run(SimulatedModel(service).complete(request))
    assert type(raised.value) is kind
    assert raised.value.billed is billed
    assert service.in_flight == 0


# --- the best client, and runs -----------------------------------------------------


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
            # Asking changes nothing, and what was opened is open.
            assert not deepcopy(service).arrive(opens, 20).refused
        answer = service.arrive(now, 20)
        assert answer.refused == (opens > now)
        if number % 2:
            service.leave(answer)
        now += gap


def test_the_best_time_is_the_one_on_paper():
    def best(*parts):
        return omniscient(lambda: Service(Fixed(2.0), *parts), calls=100, concurrency=10)

    assert best() == pytest.approx(20.0)
    assert best(Cap(5)) == pytest.approx(40.0)
    assert best(Bucket(1.0, 10)) == pytest.approx(90.0 + 2.0)
    assert best(Window(30, 60)) == pytest.approx(180.0 + 2.0)
    assert best(cold_start(7)) == pytest.approx(27.0)
    assert best(Cap(Level((0, 5), (20, 10)))) == pytest.approx(30.0)
    with pytest.raises(ValueError, match="the service never accepts a call of 20 tokens"):
        best(Fault(500, 1.0))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10)
@example(seed=240)  # calls put off go on in the order in which they began to wait
def test_the_same_seed_is_the_same_run(seed):
    scenario = compose(seed)

    def run():
        load = {"calls": 60, "concurrency": scenario.concurrency, "seed": seed}
        made = drive(lambda: scenario.service(seed), **load)
        return made.wall, made.best, made.halted, [(now, a.status) for now, a, _ in made.log]

    assert run() == run()


def test_a_run_that_stops_early_is_worth_nothing():
    service = Service(Fixed(1.0), brownout(5, 50_000, 500))
    result = drive(lambda: deepcopy(service), calls=100, concurrency=4, max_outage=60.0)
    assert "no answer from the service" in result.halted
    assert 10 < result.answered < 100
    assert result.goodput == 0.0
    assert result.best > 50_000


# --- the catalogue -------------------------------------------------------------------


def test_bytes_under_way_come_before_the_next_timer():
    """A thousand round trips through loopback take no virtual time, with timers all around."""

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
