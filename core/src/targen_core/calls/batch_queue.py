"""The queue of calls that wait for a batch.

Calls gather while the run has anything else to do. When all that it waits for
is the answers to them, it is quiet, and they go off together. Replies have
keys and rows are committed in order, so what goes off with what changes no row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from targen_core.calls.batch import BatchAnswer, BatchLines
from targen_core.calls.layer import CallCancelled
from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.errors import StageFailed, TargenError

__all__ = ["BatchLane", "BatchQueue", "Courier", "WaitingCall"]

_SETTLE = 0.05  # seconds without a new call, twice in a row, that make it quiet
_LATE = 0.05  # by so much the loop was busy, and so the run was not quiet


@dataclass(slots=True, eq=False)
class WaitingCall:
    """A call whose answer comes with a batch."""

    provider: BatchLines
    request: ChatRequest
    unwanted: Callable[[], bool]
    answer: asyncio.Future[ChatReply]

    def give(self, answer: BatchAnswer | TargenError | CallCancelled) -> None:
        """Answer it, unless it was let go."""
        if self.answer.done():
            return
        if isinstance(answer, ChatReply):
            self.answer.set_result(answer)
        else:
            self.answer.set_exception(answer)


class Courier(Protocol):
    """Takes calls away and brings their answers, by `WaitingCall.give`."""

    async def send(self, calls: Sequence[WaitingCall]) -> bool:
        """Hand the calls over, and write down what was; tells whether to `collect`.

        Calls that it leaves unanswered wait for its next way.

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
    """Calls that wait for a batch, of all steps and models of a run.

    Args:
        courier: takes them away.

    Attributes:
        elsewhere: how many calls the run waits for that are in no batch; set
            by the call layer.
    """

    def __init__(self, courier: Courier) -> None:
        self.elsewhere: Callable[[], int] = lambda: 0
        self._courier = courier
        self._waiting: list[WaitingCall] = []
        self._sent: list[WaitingCall] = []
        self._sending = False
        self._closed = False
        self._asked = 0
        self._answered = 0
        self._task: asyncio.Task[None] | None = None
        self._collecting: asyncio.Future[None] | None = None
        self._providers: list[BatchLines] = []

    @property
    def parked(self) -> int:
        """Calls that wait for an answer."""
        return self._asked - self._answered

    async def ask(
        self, provider: BatchLines, request: ChatRequest, unwanted: Callable[[], bool]
    ) -> ChatReply:
        """Wait for the answer, however long it takes.

        Raises:
            ServiceError: there is none; of the class that says whether to ask again.
            CallCancelled: nobody wants it any more.
        """
        call = WaitingCall(provider, request, unwanted, asyncio.get_running_loop().create_future())
        if provider not in self._providers:
            self._providers.append(provider)
        self._waiting.append(call)
        self._asked += 1
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._run())
        try:
            return await call.answer
        finally:
            self._answered += 1

    def sweep(self) -> None:
        """Let go at once whoever does not want an answer any more.

        What was handed over stays handed over: a later run finds it.
        """
        for call in self._waiting:
            if self._closed or call.unwanted():
                call.give(CallCancelled())
        if self._sending:
            return  # a batch that is being handed over is written down first
        for call in self._sent:
            if self._closed or call.unwanted():
                call.give(CallCancelled())
        if self._collecting is not None and all(call.answer.done() for call in self._sent):
            self._collecting.cancel()

    async def aclose(self) -> None:
        """Wait for what is being handed over, and close the providers."""
        self._closed = True
        self.sweep()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        for provider in self._providers:
            await provider.aclose()

    async def _run(self) -> None:
        """Send what waits whenever it is quiet, until nothing waits."""
        while self._waiting:
            await self._quiet()
            waiting, self._waiting = self._waiting, []
            for call in waiting:
                if call.unwanted():
                    call.give(CallCancelled())
            self._sent = [call for call in waiting if not call.answer.done()]
            if self._sent:
                await self._deliver()

    async def _deliver(self) -> None:
        """Have the calls in `_sent` answered."""
        try:
            self._sending = True
            try:
                going_on = await self._courier.send(self._sent)
            finally:
                self._sending = False
            self.sweep()
            if going_on and not all(call.answer.done() for call in self._sent):
                self._collecting = asyncio.ensure_future(self._courier.collect(self._sent))
                await self._collecting
        except asyncio.CancelledError:
            if not all(call.answer.done() for call in self._sent):
                raise
        except TargenError as error:
            self._give_all(error)
        except Exception as error:
            self._give_all(
                StageFailed(
                    f"a batch failed: {type(error).__name__}: {error}", distribution="targen-core"
                )
            )
        finally:
            self._collecting = None
            # What a courier leaves unanswered waits for its next way.
            self._waiting = [c for c in self._sent if not c.answer.done()] + self._waiting
            self._sent = []

    def _give_all(self, answer: TargenError | CallCancelled) -> None:
        for call in self._sent:
            call.give(answer)

    async def _quiet(self) -> None:
        """Wait until the run waits for nothing but the calls in this queue."""
        loop = asyncio.get_running_loop()
        calm = 0
        while calm < 2:
            asked, start = self._asked, loop.time()
            await asyncio.sleep(_SETTLE)
            late = loop.time() - start - _SETTLE
            still = asked == self._asked and late < _LATE and self.elsewhere() <= 0
            calm = calm + 1 if still else 0
            if all(call.answer.done() or call.unwanted() for call in self._waiting):
                return


@dataclass(frozen=True, slots=True)
class BatchLane:
    """Where a step's calls go in place of its model: a queue, and whose batches."""

    queue: BatchQueue
    provider: BatchLines

    async def ask(self, request: ChatRequest, unwanted: Callable[[], bool]) -> ChatReply:
        """Wait for the answer; see `BatchQueue.ask`."""
        return await self.queue.ask(self.provider, request, unwanted)
