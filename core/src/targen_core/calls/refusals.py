"""Calls that a service refuses for what they say, while it answers others of their step."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict

from targen_core.calls.usage import Usage

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

    async def is_own(self, step: str) -> bool:
        """Return whether a refusal of a call that is under way is due to that call."""
        self._in_a_row += 1
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
