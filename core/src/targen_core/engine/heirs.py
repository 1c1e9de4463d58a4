"""Seeds that are for one label: which branch uses the seeds of one that has all its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from targen_core.engine.quota_tracker import QuotaTracker

__all__ = ["Heirs"]


class Heirs:
    """Tells for which of its branches a seed is.

    That is its own branch, the first of them, while it is open. Then the branch that lacked most
    rows at the first seed after that inherits its seeds, until it is full too. If it were chosen
    anew for each seed, or simply the next in turn, one row more or less would move the labels of
    many seeds, and what was asked for these would be in vain.

    Args:
        quotas: what labels still need.
        spare: `Task.spare_seeds`.
    """

    def __init__(self, quotas: QuotaTracker, spare: str) -> None:
        self._quotas = quotas
        self._next = spare == "next"
        self._heirs: dict[str, str] = {}  # by full branch

    def clear(self) -> None:
        """Forget who inherited, for a new target."""
        self._heirs.clear()

    def now(self, branches: Sequence[str]) -> str | None:
        """The branch that a seed is for at its verdict; None if all are full."""
        may = [branch for branch in branches if self._quotas.is_open(branch)]
        if not may or may[0] == branches[0] or self._next:
            return may[0] if may else None
        if self._heirs.get(branches[0]) not in may:
            # Of equals the one whose own seed is farthest ahead: the others have theirs first.
            self._heirs[branches[0]] = max(reversed(may), key=self._quotas.lacks)
        return self._heirs[branches[0]]

    def likely(self, branches: Sequence[str]) -> Iterator[str]:
        """The open branches of a seed, those that it is rather for first.

        Who will inherit is guessed from the rows that are wanted, which stay the same meanwhile.
        """
        own, *others = branches
        if self._quotas.is_open(own):
            yield own
        may = [branch for branch in others if self._quotas.is_open(branch)]
        if not self._next:
            heir = self._heirs.get(own)
            may = sorted(reversed(may), key=lambda b: (b != heir, -self._quotas.wanted(b)))
        yield from may
