"""Queue calls to a service: first come, first served, within its capacity.

`RateLimiter` holds the queue. Its `Controller` learns from refusals how many calls may be in flight
and how fast they may go. The requests and tokens per minute that the user or the service's headers
name also apply.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import math
import time
from collections.abc import Callable
from typing import Literal, NamedTuple

from targen_core.calls.control import Controller, Ticket
from targen_core.calls.model import RateHeaders
from targen_core.errors import ServiceError

Outcome = Literal["answered", "refused", "failed", "timed-out", "nothing"]
"""The outcome of a call: an answer, a refusal for too much load (429, 503, 529), another passing
failure, or silence. "nothing" is an error unrelated to load, such as a wrong key.
"""


def outcome_of(error: ServiceError | None) -> Outcome:
    """Return what a failure means for the service's state."""
    if error is None or not error.retryable:
        return "nothing"
    if error.implied.is_load:
        return "refused"
    return "timed-out" if error.cause == "timeout" else "failed"


_WHOLE = 0.1
"""The share of a limit that may be missing if it does not refill evenly."""


class ConcurrencyLimit:
    """The number of calls that several limiters may have in flight together."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0
        self._sharers: list[RateLimiter] = []

    def share(self, limiter: RateLimiter) -> None:
        """Tell `limiter` when a slot comes free."""
        self._sharers.append(limiter)

    def leave(self) -> None:
        """Give a slot back, to whichever limiter has a call waiting."""
        self.taken -= 1
        for limiter in self._sharers:
            limiter.wake()


class RateLimiter:
    """Admits calls to one service.

    Args:
        concurrency: the most calls in flight.
        rpm: requests per minute, or None.
        tpm: tokens per minute (input bound plus `max_tokens`), or None.
        shared: a limit shared with other limiters, or None.

    Attributes:
        control: what was learned of the service.
        in_flight: calls that it has let go and that are not over.
    """

    def __init__(
        self,
        concurrency: int,
        *,
        rpm: float | None = None,
        tpm: float | None = None,
        shared: ConcurrencyLimit | None = None,
    ) -> None:
        self.ceiling = concurrency
        self.control = Controller(concurrency)
        self.in_flight = 0
        self._requests = _TokenBucket(rpm)
        self._tokens = _TokenBucket(tpm)
        self._waiting: list[_Waiter] = []  # a heap
        self._turns = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0  # uvloop's handle of a timer that is due does not have it
        self._clock: Callable[[], float] = time.monotonic  # the loop's, as soon as one asks
        self._shared = shared or ConcurrencyLimit(concurrency)
        self._shared.share(self)

    @property
    def pause(self) -> float:
        """Seconds for which the service takes no call; may be asked from any thread."""
        at = max(self.control.resume_at, self.control.ready_at, self._requests.kept_until)
        return max(0.0, at - self._clock()) if at else 0.0

    def asked(self, rate: RateHeaders | None, retry_after: float | None) -> float:
        """Seconds of the pause that the service asked for, and that are believed.

        A limiter also pauses on its own, such as for a slow rate that it learned.
        """
        pause, waits = self.pause, [0.0]
        if retry_after and pause > 0.9 * retry_after:
            waits.append(retry_after)
        if rate is not None and rate.remaining_requests == 0:
            waits.append(rate.reset_requests or 0.0)
        if rate is not None and rate.remaining_tokens == 0:
            waits.append(rate.reset_tokens or 0.0)
        return min(pause, max(waits))

    @property
    def down(self) -> bool:
        """Return whether the service answers no call, so that one call at a time tests it."""
        return self.control.down

    def turn(self) -> int:
        """A turn in the queue for a call and all its attempts."""
        return next(self._turns)

    async def acquire(
        self,
        tokens: int,
        *,
        turn: int | None = None,
        unwanted: Callable[[], bool] = lambda: False,
    ) -> Ticket | None:
        """Wait for a slot; returns the ticket that `release` wants back.

        The waiter with the earliest `turn` goes first. If `unwanted` becomes true before a slot is
        free, it does not take one and returns None.
        """
        loop = asyncio.get_running_loop()
        self._clock = loop.time
        if not self._waiting and (ticket := self._admit(tokens)):
            return ticket
        admitted: asyncio.Future[Ticket | None] = loop.create_future()
        turn = self.turn() if turn is None else turn
        waiter = _Waiter(turn, self.turn(), admitted, tokens, unwanted)
        heapq.heappush(self._waiting, waiter)
        self.wake()
        try:
            return await admitted
        except asyncio.CancelledError:
            if admitted.done() and not admitted.cancelled() and (got := admitted.result()):
                got.ended = True
                self._leave()
            raise

    def sweep(self) -> None:
        """Let go who waits for a slot that is not wanted any more."""
        for waiter in self._waiting:
            if not waiter.admitted.done() and waiter.unwanted():
                waiter.admitted.set_result(None)
        self.wake()

    def release(
        self,
        ticket: Ticket,
        outcome: Outcome = "answered",
        *,
        rate: RateHeaders | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Give a slot back, with what became of the call.

        `rate` contains the limits that the service reported, `retry_after` the pause that it
        requested for this call.
        """
        now, flying = self._clock(), self.in_flight - 1
        if outcome == "answered":
            self.control.answered(ticket, now, flying)
        elif outcome == "refused":
            self.control.refused(ticket, now, flying, retry_after)
        elif outcome == "nothing":
            ticket.ended = ticket.counted = True
        else:
            self.control.failed(ticket, now, flying, timed_out=outcome == "timed-out")
        if rate is not None:
            self._obey(rate, now, retry_after or 0.0)
        self._leave()

    def _obey(self, rate: RateHeaders, now: float, retry_after: float) -> None:
        """Wait, or slow down, if the service says that a limit is used up."""
        if rate.remaining_tokens == 0 and rate.reset_tokens:
            self.control.pause_until(now + rate.reset_tokens)
        if rate.remaining_requests == 0 and rate.reset_requests:
            if rate.limit_requests:
                # The reset is that of the whole limit, which most services give
                # back evenly: the next request may go much sooner. Limits are a
                # minute's, or a day's, which the reset tells.
                per_second = rate.limit_requests / max(60.0, rate.reset_requests)
                per_second = max(per_second, 1.0 / rate.reset_requests)
                # Often the wait is that of the whole limit too, or untrue.
                wait = min(retry_after, max(1.0, 1.0 / per_second))
                self._requests.keep_to(per_second, now + wait)
            else:
                self.control.pause_until(now + rate.reset_requests)
        elif (rate.remaining_requests or 0) >= _WHOLE * (rate.limit_requests or math.inf):
            self._requests.lift()  # it came back all at once

    def _leave(self) -> None:
        self.in_flight -= 1
        self._shared.leave()

    @property
    def _has_slot(self) -> bool:
        if self._shared.taken >= self._shared.limit:
            return False
        return self.control.has_room(self.in_flight)

    @property
    def _ready_at(self) -> float:
        """Return when time no longer blocks any caller."""
        learned = max(self.control.resume_at, self.control.ready_at)
        return max(learned, self._requests.ready_at, self._tokens.ready_at)

    def _admit(self, tokens: int) -> Ticket | None:
        """Take a slot if one is free now."""
        now = self._clock()
        if not self._has_slot or now < self._ready_at:
            return None
        self._requests.take(now, 1)
        self._tokens.take(now, tokens)
        self.in_flight += 1
        self._shared.taken += 1
        return self.control.sent(now, self.in_flight)

    def wake(self) -> None:
        """Admit the callers whose turn it is; set a timer if only time is missing."""
        while self._waiting:
            waiter = self._waiting[0]
            if waiter.admitted.done():
                heapq.heappop(self._waiting)
            elif waiter.unwanted():
                heapq.heappop(self._waiting)
                waiter.admitted.set_result(None)
            elif ticket := self._admit(waiter.tokens):
                heapq.heappop(self._waiting)
                waiter.admitted.set_result(ticket)
            else:
                break
        if not self._waiting:
            self._look_at(None)
        elif self._has_slot:
            self._look_at(self._ready_at)
        else:
            self._look_at(self.control.look_at(self.in_flight))

    def _look_at(self, at: float | None) -> None:
        """Check again at a time, unless an earlier check does so."""
        timer = self._timer
        if timer is not None:
            if at is not None and self._timer_at <= at:
                return
            timer.cancel()
            self._timer = None
        if at is not None:
            self._timer, self._timer_at = asyncio.get_running_loop().call_at(at, self._look), at

    def _look(self) -> None:
        """Time has passed: there may be room although no call has ended."""
        self._timer = None
        self.control.look(self._clock(), self.in_flight)
        self.wake()


class _Waiter(NamedTuple):
    """A call that waits for a slot: `admitted` gets a ticket, or None if it was given up.

    The earliest `turn` goes first; `number` is unique, so that no other field is compared.
    """

    turn: int
    number: int
    admitted: asyncio.Future[Ticket | None]
    tokens: int
    unwanted: Callable[[], bool]


class _TokenBucket:
    """A token bucket that fills evenly and may go into debt by one call."""

    def __init__(self, per_minute: float | None) -> None:
        self._asked = per_minute / 60.0 if per_minute else None
        self._rate = self._asked
        self.ready_at = 0.0

    def keep_to(self, per_second: float, start: float) -> None:
        """Go no faster than so from now on, and begin at `start` with an empty bucket."""
        known = self._rate
        self._rate = min(known or per_second, per_second)
        if known is None or start > self.ready_at:
            self.ready_at = max(self.ready_at, start) + 1.0 / self._rate

    @property
    def kept_until(self) -> float:
        """Return when the service allows the next call; 0.0 if it does not say."""
        return self.ready_at if self._rate != self._asked else 0.0

    def lift(self) -> None:
        """Go as fast again as the user allows."""
        if self._rate != self._asked:
            self._rate, self.ready_at = self._asked, 0.0

    def take(self, now: float, amount: int) -> None:
        if self._rate is not None:
            # Up to one second's worth may be taken at once.
            self.ready_at = max(self.ready_at, now - 1.0) + amount / self._rate


try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

DESCRIPTORS_HINT = "lower --concurrency, or raise the limit in this shell: ulimit -n 4096"

_RESERVE = 128
"""Descriptors for other open files than calls: the journal, the cache, imports, names."""


def allow_descriptors(concurrency: int) -> None:
    """Raise the process's limit, as far as allowed, so that as many calls may be in flight."""
    if resource is None:
        return
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < concurrency + _RESERVE:
        needed = concurrency + _RESERVE
        needed = needed if most == resource.RLIM_INFINITY else min(needed, most)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(limit, needed), most))


def descriptors_used_up() -> str:
    """The error message for when no descriptor is left."""
    limit = "on" if resource is None else f"of {resource.getrlimit(resource.RLIMIT_NOFILE)[0]}"
    return f"this process has reached its limit {limit} open files and connections (ulimit -n)"
