"""The budget: a hard cap in tokens and in dollars.

A call reserves the most that it can cost before it is sent. From then on the journal counts it, and
the budget reads what is spent from there. So the cap also holds for calls that a killed process
left without an answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from targen_core.calls.usage import Usage
from targen_core.errors import BudgetExhausted
from targen_core.hints import flag_of

Spent = Callable[[], tuple[int, float]]
"""Tokens and dollars that journals count."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many tokens or dollars; if `shared`, for all parts of a command."""

    option: Literal["max_tokens", "max_cost"]
    most: float
    spent: Callable[[], float]
    shared: bool


class Budget:
    """The tokens and dollars that a run may still spend.

    Args:
        usage: counts the run's journal.
        max_tokens: the most tokens, or None.
        max_cost: the most dollars, or None.
    """

    def __init__(
        self, usage: Usage, *, max_tokens: int | None = None, max_cost: float | None = None
    ) -> None:
        self._caps: list[Cap] = []
        self._reserved_tokens = 0
        self._reserved_dollars = 0.0
        self._open = 0  # calls that reserve or that are in flight: they may give something back
        self._waiting = deque[asyncio.Future[None]]()
        self.limit(max_tokens, max_cost, lambda: (usage.tokens, usage.dollars))

    def limit(
        self, max_tokens: int | None, max_cost: float | None, spent: Spent, *, shared: bool = False
    ) -> None:
        """Keep to further caps, on what `spent` counts."""
        if max_tokens is not None:
            self._caps.append(Cap("max_tokens", max_tokens, lambda: spent()[0], shared))
        if max_cost is not None:
            self._caps.append(Cap("max_cost", max_cost, lambda: spent()[1], shared))

    def cap(self, option: str) -> Cap | None:
        """Return the cap that leaves the least; None if the option was not set."""
        caps = [cap for cap in self._caps if cap.option == option]
        return min(caps, key=lambda cap: (cap.most - cap.spent(), not cap.shared), default=None)

    @property
    def waiting(self) -> int:
        """Calls that wait for what others have reserved."""
        return len(self._waiting)

    def _exceeded(self, tokens: int, dollars: float) -> Cap | None:
        """Return a cap that does not allow so much more, the command's if possible."""
        for cap in reversed(self._caps):
            if cap.spent() + (tokens if cap.option == "max_tokens" else dollars) > cap.most + 1e-12:
                return cap
        return None

    def fits(self, tokens: int, dollars: float) -> bool:
        """Return whether so much more may be spent beside what is reserved."""
        tokens, dollars = tokens + self._reserved_tokens, dollars + self._reserved_dollars
        return self._exceeded(tokens, dollars) is None

    async def reserve(self, tokens: int, dollars: float) -> None:
        """Reserve the most that a call can cost; wait for other calls if it does not fit now.

        Raises:
            BudgetExhausted: it does not fit even when no other call is open.
        """
        while not self.take(tokens, dollars):
            if not self._open:
                raise self.exhausted(tokens, dollars)
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            finally:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)

    def take(self, tokens: int, dollars: float) -> bool:
        """Reserve the most that a call can cost, if it fits now."""
        if not self.fits(tokens, dollars):
            return False
        self._open += 1
        self._reserved_tokens += tokens
        self._reserved_dollars += dollars
        return True

    def hand_over(self, tokens: int, dollars: float) -> None:
        """Drop a reservation: the call is sent, so the journal counts it, or never will be."""
        self._reserved_tokens -= tokens
        self._reserved_dollars -= dollars
        if not self._reserved_tokens:
            self._reserved_dollars = 0.0  # sums of fractions may not come back to it

    def settle(self) -> None:
        """Record that a call is over, and let others try again that wait for its money."""
        self._open -= 1
        waiting, self._waiting = self._waiting, deque()
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def exhausted(self, tokens: int, dollars: float) -> BudgetExhausted:
        """Return the error for a call that does not fit."""
        all_tokens, all_dollars = tokens + self._reserved_tokens, dollars + self._reserved_dollars
        cap = self._exceeded(tokens, dollars) or self._exceeded(all_tokens, all_dollars)
        assert cap is not None
        spent = cap.spent()
        if cap.option == "max_tokens":
            kind, used, most, more = "token", f"{spent:,}", f"{cap.most:,}", f"use {tokens:,}"
        else:
            kind, used, most = "cost", f"${spent:.4f}", f"${cap.most:.4f}"
            more = f"cost ${dollars:.4f}"
        owner, whose = "run", ""
        if cap.shared:
            owner, whose = "command", " by the command's runs, earlier calls included"
        words = f"{used} of {most} spent{whose}"
        if spent > cap.most:  # the manifest keeps a cap that was lowered after the run spent more
            words = f"{used} spent{whose}, more than the {owner}'s limit of {most}"
        hint = (
            "run the same command again" if cap.shared or not spent else "resume"
        ) + f" with a larger {flag_of(cap.option)}"
        if cap.option == "max_tokens" and not spent:  # other programs call this so
            own = "-o max_tokens=N"
            hint = hint + "; to limit the length of a reply, use " + own
        error = BudgetExhausted(
            f"{kind} budget exhausted: {words}, and the next call may {more}", hint=hint
        )
        error.shared, error.option = cap.shared, cap.option
        error.needed = tokens if cap.option == "max_tokens" else dollars
        return error
