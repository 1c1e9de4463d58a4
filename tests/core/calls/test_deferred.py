"""Models whose answers may take hours: what the call layer knows of them, batches or not."""

from __future__ import annotations

import asyncio

import pytest

from targen_core import ChatReply
from targen_core.calls.call import BoundModel, CallCancelled, Scope
from targen_core.calls.rate import RateLimiter
from targen_core.errors import Interrupted, ServiceError

from ..models import Silent


class Person(Silent):
    """Answers all that was asked once nothing else is under way, a day later."""

    def __init__(self):
        self.others = lambda: 0
        self.asked = 0
        self.failures = 0
        self.rounds = []

    def attach_run(self, others, sent):
        self.others = others

    async def complete(self, request):
        self.asked += 1
        while self.others():  # noqa: ASYNC110 - as in life
            await asyncio.sleep(1)
        self.rounds.append(self.asked)
        await asyncio.sleep(86_400)
        if self.failures:
            self.failures -= 1
            raise ServiceError("asleep")
        return ChatReply("a word")


@pytest.fixture
def person(desk, lab):
    """A desk whose `generate` a person answers, and whose other steps a model."""
    model = Person()
    others = {"generate": BoundModel(model, RateLimiter(1 << 30), {"max_tokens": 9}, None)}
    slow = lab.ToyModel(lambda request: "x", latency=lambda request: 100.0)
    return desk(slow, others=others, max_outage=60.0), model


def test_no_outage_ends_what_may_take_hours(person, drive):
    one, model = person
    model.failures = 3
    assert drive(one.ask()) == "a word"
    assert model.asked == 4


def test_who_is_not_wanted_is_let_go_at_once(person, drive):
    one, _ = person
    scope = Scope()

    async def work():
        loop = asyncio.get_running_loop()
        first = asyncio.ensure_future(one.ask("first", place="p/1", scope=scope))
        second = asyncio.ensure_future(one.ask("second", place="p/2"))
        await asyncio.sleep(50)
        began = loop.time()
        scope.abandoned = True
        one.layer.sweep()
        with pytest.raises(CallCancelled):
            await first
        one.layer.halt(Interrupted("stopped"))
        with pytest.raises(CallCancelled):
            await second
        assert loop.time() == began

    drive(work())
    assert one.records == []


def test_a_round_begins_when_nothing_else_is_under_way_without_what_was_abandoned(person, drive):
    one, model = person
    scope = Scope()

    async def work():
        online = asyncio.ensure_future(one.ask("online", step="seeds", place="p/0"))
        first = asyncio.ensure_future(one.ask("first", place="p/1", scope=scope))
        second = asyncio.ensure_future(one.ask("second", place="p/2"))
        await asyncio.sleep(50)
        scope.abandoned = True  # and nothing says so
        third = asyncio.ensure_future(one.ask("third", place="p/3"))
        with pytest.raises(CallCancelled):
            await first
        return await asyncio.gather(online, second, third)

    assert drive(work()) == ["x", "a word", "a word"]
    assert model.rounds == [3, 3]


def test_cancelling_the_one_who_asks_cancels_the_call(person, drive):
    one, _ = person

    async def work():
        task = asyncio.ensure_future(one.ask())
        await asyncio.sleep(50)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    drive(work())
