"""The rate limit: adaptive concurrency, pauses, requests and tokens a minute.

Concurrency starts at what the user allows, halves once for a burst of 429s,
and grows back by one for each round of answers (additive increase,
multiplicative decrease, as TCP's congestion avoidance: RFC 5681). Whoever has
waited longest goes first.

A service that fails or refuses again and again without one answer is left
alone (the circuit opens): one call at a time asks whether it is back, after
longer and longer pauses, and the first answer brings all the others back. Lost
answers may be paid for, refused calls may count against the limit, and a
service that comes up is not met by a crowd.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from targen_core.calls.model import RateHeaders

__all__ = ["Places", "RateLimiter"]

_FAILURES = 12
"""Failures in a row, without an answer between them, that open the circuit."""

_LONGEST_PAUSE = 30.0  # seconds between two calls that ask whether the service is back


class Places:
    """Places for calls in flight that several limiters share: the run's concurrency."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0
        self._sharers: list[RateLimiter] = []

    def share(self, limiter: RateLimiter) -> None:
        """Tell `limiter` when a place comes free."""
        self._sharers.append(limiter)

    def leave(self) -> None:
        """Give a place back, to whichever limiter has a call waiting."""
        self.taken -= 1
        for limiter in self._sharers:
            limiter.wake()


class RateLimiter:
    """Admits calls to one service.

    Args:
        concurrency: the most calls in flight.
        rpm: requests a minute, or None.
        tpm: tokens a minute (input bound plus `max_tokens`), or None.
        places: places shared with other limiters, or None.
    """

    def __init__(
        self,
        concurrency: int,
        *,
        rpm: float | None = None,
        tpm: float | None = None,
        places: Places | None = None,
    ) -> None:
        self.ceiling = concurrency
        self.limit = float(concurrency)
        self.in_flight = 0
        self.peak = 0
        self.rate_limited = 0
        self.failing_since: float | None = None
        self._failures = 0
        self._asked = 0  # calls that asked in vain since the circuit opened
        self._epoch = 0
        self._resume_at = 0.0
        self._requests = _Pace(rpm)
        self._tokens = _Pace(tpm)
        self._waiting: deque[_Waiter] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._places = places or Places(concurrency)
        self._places.share(self)

    @property
    def pause(self) -> float:
        """Seconds for which the service wants no call."""
        if not self._resume_at:
            return 0.0
        return max(0.0, self._resume_at - asyncio.get_running_loop().time())

    @property
    def open(self) -> bool:
        """Whether the service fails so much that one call at a time asks for it."""
        return self._failures >= _FAILURES

    async def acquire(
        self, tokens: int, *, unwanted: Callable[[], bool] | None = None
    ) -> int | None:
        """Wait for a place; returns the ticket that `release` wants back.

        Where `unwanted` comes true before there is a place, none is taken and
        the answer is None.
        """
        if self._waiting or not self._admit(tokens):
            admitted = asyncio.get_running_loop().create_future()
            self._waiting.append(_Waiter(admitted, tokens, unwanted or (lambda: False)))
            self.wake()
            try:
                if not await admitted:
                    return None
            except asyncio.CancelledError:
                if admitted.done() and not admitted.cancelled() and admitted.result():
                    self._leave()
                raise
        return self._epoch

    def sweep(self) -> None:
        """Let go who waits for a place that is not wanted any more."""
        for waiter in self._waiting:
            if not waiter.admitted.done() and waiter.unwanted():
                waiter.admitted.set_result(False)
        self.wake()

    def release(
        self,
        ticket: int,
        *,
        rate: RateHeaders | None = None,
        answered: bool = True,
        limited: bool = False,
        failed: bool = False,
        retry_after: float | None = None,
    ) -> None:
        """Give a place back, with what the answer said of the limits.

        `limited` is a 429. Those of one burst count once: an answer to a call
        that was sent before the last cut cuts nothing. Only what was
        `answered` lets the concurrency grow. `failed` is a failure that may
        pass: enough failures and bursts in a row open the circuit, and any
        answer closes it.
        """
        now = asyncio.get_running_loop().time()
        current = ticket == self._epoch
        if answered:
            self._failures, self.failing_since = 0, None
        elif failed or (limited and current):
            self._fail(now, current=current)
        if limited:
            self.rate_limited += 1
            if current:
                self._epoch += 1
                self.limit = max(1.0, min(self.limit, self.in_flight) / 2)
            if retry_after:
                self._resume_at = max(self._resume_at, now + retry_after)
        elif answered:
            self.limit = min(float(self.ceiling), self.limit + 1.0 / self.limit)
        if rate is not None:
            self._obey(rate, now, retry_after or 0.0)
        self._leave()

    def _obey(self, rate: RateHeaders, now: float, retry_after: float) -> None:
        """Wait, or slow down, where the service says that a limit is used up."""
        if rate.remaining_tokens == 0 and rate.reset_tokens:
            self._resume_at = max(self._resume_at, now + rate.reset_tokens)
        if rate.remaining_requests == 0 and rate.reset_requests:
            if rate.limit_requests:
                # The reset is that of the whole limit, which most services give
                # back evenly: the next request may go much sooner. Limits are a
                # minute's, or a day's, which the reset tells.
                per_second = rate.limit_requests / max(60.0, rate.reset_requests)
                self._requests.keep_to(per_second, now + retry_after)
            else:
                self._resume_at = max(self._resume_at, now + rate.reset_requests)

    def _fail(self, now: float, *, current: bool) -> None:
        """Count a failure; those of calls sent before the circuit opened pause nothing."""
        if self.failing_since is None:
            self.failing_since = now
        self._failures += 1
        if self._failures == _FAILURES:
            self._epoch += 1
            self._asked = 0
        elif not self.open or not current:
            return
        pause = min(_LONGEST_PAUSE, 2.0**self._asked)
        self._asked += 1
        self._resume_at = max(self._resume_at, now + pause)

    def _leave(self) -> None:
        self.in_flight -= 1
        self._places.leave()

    @property
    def _has_place(self) -> bool:
        most = 1 if self.open else max(1, int(self.limit))
        return self.in_flight < most and self._places.taken < self._places.most

    def _admit(self, tokens: int) -> bool:
        """Take a place if one is free now."""
        if not self._has_place:
            return False
        now = asyncio.get_running_loop().time()
        if now < self._resume_at or not self._requests.ready(now) or not self._tokens.ready(now):
            return False
        self._requests.take(now, 1)
        self._tokens.take(now, tokens)
        self.in_flight += 1
        self._places.taken += 1
        self.peak = max(self.peak, self.in_flight)
        return True

    def wake(self) -> None:
        """Admit those who waited longest; set a timer where time alone is missing."""
        while self._waiting:
            waiter = self._waiting[0]
            if waiter.admitted.done():
                self._waiting.popleft()
            elif waiter.unwanted():
                self._waiting.popleft()
                waiter.admitted.set_result(False)
            elif self._admit(waiter.tokens):
                self._waiting.popleft()
                waiter.admitted.set_result(True)
            else:
                break
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting and self._has_place:
            at = max(self._resume_at, self._requests.ready_at, self._tokens.ready_at)
            self._timer = asyncio.get_running_loop().call_at(at, self.wake)


@dataclass(frozen=True, slots=True)
class _Waiter:
    """Who waits for a place: `admitted` comes true, or false where it was given up."""

    admitted: asyncio.Future[bool]
    tokens: int
    unwanted: Callable[[], bool]


class _Pace:
    """A bucket that fills evenly and may go into debt by one call."""

    def __init__(self, per_minute: float | None) -> None:
        self._rate = per_minute / 60.0 if per_minute else None
        self.ready_at = 0.0

    def keep_to(self, per_second: float, start: float) -> None:
        """Go no faster than so from now on, and begin at `start` with an empty bucket."""
        known = self._rate
        self._rate = min(known or per_second, per_second)
        if known is None or start > self.ready_at:
            self.ready_at = max(self.ready_at, start) + 1.0 / self._rate

    def ready(self, now: float) -> bool:
        return now >= self.ready_at

    def take(self, now: float, amount: int) -> None:
        if self._rate is not None:
            # Up to one second's worth may be taken at once.
            self.ready_at = max(self.ready_at, now - 1.0) + amount / self._rate
