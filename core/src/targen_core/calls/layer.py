"""The call layer: the one door to every language model.

    journal and cache -> retry around the reading -> budget -> rate limit -> model -> journal

A reply is found in the run's journal, then in the cache of other runs, and only then asked for.
Each answer of a model is journaled before it is used. Failures of a service are retried here and
never reach a stage: only the model's words decide a row.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, get_args

from targen_core.calls import scores
from targen_core.calls.budget import Budget
from targen_core.calls.cache import ReplyCache
from targen_core.calls.call import BoundModel, Call, Observer, Scope, call_key
from targen_core.calls.delivery import Outstanding
from targen_core.calls.hedging import LOOK, MOST_LOOK, SHORTEST, Patience, Watched, hears
from targen_core.calls.journal import Journal, checked, compact, unchecked
from targen_core.calls.model import (
    ChatReply,
    ChatRequest,
    DeferredModel,
    Finish,
    Message,
    Origin,
    Price,
    RateHeaders,
    counted,
)
from targen_core.calls.rate import Outcome, RateLimiter, Ticket
from targen_core.calls.usage import Usage
from targen_core.errors import (
    BadReply,
    BadRequest,
    BudgetExhausted,
    ContentFiltered,
    CorruptJournal,
    Overloaded,
    RateLimited,
    Rejected,
    ServiceError,
    ServiceGaveUp,
    ServiceUnavailable,
    StageFailed,
    TargenError,
    TimedOut,
    WriteFailed,
)
from targen_core.text import plural
from targen_core.wording import Option

__all__ = ["ATTEMPTS", "MAX_OUTAGE", "CallCancelled", "CallLayer", "recorded_reply"]

ATTEMPTS = 2
"""Replies asked for one call: the first and, where it is unreadable, a repair."""

_MAX_BACKOFF = 60.0  # seconds
_FIRST_BACKOFF = 0.5  # as the providers' own clients
_BAD_LUCK = 0.1  # the first back-off of a call that failed while others were answered
_MAX_TURN = 2.0  # seconds that a refused call waits before it queues again
_OWN_FAULT, _FEWEST = 8, 3  # failures, and
_OWN_TIME = 60.0  # seconds of them after which a call is given up, if others are answered
_SILENCE = 2.0  # seconds without an answer after which failures are told

MAX_OUTAGE = 600.0
"""Seconds without any answer that end a run in which the service answered before."""

_log = logging.getLogger("targen")
T = TypeVar("T")
_OF_THE_CALL = ("refusal", "content-filter", "unanswered")  # ends without a reply to read
_HELLO = Message("user", "Reply with the word yes.")
_REPAIR = (
    "That reply could not be used: {problem}\n"
    "Write the whole reply again, corrected, in exactly the form that was asked for."
)


class CallCancelled(Exception):
    """The run is stopping, or the answer is no longer wanted: send no call.

    This is not an `asyncio.CancelledError`: the asking task continues, and other calls of the run
    finish.
    """


class CallLayer:
    """Answers calls, each attempt paid at most once.

    Args:
        models: by step.
        seed: the run's seed, part of every call's key.
        max_outage: seconds without any success after which a failing service stops the run. None
            means `MAX_OUTAGE`, or, if it has never answered, `ServiceError.max_startup`.
        outstanding: what earlier processes handed over to deliveries.
        hedge: whether a call that takes far longer than others is sent again beside the first;
            see `calls.hedging`.
        shortest: seconds; calls that usually take less are judged as if they took so long.
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
        max_outage: float | None = None,
        outstanding: Sequence[Outstanding] = (),
        hedge: bool = False,
        shortest: float = SHORTEST,
    ) -> None:
        self.models = models
        self.seed = seed
        self.journal = journal
        self.cache = cache
        self.budget = budget
        self.usage = usage
        self.max_outage = max_outage
        self.halt_reason: TargenError | None = None
        self.retries = 0
        self.flying: Counter[str] = Counter()  # calls that models are working on, by step
        self.answered = False  # whether there was any reply, from a model or the cache
        self.observer: Observer | None = None
        self.outstanding = outstanding
        self.shared: dict[bytes, ChatReply] | None = None  # list calls of a suite's other runs
        self.asks_again = False  # whether replies of the journal that cannot be used are asked for
        self.again = 0  # how many were
        self._asked_again: set[bytes] = set()  # keys that were looked at for that
        self._unusable: list[bytes] = []  # keys in the cache of replies that cannot be used
        self._backing_off: dict[asyncio.Future[None], Scope] = {}
        # In the order in which they began to wait, so that they go on in it.
        self._put_off: dict[RateLimiter, dict[asyncio.Future[None], None]] = {}
        self._sending = 0
        self._deferred: dict[asyncio.Task[ChatReply], Scope] = {}
        for bound in models.values():
            if isinstance(bound.model, DeferredModel):
                bound.model.attach_run(self._not_deferred)
        self._last_success: float | None = None
        # When the latest call was sent that was answered, and when it was asked for that last.
        self._proofs: dict[RateLimiter, float] = {}
        self._proof_asked = asyncio.Lock()
        self._proof_asked_at = 0.0
        self._trouble: _Trouble | None = None
        self._jitter = random.Random(seed)
        self._hedge = hedge
        self._patience = {bound.limiter: Patience(shortest) for bound in models.values()}
        self._watched: dict[_Sending, None] = {}  # in the order in which they were sent first
        self._looks = False  # whether a timer is set for the next look at them

    @property
    def hung(self) -> int:
        """Calls that hung, and were answered to a later sending."""
        return sum(patience.hung for patience in self._patience.values())

    @property
    def in_flight(self) -> int:
        """Calls that models are working on now."""
        return sum(limiter.in_flight for limiter in self._patience)

    @property
    def pauses(self) -> dict[str, float]:
        """Seconds until the next call to a backend that failed or refused calls, by its id."""
        pauses = {bound.backend: bound.limiter.pause for bound in self.models.values()}
        return {backend: pause for backend, pause in pauses.items() if pause > 0}

    @property
    def trouble(self) -> str:
        """Return the problem that blocks all calls, or ""; safe to call from any thread."""
        trouble = self._trouble
        if trouble is None or trouble.clock() - trouble.since < _SILENCE * trouble.answered:
            return ""
        tries, lasts = plural(trouble.failures, "failure"), trouble.clock() - trouble.since
        return (
            f"no answer for {lasts:.0f} s, {tries}; asking again for up to {trouble.most:g} s: "
            f"{trouble.error}"
        )

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
        for limiter in self._patience:
            limiter.sweep()
        self._sweep_deferred()

    def _sweep_deferred(self) -> None:
        for task, scope in self._deferred.items():
            if self._unwanted(scope):
                task.cancel()

    def _not_deferred(self) -> int:
        """Calls under way that wait neither for a deferred model nor for the budget of others."""
        self._sweep_deferred()
        return self._sending - len(self._deferred) - self.budget.waiting

    async def ask(self, call: Call, scope: Scope, read: Callable[[str], T]) -> T:
        """Answer a call with the value of its reply; see `answer`."""
        value, _ = await self.answer(call, scope, read)
        return value

    async def answer(
        self, call: Call, scope: Scope, read: Callable[[str], T]
    ) -> tuple[T, ChatReply]:
        """Answer a call, with one more attempt if the reply is unreadable.

        Args:
            call: what to ask.
            scope: for whom; gets the keys of the calls used.
            read: turns a reply's text into the value, or raises `BadReply`.

        Raises:
            Rejected: the model or its filter decided so: `malformed-reply`, a reason of `read`,
                `unscored-reply`, `refusal` or `content-filter`; or `unanswered`, if the service
                answers others and never this one.
            CallCancelled: the run stops or the scope was abandoned.
            TargenError: budget or service end the run.
        """
        bound = self.models[call.step]
        messages = call.messages
        problem: BadReply | None = None
        used = scope.made()
        for attempt in range(ATTEMPTS):
            if scope.closed:
                raise CallCancelled
            key = call_key(bound, call, messages, self.seed, attempt)
            try:
                reply = None if scope.known is None else scope.known.get(key)
                reply = reply or self._recall(bound, key, call, read)
                if reply is None:
                    reply = await self._send(bound, call, messages, key, scope)
            except Rejected:
                raise
            except (TargenError, CallCancelled) as error:
                scope.fail(error)  # a step may catch it, and must not make a row of it
                if scope.parent is not None and isinstance(error, TargenError):
                    self.halt(error)  # what the step asks beside this call need not wait
                raise
            if self.shared is not None and bound.shared_by:
                self.shared[key] = reply
            used.append(key.hex())
            if self.observer is not None:
                if scope.parent is None:
                    self.observer(call, messages, reply, used[-1])
                else:  # it is shown the pass that counts
                    scope.observed.append((call, messages, reply, used[-1]))
            if reply.finish in _OF_THE_CALL:  # another run may ask again
                self._unusable.append(bound.cache_key(key))
            if reply.finish == "refusal":
                raise Rejected("refusal", f"the model refused: {reply.text[:200]!r}")
            if reply.finish == "content-filter":
                raise Rejected("content-filter", f"a filter stopped it: {reply.text[:200]!r}")
            if reply.finish == "unanswered":
                raise Rejected("unanswered", reply.text)
            if call.given is not None and reply.text != call.given:
                raise Rejected("unscored-text", f"the model cannot score {call.given[:200]!r}")
            try:
                return _value(reply, call, read), reply
            except BadReply as error:
                problem = error
                self._unusable.append(bound.cache_key(key))
                if reply.unscored:  # its words may be good
                    continue
                if reply.finish != "length" and reply.text.strip() and _is_unicode(reply.text):
                    messages = (
                        *call.messages,
                        Message("assistant", reply.text),
                        Message("user", _REPAIR.format(problem=problem)),
                    )
        assert problem is not None
        raise Rejected(problem.reason, f"no usable reply in {ATTEMPTS} attempts: {problem}")

    # --- where a reply comes from ---

    def _recall(
        self, bound: BoundModel, key: bytes, call: Call, read: Callable[[str], Any]
    ) -> ChatReply | None:
        """The reply from the journal, or from the cache of other runs."""
        record = self.journal.get(key)
        if record is not None:
            known = recorded_reply(record)
            if self.asks_again and key not in self._asked_again:
                self._asked_again.add(key)
                if not _is_usable(known, call, read):
                    if not self.again:
                        _log.warning("asking again for replies that could not be used")
                    self.again += 1
                    return None
            if _lacks_scores(known, call):
                raise CorruptJournal(
                    f"{self.journal.path}: the record of a call at {call.place} has no token "
                    "probabilities, which it asked for",
                    hint="if the run came from someone else, do not trust it",
                )
            return known
        reply = None if self.shared is None else self.shared.get(key)
        if reply is None:
            if self.cache is None or not bound.cacheable:
                return None
            stored = self.cache.get(bound.cache_key(key))
            reply = None if stored is None else _uncached(stored)
            if reply is None or _lacks_scores(reply, call):
                return None  # not there, or written by a stranger: ask the model instead
            reply = bound.secrets.reply(reply)
        self._write(bound, call, key, reply, cached=True, cost=0.0)
        return reply

    def forget_unusable(self) -> None:
        """Let the cache forget unusable replies if they failed a run.

        Otherwise the next run reads them back and also fails, even if the service works by then. A
        run that has all its rows keeps them, like every reply that was paid for.
        """
        if self.cache is not None:
            for key in self._unusable:
                self.cache.forget(key)

    def share_last(self, count: int) -> None:
        """Put the journal's last replies into the cache, if it lacks them.

        A killed process journals a reply a moment before the cache has it. Another part of the
        same command, which shares it, would ask for it again. Only replies are shared that this
        cache sealed when the model gave them: a journal may come from somebody else.
        """
        if self.cache is None:
            return
        for key in self.journal.last_keys(count):
            record = self.journal.get(key)
            assert record is not None  # its key is indexed
            bound, seal = self.models.get(record["step"]), record.pop("seal", "")
            if bound is None or not bound.cacheable:
                continue
            shared = bound.cache_key(key)
            is_ours = seal and seal == self.cache.seal(shared, compact(record))
            if is_ours and self.cache.get(shared) is None:
                self.cache.put(shared, _cached(recorded_reply(record)))

    def _write(
        self,
        bound: BoundModel,
        call: Call,
        key: bytes,
        reply: ChatReply,
        *,
        cached: bool,
        cost: float | None,
    ) -> None:
        record: dict[str, Any] = {
            "key": key.hex(),
            "step": call.step,
            "label": call.label,
            "place": call.place,
            "prompt": call.prompt,
            "text": reply.text,
            "finish": reply.finish,
            "in": reply.input_tokens,
            "out": reply.output_tokens,
            "cost": cost,
        }
        for name, count in (
            ("cache_read", reply.cache_read_tokens),
            ("cache_write", reply.cache_write_tokens),
            ("reasoning", reply.reasoning_tokens),
        ):
            if count and not cached:
                record[name] = count
        if reply.tokens:
            record["tokens"] = scores.as_json(reply.tokens)
        if reply.unscored:
            record["unscored"] = reply.unscored
        if cached:
            record["cached"] = True
        elif self.cache is not None and _shares(bound):
            record["seal"] = self.cache.seal(bound.cache_key(key), compact(record))
        self.journal.append(record)
        self.usage.record(record)
        self.answered = True

    async def _send(
        self,
        bound: BoundModel,
        call: Call,
        messages: tuple[Message, ...],
        key: bytes,
        scope: Scope,
    ) -> ChatReply:
        """Ask the model and wait for its answer; layers that send nothing override this."""
        return await scope.send(self._sent(bound, call, messages, key, scope))

    async def _sent(
        self,
        bound: BoundModel,
        call: Call,
        messages: tuple[Message, ...],
        key: bytes,
        scope: Scope,
    ) -> ChatReply:
        """Ask the model until it answers; journal the answer."""
        await scope.await_turn()
        self._sending += 1
        try:
            request = _request(bound, call, messages, key)
            tokens = _tokens(bound, request)
            await self._charge_outstanding(bound, call, request, tokens)
            sending = _Sending(bound, call, request, key, tokens, self._patience[bound.limiter])
            while not isinstance(answer := await self._attempt(sending, scope), ChatReply):
                if not answer.retryable:
                    raise answer
                self._check(scope)
                if await self._is_own_fault(sending, answer, scope):
                    answer = self._given_up(sending, answer)
                    break
                try:
                    delay = self._delay(sending, answer)
                except ServiceGaveUp:
                    if not await self._answers_others(sending, answer, scope):
                        raise
                    continue
                await self._back_off(*delay, bound.limiter, scope)
        finally:
            self._sending -= 1
        if scope.known is not None:
            scope.known[key] = answer
        return answer

    async def _attempt(self, sending: _Sending, scope: Scope) -> ChatReply | ServiceError:
        """Send, with money and a place in the rate limit reserved; journal the answer."""
        self._check(scope)
        await self.budget.reserve(*sending.reserved)
        spent: tuple[int, float] = (0, 0.0)
        by: _Flight | None = None
        sending.begin(scope)
        try:
            answer, sender = await self._exchange(sending, sending.first), sending.first
            if sending.beside and not isinstance(answer, ChatReply):
                answer, sender = await self._answer_beside(sending, answer)
            if isinstance(answer, ChatReply):
                by = sender
                assert sender.sent is not None  # it was answered
                answer, spent = self._answered(sending, answer, sender.sent)
            elif answer.billed:
                spent = sending.reserved
                self._write_lost(
                    sending.call, sending.tokens, sending.max_tokens, sending.bound.price
                )
            return answer
        finally:
            self.budget.settle(sending.reserved, *spent)
            if sending in self._watched:
                self._land(sending, by, spent[1])

    async def _exchange(self, sending: _Sending, flight: _Flight) -> ChatReply | ServiceError:
        """Wait for a turn, send, and report the outcome to the limiter."""
        bound, step, scope = sending.bound, sending.call.step, sending.scope
        ticket = await bound.limiter.acquire(
            sending.reserved[0],
            turn=sending.turn,
            unwanted=lambda: sending.is_over or self._unwanted(scope),
        )
        if ticket is None:
            raise CallCancelled
        answer: ChatReply | ServiceError | None = None
        flight.ticket = ticket
        self.flying[step] += 1
        try:
            self._check(scope)
            self._take_off(sending, flight)
            async with asyncio.timeout(None) as flight.cut:
                answer = await self._complete(bound, sending.request, scope)
        except ContentFiltered as raised:
            # Said of the candidate, not of the service: an answer. Some
            # services bill the prompt all the same.
            billed = sending.tokens if raised.billed else 0
            answer = ChatReply(str(raised), "content-filter", billed)
        except ServiceError as raised:
            answer = raised
        except (TimeoutError, StageFailed):  # some models make an error of being cut
            if not flight.is_cut:
                raise
        finally:
            flight.cut = None
            self.flying[step] -= 1
            error = answer if isinstance(answer, ServiceError) else None
            rate = answer.rate if answer else None
            retry_after = error.retry_after if error else None
            outcome: Outcome = "answered" if isinstance(answer, ChatReply) else _outcome(error)
            flight.give_back("nothing" if flight.is_cut else outcome, rate, retry_after)
        if answer is None or (flight.is_cut and error is not None):
            answer = TimedOut("no answer, and the run no longer needs it", billed=True)
        asked = _asked(bound.limiter.pause, rate, retry_after)
        if asked > (self.max_outage or MAX_OUTAGE):
            words = f": {error}" if error is not None else ""
            self.halt(
                ServiceGaveUp(
                    f"the service requested a pause of {asked:.0f} s{words}",
                    hint="resume after that, or with a larger " + Option("max_outage", ...),
                )
            )
        return answer

    # --- calls that take too long ---

    def _take_off(self, sending: _Sending, flight: _Flight) -> None:
        """A sending of a call goes off: watch how long it takes."""
        loop = asyncio.get_running_loop()
        flight.sent = loop.time()
        bound = sending.bound
        # A model that sets its own limit has no room beside it, as one in this process has none.
        if not self._hedge or bound.deferred or bound.model.max_concurrency is not None:
            return
        if flight is sending.first:
            sending.patience.begin(sending, flight.sent)
            self._watched[sending] = None
            self._look_soon(loop)
        else:
            sending.latest = flight.sent
        hears(sending, loop.time)

    def _land(self, sending: _Sending, by: _Flight | None, dollars: float) -> None:
        """A call is over, answered `by` one of its sendings; the others are cancelled."""
        del self._watched[sending]
        patience, now = sending.patience, asyncio.get_running_loop().time()
        if by is not None and by.sent is not None:
            patience.answered(sending, by.sent, now, dollars)
        patience.end(sending, now, again=by is not None and by is not sending.first)
        sending.is_over = True
        for flight in sending.beside:
            # The answer has what was reserved for the first sending; what was for its own stands
            # for that.
            lost = sending.is_first_lost if flight is by else flight.sent is not None
            self._settle(sending, flight, lost=lost, reply=None if flight is by else flight.reply)
            flight.task.cancel()

    def _look_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._looks:
            self._looks = True
            pause = min(MOST_LOOK, max(LOOK, self._least / 8))
            loop.call_at(loop.time() + pause, self._look, loop, loop.time() + pause + LOOK)

    @property
    def _least(self) -> float:
        """Seconds that any call may take before it is doubted."""
        return min(patience.least for patience in self._patience.values())

    def _look(self, loop: asyncio.AbstractEventLoop, at_latest: float) -> None:
        """Send calls again that take too long."""
        self._looks = False
        if self._watched:
            self._look_soon(loop)
        now = loop.time()
        if now > at_latest:
            return  # this process was busy: answers may have come that it has not read
        least = self._least
        for sending in [*self._watched]:
            if now - sending.since < least:
                break  # those behind it were sent later
            if self._unwanted(sending.scope):
                if sending.patience.is_given_up(sending, now):
                    sending.first.cut_off()
            elif not sending.bound.limiter.down and sending.patience.is_due(sending, now):
                self._send_again(sending, now)

    def _send_again(self, sending: _Sending, now: float) -> None:
        """Send a call a second time beside the first, if there is money for both."""
        if not self.budget.take(*sending.reserved):
            return
        sending.patience.send_again(sending, now)
        for flight in (sending.first, *sending.beside):
            # Its slot is for the new one: calls that hang would have all of them in the end.
            flight.give_back()
        flight = _Flight(sending.bound.limiter)
        sending.beside.append(flight)
        flight.task = asyncio.create_task(self._beside(sending, flight))

    async def _beside(self, sending: _Sending, flight: _Flight) -> None:
        """Send a call once more; if it is answered first, hand the answer over."""
        answer: ChatReply | ServiceError | None = None
        with contextlib.suppress(CallCancelled, TargenError):  # the first one says so too
            answer = await self._exchange(sending, flight)
        if isinstance(answer, ChatReply):
            flight.reply = answer
            if sending.won is None:
                sending.won = flight
                sending.first.cut_off()
            return
        sending.latest = asyncio.get_running_loop().time()
        lost = flight.sent is not None if answer is None else answer.billed
        try:
            self._settle(sending, flight, lost=lost)
        except WriteFailed as error:
            self.halt(error)

    async def _answer_beside(
        self, sending: _Sending, error: ServiceError
    ) -> tuple[ChatReply | ServiceError, _Flight]:
        """The answer to a later sending of a call whose first came to nothing, if there is one."""
        first = sending.first
        if sending.won is None and error.retryable and not first.is_cut:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None) as first.cut:
                    while tasks := [each.task for each in sending.beside if not each.task.done()]:
                        await asyncio.wait(tasks)
            first.cut = None
        sending.is_first_lost = error.billed
        if sending.won is None or sending.won.reply is None:
            return error, first
        return sending.won.reply, sending.won

    def _settle(
        self, sending: _Sending, flight: _Flight, *, lost: bool, reply: ChatReply | None = None
    ) -> None:
        """Count what a later sending may have cost, once; a `reply` tells it exactly."""
        if flight.is_settled:
            return
        flight.is_settled = True
        spent: tuple[int, float] = (0, 0.0)
        try:
            if lost:
                most = (sending.tokens, sending.max_tokens)
                reply = ChatReply("", "other", *most) if reply is None else counted(reply, *most)
                tokens, price = (reply.input_tokens, reply.output_tokens), sending.bound.price
                spent = (sum(tokens), price.max_dollars(*tokens) if price else 0.0)
                self._write_lost(sending.call, *tokens, price)
        finally:
            self.budget.settle(sending.reserved, *spent)

    def _answered(
        self, sending: _Sending, reply: ChatReply, sent: float
    ) -> tuple[ChatReply, tuple[int, float]]:
        """Write down a reply and its cost, and release the tasks that wait for an answer."""
        bound = sending.bound
        reply = counted(reply, sending.tokens, sending.max_tokens)
        cost = None
        if bound.price:
            cost = bound.price.dollars(
                reply.input_tokens,
                reply.output_tokens,
                cache_read=reply.cache_read_tokens,
                cache_write=reply.cache_write_tokens,
            )
        self._last_success = asyncio.get_running_loop().time()
        self._trouble = None
        self._proofs[bound.limiter] = max(self._proofs.get(bound.limiter, 0.0), sent)
        for waiter in self._put_off.pop(bound.limiter, ()):
            _release(waiter)
        if sending.is_hello:
            self._write_lost(sending.call, reply.input_tokens, reply.output_tokens, bound.price)
            return reply, (reply.input_tokens + reply.output_tokens, cost or 0.0)
        self._write(bound, sending.call, sending.key, reply, cached=False, cost=cost)
        if self.cache is not None and _shares(bound):
            self.cache.put(bound.cache_key(sending.key), _cached(reply))
        return reply, (reply.input_tokens + reply.output_tokens, cost or 0.0)

    # --- calls that the service never answers, while it answers others ---

    async def _is_own_fault(self, sending: _Sending, error: ServiceError, scope: Scope) -> bool:
        """Return whether a call has failed for long while another one, sent later, was answered."""
        now = asyncio.get_running_loop().time()
        before, sending.failed_at = sending.failed_at, now
        waited = now - sending.failing_since
        most = _OWN_FAULT if waited < 2 * _OWN_TIME else _FEWEST  # time-outs are few and long
        if sending.failures + 1 < most or waited < _OWN_TIME:
            return False
        if not _may_be_own(sending, error):
            return False
        if self._proofs.get(sending.bound.limiter, 0.0) >= before:
            return True
        if now - self._proof_asked_at > _OWN_TIME:  # perhaps no other call is left to show it
            self._proof_asked_at = now
            await self._answers_others(sending, error, scope)
        return False  # it gets one chance more, after that

    async def _answers_others(self, sending: _Sending, error: ServiceError, scope: Scope) -> bool:
        """Send the service a call that it can answer, on behalf of one that fails.

        If it has never answered this run, skip this: it may never have worked.
        """
        if not _may_be_own(sending, error) or not (self.answered or self.journal.last_keys(1)):
            return False
        bound = sending.bound
        async with self._proof_asked:
            if self._proofs.get(bound.limiter, 0.0) >= sending.failed_at:
                return True  # another call asked meanwhile
            call = replace(
                sending.call,
                messages=(_HELLO,),
                schema=None,
                top_logprobs=None,
                given=None,
                next_token=False,
            )
            key = call_key(bound, call, call.messages, self.seed, sending.failures)
            request = _request(bound, call, call.messages, key)
            tokens = _tokens(bound, request)
            hello = _Sending(bound, call, request, key, tokens, sending.patience)
            hello.is_hello = True
            with contextlib.suppress(BudgetExhausted):
                return isinstance(await self._attempt(hello, scope), ChatReply)
            return False

    def _given_up(self, sending: _Sending, error: ServiceError) -> ChatReply:
        """Journal that a call was given up, so that a resume or a replay gives the same rows."""
        call = sending.call
        words = (
            f"the service answers other calls, and failed {plural(sending.failures + 1, 'time')} "
            f"at this one of {call.step} ({call.place}): {error}"
        )
        _log.warning("a call is given up: %s", words)
        reply = ChatReply(words[:1000], "unanswered")
        self._write(sending.bound, call, sending.key, reply, cached=False, cost=0.0)
        return reply

    def _delay(self, sending: _Sending, error: ServiceError) -> tuple[float, float]:
        """Seconds to wait after a failure, and how many the service asked for.

        Raises:
            ServiceGaveUp: the service has answered no call for too long.
        """
        loop, bound = asyncio.get_running_loop(), sending.bound
        now = loop.time()
        sending.failing_since = sending.failing_since or now
        self.retries += 1
        last, before = self._last_success, self._trouble
        max_outage = self.max_outage
        if max_outage is None:
            max_outage = MAX_OUTAGE if last is not None else error.max_startup
        self._trouble = _Trouble(
            str(error),
            max_outage,
            before.since if before else now if last is None else last,
            before.failures + 1 if before else 1,
            last is not None,
            loop.time,
        )
        since = sending.failing_since
        if bound.limiter.down and bound.limiter.control.failing_since is not None:
            since = bound.limiter.control.failing_since  # one that probes stands for all
        waited = now - (since if last is None else max(last, since))
        sent = sending.first.sent
        assert sent is not None  # it has failed
        lately = last is not None and last > min(sent, now - _FIRST_BACKOFF)
        if bound.limiter.down or isinstance(error, RateLimited | Overloaded):
            # The limiter says when a call goes; this one waits its turn.
            delay = min(_MAX_TURN, _BAD_LUCK * 2.0**sending.failures)
        elif lately:
            # To wait for longer than an outage may last would end the run, which is served.
            most = min(_MAX_BACKOFF, max_outage / 4)
            delay, sending.alone = min(most, _BAD_LUCK * 1.5**sending.failures), 0
        else:
            delay = min(_MAX_BACKOFF, _FIRST_BACKOFF * 2.0**sending.alone)
            sending.alone += 1
        delay *= self._jitter.uniform(0.5, 1.0)
        sending.failures += 1
        if not bound.deferred and waited + delay > max_outage:
            raise ServiceGaveUp(
                f"no answer from the service within {max_outage:g} s of retrying: {error}"
                if self.max_outage is not None or max_outage >= _SILENCE
                else str(error),
                hint=(f"{error.hint}; " if error.hint else "")
                + "resume when it is back, or with a larger "
                + Option("max_outage", ...),
            ) from error
        # What it was asked to wait may be untrue: it asks again before the run would end.
        return delay, min(error.retry_after or 0.0, max_outage)

    async def _complete(self, bound: BoundModel, request: ChatRequest, scope: Scope) -> ChatReply:
        """A model's reply or its error, without secrets: from here on they are values."""
        try:
            answer = bound.model.complete(request)
            if bound.deferred:
                answer = self._while_needed(answer, scope)
            return bound.secrets.reply(_checked(await answer, request))
        except TargenError as error:
            bound.secrets.error(error)
            raise
        except CallCancelled:
            raise
        except Exception as error:
            raise _backend_failed(bound, error) from (
                error if bound.secrets.spared_by(error) else None
            )

    async def _while_needed(
        self, answer: Coroutine[Any, Any, ChatReply], scope: Scope
    ) -> ChatReply:
        """An answer that may take hours, given up as soon as nobody wants it."""
        task = asyncio.ensure_future(answer)
        self._deferred[task] = scope
        try:
            await asyncio.wait((task,))
        finally:
            task.cancel()
            del self._deferred[task]
        if task.cancelled():
            raise CallCancelled
        return task.result()

    async def _charge_outstanding(
        self, bound: BoundModel, call: Call, request: ChatRequest, tokens: int
    ) -> None:
        """Count a call that was handed over and is not waited for: the service may bill it.

        Raises:
            BudgetExhausted: it does not fit into what is left.
        """
        if bound.deferred:
            return
        for outstanding in self.outstanding:
            if not outstanding.holds(bound.model.identity, request.key):
                continue
            most, price = request.params["max_tokens"], outstanding.price(bound.price)
            may = (tokens + most, price.max_dollars(tokens, most) if price else 0.0)
            await self.budget.reserve(*may)
            try:
                self._write_lost(call, tokens, most, price)
            finally:
                self.budget.settle(may, *may)
            outstanding.give_up(bound.model.identity, request.key)

    def _write_lost(
        self, call: Call, input_tokens: int, output_tokens: int, price: Price | None
    ) -> None:
        """Journal that an answer was lost, at the price of its reservation."""
        record = {
            "lost": True,
            "step": call.step,
            "label": call.label,
            "place": call.place,
            "in": input_tokens,
            "out": output_tokens,
            "cost": price.max_dollars(input_tokens, output_tokens) if price else None,
        }
        self.journal.append(record)
        self.usage.record(record)

    def _unwanted(self, scope: Scope) -> bool:
        return self.halt_reason is not None or not scope.wanted

    def _check(self, scope: Scope) -> None:
        if self._unwanted(scope):
            raise CallCancelled

    async def _back_off(
        self, minimum: float, asked: float, limiter: RateLimiter, scope: Scope
    ) -> None:
        """Wait, unless the answer is not wanted any more.

        Beyond `minimum`, what this call was asked to wait ends where another one is
        answered: the next to be sent is this call or another in its place.
        """
        await self._sleep(minimum, scope)
        if asked > minimum:
            await self._sleep(asked - minimum, scope, self._put_off.setdefault(limiter, {}))

    async def _sleep(
        self, seconds: float, scope: Scope, among: dict[asyncio.Future[None], None] | None = None
    ) -> None:
        if self._unwanted(scope):
            return
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        among = {} if among is None else among
        among[waiter] = None
        self._backing_off[waiter] = scope
        timer = loop.call_later(seconds, _release, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            among.pop(waiter, None)
            del self._backing_off[waiter]


class _Sending(Watched):
    """A call that is being sent until it is answered: what it reserves, and its failures so far.

    `alone` counts the failures since others were answered.
    """

    def __init__(
        self,
        bound: BoundModel,
        call: Call,
        request: ChatRequest,
        key: bytes,
        tokens: int,
        patience: Patience,
    ) -> None:
        max_tokens: int = request.params["max_tokens"]
        dollars = bound.price.max_dollars(tokens, max_tokens) if bound.price else 0.0
        super().__init__(call.step, max_tokens, dollars)
        self.bound = bound
        self.call = call
        self.request = request
        self.key = key
        self.tokens = tokens
        self.patience = patience
        self.reserved = (tokens + max_tokens, dollars)
        self.turn = bound.limiter.turn()
        self.failures = self.alone = 0
        self.failing_since = self.failed_at = 0.0
        self.is_hello = False  # it asks only whether anybody is answered

    def begin(self, scope: Scope) -> None:
        """Begin an attempt."""
        self.scope = scope
        self.first = _Flight(self.bound.limiter)
        self.beside: list[_Flight] = []
        self.won: _Flight | None = None  # of those beside, which was answered before the first
        self.is_first_lost = True
        self.is_over = False


class _Flight:
    """One sending of a call.

    Attributes:
        sent: when it was sent; None before.
        ticket: its slot, until it is given back.
        reply: the answer, to one beside the first.
    """

    task: asyncio.Task[None]  # of one beside the first

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter
        self.sent: float | None = None
        self.ticket: Ticket | None = None
        self.reply: ChatReply | None = None
        self.cut: asyncio.Timeout | None = None
        self.is_cut = self.is_settled = False

    def give_back(
        self,
        outcome: Outcome = "nothing",
        rate: RateHeaders | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Give its slot back, if it still has it."""
        ticket, self.ticket = self.ticket, None
        if ticket is not None:
            self._limiter.release(ticket, outcome, rate=rate, retry_after=retry_after)

    def cut_off(self) -> None:
        """Wait no longer for the answer."""
        if self.cut is not None and not self.is_cut:
            self.is_cut = True
            self.cut.reschedule(0.0)


def _request(
    bound: BoundModel, call: Call, messages: tuple[Message, ...], key: bytes
) -> ChatRequest:
    """Build the request to the model, with the parameters of its step."""
    params = bound.params_of(call)
    if bound.model.seeded and "seed" not in params:
        params["seed"] = int.from_bytes(key[:4], "big") >> 1
    dry_run = call.dry_run
    return ChatRequest(
        messages,
        params,
        call.schema,
        call.schema_name,
        key.hex(),
        Origin(call.step, call.label, call.place, call.prompt, call.values),
        None if dry_run is None else lambda: dry_run(key),
        call.top_logprobs,
        call.given,
        call.next_token,
    )


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Failures since the last answer: the latest, since when, how many, and was there one.

    `most` is how many seconds they may last.
    """

    error: str
    most: float
    since: float
    failures: int
    answered: bool
    clock: Callable[[], float]


def _outcome(error: ServiceError | None) -> Outcome:
    """Return what a failure means for the service's state."""
    if isinstance(error, RateLimited | Overloaded):
        return "refused"
    if isinstance(error, TimedOut):
        return "timed-out"
    return "failed" if isinstance(error, ServiceUnavailable) else "nothing"


def _may_be_own(sending: _Sending, error: ServiceError) -> bool:
    """Return whether a call's content may cause a failure; a refusal never has this cause."""
    failed = isinstance(error, ServiceUnavailable) and not isinstance(error, Overloaded)
    return failed and not sending.bound.deferred


def _asked(pause: float, rate: RateHeaders | None, retry_after: float | None) -> float:
    """Seconds of a limiter's pause that the service asked for, and that are believed.

    A limiter also pauses on its own, such as for a slow rate that it learned.
    """
    waits = [0.0]
    if retry_after and pause > 0.9 * retry_after:
        waits.append(retry_after)
    if rate is not None and rate.remaining_requests == 0:
        waits.append(rate.reset_requests or 0.0)
    if rate is not None and rate.remaining_tokens == 0:
        waits.append(rate.reset_tokens or 0.0)
    return min(pause, max(waits))


def _release(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _value(reply: ChatReply, call: Call, read: Callable[[str], T]) -> T:
    """Read a reply's value.

    Raises:
        BadReply: it cannot be used.
    """
    # Any next token is good, the end of the reply as well.
    if call.next_token and not reply.unscored:
        return read(reply.text)
    if reply.unscored:
        raise BadReply(reply.unscored, reason="unscored-reply")
    if reply.finish == "length" and not call.may_be_cut:
        raise BadReply("it was cut at max_tokens")
    if not reply.text.strip():
        raise BadReply("it was empty")
    if not _is_unicode(reply.text):
        raise BadReply("it holds half a character")
    return read(reply.text)


def _is_usable(reply: ChatReply, call: Call, read: Callable[[str], Any]) -> bool:
    """Return whether a reply can be read; other faults show later."""
    if reply.finish in _OF_THE_CALL:
        return False
    if reply.unscored:
        return True
    try:
        _value(reply, call, read)
    except BadReply:
        return False
    except Exception:
        return True
    return True


def _is_unicode(text: str) -> bool:
    """Return whether a text can be written to a file: half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _checked(reply: Any, request: ChatRequest) -> ChatReply:
    """Check that a model's answer is a reply with the requested scores, and return it.

    Raises:
        BadRequest: it has no scores: the service ignores the parameter.
    """
    if not isinstance(reply, ChatReply):
        raise TypeError(f"complete() returned {type(reply).__name__}, not a ChatReply")
    if request.top_logprobs is None:
        return replace(reply, tokens=(), unscored="") if reply.tokens or reply.unscored else reply
    if problem := scores.problem(reply.tokens):
        raise ValueError(f"complete() returned tokens that are none: {problem}")
    if _lacks_scores(reply, request):
        raise BadRequest(
            "the service answered without the token probabilities that it was asked for",
            hint="it has none, or not for this model: use another backend for this step, as with "
            + Option("steps", {"STEP": "local"})
            + "; vLLM, llama.cpp's server and Ollama 0.12.11 have them",
            billed=True,
        )
    return reply


def _lacks_scores(reply: ChatReply, asked: Call | ChatRequest) -> bool:
    """Return whether a reply lacks requested scores that it could have."""
    if asked.top_logprobs is None or reply.unscored:
        return False
    if reply.finish in _OF_THE_CALL:
        return False
    if asked.next_token:
        return not (reply.tokens and reply.tokens[0].top)
    return bool(reply.text.strip()) and not reply.tokens


def _tokens(bound: BoundModel, request: ChatRequest) -> int:
    """The tokens of a request, as its model counts them."""
    try:
        tokens: Any = bound.model.count_tokens(request)
        if not isinstance(tokens, int):
            raise TypeError(f"count_tokens() returned {type(tokens).__name__}, not an int")
    except TargenError:
        raise
    except Exception as error:
        raise _backend_failed(bound, error) from error
    return tokens


def _backend_failed(bound: BoundModel, error: Exception) -> StageFailed:
    """A backend's own bug: neither the service's doing nor the task's."""
    backend = bound.backend
    distribution = backend.partition(":")[0]
    hint = f"report it to the authors of {distribution}, and resume when it is fixed"
    if distribution == "memory":  # an object of the program
        hint = "fix it, then resume: targen_core.resume(RUN, model=...)"
    return StageFailed(
        f"backend {backend}: {bound.secrets.words(f'{type(error).__name__}: {error}')}",
        distribution=distribution,
        hint=hint,
    )


def recorded_reply(record: Mapping[str, Any]) -> ChatReply:
    """The reply of a call, as the journal and the cache keep it."""
    tokens = scores.from_json(record["tokens"]) if "tokens" in record else ()
    unscored = record.get("unscored", "")
    return ChatReply(
        record["text"],
        record["finish"],
        record["in"],
        record["out"],
        tokens=tokens,
        unscored=unscored,
    )


def _uncached(stored: bytes) -> ChatReply | None:
    """A reply from the cache, or None where this is none, or a damaged one."""
    try:
        value = json.loads(unchecked(stored))
        reply = recorded_reply(value)
    except (ValueError, KeyError, TypeError):
        return None
    counts = (reply.input_tokens, reply.output_tokens)
    if not all(type(count) is int and count >= 0 for count in counts):
        return None
    texts = type(reply.text) is str and type(reply.unscored) is str
    # What one run was not answered, another one asks.
    known = reply.finish in get_args(Finish) and reply.finish != "unanswered"
    return reply if texts and known else None


def _shares(bound: BoundModel) -> bool:
    """Return whether other runs may use the model's replies from now."""
    return bound.cacheable and bound.shares_replies


def _cached(reply: ChatReply) -> bytes:
    """A reply as the cache keeps it: as a record of the journal, behind its check sum."""
    return checked(
        compact(
            {
                "text": reply.text,
                "finish": reply.finish,
                "in": reply.input_tokens,
                "out": reply.output_tokens,
                **({"tokens": scores.as_json(reply.tokens)} if reply.tokens else {}),
                **({"unscored": reply.unscored} if reply.unscored else {}),
            }
        )
    )
