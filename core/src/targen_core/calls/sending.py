"""One call on its way: its request, what it reserves, its sendings and its failures so far."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from targen_core.calls.call import BoundModel, Call, CallCancelled, Scope
from targen_core.calls.control import Ticket
from targen_core.calls.hedging import LOOK, MOST_LOOK, Patience, Watched
from targen_core.calls.model import ChatReply, ChatRequest, Message, Origin, RateHeaders
from targen_core.calls.rate import Outcome, RateLimiter
from targen_core.errors import PluginError, RunDirectoryError, ServiceError, TargenError

if TYPE_CHECKING:
    from targen_core.calls.calls import Calls
    from targen_core.calls.rate import RateLimiter


class Sending(Watched):
    """A call that is being sent until it is answered: the most it may cost, and its failures.

    Attributes:
        most: the tokens and dollars that one sending may cost.
        alone: the failures since other calls were answered.
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
        self.most = (tokens + max_tokens, dollars)
        self.turn = bound.limiter.turn()
        self.failures = self.alone = 0
        self.failing_since = self.failed_at = 0.0
        self.is_hello = False  # it asks only whether anybody is answered

    def begin(self, scope: Scope, reserved: tuple[int, float]) -> None:
        """Begin an attempt, for which so much is reserved."""
        self.scope = scope
        self.first = Flight(self.bound.limiter, reserved)
        self.beside: list[Flight] = []
        self.won: Flight | None = None  # a repeated sending, answered before the first
        self.is_over = False

    def record(
        self, mark: str, input_tokens: int | None = None, output_tokens: int | None = None
    ) -> dict[str, Any]:
        """Return a record of one sending: `sent`, `lost` or `unbilled`, and the most it may cost.

        Tokens are given if it is known what it took.
        """
        record: dict[str, Any] = {mark: self.key.hex()}
        if mark != "unbilled":
            paid_in = self.tokens if input_tokens is None else input_tokens
            paid_out = self.max_tokens if output_tokens is None else output_tokens
            price = self.bound.price
            record |= {
                "step": self.call.step,
                "label": self.call.label,
                "in": paid_in,
                "out": paid_out,
                "cost": price.max_dollars(paid_in, paid_out) if price else None,
            }
        return record


class Flight:
    """One sending of a call.

    Attributes:
        reserved: what is set aside for it until it is sent.
        sent: when it was sent; None before that.
        is_journaled: whether the journal says so; of a batch, as soon as that is handed over.
        ticket: its slot, until it is given back.
        answer: what came, if it is a repeated sending.
    """

    task: asyncio.Task[None]  # only of a repeated sending

    def __init__(self, limiter: RateLimiter, reserved: tuple[int, float]) -> None:
        self._limiter = limiter
        self.reserved = reserved
        self.sent: float | None = None
        self.ticket: Ticket | None = None
        self.answer: ChatReply | ServiceError | None = None
        self.cut: asyncio.Timeout | None = None
        self.is_journaled = self.is_cut = self.is_settled = False

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


def request_of(
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
        call.read,
    )


def tokens_of(bound: BoundModel, request: ChatRequest) -> int:
    """The tokens of a request, as its model counts them."""
    try:
        tokens: Any = bound.model.count_tokens(request)
        if not isinstance(tokens, int):
            raise TypeError(f"count_tokens() returned {type(tokens).__name__}, not an int")
    except TargenError:
        raise
    except (Exception, SystemExit) as error:
        raise backend_failed(bound, error) from error
    return tokens


def may_be_own(sending: Sending, error: ServiceError) -> bool:
    """Return whether a call's content may cause a failure; a refusal never has this cause."""
    return error.retryable and error.implied.is_own and not sending.bound.deferred


def backend_failed(bound: BoundModel, error: BaseException) -> PluginError:
    """A backend's own bug: neither the service's doing nor the task's."""
    backend = bound.backend
    distribution = backend.partition(":")[0]
    hint = f"report it to the authors of {distribution}, and resume when it is fixed"
    if distribution == "memory":  # an object of the program
        hint = "fix it, then resume: targen_core.resume(RUN, model=...)"
    return PluginError(
        f"backend {backend}: {bound.secrets.words(f'{type(error).__name__}: {error}')}",
        distribution=distribution,
        hint=hint,
    )


class SendingsBeside:
    """Watches the calls of a layer that are in flight.

    Args:
        layer: exchanges each sending with its model and keeps the accounts.
        patience: the time that calls to each service may take.
        is_on: whether calls are sent a second time.
    """

    def __init__(self, layer: Calls, patience: Mapping[RateLimiter, Patience], is_on: bool) -> None:
        self.patience = patience
        self._layer = layer
        self._is_on = is_on
        self._watched: dict[Sending, None] = {}  # in the order in which they were sent first
        self._looks = False  # whether a timer is set for the next look at them

    @property
    def hung(self) -> int:
        """Calls that hung, and were answered to a later sending."""
        return sum(patience.hung for patience in self.patience.values())

    def take_off(self, sending: Sending, flight: Flight) -> None:
        """A sending of a call goes off: watch how long it takes."""
        loop = asyncio.get_running_loop()
        flight.sent = loop.time()
        bound = sending.bound
        # A model that sets its own limit, such as one in this process, has no room for a second
        # sending.
        if not self._is_on or bound.deferred or bound.model.max_concurrency is not None:
            return
        if flight is sending.first:
            sending.patience.begin(sending, flight.sent)
            self._watched[sending] = None
            self._look_soon(loop)
        else:
            sending.latest = flight.sent

    def land(self, sending: Sending, by: Flight | None, dollars: float) -> None:
        """A call is over, answered `by` one of its sendings; the others are cancelled."""
        if sending in self._watched:
            del self._watched[sending]
            patience, now = sending.patience, asyncio.get_running_loop().time()
            if by is not None and by.sent is not None:
                patience.answered(sending, by.sent, now, dollars)
            patience.end(sending, now, again=by is not None and by is not sending.first)
        sending.is_over = True
        for flight in sending.beside:
            self._layer.settle(sending, flight)
            flight.task.cancel()

    def _look_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._looks:
            self._looks = True
            pause = min(MOST_LOOK, max(LOOK, self._least / 8))
            loop.call_at(loop.time() + pause, self._look, loop, loop.time() + pause + LOOK)

    @property
    def _least(self) -> float:
        """Seconds that any call may take before it is doubted."""
        return min(patience.least for patience in self.patience.values())

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
            if self._layer.unwanted(sending.scope):
                if sending.patience.is_given_up(sending, now):
                    sending.first.cut_off()
            elif not sending.bound.limiter.down and sending.patience.is_due(sending, now):
                self._send_again(sending, now)

    def _send_again(self, sending: Sending, now: float) -> None:
        """Send a call a second time, if there is money for both."""
        if not self._layer.budget.take(*sending.most):
            return
        sending.patience.send_again(sending, now)
        for flight in (sending.first, *sending.beside):
            # Its slot is for the new one: calls that hang would have all of them in the end.
            flight.give_back()
        flight = Flight(sending.bound.limiter, sending.most)
        sending.beside.append(flight)
        flight.task = asyncio.create_task(self._send(sending, flight))

    async def _send(self, sending: Sending, flight: Flight) -> None:
        """Send a call once more; if it is answered first, hand the answer over."""
        try:
            flight.answer = await self._layer.exchange(sending, flight)
        except (CallCancelled, TargenError) as error:  # the first one says so too
            flight.answer = ServiceError(str(error), billed=flight.is_journaled)
        if isinstance(flight.answer, ChatReply):
            if sending.won is None:
                sending.won = flight
                sending.first.cut_off()
            return
        sending.latest = asyncio.get_running_loop().time()
        try:
            self._layer.settle(sending, flight)
        except RunDirectoryError as error:
            self._layer.halt(error)

    async def answer(
        self, sending: Sending, error: ServiceError
    ) -> tuple[ChatReply | ServiceError, Flight]:
        """Return the answer to a later sending of a call whose first sending failed, or None."""
        first = sending.first
        if sending.won is None and error.retryable and not first.is_cut:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None) as first.cut:
                    while tasks := [each.task for each in sending.beside if not each.task.done()]:
                        await asyncio.wait(tasks)
            first.cut = None
        if sending.won is None or not isinstance(sending.won.answer, ChatReply):
            return error, first
        return sending.won.answer, sending.won
