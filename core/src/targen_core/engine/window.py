"""Candidates that are past the commit point: which of them are started, and how many more may come.

Execution runs ahead only as far as is useful: as many candidates of a branch as its labels still
need over the yield so far. If a seed is for one label, its branch is foreseen from the open
branches and the candidates before it. It is foreseen again if a label was filled or candidates were
refused in between.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from targen_core.engine.balance import Balance, Item
from targen_core.engine.execution import Execution
from targen_core.engine.quota_tracker import QuotaTracker
from targen_core.engine.slots import Slot
from targen_core.tasks.model import Task

_FAR = 16  # times its size that a window may grow to


@dataclass(eq=False, repr=False, kw_only=True)
class Window:
    """The candidates without a verdict, in their order.

    Attributes:
        task: whose they are.
        quotas: what labels still need, and their yield.
        balance: the shares of the items of a balanced list.
        execution: starts them.
        size: how many may wait.
        busy: how many are to be at work, even if more wait then.
        margin: how far above the need over the yield a label's candidates may run ahead, in
            standard deviations of its rows. With None, only as many run as are needed if all are
            accepted.
        refused: whether any candidate was, since it was foreseen what each seed is for.
    """

    task: Task[Any, Any]
    quotas: QuotaTracker
    balance: Balance
    execution: Execution
    size: int
    busy: int
    margin: float | None
    refused: bool = False
    _slots: deque[Slot] = field(default_factory=deque)
    # By branch, and by item of a balanced list: those that were started, and the others in
    # their order.
    _started: defaultdict[str, Counter[Item]] = field(default_factory=lambda: defaultdict(Counter))
    _unstarted: defaultdict[str, defaultdict[Item, deque[Slot]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(deque))
    )

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def head(self) -> Slot:
        """The candidate whose turn it is to be committed."""
        return self._slots[0]

    def let_send(self) -> None:
        """Let all candidates send, whether it is their turn or not."""
        for slot in self._slots:
            slot.let_send()

    def abandon(self) -> None:
        """Let no candidate send anything from now on."""
        for slot in self._slots:
            slot.abandon()

    def clear(self) -> None:
        """Let all candidates go."""
        self._slots.clear()
        self._started.clear()
        self._unstarted.clear()

    def leave(self) -> None:
        """Take out the head of the window, whose turn is over."""
        slot = self._slots.popleft()
        if slot.task is not None:
            self._started[slot.branch][self.balance.item_of(slot.seed)] -= slot.counted
        elif slot.lined_up:
            self._unstarted_like(slot).popleft()

    def line_up(self, slot: Slot) -> None:
        """Let a candidate in, to be started in its turn unless its seed is for another branch."""
        self._slots.append(slot)
        if self._is_foreseen(slot, self._worth, self._waiting):
            slot.lined_up = True
            self._unstarted_like(slot).append(slot)

    def _is_foreseen(
        self, slot: Slot, worth: Callable[[str], int], before: Callable[[str], int]
    ) -> bool:
        """Return whether its seed will be for its branch at the commit.

        Branches with as many candidates `before` the seed as they are `worth` should be filled by
        then.
        """
        visit = slot.visit
        if visit is None:
            return True
        if visit.foreseen is None:
            is_open, unit = self.quotas.open.__contains__, self.task.rows_per_instance
            visit.foreseen = visit.used or visit.branch(
                lambda branch: is_open(branch) and before(branch) < worth(branch),
                lambda branch: self.quotas.lacks(branch) - before(branch) * unit,
            )
            if visit.foreseen is None and self.margin is not None:
                visit.foreseen = next(filter(is_open, visit.branches), None)
        return visit.foreseen == slot.branch

    def foresee_again(self) -> None:
        """Check the whole window again, since a label was filled or candidates were refused.

        Candidates that were started too far back do not hold up earlier ones.
        """
        if self.task.labels_per_seed is None:
            return
        self.refused = False
        worth = {branch: self._worth(branch) for branch in self.quotas.open}
        for slot in self._slots:
            slot.counted = slot.lined_up = False
            if slot.visit is not None:
                slot.visit.foreseen = None
        self._started.clear()
        self._unstarted.clear()
        before: Counter[str] = Counter()
        for slot in self._slots:
            foreseen = self._is_foreseen(slot, worth.__getitem__, before.__getitem__)
            if not foreseen or slot.branch not in worth:
                continue
            before[slot.branch] += 1
            if slot.task is None:
                slot.lined_up = True
                self._unstarted_like(slot).append(slot)
            elif before[slot.branch] <= worth[slot.branch]:
                slot.counted = True
                self._started[slot.branch][self.balance.item_of(slot.seed)] += 1

    def _unstarted_like(self, slot: Slot) -> deque[Slot]:
        """Unstarted candidates of its branch, and its item of a balanced list, in their order."""
        return self._unstarted[slot.branch][self.balance.item_of(slot.seed)]

    def start_head(self) -> None:
        """Start the head of the window, though those of other items seemed to be all worth it."""
        self._start(self._unstarted_like(self._slots[0]).popleft())

    def _start(self, slot: Slot) -> None:
        self.execution.start(slot)
        slot.counted = True
        self._started[slot.branch][self.balance.item_of(slot.seed)] += 1

    def start_due(self) -> None:
        """Start the candidates that are useful now, for each branch in their order.

        The first in the window is among them, since a label that it may have needs a row. The
        exception: all useful ones belong to other items of a balanced list.
        """
        for branch in self.quotas.open:
            lined_up = self._unstarted[branch]
            if not any(lined_up.values()):
                continue  # nearly all, if there are many branches
            started, worth = self._started[branch], self._worth(branch)
            for item, unstarted in lined_up.items():
                while (
                    unstarted
                    and started.total() < worth
                    and (not item or started[item] < self.balance.worth(unstarted[0].seed))
                ):
                    self._start(unstarted.popleft())

    def has_room(self) -> bool:
        """Return whether another candidate is worth starting now.

        More may wait if nearly all are done but the head, whose call hangs or is slow.
        """
        size = _FAR * self.size if self.execution.running < self.busy else self.size
        if len(self._slots) >= size:
            return False
        return any(map(self._lacking, self.quotas.open))

    def _wanting(self, branches: Collection[str]) -> int:
        """Return how many more candidates of these branches are useful."""
        lacking = map(self._lacking, branches)
        return sum(lacking) if self._for_one else max(lacking, default=0)

    @property
    def _for_one(self) -> bool:
        """Return whether each seed is for one branch."""
        return self.task.labels_per_seed is not None or self.task.seed_branch is not None

    def _lacking(self, branch: str) -> int:
        """Return how many more candidates of a branch are worth running."""
        return max(0, self._worth(branch) - self._waiting(branch))

    def _waiting(self, branch: str) -> int:
        """A branch's candidates in the window."""
        return self._started[branch].total() + sum(map(len, self._unstarted[branch].values()))

    def _worth(self, branch: str) -> int:
        """Candidates of a branch that are worth running."""
        return self.quotas.worth(branch, self.task.rows_per_instance, self.margin)

    def seeds_ahead(self, branches: Collection[str]) -> int:
        """Seeds of these branches worth preparing past the one that is walked to next."""
        each = 1 if self.task.seed_branch is not None else len(branches)
        per_seed = each * self.task.instances_per_call
        worth = self._wanting([branch for branch in self.quotas.open if branch in branches])
        calls = math.ceil(worth / self.task.instances_per_call)
        return max(0, min(calls, self.size // per_seed))
