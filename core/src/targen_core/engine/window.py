"""Candidates that are past the commit point: which of them are started, and how many more may come.

A candidate is started if its branch lacks more rows than the candidates before it can give. So
calls that are sent ahead of their turn are superfluous only if candidates of another branch get
labels of this one.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from targen_core.calls.call import Call, CallCancelled, Scope
from targen_core.calls.calls import Calls
from targen_core.engine.events import Verdict
from targen_core.engine.executor import Executor, Generated, Outcome
from targen_core.engine.quota_tracker import QuotaTracker
from targen_core.engine.seeds import ListBatch, Seed, item_value
from targen_core.errors import PluginError, Rejected, TargenError
from targen_core.tasks.judging import Correction
from targen_core.tasks.model import Task

_FAR = 16  # times its size that a window may grow to


@dataclass(eq=False, repr=False, kw_only=True)
class Window:
    """The candidates without a verdict, in their order.

    Attributes:
        task: whose they are.
        quotas: what labels still need, and their yield.
        executor: does the work of steps 3 and 4.
        layer: stops all calls if one fails.
        room: set when a candidate is done, since another may be worth starting then.
        size: how many may wait.
        busy: how many are to be at work, even if more wait then.
        margin: see `QuotaTracker.worth`.
    """

    task: Task[Any, Any]
    quotas: QuotaTracker
    executor: Executor
    layer: Calls
    room: asyncio.Event
    size: int
    busy: int
    margin: float | None
    _slots: deque[Slot] = field(default_factory=deque)
    # By branch: those in the window, and those of them that were started or not.
    _waiting: Counter[str] = field(default_factory=Counter)
    _started: Counter[str] = field(default_factory=Counter)
    _unstarted: defaultdict[str, deque[Slot]] = field(default_factory=lambda: defaultdict(deque))

    # Indexed by seed, branch and sample; empty if each seed has one sample.
    _generations: dict[tuple[str, str, int], SharedGeneration] = field(default_factory=dict)
    _running: set[asyncio.Task[Any]] = field(default_factory=set)

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
            self._unstarted[slot.branch].popleft()
        else:
            self._started[slot.branch] -= 1

    def line_up(self, slot: Slot) -> None:
        """Let a candidate in, to be started in its turn."""
        self._slots.append(slot)
        self._waiting[slot.branch] += 1
        self._unstarted[slot.branch].append(slot)

    def start_due(self) -> None:
        """Start the candidates that are useful now, for each branch in their order.

        The first in the window is among them, since a label that it may have needs a row.
        """
        for branch in self.quotas.open:
            unstarted = self._unstarted[branch]
            if not unstarted:
                continue  # nearly all, if there are many branches
            worth = self.quotas.worth(branch, self.task.rows_per_instance, self.margin)
            while unstarted and self._started[branch] < worth:
                self._start(unstarted.popleft())

    def has_room(self) -> bool:
        """Return whether another candidate is worth starting now.

        More may wait if nearly all are done but the head, whose call hangs or is slow.
        """
        size = _FAR * self.size if len(self._running) < self.busy else self.size
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
        return (
            self.task.seeding.labels_per_seed is not None
            or self.task.seeding.seed_branch is not None
        )

    def _lacking(self, branch: str) -> int:
        """Return how many more candidates of a branch are worth running."""
        worth = self.quotas.worth(branch, self.task.rows_per_instance, self.margin)
        return max(0, worth - self._waiting[branch])

    def seeds_ahead(self, branches: Collection[str]) -> int:
        """Seeds of these branches worth preparing past the one that is walked to next."""
        each = 1 if self._for_one else len(branches)
        per_seed = each * self.task.seeding.instances_per_call
        worth = self._wanting([branch for branch in self.quotas.open if branch in branches])
        calls = math.ceil(worth / self.task.seeding.instances_per_call)
        return max(0, min(calls, self.size // per_seed))

    # --- execution ---

    def _start(self, slot: Slot) -> None:
        """Start a candidate: its `task` gives the outcome."""
        self._started[slot.branch] += 1
        if self.task.seeding.instances_per_call > 1 or self.task.seeding.samples_per_seed > 1:
            slot.generation = self._generation(slot.seed, slot.branch, slot.generation)
        self._run(slot, self._execute(slot))

    def start_kept(self, slot: Slot, instance: Any, known: Correction | None) -> None:
        """Start checks and step 4 of an instance of a kept row; `known` skips step 4."""
        self._run(slot, self._judge_kept(slot, instance, known))

    def _run(self, slot: Slot, work: Coroutine[Any, Any, Outcome]) -> None:
        slot.task = asyncio.ensure_future(work)
        self._running.add(slot.task)
        slot.task.add_done_callback(self.on_done)

    async def _judge_kept(self, slot: Slot, instance: Any, known: Correction | None) -> Outcome:
        outcome = await self.executor.judge(
            slot.seed, slot.branch, slot.ordinal, instance, slot.scope, known=known
        )
        outcome.keys += slot.scope.keys
        outcome.lacking = tuple(slot.scope.lacking)
        return outcome

    def cancel(self) -> None:
        """Wait for no call in flight."""
        for task in self._running:
            task.cancel()

    async def drain(self) -> None:
        """Let calls in flight finish that are still wanted."""
        self.layer.sweep()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _generation(self, seed: Seed, branch: str, new: SharedGeneration) -> SharedGeneration:
        """G(branch, seed) under way: begun by a later sample that is shown it, or now."""
        place = seed.id, branch, seed.sample
        known = self._generations.get(place)
        if known is not None and not known.scope.abandoned:
            return known
        if new.task is None:
            new.task = asyncio.ensure_future(self._generate(seed, branch, new.scope))
            new.task.add_done_callback(self.on_done)
        if self.task.seeding.samples_per_seed > 1:
            self._generations[place] = new
        return new

    async def _generate(self, seed: Seed, branch: str, scope: Scope) -> Generated:
        """G(branch, seed), shown what earlier samples of the two gave.

        Samples whose verdicts are old are made again from the journal, and those whose turn is
        still to come are begun. If one fails, so do those after it.
        """
        before: list[asyncio.Task[Generated]] = []
        for number in self.task.samples_before(seed.path, seed.sample, branch):
            new = SharedGeneration()
            sample = self._generation(replace(seed, sample=number), branch, new)
            assert sample.task is not None
            if sample is new:
                self._running.add(sample.task)
            before.append(sample.task)
        shown = [one for sample in before for one in (await asyncio.shield(sample)).instances]
        earlier = [instance for instance in shown if not isinstance(instance, Rejected)]
        return await self.executor.generate(seed, branch, scope, earlier)

    def on_done(self, task: asyncio.Task[Any]) -> None:
        """Stop sending at a failure; commits continue up to it."""
        self._running.discard(task)
        self.room.set()
        if task.cancelled():
            return
        error = task.exception()
        if error is None or isinstance(error, (Rejected, CallCancelled)):
            return
        self.layer.halt(
            error
            if isinstance(error, TargenError)
            else PluginError(f"{type(error).__name__}: {error}", distribution="targen-core")
        )

    async def _execute(self, slot: Slot) -> Outcome:
        """Steps 3 and 4 of a candidate."""
        if slot.generation.task is not None:
            generated = await asyncio.shield(slot.generation.task)
        else:
            generated = await self.executor.generate(slot.seed, slot.branch, slot.scope)
        made = generated.at(slot.ordinal - slot.seed.sample * self.task.seeding.instances_per_call)
        outcome = await self.executor.judge(
            slot.seed,
            slot.branch,
            slot.ordinal,
            made,
            slot.scope,
            notes=generated.notes,
        )
        own, shared = slot.scope, slot.generation.scope
        outcome.keys += [*shared.keys, *own.keys]
        outcome.lacking = (*shared.lacking, *own.lacking)
        return outcome


@dataclass(slots=True)
class SharedGeneration:
    """G(branch, seed), if it is shared: by several instances, or shown to later samples."""

    scope: Scope = field(default_factory=Scope)
    task: asyncio.Task[Generated] | None = None


@dataclass(frozen=True, slots=True)
class Lacking:
    """A candidate without a verdict, since the run sends no calls and the journal has no answer.

    Attributes:
        id: the candidate.
        branch: its branch.
        calls: what would have to be asked next; more may follow.
        keys: of the calls of its own that are answered.
    """

    id: str
    branch: str
    calls: Sequence[Call]
    keys: Sequence[str]


@dataclass(slots=True, kw_only=True)
class Slot:
    """One candidate: instance `ordinal` of what G(branch, seed) gives; `aim` is the branch's.

    Its own scope is for the calls that are made only for it.
    """

    part: int  # of the task, that the seed is in
    number: int  # among the candidates of its part
    seed: Seed
    branch: str
    aim: str | None
    ordinal: int
    generation: SharedGeneration
    batches: list[ListBatch]  # list batches walked since the candidate before
    over: frozenset[int] = frozenset()  # parts whose seeds all come before
    run: str = ""  # begins its id, which no kept row has
    scope: Scope = field(default_factory=Scope)
    task: asyncio.Task[Outcome] | None = None

    @property
    def id(self) -> str:
        """As in provenance and rejects."""
        return f"{self.run}{self.seed.id}/{self.branch}/{self.ordinal}"

    def provenance(self, outcome: Outcome, idx: int, rows: int) -> dict[str, Any]:
        """Where the rows from `idx` on come from."""
        return {
            "id": self.id,
            "idx": idx,
            "rows": rows,
            "above": [item_value(item) for item in self.seed.above],
            "seed": item_value(self.seed.value),
            "intended": self.branch,
            **self._claimed(outcome),
            "label": outcome.corrected,
            "explanation": outcome.explanation,
            **({"notes": outcome.notes} if outcome.notes else {}),
            "calls": [*self.seed.calls, *outcome.keys],
        }

    def reject(self, outcome: Outcome, verdict: Verdict, detail: str) -> dict[str, Any]:
        """The record of a candidate that was not accepted."""
        return {
            "verdict": verdict,
            "id": self.id,
            "intended": self.branch,
            **self._claimed(outcome),
            "corrected": outcome.corrected,
            "stage": outcome.stage,
            "reason": outcome.reason,
            "detail": detail or outcome.detail,
            "seed": item_value(self.seed.value),
            "instance": item_value(outcome.instance),
            **({"notes": outcome.notes} if outcome.notes else {}),
            "calls": [*self.seed.calls, *outcome.keys],
        }

    def _claimed(self, outcome: Outcome) -> dict[str, str | None]:
        """The label before correction, if it differs from `intended`; None if it had none."""
        if outcome.claimed == self.branch or (outcome.claimed is None and self.aim is not None):
            return {}
        return {"claimed": outcome.claimed}

    def let_send(self) -> None:
        """Send what is still to be asked, if that waited for its turn."""
        self.scope.let_send()
        self.generation.scope.let_send()

    def abandon(self) -> None:
        """Stop sending: it is not needed any more."""
        self.scope.abandon()
        self.generation.scope.abandon()
