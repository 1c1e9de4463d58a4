"""Which branch each seed is used for.

If each seed is for one branch (`Seeding.labels_per_seed`), candidate *n* gets its
branch from the state after commit *n* - *w*. So candidates can be executed far ahead, and their
branches still follow from verdicts alone. The number of calls in flight does not change them. *w*
depends only on the rows requested. The state is as old as branches still lack more rows in it than
candidates that came since.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence

from targen_core.engine.quota_tracker import QuotaTracker

_WIDEST = 100_000  # candidates that are allocated ahead of their turn


class Allocation:
    """Allocates seeds to branches.

    Args:
        quotas: what each branch lacks, and its yield.
        unit: rows per candidate.
        to_most: whether a seed whose branch is full goes to the branch that lacks most.
    """

    def __init__(self, quotas: QuotaTracker, unit: int, *, to_most: bool) -> None:
        self._quotas = quotas
        self._unit = unit
        self._to_most = to_most
        self._width = 0
        self._needs: dict[str, tuple[int, int]] = {}  # in the state that counts: worth, lacks
        self._ahead = Counter[str]()  # candidates allocated since
        self._later = deque[tuple[str, Mapping[str, tuple[int, int]]]]()  # commits since
        self._committed = asyncio.Event()

    def begin(self) -> None:
        """Begin a walk with the present state: all candidates have their verdicts."""
        self._width = min(2 * sum(self._quotas.requested.values()) + 64, _WIDEST)
        self._needs = self._needed(self._quotas.aims)
        self._ahead.clear()
        self._later.clear()

    def _needed(self, branches: Iterable[str]) -> dict[str, tuple[int, int]]:
        quotas, unit = self._quotas, self._unit
        return {name: (quotas.worth(name, unit, 0.0), quotas.lacks(name)) for name in branches}

    def add(self, branch: str) -> None:
        """Count a candidate that was allocated to a branch."""
        self._ahead[branch] += 1

    def committed(self, branch: str, changed: Iterable[str] = ()) -> None:
        """Note that a candidate had its turn, and the branches whose needs that `changed`."""
        self._later.append((branch, self._needed(changed)))
        self._committed.set()

    async def branch(self, branches: Sequence[str], turns: int) -> str | None:
        """Return the branch of the next seed; None if all `branches` have their rows.

        The branch whose turn it is comes first; the first `turns` of them take turns.
        """
        while True:
            if self._ahead.total() < self._width:
                found = self._first(branches, turns)
                if found is not None or not any(self._ahead[branch] for branch in branches):
                    return found
            while not self._later:
                self._committed.clear()
                await self._committed.wait()
            branch, needs = self._later.popleft()
            self._ahead[branch] -= 1
            self._needs |= needs

    def _first(self, branches: Sequence[str], turns: int) -> str | None:
        """Return the first branch that lacks candidates.

        Its turn may not come because step 4 gave it a row of another branch, which then lacks a
        row. So the seed goes there. If it went to the next branch, that one would be full a seed
        early, and would pass on one of its own seeds. If two branches lack the same number, the one
        whose turn comes last has fewer seeds to come.
        """
        needs, ahead = self._needs, self._ahead
        first = next((name for name in branches if needs[name][0] > ahead[name]), None)
        if first is None or first == branches[0] or not self._to_most:
            return first
        lacking = [name for name in branches if needs[name][0] > ahead[name]]
        return max(
            reversed(lacking),
            key=lambda name: (
                name in branches[:turns],
                needs[name][1] - ahead[name] * self._unit,
            ),
        )
