"""The rate limit: concurrency that adapts, pauses, and requests and tokens a minute."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.calls.model import RateHeaders
from targen_core.calls.rate import ConcurrencyLimit, RateLimiter
from targen_core.errors import ServiceError


def now():
    return asyncio.get_running_loop().time()


async def take(limiter, count, tokens=1):
    return [await limiter.acquire(tokens) for _ in range(count)]


@pytest.mark.parametrize("count", [1, 2])
def test_no_more_than_so_many_at_once_and_first_come_first_served(drive, count):
    """Also where two limiters of one run share its concurrency."""

    async def work():
        shared = ConcurrencyLimit(3)
        limiters = [RateLimiter(3, shared=shared) for _ in range(count)]
        order, peak = [], 0

        async def one(number):
            nonlocal peak
            limiter = limiters[number % count]
            ticket = await limiter.acquire(1)
            order.append(number)
            peak = max(peak, sum(each.in_flight for each in limiters))
            await asyncio.sleep(1 + number % 3)
            limiter.release(ticket)

        await asyncio.gather(*map(one, range(20)))
        assert not any(limiter.in_flight for limiter in limiters)
        return order, peak

    order, peak = drive(work())
    assert peak == 3
    assert order == [*range(20)] if count == 1 else sorted(order) == [*range(20)]


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        (RateHeaders(remaining_requests=0, reset_requests=12.0), [12.0]),
        (RateHeaders(remaining_tokens=0, reset_tokens=7.0), [7.0]),
        (RateHeaders(0, 3.0, 0, 9.0), [9.0]),
        (RateHeaders(remaining_requests=1, reset_requests=12.0), [0.0]),
        (RateHeaders(remaining_requests=0), [0.0]),
        (RateHeaders(), [0.0]),
        # A limit of known size is kept to evenly: of a minute, also in a small bucket; of a day.
        (RateHeaders(0, 60.0, limit_requests=1200), [0.05] * 5),
        (RateHeaders(0, 0.05, limit_requests=1200), [0.05] * 5),
        (RateHeaders(0, 86_400.0, limit_requests=10_000), [8.64] * 5),
    ],
)
def test_headers_that_say_nothing_is_left_pause_until_the_reset(drive, headers, waits):
    async def work():
        limiter = RateLimiter(4)
        (ticket,) = await take(limiter, 1)
        limiter.release(ticket, rate=headers)
        at = [now()]
        for _ in waits:
            limiter.release(await limiter.acquire(1))
            at.append(now())
        gaps = [later - earlier for earlier, later in itertools.pairwise(at)]
        assert gaps == pytest.approx(waits, abs=1e-6)

    drive(work())


async def taken(limiter, sizes):
    """When calls of so many tokens, all wanted at once, are let through."""
    at = []

    async def one(size):
        ticket = await limiter.acquire(size)
        at.append(now())
        limiter.release(ticket)

    await asyncio.gather(*map(one, sizes))
    return at


@given(rpm=st.sampled_from([6.0, 60.0, 600.0]), count=st.integers(2, 40))
def test_requests_a_minute_are_kept(drive, rpm, count):
    at = drive(taken(RateLimiter(64, rpm=rpm), [10] * count))
    for first in at:
        burst = max(1.0, rpm / 60.0) + 1
        assert sum(first <= moment < first + 60.0 - 1e-6 for moment in at) <= rpm + burst
    assert at[-1] - at[0] >= (count - 1 - max(1.0, rpm / 60.0)) * 60.0 / rpm - 1e-6
    assert at[-1] - at[0] <= count * 60.0 / rpm


@given(sizes=st.lists(st.integers(1, 3000), min_size=2, max_size=30))
def test_tokens_a_minute_are_kept_and_a_large_call_is_not_stuck(drive, sizes):
    at = drive(taken(RateLimiter(64, tpm=6000.0), sizes))
    assert at[-1] - at[0] >= (sum(sizes[:-1]) - 100 - max(sizes)) / 100.0 - 1e-6
    assert at[-1] - at[0] <= sum(sizes) / 100.0


# --- through the layer ---


def test_rates_count_every_attempt(lab, desk, drive):
    """A retry takes a place in the rate as the first try did."""
    failed, at = set(), []

    def hook(number, request):
        at.append(now())
        if request.key not in failed:
            failed.add(request.key)
            raise ServiceError("once")

    one = desk(lab.ToyModel(lambda request: "x", hook=hook), rpm=60.0)
    assert drive(one.many(10)) == ["x"] * 10
    assert len(at) == 20
    assert at[-1] - at[0] >= 17.0
