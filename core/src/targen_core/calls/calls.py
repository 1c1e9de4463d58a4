"""`Calls.ask`: the one way to every language model.

    journal and cache -> retry around the reading -> budget -> rate limit -> model -> journal

A reply is found in the run's journal, then in the cache of other runs, and only then asked for.
Each answer of a model is journaled before it is used. Failures of a service are retried here and
never reach a stage: only the model's words decide a row.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence, Set
from dataclasses import KW_ONLY, InitVar, dataclass, replace
from typing import Any, TypeVar

from targen_core.calls.budget import Budget
from targen_core.calls.cache import ReplyCache
from targen_core.calls.call import STOPS, BoundModel, Call, CallCancelled, Observer, Scope, call_key
from targen_core.calls.hedging import Patience
from targen_core.calls.journal import Journal
from targen_core.calls.model import (
    ChatReply,
    ChatRequest,
    DeferredModel,
    Message,
    counted,
)
from targen_core.calls.rate import Outcome, outcome_of
from targen_core.calls.replies import (
    OF_THE_CALL,
    checked_reply,
    details_of,
    for_the_cache,
    from_the_cache,
    is_unicode,
    is_usable,
    lacks_scores,
    record_of,
    recorded_reply,
    value_of,
)
from targen_core.calls.retries import Refusals, Retries
from targen_core.calls.sending import (
    Flight,
    Sending,
    SendingsBeside,
    backend_failed,
    may_be_own,
    request_of,
    tokens_of,
)
from targen_core.calls.usage import Usage
from targen_core.errors import (
    BadReply,
    BudgetExhausted,
    JobFailed,
    PluginError,
    Rejected,
    RunDirectoryError,
    ServiceError,
    TargenError,
)
from targen_core.text import plural

ATTEMPTS = 2
"""Replies asked for one call: the first and, if it is unreadable, a repair."""

_OWN_FAULT, _FEWEST = 8, 3  # failures, and
_OWN_TIME = 60.0  # seconds of them after which a call is given up, if others are answered
_PROOF = 2.0  # seconds after a call in vain that asks whether others are answered
_OF_A_KIND = 10  # calls of a kind given up, and none answered, after which the run stops
_SAID = 1000  # of what stands in place of a reply
_QUOTED = 16  # of an unusable reply in a repair, for each token that it may have: far above usual
_WORKING = 30.0  # seconds after which a stage without calls waits for another, not for itself

_log = logging.getLogger("targen")
T = TypeVar("T")
_HELLO = Message("user", "Reply with the word yes.")
REFUSING = "That reply could not be used: "
"""The beginning of a request for another reply, in place of an unusable one."""

_REPAIR = (
    f"{REFUSING}{{problem}}\n"
    "Write the whole reply again, corrected, in exactly the form that was asked for."
)


@dataclass(eq=False, repr=False)
class Calls:
    """Answers calls, each attempt paid at most once.

    Attributes:
        models: by step.
        seed: the run's seed, part of every call's key.
        max_outage: seconds without any success after which a failing service stops the run. If
            None, it is `MAX_OUTAGE`, or `ServiceError.implied` for a service that has never
            answered.
        hedge: whether a call that takes far longer than others is sent a second time; see
            `calls.hedging`.
    """

    models: Mapping[str, BoundModel]
    _: KW_ONLY
    seed: int
    journal: Journal
    cache: ReplyCache | None
    budget: Budget
    usage: Usage
    max_outage: InitVar[float | None] = None
    hedge: InitVar[bool] = False

    def __post_init__(self, max_outage: float | None, hedge: bool) -> None:
        self.halt_reason: TargenError | None = None
        # Why nothing may be sent now, if the journal has all replies that are needed. A call that
        # the run does not wait for is cancelled without ending it.
        self.refusing: Callable[[], TargenError | None] = lambda: None
        self.flying: Counter[str] = Counter()  # calls that models are working on, by step
        self.answered = False  # whether there was any reply, from a model or the cache
        self.observer: Observer | None = None
        self.shared: dict[bytes, ChatReply] | None = None  # list calls of a suite's other runs
        # Whether to request unusable replies of the journal again, or the keys of those to request.
        self.asks_again: bool | Set[str] = False
        self.again = 0  # how many were
        self._asked_again: set[bytes] = set()  # keys that were looked at for that
        self._unusable: list[bytes] = []  # keys in the cache of replies that cannot be used
        self.working: dict[object, float] = {}  # see `engine.stage_llm.Answers`
        self._sending = 0
        self._deferred: dict[asyncio.Task[ChatReply], Scope] = {}
        self._handed_over: dict[str, Sending] = {}  # by key: calls that a deferred model has
        for bound in self.models.values():
            if isinstance(bound.model, DeferredModel):
                bound.model.attach_run(self._not_deferred, self._note_sent)
        self._retries = Retries(self.seed, max_outage, self.unwanted)
        self._refusals = Refusals(self.usage)
        self._answered_kinds: set[tuple[str, str]] = set()  # steps and prompts with a reply
        self._failed_kinds = Counter[tuple[str, str]]()  # calls given up, of those without
        self._refused: set[str] = set()  # steps for which a refused call was reported
        self.refusal_hint = ""
        """What to do about the last call that was refused, if its backend knows."""
        self._proof_asked = asyncio.Lock()
        self._proof_asked_at = 0.0
        patience = {bound.limiter: Patience() for bound in self.models.values()}
        self._beside = SendingsBeside(self, patience, hedge)

    @property
    def hung(self) -> int:
        """Calls that hung, and were answered to a later sending."""
        return self._beside.hung

    @property
    def retries(self) -> int:
        """Failed calls that were sent again."""
        return self._retries.count

    @property
    def in_flight(self) -> int:
        """Calls that models are working on now."""
        return sum(limiter.in_flight for limiter in self._beside.patience)

    @property
    def pauses(self) -> dict[str, float]:
        """Seconds until the next call to a backend that failed or refused calls, by its id."""
        pauses = {bound.backend: bound.limiter.pause for bound in self.models.values()}
        return {backend: pause for backend, pause in pauses.items() if pause > 0}

    @property
    def trouble(self) -> str:
        """Return the problem that blocks all calls, or ""; safe to call from any thread."""
        return self._retries.trouble

    def halt(self, reason: TargenError) -> None:
        """Stop sending; let calls in flight finish."""
        if self.halt_reason is None:
            self.halt_reason = reason
            self.sweep()

    def sweep(self) -> None:
        """Release all callers that only wait to send calls that are no longer wanted."""
        self._retries.sweep()
        for limiter in self._beside.patience:
            limiter.sweep()
        self._sweep_deferred()

    def _sweep_deferred(self) -> None:
        for task, scope in self._deferred.items():
            if self.unwanted(scope):
                task.cancel()

    def _not_deferred(self) -> int:
        """Calls under way that wait neither for a deferred model nor for the budget of others.

        A stage that reads a file, for example, counts as one: its next call is still to come.
        """
        self._sweep_deferred()
        late = time.monotonic() - _WORKING
        working = sum(since > late for since in self.working.values())
        return self._sending - len(self._deferred) - self.budget.waiting + working

    async def ask(self, call: Call, scope: Scope, read: Callable[[str], T]) -> tuple[T, ChatReply]:
        """Answer a call with the value of its reply, after one repair if it is unreadable.

        Args:
            call: what to ask.
            scope: for whom; gets the keys of the calls used.
            read: turns a reply's text into the value, or raises `BadReply`.

        Raises:
            Rejected: the model or its filter decided so: `malformed-reply`, a reason of
                `read`, `unscored-reply`, `refusal` or `content-filter`. Or the service answers
                other calls and never this one, or refuses it for what it says: `unanswered`.
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
                reply = reply or self._recall(bound, key, call, messages, read)
                if reply is None:
                    reply = await self._send(bound, call, messages, key, scope)
            except Rejected:
                raise
            except (TargenError, CallCancelled) as error:
                scope.fail(error)  # a step may catch it, but must not turn it into a row
                if scope.parent is not None and isinstance(error, TargenError):
                    self.halt(error)  # the step's other calls need not wait for this one
                raise
            if self.shared is not None and bound.shared_by:
                self.shared[key] = reply
            if reply.finish != "unanswered":
                self._answered_kinds.add(_kind(call))
            used.append(key.hex())
            if self.observer is not None:
                if scope.parent is None:
                    self.observer(call, messages, reply, used[-1])
                else:  # it is shown the pass that counts
                    scope.observed.append((call, messages, reply, used[-1]))
            if reply.finish in OF_THE_CALL:  # another run may ask again
                self._unusable.append(bound.cache_key(key))
            if reply.finish == "refusal":
                raise Rejected("refusal", f"the model refused: {reply.text[:200]!r}", unjudged=True)
            if reply.finish == "content-filter":
                raise Rejected(
                    "content-filter", f"a filter stopped it: {reply.text[:200]!r}", unjudged=True
                )
            if reply.finish == "unanswered":
                raise Rejected("unanswered", reply.text, unjudged=True)
            if call.given is not None and reply.text != call.given:
                raise Rejected(
                    "unscored-text", f"the model cannot score {call.given[:200]!r}", unjudged=True
                )
            try:
                return value_of(reply, call, read), reply
            except BadReply as error:
                problem = error
                self._unusable.append(bound.cache_key(key))
                if reply.unscored:  # its words may be good
                    continue
                most = bound.params_of(call)["max_tokens"]
                if reply.finish != "length" and reply.text.strip() and is_unicode(reply.text):
                    messages = (
                        *call.messages,
                        Message("assistant", reply.text[: _QUOTED * most]),
                        Message("user", _REPAIR.format(problem=problem)),
                    )
        assert problem is not None
        raise Rejected(
            problem.reason, f"no usable reply in {ATTEMPTS} attempts: {problem}", unjudged=True
        )

    # --- where a reply comes from ---

    def _recall(
        self,
        bound: BoundModel,
        key: bytes,
        call: Call,
        messages: Sequence[Message],
        read: Callable[[str], Any],
    ) -> ChatReply | None:
        """The reply from the journal, or from the cache of other runs."""
        record = self.journal.get(key)
        if record is not None:
            known = recorded_reply(record)
            asks = self.asks_again
            asks = asks if isinstance(asks, bool) else key.hex() in asks
            if asks and key not in self._asked_again:
                self._asked_again.add(key)
                if not is_usable(known, call, read):
                    if not self.again:
                        _log.warning("requesting new replies in place of unusable ones")
                    self.again += 1
                    return None
            if lacks_scores(known, call):
                raise RunDirectoryError(
                    f"{self.journal.path}: the record of a call at {call.place} has no token "
                    "probabilities, although the call requested them",
                    hint="if the run came from someone else, do not trust it",
                )
            return known
        reply = None if self.shared is None else self.shared.get(key)
        if reply is None:
            if self.cache is None or not bound.cacheable:
                return None
            stored = self.cache.get(bound.cache_key(key))
            reply = None if stored is None else from_the_cache(stored)
            if reply is None or lacks_scores(reply, call):
                return None  # not there, or written by a stranger: ask the model instead
            reply = bound.secrets.reply(reply)
        self._write(bound, call, key, messages, reply, cached=True, cost=0.0)
        return reply

    def forget_unusable(self) -> None:
        """Let the cache forget unusable replies if they failed a run.

        Otherwise the next run reads them back and also fails, even if the service works by then. A
        run that has all its rows keeps them, like every reply that was paid for.
        """
        if self.cache is not None:
            for key in self._unusable:
                self.cache.forget(key)

    def share_last(self) -> None:
        """Put the journal's last replies into the cache, if it lacks them.

        A killed process journals a reply a moment before the cache has it. Another part of the same
        command, which shares it, would ask for it again.
        """
        if self.cache is None:
            return
        for key in self.journal.last_keys:
            record = self.journal.get(key) or {}
            bound = self.models.get(record.get("step", ""))
            if bound is None or not record.get("shared") or not _shares(bound):
                continue
            if self.cache.get(shared := bound.cache_key(key)) is None:
                self.cache.put(shared, for_the_cache(recorded_reply(record)))

    def _write(
        self,
        bound: BoundModel,
        call: Call,
        key: bytes,
        messages: Sequence[Message],
        reply: ChatReply,
        *,
        cached: bool,
        cost: float | None,
        shared: bool = False,
    ) -> None:
        record: dict[str, Any] = {
            "key": key.hex(),
            "step": call.step,
            "label": call.label,
            "place": call.place,
            "prompt": call.prompt,
            "messages": [[message.role, message.content] for message in messages],
            **record_of(reply),
            "cost": cost,
        }
        if cached:
            record["cached"] = True
        else:
            record |= details_of(reply)
        if shared:
            record["shared"] = True
        self._record(record)
        self.answered = True

    async def _send(
        self,
        bound: BoundModel,
        call: Call,
        messages: tuple[Message, ...],
        key: bytes,
        scope: Scope,
    ) -> ChatReply:
        """Ask the model and wait for its answer; layers that do not send override this."""
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
        if self.refusing() is not None:
            raise CallCancelled
        self._sending += 1
        self._refusals.begin(call.step)
        try:
            request = request_of(bound, call, messages, key)
            tokens = tokens_of(bound, request)
            sending = Sending(
                bound, call, request, key, tokens, self._beside.patience[bound.limiter]
            )
            while not isinstance(answer := await self._attempt(sending, scope), ChatReply):
                if not answer.retryable:
                    if not await self._is_refused_alone(sending, answer):
                        raise answer
                    if answer.cause == "too-long":
                        self._check_kind(call, answer)
                    answer = self._given_up(sending, "refused", answer)
                    break
                self._check(scope)
                if await self._is_own_fault(sending, answer, scope):
                    self._check_kind(call, answer)
                    how = f"failed {plural(sending.failures + 1, 'time')} on"
                    answer = self._given_up(sending, how, answer)
                    break
                try:
                    delay = self._retries.delay(sending, answer)
                except JobFailed:
                    if not await self._answers_others(sending, answer, scope):
                        raise
                    continue
                await self._retries.back_off(*delay, bound.limiter, scope)
        finally:
            self._sending -= 1
            self._refusals.end(call.step)
        if scope.known is not None:
            scope.known[key] = answer
        return answer

    async def _attempt(self, sending: Sending, scope: Scope) -> ChatReply | ServiceError:
        """Send, with money and a place in the rate limit reserved; journal the answer."""
        self._check(scope)
        reserved = sending.most
        if sending.bound.deferred:  # an earlier process may have sent it: its answer is on its way
            tokens, dollars = self.usage.sent(sending.key.hex())
            reserved = max(0, reserved[0] - tokens), max(0.0, reserved[1] - dollars)
        await self.budget.reserve(*reserved)
        cost, by = 0.0, None
        sending.begin(scope, reserved)
        first = sending.first
        try:
            answer: ChatReply | ServiceError
            answer, sender = await self.exchange(sending, first), first
            first.answer = answer
            if sending.beside and not isinstance(answer, ChatReply):
                answer, sender = await self._beside.answer(sending, answer)
            if isinstance(answer, ChatReply):
                by = sender
                answer, cost = self._answered(sending, by, answer)
            return answer
        except TargenError as error:
            if not sending.bound.deferred:  # a backend that fails may have sent the call
                first.answer = ServiceError(str(error), billed=isinstance(error, PluginError))
            raise
        finally:
            self.settle(sending, first)
            self._beside.land(sending, by, cost)

    def _depart(self, sending: Sending, flight: Flight) -> None:
        """Journal that a call is sent, before it leaves.

        Raises:
            RunDirectoryError: the journal does not take it.
        """
        self._record(sending.record("sent"))
        self.budget.hand_over(*flight.reserved)
        flight.is_journaled = True

    def _note_sent(self, keys: Sequence[str]) -> None:
        """Journal that a deferred model is about to hand calls over.

        Raises:
            BudgetExhausted: an earlier process may have sent them, and they do not fit twice.
            RunDirectoryError: the journal does not take it.
        """
        for key in keys:
            sending = self._handed_over.get(key)
            if sending is None or sending.first.is_journaled:
                continue
            known = sending.first.reserved
            more = sending.most[0] - known[0], sending.most[1] - known[1]
            if more[0] and not self.budget.fits(*more):
                raise self.budget.exhausted(*more)
            self._depart(sending, sending.first)

    def settle(self, sending: Sending, flight: Flight) -> None:
        """Count what a sending cost, once: what is not known to be free is paid for.

        If this process stops before that is known, the call remains in flight in the journal.
        """
        if flight.is_settled:
            return
        flight.is_settled = True
        answer, key = flight.answer, sending.key.hex()
        try:
            if not flight.is_journaled:
                self.budget.hand_over(*flight.reserved)
            if isinstance(answer, ChatReply):  # it came too late
                reply = counted(answer, sending.tokens, sending.max_tokens)
                self._record(sending.record("lost", reply.input_tokens, reply.output_tokens))
            elif answer is None:
                if sending.is_over and flight.is_journaled:
                    self._record(sending.record("lost"))
            elif answer.tokens is not None:
                tokens_in, tokens_out = answer.tokens
                most = min(tokens_in, sending.tokens), min(tokens_out, sending.max_tokens)
                self._record(sending.record("lost", *most))
            elif answer.billed:
                self._record(sending.record("lost"))
            elif any(self.usage.sent(key)):
                self._record(sending.record("unbilled"))
        finally:
            self.budget.settle()

    async def exchange(self, sending: Sending, flight: Flight) -> ChatReply | ServiceError:
        """Wait for a turn, send, and report the outcome to the limiter."""
        bound, step, scope = sending.bound, sending.call.step, sending.scope
        ticket = await bound.limiter.acquire(
            sending.most[0],
            turn=sending.turn,
            unwanted=lambda: sending.is_over or self.unwanted(scope),
        )
        if ticket is None:
            raise CallCancelled
        answer: ChatReply | ServiceError | None = None
        flight.ticket = ticket
        self.flying[step] += 1
        try:
            self._check(scope)
            if bound.deferred:
                self._handed_over[sending.key.hex()] = sending
            else:
                self._depart(sending, flight)
            self._beside.take_off(sending, flight)
            async with asyncio.timeout(None) as flight.cut:
                answer = await self._complete(bound, sending.request, scope)
        except ServiceError as raised:
            answer = raised
            if raised.cause == "content-filter":
                # Said of the candidate, not of the service: an answer. Some services bill the
                # prompt all the same.
                billed = raised.tokens or (sending.tokens if raised.billed else 0, 0)
                answer = ChatReply(str(raised)[:_SAID], "content-filter", *billed)
        except (TimeoutError, PluginError):  # some models make an error of being cut
            if not flight.is_cut:
                raise
        finally:
            flight.cut = None
            self.flying[step] -= 1
            self._handed_over.pop(sending.key.hex(), None)
            error = answer if isinstance(answer, ServiceError) else None
            rate = answer.rate if answer else None
            retry_after = error.retry_after if error else None
            outcome: Outcome = "answered" if isinstance(answer, ChatReply) else outcome_of(error)
            if bound.deferred and outcome == "failed":
                outcome = "nothing"  # a batch failed, which says nothing about load
            flight.give_back("nothing" if flight.is_cut else outcome, rate, retry_after)
        if answer is None or (flight.is_cut and error is not None):
            answer = ServiceError(
                "no answer yet, and the run no longer needs one", billed=True, cause="timeout"
            )
        try:
            self._retries.check_pause(bound.limiter.asked(rate, retry_after), error)
        except JobFailed as gave_up:
            self.halt(gave_up)
        return answer

    def _answered(self, sending: Sending, by: Flight, reply: ChatReply) -> tuple[ChatReply, float]:
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
        assert by.sent is not None  # it was answered
        self._retries.answered(bound.limiter, by.sent, recovered=sending.failures > 0)
        if sending.is_hello:
            return reply, cost or 0.0  # not kept, so it counts as lost
        asked = sending.request.messages
        cache = self.cache if _shares(bound) else None
        self._write(
            bound,
            sending.call,
            sending.key,
            asked,
            reply,
            cached=False,
            cost=cost,
            shared=cache is not None,
        )
        by.answer = None
        if not by.is_journaled:
            self.budget.hand_over(*by.reserved)
        by.is_settled = True
        self.budget.settle()
        if reply.finish != "content-filter":
            self._refusals.answered(sending.call.step)
        if cache is not None:
            cache.put(bound.cache_key(sending.key), for_the_cache(reply))
        return reply, cost or 0.0

    # --- calls that the service never answers, while it answers others ---

    async def _is_refused_alone(self, sending: Sending, error: ServiceError) -> bool:
        """Return whether a call is refused for what it says, while others are answered."""
        if not error.implied.is_own:
            return False
        self._sending -= 1  # it may wait for others, and no round waits for it
        try:
            return await self._refusals.is_own(
                sending.call.step, is_certain=error.cause == "too-long"
            )
        finally:
            self._sending += 1

    async def _is_own_fault(self, sending: Sending, error: ServiceError, scope: Scope) -> bool:
        """Return whether a call fails each time, while another one, sent later, was answered.

        Three failures are enough, or two answers without a reply, if the service failed no call
        that it then answered; otherwise many, over a minute.
        """
        now = asyncio.get_running_loop().time()
        before, sending.failed_at = sending.failed_at, now
        if not may_be_own(sending, error):
            return False
        failures, waited = sending.failures + 1, now - sending.failing_since
        is_judged = error.cause == "no-reply"  # the service took the call, and may bill it
        is_soon = (
            failures >= _FEWEST - is_judged
            and not self._retries.recovered
            and not error.implied.is_transport
        )
        most = _OWN_FAULT if waited < 2 * _OWN_TIME else _FEWEST  # time-outs are few and long
        if not is_soon and (failures < most or waited < _OWN_TIME):
            return False
        since = sending.failing_since if is_judged else before
        if self._retries.answers_since(sending.bound.limiter, since):
            return True
        # Perhaps no other call is left to show it.
        if now - self._proof_asked_at > (_PROOF if is_soon else _OWN_TIME):
            is_answered = await self._answers_others(sending, error, scope)
            if not (is_soon and is_answered):
                self._proof_asked_at = now
        return False  # it gets one chance more, after that

    def _check_kind(self, call: Call, error: ServiceError) -> None:
        """Stop the run if all calls of a kind are given up: each may be billed many times.

        Raises:
            JobFailed: it was the last that may be.
        """
        kind = _kind(call)
        if kind in self._answered_kinds:
            return
        self._failed_kinds[kind] += 1
        if self._failed_kinds[kind] >= _OF_A_KIND:
            raise JobFailed(
                f"the service answers other calls, but it has answered no {call.step} call with "
                f"the prompt {call.prompt}, and {_OF_A_KIND} of them were given up: {error}",
                hint="resume when the service answers them, or start a new run with another "
                "backend or model",
                cause="service",
            ) from error

    async def _answers_others(self, sending: Sending, error: ServiceError, scope: Scope) -> bool:
        """Send the service a call that it can answer, on behalf of one that fails.

        If it has never answered this run, skip this: it may never have worked.
        """
        if not may_be_own(sending, error) or not (self.answered or len(self.journal)):
            return False
        bound = sending.bound
        async with self._proof_asked:
            if self._retries.answers_since(bound.limiter, sending.failed_at):
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
            request = request_of(bound, call, call.messages, key)
            tokens = tokens_of(bound, request)
            hello = Sending(bound, call, request, key, tokens, sending.patience)
            hello.is_hello = True
            hello.turn = -1  # in an outage, one call goes at a time, and the run waits for this one
            with contextlib.suppress(BudgetExhausted):
                return isinstance(await self._attempt(hello, scope), ChatReply)
            return False

    def _given_up(self, sending: Sending, how: str, error: ServiceError) -> ChatReply:
        """Journal that a call was given up, so that a resume or a replay gives the same rows."""
        call = sending.call
        words = (
            f"the service answers other calls but {how} this {call.step} call ({call.place}): "
            f"{error}"
        )
        is_known = how == "refused" and sending.call.step in self._refused
        if how == "refused":
            self._refused.add(sending.call.step)
            self.refusal_hint = error.hint or self.refusal_hint
        _log.log(logging.DEBUG if is_known else logging.WARNING, "giving up on a call: %s", words)
        reply = ChatReply(words[:_SAID], "unanswered")
        asked = sending.request.messages
        self._write(sending.bound, call, sending.key, asked, reply, cached=False, cost=0.0)
        return reply

    async def _complete(self, bound: BoundModel, request: ChatRequest, scope: Scope) -> ChatReply:
        """A model's reply or its error, without secrets: from here on they are values."""
        try:
            answer = bound.model.complete(request)
            if not inspect.isawaitable(answer):
                raise TypeError("complete() must be defined with `async def`")
            if bound.deferred:
                answer = self._while_needed(answer, scope)
            return bound.secrets.reply(checked_reply(await answer, request))
        except TargenError as error:
            bound.secrets.error(error)
            raise
        except (CallCancelled, *STOPS):
            raise
        except BaseException as error:
            raise backend_failed(bound, error) from (
                error if bound.secrets.spared_by(error) else None
            )

    async def _while_needed(
        self, answer: Coroutine[Any, Any, ChatReply], scope: Scope
    ) -> ChatReply:
        """Return an answer that may take hours; give up as soon as it is not needed."""
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

    def _record(self, record: dict[str, Any]) -> None:
        """Append a record to the journal, and count it."""
        self.journal.append(record)
        self.usage.record(record)

    def unwanted(self, scope: Scope) -> bool:
        """Return whether the run stops, or the answers for a scope are no longer wanted."""
        return self.halt_reason is not None or not scope.wanted

    def _check(self, scope: Scope) -> None:
        if self.unwanted(scope):
            raise CallCancelled


def _kind(call: Call) -> tuple[str, str]:
    """Return what calls have in common that ask for the same: the generators of a step differ."""
    return call.step, call.prompt


def _shares(bound: BoundModel) -> bool:
    """Return whether other runs may use the model's replies from now."""
    return bound.cacheable and bound.shares_replies
