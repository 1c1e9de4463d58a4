"""An account: what one command may spend, over all of its parts, and what it has spent.

A command of several parts (runs, a judge, a correction) opens one account for all of them:

```python
with Account(max_cost=2, parts=[runs / "one", runs / "two", judged]) as account:
    ...  # any number of runs and corrections
print(account.billed)
```

Every call layer that opens meanwhile draws from it. Each part keeps its own journal, and the
account is the sum of these journals. So it needs no file of its own. Calls that an earlier, killed
process journaled count against the cap, also those of later parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import Token
from pathlib import Path
from typing import Any, Self

from targen_core.calls.budget import Budget
from targen_core.calls.journal import Journal
from targen_core.calls.usage import Counts, Usage
from targen_core.options import Limits
from targen_core.runs.session import ALLOWANCE, Allowance, LimitsT
from targen_core.text import plural

_LEAST = {"max_cost": 1e-6, "max_tokens": 1}
"""Limits of a part when its account is empty: journaled calls still answer it."""


class Account:
    """The cap of one command, and the spending of its parts. Use it as a context manager.

    An account that opens within another one draws from both.
    """

    def __init__(
        self,
        *,
        max_cost: float | None = None,
        max_tokens: int | None = None,
        parts: Iterable[Path] = (),
    ) -> None:
        """Read what earlier processes have spent.

        Args:
            max_cost: dollars for all parts together.
            max_tokens: tokens for all parts together, input and output.
            parts: directories of runs and corrections. Their journals count from the start,
                whether or not a part opens. Any other part counts as soon as it opens.

        Raises:
            UsageError: a cap is not above 0.
            RunDirectoryError: a journal cannot be read.
        """
        self.limits = Limits(max_cost=max_cost, max_tokens=max_tokens)
        self._parts: dict[Path, Usage] = {}
        self.include(*parts)
        self._tokens: list[Token[Allowance]] = []

    def __enter__(self) -> Self:
        outer = ALLOWANCE.get()
        accounts = outer.accounts if isinstance(outer, _Accounts) else ()
        self._tokens.append(ALLOWANCE.set(_Accounts((*accounts, self))))
        return self

    def __exit__(self, *_: object) -> None:
        ALLOWANCE.reset(self._tokens.pop())

    def include(self, *parts: Path) -> None:
        """Count parts whose turn may come later, by what their journals hold now.

        Raises:
            RunDirectoryError: a journal cannot be read.
        """
        for part in parts:
            self._parts.setdefault(part.resolve(), _spent_in(part))

    @property
    def spent(self) -> Counts:
        """Return the usage of all parts, from their journals."""
        return self._sum(self._parts)

    @property
    def is_priced(self) -> bool:
        """Return whether the price of every call is known."""
        return not any(usage.unpriced for usage in self._parts.values())

    @property
    def billed(self) -> str:
        """Return the bill in one line."""
        spent = self.spent
        dollars = f"${spent.dollars:.4f}" if self.is_priced else "unknown, since a price is missing"
        cap = "" if self.limits.max_cost is None else f" of ${self.limits.max_cost:.4f}"
        calls = f"{plural(spent.calls, 'call')}, {plural(spent.tokens, 'token')}"
        lost = f", {plural(spent.lost, 'call')} without an answer" if spent.lost else ""
        return f"billed: {dollars}{cap} ({calls}{lost})"

    @property
    def facts(self) -> dict[str, Any]:
        """The same for programs; `dollars` is None if a price is unknown."""
        spent = self.spent
        return {
            "calls": spent.calls,
            "cached": spent.cached,
            "copied": spent.copied,
            "lost": spent.lost,
            "tokens": spent.tokens,
            "dollars": round(spent.dollars, 6) if self.is_priced else None,
            "max_cost": self.limits.max_cost,
            "max_tokens": self.limits.max_tokens,
        }

    def draw(self, part: Path, usage: Usage) -> None:
        """Count a part that opens; `usage` grows with its journal."""
        self._parts[part.resolve()] = usage

    def paid(self) -> tuple[int, float]:
        """Return the tokens and dollars that all parts have spent."""
        parts = self._parts.values()
        return sum(usage.tokens for usage in parts), sum(usage.dollars for usage in parts)

    def spent_beside(self, part: Path) -> Counts:
        """Return the spending of all other parts."""
        own = part.resolve()
        return self._sum(path for path in self._parts if path != own)

    def _sum(self, paths: Iterable[Path]) -> Counts:
        total = Counts()
        for path in paths:
            total.add(self._parts[path].total)
        return total


@contextmanager
def off_the_books() -> Iterator[None]:
    """Do not charge an account: dry runs are free, and their tokens must not count."""
    token = ALLOWANCE.set(Allowance())
    try:
        yield
    finally:
        ALLOWANCE.reset(token)


class _Accounts(Allowance):
    """Let a part spend at most as much as the open accounts leave."""

    def __init__(self, accounts: tuple[Account, ...]) -> None:
        self.accounts = accounts

    def limits(self, part: Path, limits: LimitsT) -> LimitsT:
        """Return the limits of a part by itself: at most what its accounts leave it.

        A run keeps these in its manifest. So if it is resumed by itself, outside of the command,
        the command's cap still applies.
        """
        for account in self.accounts:
            spent = account.spent_beside(part)
            for name, used in (("max_cost", spent.dollars), ("max_tokens", spent.tokens)):
                cap, own = getattr(account.limits, name), getattr(limits, name)
                if cap is not None:
                    left = max(cap - used, _LEAST[name])
                    least = left if own is None else min(own, left)
                    limits = limits.model_copy(update={name: least})
        return limits

    def budget(self, part: Path, limits: Limits, usage: Usage) -> Budget:
        """Return the budget of a part that opens: its own limits, and those of all accounts."""
        budget = super().budget(part, limits, usage)
        for account in self.accounts:
            account.draw(part, usage)
            caps = account.limits
            budget.limit(caps.max_tokens, caps.max_cost, account.paid, shared=True)
        return budget


def _spent_in(part: Path) -> Usage:
    """Return the usage in the journal of a part; empty if the journal is not there yet."""
    usage, path = Usage(), part / "journal"
    if path.exists():
        Journal(path, on_record=usage.recall, read_only=True).close()
    return usage
