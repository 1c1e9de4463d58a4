"""Which seeds are used, and for which branch.

`Allocation`: if each seed is for one branch (`Seeding.labels_per_seed`), candidate *n* gets its
branch from the state after commit *n* - *w*. So candidates can be executed far ahead, and their
branches still follow from verdicts alone. The number of calls in flight does not change them. *w*
depends only on the rows requested. The state is as old as branches still lack more rows in it than
candidates that came since.

`Balance`: rows come in equal numbers from each item of a list, as far as they can. Once an item of
a `ListStep.balanced` has its share of the rows, its candidates are passed by. If others cannot give
theirs, the seeds are walked again, and the missing rows are shared among the deferred items.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from targen_core.engine.order import Orders, SeedOrder
from targen_core.engine.quota_tracker import QuotaTracker
from targen_core.engine.seeds import Seed

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


_TRUST = 20  # candidates of an item that are taken to have made a row before any was judged

Item = tuple[int, ...]
"""The path of an item of a balanced list: the paths of seeds below it begin so."""


class Balance:
    """The rows that each item of the balanced lists gave and may give.

    Args:
        order: the walk of the seeds.
        lacking: how many rows a part of the task lacks.

    `is_any` is whether there is such a list.
    """

    def __init__(self, order: Orders, lacking: Callable[[int], int]) -> None:
        self._orders = order.orders
        self._part_of = order.part_of
        self._lacking = lacking
        self._ends = [_end(each) for each in order.orders]
        self.is_any = any(self._ends)
        self._rows: Counter[Item] = Counter()
        self._judged: Counter[Item] = Counter()
        self._shares: dict[Item, int] = {}
        self._shared_out: set[int] = set()  # parts, at this target
        self._waiting: set[Item] = set()  # deferred in this walk
        self._in_a_row = 0  # candidates that were deferred

    def item_of(self, seed: Seed) -> Item:
        """The item that a seed is below; () if no list is balanced."""
        return seed.path[: self._ends[self._part_of(seed.path)]]

    def aim(self) -> None:
        """Set a new target and distribute its rows again."""
        self._shared_out.clear()
        self._waiting.clear()
        self._in_a_row = 0

    def has_share(self, seed: Seed) -> bool:
        """Return whether the item above a seed has its share of the rows."""
        return bool(self.item_of(seed)) and self._lacks(seed) <= 0

    def _lacks(self, seed: Seed) -> int:
        item, part = self.item_of(seed), self._part_of(seed.path)
        if part not in self._shared_out:  # its first seed, before any verdict on it
            self._shared_out.add(part)
            count = self._orders[part].siblings(item)
            self._share_out(part, [(*item[:-1], number) for number in range(count)])
        return self._shares.get(item, 0) - self._rows[item]

    def _share_out(self, part: int, items: Iterable[Item]) -> None:
        rows = {item: self._rows[item] for item in items}
        self._shares.update(even_shares(rows, self._lacking(part)))

    def worth(self, seed: Seed) -> int:
        """Candidates that the share of a seed's item is worth, if they fare as those before."""
        item, lacks = self.item_of(seed), self._lacks(seed)
        return -(-lacks * (self._judged[item] + _TRUST) // (self._rows[item] + _TRUST))

    def count(self, seed: Seed, rows: int) -> None:
        """Count a verdict, which gave so many rows."""
        item = self.item_of(seed)
        if item:
            self._judged[item] += 1
            self._rows[item] += rows
            self._in_a_row = 0

    def pass_by(self, seed: Seed) -> None:
        """Defer a candidate, since its item has its share."""
        self._waiting.add(self.item_of(seed))
        self._in_a_row += 1

    @property
    def some_wait(self) -> bool:
        """Return whether candidates were deferred."""
        return bool(self._waiting)

    @property
    def none_else(self) -> bool:
        """Return whether only deferred candidates seem to come: two turns of each item were."""
        if not self._in_a_row:
            return False
        turn = max(order.specs[-1].batch for order in self._orders)
        return 0 < 2 * turn * len(self._shares) <= self._in_a_row

    def again(self) -> bool:
        """Share the missing rows among deferred items; return whether there are any."""
        items = [item for item in self._waiting if self._lacking(self._part_of(item))]
        self._waiting, self._in_a_row = set(), 0
        for part in {self._part_of(item) for item in items}:
            self._share_out(part, [item for item in items if self._part_of(item) == part])
        return bool(items)


def _end(order: SeedOrder) -> int:
    """Return how much of a seed's path names an item of the balanced list; 0 without one."""
    balanced = [depth for depth, spec in enumerate(order.specs) if spec.source.balanced]
    return len(order.prefix) + balanced[0] + 1 if balanced else 0


def even_shares(rows: Mapping[Item, int], lacking: int) -> dict[Item, int]:
    """Return the rows per item after `lacking` more: those with the fewest catch up.

    If they cannot be divided, the first get one more each.
    """
    shares = dict(rows)
    fewest = sorted(rows, key=lambda item: rows[item])
    total = sum(rows.values()) + lacking
    while fewest and rows[fewest[-1]] * len(fewest) > total:
        total -= rows[fewest.pop()]  # it has more than its share already
    for place, item in enumerate(sorted(fewest)):
        shares[item] = (total + len(fewest) - 1 - place) // len(fewest)
    return shares
