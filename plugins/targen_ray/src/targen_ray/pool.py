"""The pool: assign calls to workers, and handle calls of lost workers.

It runs in the process of the run and does not know about Ray: a `Link` carries bytes to a worker
and back. A call goes to the worker with the fewest calls. A worker that is nearly as free and has
read the same start of a prompt comes first, since its kept state saves time. For workers that take
few calls at a time, some calls wait here. A worker that becomes free takes the first whose start it
has read. The calls of a lost worker raise an error, and the call layer of the run sends them again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from targen_core import ChatReply, Price
from targen_core.calls.model import ChatModel, ChatRequest
from targen_core.calls.scores import continues, most_top, scores_given
from targen_core.errors import ServiceError, TargenError
from targen_ray.wire import Answer, Bug, Hello, Order, dump, load, sendable

_HEADS = 32  # beginnings of prompts that a worker is assumed to keep
_SLACK = 8  # one more call per this many does not justify a new worker
_SPARE = 3  # calls for each worker that wait, so that there is a choice
_LOOK = 32  # calls among which is chosen
_PATIENCE = 16  # times that a call lets later ones go first
_GATHER = 0.002  # seconds in which answers become further calls, which then go together
_TEXT = 512  # letters that identify the beginning of a single-message prompt


class WorkerLost(ServiceError):
    """A worker went away with the call; another one may answer it."""

    retryable = True


class LinkLost(Exception):
    """A worker does not answer any more; the message says why."""


class Link(Protocol):
    """The way to one worker."""

    async def exchange(self, payload: bytes) -> bytes:
        """See `Worker.exchange`.

        Raises:
            LinkLost: the worker is gone, or was started again.
        """
        ...

    def submit(self, payload: bytes) -> None:
        """See `Worker.submit`; what fails shows in `exchange`."""
        ...


@dataclass(slots=True, eq=False)
class _Call:
    number: int
    model: int
    request: ChatRequest
    head: int
    answer: asyncio.Future[ChatReply]
    dry_run: tuple[Any] | None = None
    passed: int = 0  # calls that came later and went first


@dataclass(slots=True, eq=False)
class Member:
    """A worker that answers calls now.

    Attributes:
        answered: calls that it answered since it came up.
    """

    link: Link
    hello: Hello
    calls: dict[int, _Call] = field(default_factory=dict)
    outbox: list[Order] = field(default_factory=list)
    heads: OrderedDict[int, None] = field(default_factory=OrderedDict)
    answered: int = 0
    fetching: bool = False  # whether it has been asked what there is to tell
    flush: asyncio.Handle | None = None

    def has_room(self, model: int) -> bool:
        """Return whether it can use one more call of a model."""
        limit = self.hello.limits[model]
        return limit is None or len(self.calls) < limit

    def reads(self, head: int) -> None:
        """Note the beginning of a prompt."""
        self.heads[head] = None
        self.heads.move_to_end(head)
        if len(self.heads) > _HEADS:
            self.heads.popitem(last=False)


class Pool:
    """Calls, and the workers that answer them."""

    def __init__(self, models: int) -> None:
        """`models` is how many each worker has."""
        self._models = models
        self.members: list[Member] = []
        self.failure: TargenError | None = None
        self._waiting: deque[_Call] = deque()
        self._number = 0
        self._turn: asyncio.Handle | None = None
        self._plays_dry_runs: set[int] = set()

    @property
    def waiting(self) -> int:
        """Calls that no worker has room for."""
        return len(self._waiting)

    async def ask(self, model: int, request: ChatRequest) -> ChatReply:
        """Have a call answered.

        Raises:
            WorkerLost: the worker that had it is gone.
            TargenError: the model's error, or the reason why no worker is left.
        """
        if self.failure is not None:
            raise self.failure
        self._number += 1
        call = _Call(
            self._number,
            model,
            request,
            _head(model, request),
            asyncio.get_running_loop().create_future(),
        )
        self._waiting.append(call)
        if self._turn is None:
            # Calls from one turn of the loop are distributed together.
            self._turn = asyncio.get_running_loop().call_soon(self._dispatch)
        try:
            return await call.answer
        finally:
            if not call.answer.done() or call.answer.cancelled():
                self._take_back(call)

    async def serve(self, link: Link, hello: Hello) -> Member:
        """Let a worker answer calls until it is lost; gives it as it was then."""
        member = Member(link, hello)
        self.members.append(member)
        self._dispatch()
        try:
            while True:
                orders, member.outbox = member.outbox, []
                member.fetching = True
                answers = load(await link.exchange(dump(orders)))
                member.fetching = False
                for answer in answers:
                    self._settle(member, answer)
                self._dispatch()
                if answers:
                    await asyncio.sleep(_GATHER)
        except LinkLost as error:
            self._lose(member, str(error))
            return member
        finally:
            if member in self.members:
                self.members.remove(member)

    def fail(self, error: TargenError) -> None:
        """Answer all calls, those to come among them, with an error that ends the run."""
        self.failure = error
        calls = [*self._waiting]
        for member in self.members:
            calls += member.calls.values()
            member.calls.clear()
        self._waiting.clear()
        for call in calls:
            _raise(call, error)

    # --- routing ---

    def _dispatch(self) -> None:
        """Give calls that wait to workers with room."""
        self._turn = None
        while (chosen := self._next()) is not None:
            call, member = chosen
            self._waiting.remove(call)
            self._send(member, call)

    def _next(self) -> tuple[_Call, Member] | None:
        """Return the next call, and its worker; None if no worker has room.

        It is the oldest call. If workers take few calls each, it is the first whose start a free
        worker has read. Without such a call, it is one whose start no worker has read. So each
        worker reads few starts.
        """
        oldest = new = None
        full: set[int] = set()  # models for which no worker has room
        looked = 0
        for call in self._waiting:
            if call.model in full:
                continue
            member = self._choose(call)
            if member is None:
                full.add(call.model)
                if len(full) == self._models:
                    break
                continue
            first = oldest or (call, member)
            if oldest is None and (
                call.passed >= _PATIENCE or member.hello.limits[call.model] is None
            ):
                return first
            if call.head in member.heads:
                return _passing(first[0], call), member
            oldest = first
            if new is None and not any(call.head in other.heads for other in self.members):
                new = call, member
            looked += 1
            if looked == _LOOK:
                break
        if oldest is None or new is None:
            return oldest
        return _passing(oldest[0], new[0]), new[1]

    def _choose(self, call: _Call) -> Member | None:
        """The worker with the fewest calls, or one nearly as free that knows the prompt's head."""
        free = [member for member in self.members if member.has_room(call.model)]
        if not free:
            return None
        fewest = min(len(member.calls) for member in free)
        most = fewest + (1 + fewest // _SLACK if fewest else 0)
        near = [m for m in free if len(m.calls) <= most and call.head in m.heads]
        if near:
            return min(near, key=lambda m: len(m.calls))
        return min(free, key=lambda m: (len(m.calls), len(m.heads)))

    def _send(self, member: Member, call: _Call) -> None:
        if call.model in self._plays_dry_runs and call.dry_run is None:
            call.dry_run = _played(call)
        member.calls[call.number] = call
        member.reads(call.head)
        self._order(member, _order_of(call))

    def _order(self, member: Member, order: Order) -> None:
        member.outbox.append(order)
        if member.flush is None:
            # Calls from one turn of the loop are sent together.
            member.flush = asyncio.get_running_loop().call_soon(self._flush, member)

    def _flush(self, member: Member) -> None:
        member.flush = None
        if member.fetching and member.outbox:  # else the next `exchange` has it
            orders, member.outbox = member.outbox, []
            member.link.submit(dump(orders))

    # --- what comes back ---

    def _settle(self, member: Member, answer: Answer) -> None:
        call = member.calls.get(answer.number)
        if call is None:
            return  # taken back
        outcome = answer.outcome
        if outcome is None and call.dry_run is None:
            self._plays_dry_runs.add(call.model)
            call.dry_run = _played(call)
            self._order(member, _order_of(call))
            return
        del member.calls[answer.number]
        member.answered += 1
        if call.answer.done():
            return
        if isinstance(outcome, ChatReply):
            call.answer.set_result(outcome)
        elif isinstance(outcome, TargenError):
            call.answer.set_exception(outcome)
        else:
            bug = outcome if isinstance(outcome, Bug) else Bug("TypeError", "no reply")
            call.answer.set_exception(
                type(bug.kind, (Exception,), {"raised_elsewhere": True})(bug.words)
            )

    def _lose(self, member: Member, why: str) -> None:
        """Handle a lost worker: its calls may have been answered, except those not sent."""
        self.members.remove(member)
        unsent = {order.number for order in member.outbox}
        if member.flush is not None:
            member.flush.cancel()
        for call in reversed(member.calls.values()):
            if call.number in unsent:
                self._waiting.appendleft(call)
            else:
                _raise(call, WorkerLost(f"a worker was lost: {why}", billed=True))
        member.calls.clear()
        self._dispatch()

    def _take_back(self, call: _Call) -> None:
        with contextlib.suppress(ValueError):
            self._waiting.remove(call)
        for member in self.members:
            if member.calls.pop(call.number, None) is not None:
                self._order(member, Order(call.number, call.model, None))
                self._dispatch()
                return


def _passing(oldest: _Call, chosen: _Call) -> _Call:
    if chosen is not oldest:
        oldest.passed += 1
    return chosen


def _raise(call: _Call, error: TargenError) -> None:
    if not call.answer.done():
        call.answer.set_exception(error)


def _order_of(call: _Call) -> Order:
    plays = call.request.dry_run is not None
    return Order(call.number, call.model, sendable(call.request), call.dry_run, plays)


def _played(call: _Call) -> tuple[Any] | None:
    """Return the task's offline reply, for a model that plays it."""
    return None if call.request.dry_run is None else (call.request.dry_run(),)


def _head(model: int, request: ChatRequest) -> int:
    """Return a key of a prompt's start: all messages but the last, or a single one's start."""
    *before, last = request.messages
    parts = [(message.role, message.content) for message in before]
    return hash((model, *parts) if parts else (model, last.content[:_TEXT]))


class PooledModel:
    """A model whose calls a pool answers; otherwise it acts like the model that it wraps."""

    def __init__(
        self,
        model: ChatModel,
        pool: Pool,
        number: int,
        close: Callable[[], Any],
        *,
        limits: Sequence[int | None],
    ) -> None:
        """`number` is the model's among those of the workers, and `limits` what each can use."""
        self.identity = model.identity
        self.structured = model.structured
        self.seeded = model.seeded
        self.price: Price | None = model.price
        known = [limit + _SPARE for limit in limits if limit is not None]
        self.max_concurrency = sum(known) if len(known) == len(limits) and known else None
        self.cacheable = getattr(model, "cacheable", True)
        self.top_logprobs = most_top(model)
        self.scores_given = scores_given(model)
        self.continues = continues(model)
        self._model = model
        self._pool = pool
        self._number = number
        self._close = close
        self._closed = False

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request on a worker; see `ChatModel.complete`."""
        return await self._pool.ask(self._number, request)

    def count_tokens(self, request: ChatRequest) -> int:
        """Count as the wrapped model does."""
        return self._model.count_tokens(request)

    async def aclose(self) -> None:
        """Release the workers, with their last model; a second call has no effect."""
        if self._closed:
            return
        self._closed = True
        await self._close()
        await self._model.aclose()
