"""The parts of batches: their price, what fits one, and what is written down of them."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from targen_core import Price
from targen_core.calls.model import ChatReply, ChatRequest, Message
from targen_standard.batches.ledger import BatchLedgerFile
from targen_standard.batches.services import split
from targen_standard.batches.waiting import BatchedModel, BatchQueue

from ..models import Silent


def request(key):
    return ChatRequest((Message("user", key),), {"max_tokens": 5}, key=key)


@pytest.mark.parametrize(
    ("requests", "size", "parts"), [(2, 1000, [2, 2, 1]), (9, 8, [2, 2, 1]), (9, 3, [1] * 5)]
)
def test_a_batch_holds_no_more_than_the_service_takes(requests, size, parts):
    provider: Any = SimpleNamespace(
        max_requests=requests, max_bytes=size, encode=lambda request: b"abc"
    )
    calls: list[Any] = [SimpleNamespace(request=request(str(n))) for n in range(5)]
    batches = split(provider, calls)
    assert [len(part) for part in batches] == parts
    assert [call for part in batches for _, call in part] == calls


def test_a_file_of_batches_is_read_again_whatever_tore_it(tmp_path):
    path = tmp_path / "batches.jsonl"
    file = BatchLedgerFile(tmp_path)
    file.add("m", "b1", ["k1", "k2"])
    file.failed("b1", ["k2"], "it expired")
    with open(path, "ab") as torn:
        torn.write(b'{"batch": "b9", "model": "m", "ke')
    file = BatchLedgerFile(tmp_path)
    assert (file.find("m", "k1"), file.find("m", "k2"), file.find("other", "k1")) == (
        "b1",
        None,
        None,
    )
    file.add("m", "b2", ["k2"])
    assert [BatchLedgerFile(tmp_path).find("m", key) for key in ("k1", "k2")] == ["b1", "b2"]


class Transport:
    """Answers what `answer` answers."""

    def __init__(self, answer):
        self.answer = answer
        self.batches: list[list[str]] = []
        self.collecting = False

    async def send(self, calls, sent):
        self.batches.append([call.request.key for call in calls])
        return True

    async def collect(self, calls):
        for call in calls:
            self.answer(call)
        self.collecting = True
        try:
            if not all(call.answer.done() for call in calls):
                await asyncio.sleep(10**6)
        finally:
            self.collecting = False


def batched(transport, others=lambda: 0):
    queue = BatchQueue(transport)
    source: Any = SimpleNamespace(model=Model(), backend=SimpleNamespace(batch=None))
    model = BatchedModel(source, queue)
    model.attach_run(others, lambda keys: None)
    return model


class Model(Silent):
    max_concurrency = 3
    price = Price(2.0, 10.0, batch=0.5)


def ask(model, *keys):
    return [asyncio.ensure_future(model.complete(request(key))) for key in keys]


def test_calls_wait_until_nothing_else_is_under_way(drive):
    transport = Transport(lambda call: call.give(ChatReply(call.request.key)))

    async def main():
        others = [1]
        model = batched(transport, lambda: others[0])
        first = ask(model, "a")
        await asyncio.sleep(100)
        assert transport.batches == []
        second = ask(model, "b")
        others[0] = 0
        return await asyncio.gather(*first, *second)

    assert [reply.text for reply in drive(main())] == ["a", "b"]
    assert transport.batches == [["a", "b"]]


def test_a_call_that_is_cancelled_is_let_go_sent_or_not(drive):
    transport = Transport(lambda call: None)

    async def main():
        model = batched(transport)
        calls = ask(model, "a", "b", "c")
        await asyncio.sleep(0)
        calls[0].cancel()
        await asyncio.sleep(50)
        assert transport.batches == [["b", "c"]]
        calls[1].cancel()
        await asyncio.sleep(1)
        assert transport.collecting, "one is waited for still"
        calls[2].cancel()
        await asyncio.sleep(1)
        assert not transport.collecting
        assert all(call.cancelled() for call in calls)

    drive(main())


def test_closing_lets_go_and_leaves_nothing_running(drive):
    transport = Transport(lambda call: None)

    async def main():
        model = batched(transport)
        sent = ask(model, "a")
        await asyncio.sleep(50)
        waiting = ask(model, "b")
        await asyncio.sleep(0)
        await model.aclose()
        assert not transport.collecting
        await asyncio.wait([*sent, *waiting])
        assert all(call.cancelled() for call in [*sent, *waiting])
        assert len(asyncio.all_tasks()) == 1

    drive(main())
