"""Calls that hang are sent again beside the first, in virtual time and within the budget."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_core import ChatReply, Price
from targen_core.calls.call import CallCancelled
from targen_core.errors import BudgetExhausted, JobFailed, Rejected, ServiceError
from targen_testing.virtual_time import virtual_time
from tests.simulated import Lognormal, Service, drive

from ..models import Silent

FOR_EVER = 200.0  # seconds until the client gives up


class Sleeper(Silent):
    """A model that takes its time.

    `seconds(name, time)` is how long the sending number `time` of a call takes.
    """

    def __init__(self, seconds: Any, *, output: int = 5) -> None:
        self.seconds = seconds
        self.output = output
        self.sent: Counter[str] = Counter()
        self.working = 0
        self.broke_off = 0

    async def complete(self, request: Any) -> ChatReply:
        name = request.messages[0].content
        self.sent[name] += 1
        self.working += 1
        took = self.seconds(name, self.sent[name])
        try:
            await asyncio.sleep(took)
        except asyncio.CancelledError:
            self.broke_off += 1
            raise
        finally:
            self.working -= 1
        if took >= FOR_EVER:
            raise ServiceError("no answer", billed=True, cause="timeout")
        return ChatReply(f"reply to {name}", "stop", 1, self.output)


def run(work: Any) -> Any:
    """What the coroutine gives, and the seconds that it took, in virtual time."""

    async def timed() -> Any:
        loop = asyncio.get_running_loop()
        began = loop.time()
        return await work, loop.time() - began

    with virtual_time():
        return asyncio.run(timed())


# --- what it gains -----------------------------------------------------------------


# --- where it must not -------------------------------------------------------------


def test_of_a_heavy_tail_three_in_a_hundred_are_sent_twice_at_most():
    def make():
        return Service(Lognormal(0.09, 1.2))

    twice = drive(make, calls=1000, concurrency=64)
    once = drive(make, calls=1000, concurrency=64, hedge=False)
    assert twice.sent - 1000 <= 30
    assert twice.wall <= 1.01 * once.wall


def test_a_service_that_gets_slow_for_all_gets_no_second_calls(desk):
    """Five times as long as before, for every call that is sent from some moment on."""

    def seconds(name, time):
        return 0.5 if int(name.split()[1]) >= 320 else 0.1

    one = desk(Sleeper(seconds), hedge=True, concurrency=64)
    run(one.many(640))
    assert set(one.model.sent.values()) == {1}


# --- money and the journal ---------------------------------------------------------


@given(
    seed=st.integers(0, 10**6),
    share=st.sampled_from([0.0, 0.02, 0.1, 0.3]),
    concurrency=st.sampled_from([1, 3, 16, 64]),
    room=st.sampled_from([0.2, 0.6, 1.1, 5.0]),
)
@settings(max_examples=15, deadline=None)
def test_the_budget_holds_both_copies_and_no_call_is_journaled_twice(
    desk, tmp_path_factory, seed, share, concurrency, room
):
    calls, price = 80, Price(1.0, 2.0)
    most = price.max_dollars(1, 50)
    rng = random.Random(seed)

    def seconds(name, time):
        return FOR_EVER if rng.random() < share else rng.choice([0.05, 0.1, 0.1, 0.3])

    one = desk(
        Sleeper(seconds),
        path=tmp_path_factory.mktemp("hung") / "journal",
        concurrency=concurrency,
        max_cost=room * calls * most,
        price=price,
        hedge=True,
    )
    answers, _ = run(one.many(calls))
    assert one.usage.total.dollars <= room * calls * most + 1e-9
    assert one.usage.dollars == pytest.approx(one.usage.total.dollars)
    assert one.usage.tokens == one.usage.total.tokens
    assert one.budget.take(0, room * calls * most - one.usage.dollars), "nothing stays reserved"
    assert one.limiter.in_flight == 0
    ends = [type(answer) for answer in answers if not isinstance(answer, str)]
    assert {*ends} <= {BudgetExhausted, JobFailed, CallCancelled, Rejected}
    answered, given_up = calls - len(ends), ends.count(Rejected)  # which is journaled as well
    assert one.usage.total.calls == answered + given_up
    sent = sum(one.model.sent.values())
    assert answered + one.usage.total.lost == sent, "each sending is counted"


def test_second_calls_that_were_not_needed_stay_a_share_of_the_dollars(desk, read_journal):
    """What a lost reply may cost is here 300 times what a usual one does."""

    def seconds(name, time):
        return 0.09 * random.Random(f"{name} {time}").lognormvariate(0.0, 1.2)

    one = desk(
        Sleeper(seconds, output=1),
        params={"max_tokens": 2000},
        hedge=True,
        concurrency=64,
    )
    run(one.many(1000))
    paid = sum(record["cost"] for record in read_journal() if not record.get("lost"))
    # Two anyway, two that seem to hang, and four more for each that did.
    few = 4 + 5 * one.layer.hung
    assert one.usage.total.lost > 0
    assert one.usage.total.dollars - paid <= 0.03 * paid + few * 0.00401


# --- stopping ----------------------------------------------------------------------
