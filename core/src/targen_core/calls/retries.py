"""Decide when to retry a failed call, and when a service that does not answer ends the run."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from targen_core.calls.call import Scope
from targen_core.calls.rate import RateLimiter
from targen_core.calls.sending import Sending
from targen_core.calls.usage import Usage
from targen_core.errors import JobFailed, ServiceError
from targen_core.text import clock, plural

MAX_OUTAGE = 600.0
"""Seconds without any answer that end a run in which the service answered before."""

_MAX_BACKOFF = 60.0  # seconds
_FIRST_BACKOFF = 0.5  # as the providers' own clients
_BAD_LUCK = 0.1  # the first back-off of a call that failed while others were answered
_MAX_TURN = 2.0  # seconds that a refused call waits before it queues again
_SILENCE = 2.0  # seconds without an answer after which failures are reported


class Retries:
    """Failures since the last answer, and the calls that wait until they are sent again.

    Args:
        seed: the run's seed, from which the random part of each pause comes.
        max_outage: see `Calls`.
        unwanted: whether the answers for a scope are no longer wanted.
    """

    def __init__(
        self, seed: int, max_outage: float | None, unwanted: Callable[[Scope], bool]
    ) -> None:
        self.count = 0
        self.recovered = False  # whether any call was answered that had failed before
        self._max_outage = max_outage
        self._unwanted = unwanted
        self._jitter = random.Random(seed)
        self._last_success: float | None = None
        self._proofs: dict[RateLimiter, float] = {}  # when the latest call that was answered went
        self._trouble: _Trouble | None = None
        self._waiting: dict[asyncio.Future[None], Scope] = {}
        # In the order in which they began to wait, so that they go on in it.
        self._put_off: dict[RateLimiter, dict[asyncio.Future[None], None]] = {}

    @property
    def _again(self) -> str:
        # A new run that was never answered leaves no folder to resume.
        return "run the same command again" if self._last_success is None else "resume"

    @property
    def trouble(self) -> str:
        """Return the problem that blocks all calls, or ""; safe to call from any thread."""
        trouble = self._trouble
        if trouble is None or trouble.clock() - trouble.since < _SILENCE * trouble.answered:
            return ""
        tries, lasts = plural(trouble.failures, "failure"), trouble.clock() - trouble.since
        return (
            f"no answer for {lasts:.0f} s, {tries}: {trouble.error}; retrying for up to "
            f"{trouble.most:g} s"
        )

    def answered(self, limiter: RateLimiter, sent: float, *, recovered: bool) -> None:
        """Record an answer, and release the calls that wait for one.

        Args:
            limiter: the queue of its service.
            sent: when it was sent.
            recovered: whether the same call had failed before.
        """
        self.recovered = self.recovered or recovered
        self._last_success = asyncio.get_running_loop().time()
        self._trouble = None
        self._proofs[limiter] = max(self._proofs.get(limiter, 0.0), sent)
        for waiter in self._put_off.pop(limiter, ()):
            _release(waiter)

    def answers_since(self, limiter: RateLimiter, moment: float) -> bool:
        """Return whether a call was answered that was sent at this moment or later."""
        return self._proofs.get(limiter, 0.0) >= moment

    def check_pause(self, asked: float, error: ServiceError | None) -> None:
        """Check that a pause that the service asked for is no longer than an outage may last.

        Raises:
            JobFailed: it is.
        """
        if asked > (self._max_outage or MAX_OUTAGE):
            words = f": {error}" if error is not None else ""
            raise JobFailed(
                f"the service requested a pause of {asked:.0f} s{words}",
                hint=f"{self._again} after {clock(asked)}, or with a larger --max-outage",
                cause="service",
            )

    def delay(self, sending: Sending, error: ServiceError) -> tuple[float, float]:
        """Seconds to wait after a failure, and how many the service asked for.

        Raises:
            JobFailed: the service has answered no call for too long.
        """
        loop, bound = asyncio.get_running_loop(), sending.bound
        now = loop.time()
        sending.failing_since = sending.failing_since or now
        self.count += 1
        last, before = self._last_success, self._trouble
        max_outage = self._max_outage
        if max_outage is None:
            max_outage = MAX_OUTAGE if last is not None else error.implied.max_startup
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
            since = bound.limiter.control.failing_since  # one probing call represents all
        waited = now - (since if last is None else max(last, since))
        sent = sending.first.sent
        assert sent is not None  # it has failed
        lately = last is not None and last > min(sent, now - _FIRST_BACKOFF)
        if bound.limiter.down or error.implied.is_load:
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
            self.check_pause(error.retry_after or 0.0, error)
            raise JobFailed(
                f"no answer from the service within {max_outage:g} s of retrying: {error}"
                if self._max_outage is not None or max_outage >= _SILENCE
                else str(error),
                hint=(f"{error.hint}; " if error.hint else "")
                + f"{self._again} when the service is back, or with a larger --max-outage",
                cause="service",
            ) from error
        # The requested wait may be wrong: try again before the run would end.
        return delay, min(error.retry_after or 0.0, max_outage)

    async def back_off(
        self, minimum: float, asked: float, limiter: RateLimiter, scope: Scope
    ) -> None:
        """Wait, unless the answer is not wanted any more.

        If another call is answered, the wait beyond `minimum` ends: the next to be sent is this
        call or another in its place.
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
        self._waiting[waiter] = scope
        timer = loop.call_later(seconds, _release, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            among.pop(waiter, None)
            del self._waiting[waiter]

    def sweep(self) -> None:
        """Release the waiting calls whose answers are no longer needed."""
        for waiter, scope in self._waiting.items():
            if self._unwanted(scope):
                _release(waiter)


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


def _release(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


_MOST = 20
"""Refusals in a row that may be due to the calls; more are due to the service or the settings."""

_FIRST = 4
"""Refusals before this process has had any reply: there may be none any more."""


class Refusals:
    """Decides whether a refusal is due to the one call.

    It is if the service has answered another call of the step, in this process or an earlier one.
    Refusals come sooner than replies, so a step's first refusals wait for its calls under way.
    Many in a row, of any step, are due to something else.

    Args:
        usage: tells which steps have replies.
    """

    def __init__(self, usage: Usage) -> None:
        self._usage = usage
        self._under_way = Counter[str]()  # calls that are neither answered nor refused, by step
        self._in_a_row, self._most = 0, _FIRST
        self._waiting = defaultdict[str, list[asyncio.Future[None]]](list)

    def begin(self, step: str) -> None:
        """Count a call as under way, until `end`."""
        self._under_way[step] += 1

    def end(self, step: str) -> None:
        """Record that a call is no longer under way, however it ended."""
        self._under_way[step] -= 1
        self._decide(step)

    def answered(self, step: str) -> None:
        """Record a reply, which is counted in the usage."""
        self._in_a_row, self._most = 0, _MOST
        self._decide(step)

    async def is_own(self, step: str, *, is_certain: bool = False) -> bool:
        """Return whether a refusal of a call that is under way is due to that call.

        Args:
            step: the step of the call.
            is_certain: whether the service says so.
        """
        self._in_a_row += 1
        if is_certain:
            return self._in_a_row <= self._most
        if not self._usage.has_reply(step):
            waiter = asyncio.get_running_loop().create_future()
            self._waiting[step].append(waiter)
            self._under_way[step] -= 1
            self._decide(step)
            try:
                await waiter
            finally:
                self._under_way[step] += 1
        return self._usage.has_reply(step) and self._in_a_row <= self._most

    def _decide(self, step: str) -> None:
        waiting = self._waiting.get(step)
        if not waiting:  # as nearly always
            return
        is_open = self._under_way[step] and len(waiting) < _FIRST
        if is_open and not self._usage.has_reply(step):
            return
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)
        waiting.clear()
