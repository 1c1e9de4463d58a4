"""Candidates that are past the commit point: which of them are started, and how many more may come.

A candidate is started if its branch lacks more rows than the candidates before it can give. So
calls that are sent ahead of their turn are rarely superfluous, however many may be sent at once:
only if another branch's candidates get labels of this one.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from collections.abc import Collection
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
        margin: see `QuotaTracker.worth`.
    """

    task: Task[Any, Any]
    quotas: QuotaTracker
    balance: Balance
    execution: Execution
    size: int
    busy: int
    margin: float | None
    _slots: deque[Slot] = field(default_factory=deque)
    # By branch: those in the window, and started ones by item of a balanced list.
    _waiting: Counter[str] = field(default_factory=Counter)
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
        self._waiting.clear()
        self._started.clear()
        self._unstarted.clear()

    def leave(self) -> None:
        """Take out the head of the window, whose turn is over."""
        slot = self._slots.popleft()
        self._waiting[slot.branch] -= 1
        if slot.task is None:
            self._unstarted_like(slot).popleft()
        else:
            self._started[slot.branch][self.balance.item_of(slot.seed)] -= 1

    def line_up(self, slot: Slot) -> None:
        """Let a candidate in, to be started in its turn."""
        self._slots.append(slot)
        self._waiting[slot.branch] += 1
        self._unstarted_like(slot).append(slot)

    def _unstarted_like(self, slot: Slot) -> deque[Slot]:
        """Unstarted candidates of its branch, and its item of a balanced list, in their order."""
        return self._unstarted[slot.branch][self.balance.item_of(slot.seed)]

    def start_head(self) -> None:
        """Start the head of the window, though those of other items seemed to be all worth it."""
        self._start(self._unstarted_like(self._slots[0]).popleft())

    def _start(self, slot: Slot) -> None:
        self.execution.start(slot)
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
        return max(0, self._worth(branch) - self._waiting[branch])

    def _worth(self, branch: str) -> int:
        """Candidates of a branch that are worth running."""
        return self.quotas.worth(branch, self.task.rows_per_instance, self.margin)

    def seeds_ahead(self, branches: Collection[str]) -> int:
        """Seeds of these branches worth preparing past the one that is walked to next."""
        each = 1 if self._for_one else len(branches)
        per_seed = each * self.task.instances_per_call
        worth = self._wanting([branch for branch in self.quotas.open if branch in branches])
        calls = math.ceil(worth / self.task.instances_per_call)
        return max(0, min(calls, self.size // per_seed))
