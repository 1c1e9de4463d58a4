"""A model whose calls wait for a batch.

Calls gather while the run has anything else to do. When all that it waits for
is the answers to them, it is quiet, and they go off together. Replies have
keys and rows are committed in order, so what goes off with what changes no row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from targen_core import Price
from targen_core.calls.backend import BatchAnswer, BatchProvider
from targen_core.calls.delivery import ModelSource
from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.calls.scores import most_top
from targen_core.errors import PluginError, TargenError

_SETTLE = 0.05  # seconds without a new call, twice in a row, that make it quiet
_LATE = 0.05  # by so much the loop was busy, and so the run was not quiet


@dataclass(slots=True, eq=False)
class WaitingCall:
    """A call whose answer comes with a batch; it is let go when `answer` is cancelled.

    `provider` is the service that takes its batches; None if an agent or a person answers.
    """

    provider: BatchProvider | None
    request: ChatRequest
    answer: asyncio.Future[ChatReply]

    def give(self, answer: BatchAnswer | TargenError) -> None:
        """Answer it, unless it was let go."""
        if self.answer.done():
            return
        if isinstance(answer, ChatReply):
            self.answer.set_result(answer)
        else:
            self.answer.set_exception(answer)


Sent = Callable[[Sequence[str]], None]


class BatchTransport(Protocol):
    """Takes calls away and brings their answers, by `WaitingCall.give`."""

    async def send(self, calls: Sequence[WaitingCall], sent: Sent) -> bool:
        """Hand the calls over, and write down what was; says whether to `collect`.

        `sent` takes the keys of those that a service may bill, just before they go; see
        `DeferredModel`.

        Calls that it leaves unanswered go with the next batch.

        Raises:
            TargenError: what ends the run.
        """
        ...

    async def collect(self, calls: Sequence[WaitingCall]) -> None:
        """Wait for the answers to calls that were sent; may be cancelled.

        Raises:
            TargenError: what ends the run.
        """
        ...


class BatchQueue:
    """Calls that wait for a batch, of all batched models of a run.

    Args:
        transport: takes them away.

    Attributes:
        others, sent: see `DeferredModel`.
    """

    def __init__(self, transport: BatchTransport) -> None:
        self.others: Callable[[], int] = lambda: 0
        self.sent: Sent = lambda keys: None
        self._transport = transport
        self._waiting: list[WaitingCall] = []
        self._sent: dict[WaitingCall, None] = {}  # in the order in which they were asked
        self._asked = 0
        self._task: asyncio.Task[None] | None = None
        self._collecting: asyncio.Future[None] | None = None

    async def ask(self, provider: BatchProvider | None, request: ChatRequest) -> ChatReply:
        """Wait for the answer, however long it takes; may be cancelled.

        Handed-over calls remain so: a later run finds them.

        Raises:
            ServiceError: the call failed; its class says whether to ask again.
        """
        call = WaitingCall(provider, request, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        self._asked += 1
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._run())
        try:
            return await call.answer
        except asyncio.CancelledError:
            if self._collecting is not None and not any(map(_is_open, self._sent)):
                self._collecting.cancel()
                self._collecting = None
            raise
        finally:
            self._sent.pop(call, None)

    async def aclose(self) -> None:
        """Wait for what is being handed over, which is written down first; let all calls go."""
        for call in [*self._waiting, *self._sent]:
            call.answer.cancel()
        if self._collecting is not None:
            self._collecting.cancel()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        """Send waiting calls whenever it is quiet, until none are left."""
        while self._waiting:
            await self._quiet()
            waiting, self._waiting = self._waiting, []
            self._sent = dict.fromkeys(filter(_is_open, waiting))
            if self._sent:
                await self._deliver(list(self._sent))

    async def _deliver(self, calls: Sequence[WaitingCall]) -> None:
        """Have calls answered."""
        try:
            if await self._transport.send(calls, self.sent) and any(map(_is_open, calls)):
                self._collecting = asyncio.ensure_future(self._transport.collect(calls))
                await self._collecting
        except asyncio.CancelledError:
            if any(map(_is_open, calls)):
                raise
        except TargenError as error:
            _give_all(calls, error)
        except Exception as error:
            words = f"a batch failed: {type(error).__name__}: {error}"
            _give_all(calls, PluginError(words, distribution="targen-standard"))
        finally:
            self._collecting = None
            # Calls that a transport leaves unanswered go into the next batch.
            self._waiting = [*filter(_is_open, calls), *self._waiting]
            self._sent = {}

    async def _quiet(self) -> None:
        """Wait until the run only waits for the calls in this queue."""
        loop = asyncio.get_running_loop()
        calm = 0
        while calm < 2:
            asked, start = self._asked, loop.time()
            await asyncio.sleep(_SETTLE)
            late = loop.time() - start - _SETTLE
            still = self.others() <= 0 and asked == self._asked and late < _LATE
            calm = calm + 1 if still else 0
            if not any(map(_is_open, self._waiting)):
                return


def _is_open(call: WaitingCall) -> bool:
    return not call.answer.done()


def _give_all(calls: Sequence[WaitingCall], answer: TargenError) -> None:
    for call in calls:
        call.give(answer)


class BatchedModel:
    """A model, with batches in place of its calls: a `DeferredModel`.

    Args:
        source: the model of the calls, which is not called, and its backend.
        queue: where they wait, with those of other models of the run.
    """

    max_concurrency: int | None = None

    def __init__(self, source: ModelSource, queue: BatchQueue) -> None:
        make = source.backend.batch
        model = source.model
        self.identity = model.identity
        self.structured = model.structured
        self.seeded = model.seeded
        self.price = batch_price(model.price)
        self.cacheable = getattr(model, "cacheable", True)
        self.shares_replies = make is not None  # anybody can write an answer
        self.top_logprobs = most_top(model)
        self.scores_given = self.continues = False  # no batch API supports these
        self._model = model
        self._provider = None if make is None else make(source.options)
        self._queue = queue

    def attach_run(self, others: Callable[[], int], sent: Sent) -> None:
        """See `DeferredModel.attach_run`."""
        self._queue.others, self._queue.sent = others, sent

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Wait for the answer; see `BatchQueue.ask`."""
        return await self._queue.ask(self._provider, request)

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound of the request's input tokens."""
        return self._model.count_tokens(request)

    async def aclose(self) -> None:
        """Let its calls go, and give back all connections."""
        await self._queue.aclose()
        if self._provider is not None:
            await self._provider.aclose()
        await self._model.aclose()


def batch_price(price: Price | None) -> Price | None:
    """Return the batch price; the price itself if it is unknown."""
    if price is None or price.batch is None:
        return price
    factor = price.batch
    return replace(
        price,
        input=price.input * factor,
        output=price.output * factor,
        cache_read=None if price.cache_read is None else price.cache_read * factor,
        cache_write=None if price.cache_write is None else price.cache_write * factor,
        cache_from=None,  # whether the calls of a batch find each other's openings is chance
        batch=None,
    )
