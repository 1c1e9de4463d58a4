"""Send slow calls once more, in parallel with the first sending; `hedging` decides when."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from targen_core.calls.call import CallCancelled
from targen_core.calls.hedging import LOOK, MOST_LOOK, Patience
from targen_core.calls.model import ChatReply
from targen_core.calls.sending import Flight, Sending
from targen_core.errors import RunDirectoryError, ServiceError, TargenError

if TYPE_CHECKING:
    from targen_core.calls.layer import CallLayer
    from targen_core.calls.rate import RateLimiter


class SendingsBeside:
    """Watches the calls of a layer that are in flight.

    Args:
        layer: exchanges each sending with its model and keeps the accounts.
        patience: the time that calls to each service may take.
        is_on: whether calls are sent a second time.
    """

    def __init__(
        self, layer: CallLayer, patience: Mapping[RateLimiter, Patience], is_on: bool
    ) -> None:
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
