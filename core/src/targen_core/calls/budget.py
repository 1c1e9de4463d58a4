"""The budget: a hard cap in tokens and in dollars.

Every attempt reserves an upper bound before it is sent and is settled at its real cost afterwards.
So the sum of payments never passes the cap.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from targen_core.errors import BudgetExhausted
from targen_core.hints import flag_of


@dataclass(slots=True, eq=False, repr=False, kw_only=True)
class Budget:
    """Money and tokens: spent, reserved, and at most so many.

    `None` means no cap. `shared` states for tokens and for dollars whether the cap, and so the
    amount spent, covers all parts of a command.
    """

    max_tokens: int | None = None
    max_cost: float | None = None
    shared: tuple[bool, bool] = (False, False)
    tokens: int = 0
    dollars: float = 0.0
    _reserved_tokens: int = 0
    _reserved_dollars: float = 0.0
    _open: int = 0
    _waiting: deque[asyncio.Future[None]] = field(default_factory=deque)

    @property
    def waiting(self) -> int:
        """Calls that wait for what others have set aside."""
        return len(self._waiting)

    def _fits(self, tokens: int, dollars: float) -> bool:
        in_tokens = self.max_tokens is None or (
            self.tokens + self._reserved_tokens + tokens <= self.max_tokens
        )
        in_dollars = self.max_cost is None or (
            self.dollars + self._reserved_dollars + dollars <= self.max_cost + 1e-12
        )
        return in_tokens and in_dollars

    async def reserve(self, tokens: int, dollars: float) -> None:
        """Set aside an upper bound, waiting for open reservations to settle.

        Raises:
            BudgetExhausted: it does not fit even when no other call is open.
        """
        while not self.take(tokens, dollars):
            if not self._open:
                raise self._exhausted(tokens, dollars)
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            finally:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)

    def take(self, tokens: int, dollars: float) -> bool:
        """Set aside an upper bound if it fits now."""
        if not self._fits(tokens, dollars):
            return False
        self._open += 1
        self._reserved_tokens += tokens
        self._reserved_dollars += dollars
        return True

    def settle(self, reserved: tuple[int, float], tokens: int, dollars: float) -> None:
        """Replace a reservation by what the attempt really took."""
        self._open -= 1
        self._reserved_tokens -= reserved[0]
        self._reserved_dollars -= reserved[1]
        self.tokens += tokens
        self.dollars += dollars
        waiting, self._waiting = self._waiting, deque()
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _exhausted(self, tokens: int, dollars: float) -> BudgetExhausted:
        if self.max_tokens is not None and self.tokens + tokens > self.max_tokens:
            option, shared = "max_tokens", self.shared[0]
            kind, used, cap = "token", f"{self.tokens:,}", f"{self.max_tokens:,}"
            is_above = self.tokens > self.max_tokens
            more = f"use {tokens:,}"
        else:
            option, shared = "max_cost", self.shared[1]
            kind, used, cap = "cost", f"${self.dollars:.4f}", f"${self.max_cost:.4f}"
            is_above = self.dollars > (self.max_cost or 0.0)
            more = f"cost ${dollars:.4f}"
        owner = "command" if shared else "run"
        whose = " by the command's runs, earlier calls included" if shared else ""
        spent = f"{used} of {cap} spent{whose}"
        if is_above:  # the manifest keeps a cap that was lowered after the run had spent more
            spent = f"{used} spent{whose}, more than the {owner}'s limit of {cap}"
        hint = (
            "run the same command again" if shared or not self.tokens else "resume"
        ) + f" with a larger {flag_of(option)}"
        if option == "max_tokens" and not self.tokens:  # other programs call this so
            own = "-o max_tokens=N"
            hint = hint + "; to limit the length of a reply, use " + own
        error = BudgetExhausted(
            f"{kind} budget exhausted: {spent}, and the next call may {more}", hint=hint
        )
        error.shared, error.option = shared, option
        error.needed = tokens if option == "max_tokens" else dollars
        return error
