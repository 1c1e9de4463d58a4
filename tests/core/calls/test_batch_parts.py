"""The parts of batches: their price, what fits one, and what is written down of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from targen_core import Message, Price
from targen_core.calls.batch import batch_price
from targen_core.calls.batch_online import split
from targen_core.calls.batch_queue import BatchQueue, WaitingCall
from targen_core.calls.layer import CallCancelled
from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.errors import StageFailed
from targen_core.runs.batches import BatchFile


def request(key: str) -> ChatRequest:
    return ChatRequest((Message("user", key),), {"max_tokens": 5}, key=key)


def test_a_batch_costs_what_the_factor_says() -> None:
    price = batch_price(Price(2.0, 10.0, cache_read=0.2, cache_write=2.5, batch=0.5))
    assert price == Price(1.0, 5.0, cache_read=0.1, cache_write=1.25)
    assert batch_price(Price(2.0, 10.0)) == Price(2.0, 10.0)
    assert batch_price(None) is None


@pytest.mark.parametrize(
    ("requests", "size", "parts"), [(2, 1000, [2, 2, 1]), (9, 8, [2, 2, 1]), (9, 3, [1] * 5)]
)
def test_a_batch_holds_no_more_than_the_service_takes(
    requests: int, size: int, parts: list[int]
) -> None:
    provider: Any = SimpleNamespace(
        max_requests=requests, max_bytes=size, line=lambda request: b"abc"
    )
    calls: list[Any] = [SimpleNamespace(request=request(str(n))) for n in range(5)]
    found = split(provider, calls)
    assert [len(part) for part in found] == parts
    assert [call for part in found for _, call in part] == calls


def test_a_file_of_batches_is_read_again_whatever_tore_it(tmp_path: Path) -> None:
    path = tmp_path / "batches.jsonl"
    file = BatchFile(path)
    file.add("m", "b1", ["k1", "k2"])
    file.failed("b1", ["k2"], "it expired")
    with open(path, "ab") as torn:
        torn.write(b'{"batch": "b9", "model": "m", "ke')
    file = BatchFile(path)
    assert (file.find("m", "k1"), file.find("m", "k2"), file.find("other", "k1")) == (
        "b1",
        None,
        None,
    )
    file.add("m", "b2", ["k2"])
    assert [BatchFile(path).find("m", key) for key in ("k1", "k2")] == ["b1", "b2"]


class Courier:
    """Answers what `answer` answers."""

    def __init__(self, answer: Callable[[WaitingCall], None]) -> None:
        self.answer = answer
        self.ways: list[list[str]] = []

    async def send(self, calls: Sequence[WaitingCall]) -> bool:
        self.ways.append([call.request.key for call in calls])
        return True

    async def collect(self, calls: Sequence[WaitingCall]) -> None:
        for call in calls:
            self.answer(call)
        if not all(call.answer.done() for call in calls):
            await asyncio.sleep(10**6)


def test_calls_wait_until_nothing_else_is_under_way(drive: Callable[[Any], Any]) -> None:
    courier = Courier(lambda call: call.give(ChatReply(call.request.key)))

    async def main() -> list[ChatReply]:
        queue = BatchQueue(courier)
        provider: Any = SimpleNamespace()
        elsewhere = [1]
        queue.elsewhere = lambda: elsewhere[0]
        first = asyncio.ensure_future(queue.ask(provider, request("a"), lambda: False))
        await asyncio.sleep(100)
        assert courier.ways == []
        second = asyncio.ensure_future(queue.ask(provider, request("b"), lambda: False))
        elsewhere[0] = 0
        return await asyncio.gather(first, second)

    assert [reply.text for reply in drive(main())] == ["a", "b"]
    assert courier.ways == [["a", "b"]]


def test_a_call_that_nobody_wants_is_let_go_sent_or_not(drive: Callable[[Any], Any]) -> None:
    courier = Courier(lambda call: None)

    async def main() -> None:
        queue = BatchQueue(courier)
        provider: Any = SimpleNamespace()
        unwanted = set[str]()
        calls = [
            asyncio.ensure_future(queue.ask(provider, request(key), lambda k=key: k in unwanted))
            for key in ("a", "b", "c")
        ]
        await asyncio.sleep(0)
        unwanted.add("a")
        await asyncio.sleep(50)
        assert courier.ways == [["b", "c"]]
        assert calls[0].done()
        unwanted.update("bc")
        queue.sweep()
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(error) for error in found] == [CallCancelled] * 3

    drive(main())


def test_a_bug_of_a_courier_ends_the_calls(drive: Callable[[Any], Any]) -> None:
    def bug(call: WaitingCall) -> None:
        raise ZeroDivisionError("oops")

    async def main() -> None:
        queue = BatchQueue(Courier(bug))
        provider: Any = SimpleNamespace()
        with pytest.raises(StageFailed, match="a batch failed: ZeroDivisionError: oops"):
            await queue.ask(provider, request("a"), lambda: False)

    drive(main())
