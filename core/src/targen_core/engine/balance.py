"""Even shares: rows that come in equal numbers from each item of a list, as far as they can.

Once an item of a `ListStep.balanced` has its share of the rows, it is deferred. Its candidates are
passed by, like those of a label that has all its rows. If others cannot give theirs, the seeds are
walked again, and the missing rows are shared among the deferred items. All of this follows from
verdicts in commit order: it is the same however many calls are in flight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from targen_core.engine.order import Orders, SeedOrder
from targen_core.engine.seeds import Seed

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
