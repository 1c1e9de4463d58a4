"""The call layer: the one door to every language model.

    journal and cache -> retry around the reading -> budget -> rate limit -> model -> journal

A reply is found in the run's journal, then in the cache of other runs, and
only then asked for. Whatever a model answers is journaled before anything
uses it. What a service fails to answer is tried again here and never reaches
a stage: only what the model said decides a row.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

from targen_core.calls.budget import Budget
from targen_core.calls.cache import ReplyCache
from targen_core.calls.journal import Journal
from targen_core.calls.model import ChatReply, ChatRequest, Finish, Message, Origin, Price
from targen_core.calls.question import BoundModel, Observer, Question, Scope, call_key
from targen_core.calls.usage import Usage
from targen_core.errors import (
    BadReply,
    ContentFiltered,
    Overloaded,
    RateLimited,
    Rejected,
    ServiceError,
    ServiceGaveUp,
    ServiceUnavailable,
    StageFailed,
    TargenError,
)

__all__ = ["ATTEMPTS", "CallLayer", "Halted"]

ATTEMPTS = 2
"""Answers asked for one question: the first and, where it is unreadable, a repair."""

_MAX_BACKOFF = 60.0  # seconds
_FIRST_BACKOFF = 0.5  # as the providers' own clients
_BAD_LUCK = 0.1  # the first back-off of a call that failed while others were answered
_TRUSTED = 3  # rate limits of one call for which the wait is just what the service says

T = TypeVar("T")
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
_REPAIR = (
    "That reply could not be used: {problem}\n"
    "Write the whole reply again, corrected, in exactly the form that was asked for."
)


class Halted(Exception):
    """The run is stopping, or nobody wants the answer any more: send nothing."""


class CallLayer:
    """Answers questions, each attempt paid at most once.

    Args:
        models: by step.
        seed: the run's seed, part of every call's key.
        patience: seconds without any success after which a failing service
            stops the run.
    """

    def __init__(
        self,
        models: Mapping[str, BoundModel],
        *,
        seed: int,
        journal: Journal,
        cache: ReplyCache | None,
        budget: Budget,
        usage: Usage,
        patience: float = 600.0,
    ) -> None:
        self.models = models
        self.seed = seed
        self.journal = journal
        self.cache = cache
        self.budget = budget
        self.usage = usage
        self.patience = patience
        self.halt_reason: TargenError | None = None
        self.retries = 0
        self.observer: Observer | None = None
        self.shared: dict[bytes, ChatReply] | None = None  # list calls of a suite's other runs
        self._backing_off: dict[asyncio.Future[None], Scope] = {}
        self._sending = 0
        self._queues = {bound.lane.queue for bound in models.values() if bound.lane is not None}
        for queue in self._queues:
            queue.elsewhere = self._elsewhere
        self._last_success = 0.0
        self._jitter = random.Random(seed)

    @property
    def in_flight(self) -> int:
        """Calls that models are working on now."""
        limiters = {id(bound.limiter): bound.limiter for bound in self.models.values()}
        return sum(limiter.in_flight for limiter in limiters.values())

    @property
    def pauses(self) -> dict[str, float]:
        """Seconds for which a backend's service is left alone, by its id; none where it is not."""
        found = {bound.backend: bound.limiter.pause for bound in self.models.values()}
        return {backend: pause for backend, pause in found.items() if pause > 0}

    def halt(self, reason: TargenError) -> None:
        """Send nothing from now on; calls in flight are let finish."""
        if self.halt_reason is None:
            self.halt_reason = reason
            self.sweep()

    def sweep(self) -> None:
        """Let go at once whoever only waits to send what is not wanted any more."""
        for waiter, scope in self._backing_off.items():
            if self._unwanted(scope):
                _release(waiter)
        for bound in self.models.values():
            bound.limiter.sweep()
        for queue in self._queues:
            queue.sweep()

    async def aclose(self) -> None:
        """Let go what waits for a batch, and give back its connections."""
        for queue in self._queues:
            await queue.aclose()

    def _elsewhere(self) -> int:
        """Calls under way that wait neither for a batch nor for the budget of others."""
        return self._sending - sum(q.parked for q in self._queues) - self.budget.waiting

    async def ask(self, question: Question, scope: Scope, read: Callable[[str], T]) -> T:
        """Answer a question, with one more attempt where the reply is unreadable.

        Args:
            question: what to ask.
            scope: for whom; gets the keys of the calls used.
            read: turns a reply's text into the value, or raises `BadReply`.

        Raises:
            Rejected: `malformed-reply`, what `read` names, `refusal` or
                `content-filter`: what the model or its filter said.
            Halted: the run stops or the scope was abandoned.
            TargenError: budget or service end the run.
        """
        bound = self.models[question.step]
        messages = question.messages
        problem: BadReply | None = None
        for attempt in range(ATTEMPTS):
            key = call_key(bound, question, messages, self.seed, attempt)
            reply = self._recall(bound, key, question)
            if reply is None:
                self._sending += 1
                try:
                    reply = await self._send(bound, question, messages, key, attempt, scope)
                finally:
                    self._sending -= 1
            if self.shared is not None and question.step in ("contexts", "seeds"):
                self.shared[key] = reply
            scope.keys.append(key.hex())
            if self.observer is not None:
                self.observer(question, messages, reply)
            if reply.finish == "refusal":
                raise Rejected("refusal", f"the model refused: {reply.text[:200]!r}")
            if reply.finish == "content-filter":
                raise Rejected("content-filter", f"a filter stopped it: {reply.text[:200]!r}")
            try:
                if reply.finish == "length":
                    raise BadReply("it was cut at max_tokens")
                if not reply.text.strip():
                    raise BadReply("it was empty")
                if not _is_unicode(reply.text):
                    raise BadReply("it holds half a character")
                return read(reply.text)
            except BadReply as error:
                problem = error
                if reply.finish != "length" and reply.text.strip() and _is_unicode(reply.text):
                    messages = (
                        *question.messages,
                        Message("assistant", reply.text),
                        Message("user", _REPAIR.format(problem=problem)),
                    )
        assert problem is not None
        raise Rejected(problem.reason, f"no usable reply in {ATTEMPTS} attempts: {problem}")

    # --- where a reply comes from ---

    def _recall(self, bound: BoundModel, key: bytes, question: Question) -> ChatReply | None:
        """The reply from the journal, or from the cache of other runs."""
        record = self.journal.get(key)
        if record is not None:
            return ChatReply(record["text"], record["finish"], record["in"], record["out"])
        if self.shared is not None and key in self.shared:
            self._write(question, key, self.shared[key], cached=True, cost=0.0)
            return self.shared[key]
        found = (
            self.cache.get(bound.cache_key(key))
            if self.cache is not None and bound.cacheable
            else None
        )
        if found is None:
            return None
        reply = _uncached(found)
        if reply is None:
            return None  # written by a stranger: ask the model instead
        self._write(question, key, reply, cached=True, cost=0.0)
        return reply

    def _write(
        self, question: Question, key: bytes, reply: ChatReply, *, cached: bool, cost: float | None
    ) -> None:
        record: dict[str, Any] = {
            "key": key.hex(),
            "step": question.step,
            "label": question.label,
            "place": question.place,
            "prompt": question.prompt,
            "text": reply.text,
            "finish": reply.finish,
            "in": reply.tokens_in,
            "out": reply.tokens_out,
            "cost": cost,
        }
        for name, count in (
            ("read", reply.tokens_read),
            ("written", reply.tokens_written),
            ("thought", reply.tokens_thought),
        ):
            if count and not cached:
                record[name] = count
        if cached:
            record["cached"] = True
        self.journal.append(record)
        self.usage.record(record)

    async def _send(
        self,
        bound: BoundModel,
        question: Question,
        messages: tuple[Message, ...],
        key: bytes,
        attempt: int,
        scope: Scope,
    ) -> ChatReply:
        """Ask the model until it answers; journal the answer."""
        params = dict(bound.params)
        if bound.model.seeded and "seed" not in params:
            params["seed"] = int.from_bytes(key[:4], "big") >> 1
        rehearse = question.rehearse
        request = ChatRequest(
            messages,
            params,
            question.schema,
            question.schema_name,
            key.hex(),
            Origin(question.step, question.label, question.place, question.prompt, question.values),
            None if rehearse is None else lambda: rehearse(key),
        )
        tokens = bound.model.count_tokens(request)
        reserved_tokens = tokens + params["max_tokens"]
        reserved_dollars = bound.price.most(tokens, params["max_tokens"]) if bound.price else 0.0
        reserved = (reserved_tokens, reserved_dollars)
        failures = 0
        failing_since = 0.0
        loop = asyncio.get_running_loop()
        while True:
            self._check(scope)
            await self.budget.reserve(*reserved)
            spent: tuple[int, float] = (0, 0.0)
            try:
                ticket = await bound.limiter.acquire(
                    reserved_tokens, unwanted=lambda: self._unwanted(scope)
                )
                if ticket is None:
                    raise Halted
                error: ServiceError | None = None
                reply: ChatReply | None = None
                sent = loop.time()
                try:
                    self._check(scope)
                    if bound.lane is None:
                        reply = await bound.model.complete(request)
                    else:
                        reply = await bound.lane.ask(request, lambda: self._unwanted(scope))
                except ContentFiltered as raised:
                    # Said of the candidate, not of the service: an answer. Some
                    # services bill the prompt all the same.
                    reply = ChatReply(str(raised), "content-filter", tokens if raised.billed else 0)
                except ServiceError as raised:
                    error = raised
                except (TargenError, Halted):
                    raise
                except Exception as raised:
                    raise _backend_failed(bound.backend, raised) from raised
                finally:
                    bound.limiter.release(
                        ticket,
                        rate=reply.rate if reply else error.rate if error else None,
                        answered=reply is not None,
                        limited=isinstance(error, RateLimited | Overloaded),
                        failed=isinstance(error, ServiceUnavailable)
                        and not isinstance(error, Overloaded),
                        retry_after=error.retry_after if error else None,
                    )
                if bound.limiter.pause > self.patience:
                    self.halt(
                        ServiceGaveUp(
                            f"the service asks for a pause of {bound.limiter.pause:.0f} s",
                            hint="resume after it, or with a larger --patience",
                        )
                    )
                if reply is not None:
                    cost = (
                        bound.price.dollars(
                            reply.tokens_in,
                            reply.tokens_out,
                            read=reply.tokens_read,
                            written=reply.tokens_written,
                        )
                        if bound.price
                        else None
                    )
                    spent = (reply.tokens_in + reply.tokens_out, cost or 0.0)
                    self._last_success = loop.time()
                    self._write(question, key, reply, cached=False, cost=cost)
                    if self.cache is not None and bound.cacheable:
                        self.cache.put(bound.cache_key(key), _cached(reply))
                    return reply
                assert error is not None
                if error.billed:
                    spent = reserved
                    self._write_lost(question, tokens, params["max_tokens"], bound.price)
            finally:
                self.budget.settle(reserved, *spent)
            if not error.retryable:
                raise error
            now = loop.time()
            failing_since = failing_since or now
            self.retries += 1
            since = failing_since
            if bound.limiter.open and bound.limiter.failing_since is not None:
                since = bound.limiter.failing_since  # whoever asks, asks for all
            waited = now - max(self._last_success, since)
            lately = min(sent, now - _FIRST_BACKOFF)
            first = _BAD_LUCK if self._last_success > lately else _FIRST_BACKOFF
            delay = min(_MAX_BACKOFF, first * 2.0**failures) * self._jitter.uniform(0.5, 1.0)
            if error.retry_after:
                trusted = isinstance(error, RateLimited) and failures < _TRUSTED
                delay = error.retry_after if trusted else max(delay, error.retry_after)
            failures += 1
            if bound.lane is None and waited + delay > self.patience:
                raise ServiceGaveUp(
                    f"no answer from the service for longer than {self.patience:g} s: {error}",
                    hint="resume when it is back, or with a larger --patience",
                ) from error
            await self._back_off(delay, scope)

    def _write_lost(
        self, question: Question, tokens_in: int, tokens_out: int, price: Price | None
    ) -> None:
        """Journal that an answer was lost, at the price of its reservation."""
        record = {
            "lost": True,
            "step": question.step,
            "label": question.label,
            "place": question.place,
            "in": tokens_in,
            "out": tokens_out,
            "cost": price.most(tokens_in, tokens_out) if price else None,
        }
        self.journal.append(record)
        self.usage.record(record)

    def _unwanted(self, scope: Scope) -> bool:
        return self.halt_reason is not None or scope.abandoned

    def _check(self, scope: Scope) -> None:
        if self._unwanted(scope):
            raise Halted

    async def _back_off(self, seconds: float, scope: Scope) -> None:
        """Wait, unless the answer is not wanted any more."""
        if self._unwanted(scope):
            return
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._backing_off[waiter] = scope
        timer = loop.call_later(seconds, _release, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            del self._backing_off[waiter]


def _release(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _is_unicode(text: str) -> bool:
    """Whether a text can be written down: half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _backend_failed(backend: str, error: Exception) -> StageFailed:
    """A backend's own bug: neither the service's doing nor the task's."""
    distribution = backend.partition(":")[0]
    return StageFailed(
        f"backend {backend}: {type(error).__name__}: {error}",
        distribution=distribution,
        hint=f"report it to the authors of {distribution}, and resume when it is mended",
    )


def _uncached(found: bytes) -> ChatReply | None:
    """A reply from the cache, or None where this is none."""
    try:
        value = json.loads(found)
        reply = ChatReply(value["text"], value["finish"], value["in"], value["out"])
    except (ValueError, KeyError, TypeError):
        return None
    counts = (reply.tokens_in, reply.tokens_out)
    if not all(type(count) is int and count >= 0 for count in counts):
        return None
    return reply if type(reply.text) is str and reply.finish in get_args(Finish) else None


def _cached(reply: ChatReply) -> bytes:
    """A reply as the cache keeps it."""
    value = {
        "text": reply.text,
        "finish": reply.finish,
        "in": reply.tokens_in,
        "out": reply.tokens_out,
    }
    return _compact(value).encode("utf-8", "surrogatepass")
