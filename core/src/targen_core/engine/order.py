"""The order of the seeds, which depends on no quota and no n.

The first list is walked round-robin: the next seed from each context of a batch, until their first
batches of seeds are used up. Then the list grows by a batch. When it stops growing, all its
contexts give their next batch. Below the first list, a batch is used up before the next is
requested (`GrowingList`).
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any

from targen_core.calls.call import Call
from targen_core.calls.calls import Calls
from targen_core.engine.growing import GrowingList
from targen_core.engine.guard import Guard
from targen_core.engine.ledger import Ledger
from targen_core.engine.quotas import Shard
from targen_core.engine.seeds import ListBatch, ListSpec, Seed
from targen_core.tasks.model import Task

_ROUNDS = 3
"""Rounds in a row without a row, each with many of them, after which a run has no patience."""

UNFIT = 5
"""Batches of seeds from elsewhere, all unfit, after which no more are requested."""


@dataclass(eq=False, repr=False)
class SeedOrder:
    """Walks the chain of lists in the run's one order.

    Attributes:
        specs: the lists, first to last.
        layer: answers the lists' calls.
        task: whose lists they are.
        guard: runs the task's code.
        on_done: called with each batch's task, so that a failure is seen at once.
        settled: waits until all seeds that were walked by have their verdicts.
        row_count: how many rows there are so far.
        rows: the instances of so many rows, the first of them.
        needed: how many rows each label lacks, of its part.
        ledger: knows what checks said of items to earlier processes.
        prefix: what the paths of its seeds begin with.
        shard: the part of the first list to walk, or None for all.

    `passed` collects the batches that the walk passed, for the engine to report as it commits.
    `lacking` has the unanswered calls that ended a list, in a run that sends no calls. The walk
    ends after `patience` batches in a row without a seed or a new item. It ends after `UNFIT` of
    them if a list from elsewhere replaces the task's and never gave a seed.
    """

    specs: Sequence[ListSpec]
    layer: Calls
    task: Task[Any, Any]
    guard: Guard
    on_done: Callable[[asyncio.Task[Any]], None]
    settled: Callable[[], Awaitable[None]]
    replays: Callable[[], bool]
    row_count: Callable[[], int]
    rows: Callable[[int], Sequence[Any]]
    needed: Callable[[], Mapping[str, int]]
    ledger: Ledger
    prefix: tuple[int, ...]
    shard: Shard | None
    patience: int = 0
    passed: list[ListBatch] = field(default_factory=list)
    lacking: dict[Call, None] = field(default_factory=dict)
    barren: int = 0
    sown: bool = False  # whether there was a seed
    reached: int = 0  # lists that gave an item, the first ones of the chain
    walks: int = 0
    closed: bool = False
    lacks_calls: bool = False  # whether a list ended for a call that a replay does not send
    # By path: judged, rejected.
    trials: dict[tuple[int, ...], tuple[int, int]] = field(default_factory=dict)
    chunk: int = 0  # of the first list, that is walked now
    _steps: int = 0  # that were made in it
    prepared: int = 0  # seeds of it, and of those after it, that were prepared
    _requested: Callable[[], int] = lambda: 0

    def __post_init__(self) -> None:
        self._on_trial = [n for n, spec in enumerate(self.specs) if spec.source.max_rejected < 1]
        self.root = GrowingList(self, 0)

    @property
    def unfit(self) -> str:
        """Return the list from elsewhere whose items the task all refused; else ""."""
        return "" if self.sown or self.barren < UNFIT else self.specs[-1].source.origin

    @property
    def properties(self) -> Mapping[str, str]:
        """Return what all rows of its part have in common; see `Part.properties`."""
        return [*self.task.seeding.parts.values()][self.prefix[0]].properties if self.prefix else {}

    @property
    def fruitless(self) -> str:
        """The first list that never gave an item; "" if all did."""
        if self.reached == len(self.specs):
            return ""
        spec = self.specs[self.reached]
        return f"{spec.step} ({spec.source.origin})" if spec.source.origin else spec.step

    @property
    def _worn_out(self) -> bool:
        most = min(self.patience, _ROUNDS) if self.root.told_rows else self.patience
        return self.barren >= most or bool(self.unfit)

    def draws(self, path: Sequence[int]) -> Mapping[str, str]:
        """Return the draws for the item at a path, and for those above it."""
        *above, last = path[len(self.prefix) :]
        node = self.root
        for position in above:
            node = node.nodes[node.index(position)]
        return node.drawn(last)

    def judged(self, seed: Seed, *, rejected: bool) -> None:
        """Count a first verdict on a seed, for the lists that are on trial."""
        path = seed.path[len(self.prefix) :]
        for depth in self._on_trial:
            total, bad = self.trials.get(path[:depth], (0, 0))
            self.trials[path[:depth]] = total + 1, bad + rejected

    async def aclose(self) -> None:
        """Stop requesting and wait for the calls in flight."""
        self.closed = True
        nodes = self._lists()
        for node in nodes:
            for scope in node.scopes.values():
                scope.abandon()
        self.layer.sweep()
        for node in nodes:
            await asyncio.gather(*node.asked.values(), return_exceptions=True)

    def cancel(self) -> None:
        """Wait for no call in flight."""
        for node in self._lists():
            for batch in node.asked.values():
                batch.cancel()

    def known(self) -> Iterator[Seed]:
        """All seeds that the lists have so far, walked to or not."""
        for node in self._lists():
            if node.is_leaf:
                yield from map(node.seed, range(len(node.items)))

    def _lists(self) -> list[GrowingList]:
        nodes = [self.root]
        for node in nodes:
            nodes.extend(node.nodes)
        return nodes

    def begin(self, requested: Callable[[], int]) -> None:
        """Start what the first seeds need, if seeds are wanted, before they are walked to."""
        if not self.walks and requested():
            self._requested = requested
            self._prepare()

    async def walk(self, requested: Callable[[], int]) -> AsyncIterator[Seed]:
        """All seeds, in order; then again, as often as the task takes samples of a seed.

        `requested()` is how many seeds are worth preparing ahead; it decides what
        runs early, never the order.
        """
        self.walks += 1
        self.barren = 0
        self._requested = requested
        seeds: list[Seed] = []
        root, again = self.root, self.task.seeding.samples_per_seed > 1
        for chunk in itertools.count():
            if self._worn_out or root.ends_before(chunk):
                break
            self.chunk, self._steps, self.prepared = chunk, 0, 0
            self._prepare()
            if root.is_leaf:
                stream = root.seeds(chunk)
            else:
                stream = self._round_robin(*await root.below(chunk))
            async for seed in stream:
                self._steps += 1
                self._prepare()
                if again:
                    seeds.append(seed)
                yield seed
        if self._worn_out:
            return  # a more patient target would walk on here, not take another sample
        for sample in range(1, self.task.seeding.samples_per_seed):
            for seed in seeds:
                yield replace(seed, sample=sample)

    async def _round_robin(self, members: Sequence[GrowingList], chunk: int) -> AsyncIterator[Seed]:
        """The next seed of each member in turn, until all chunks are used up."""
        if all(node.is_leaf for node in members):  # in half the time
            batches: list[Iterator[Seed]] = []
            for node in members:
                batches.append(await node.own_seeds(chunk))
                if (seed := next(batches[-1], None)) is not None:
                    yield seed
            while batches:
                left, batches = batches, []
                for batch in left:
                    if (seed := next(batch, None)) is not None:
                        batches.append(batch)
                        yield seed
            return
        streams: list[AsyncIterator[Seed]] = [node.seeds(chunk) for node in members]
        while streams:
            still: list[AsyncIterator[Seed]] = []
            for stream in streams:
                try:
                    seed = await anext(stream)
                except StopAsyncIteration:
                    continue
                still.append(stream)
                yield seed
            streams = still

    def grew(self, task: asyncio.Task[Any]) -> None:
        """A batch came: look further ahead, from what it gave."""
        self.on_done(task)
        self._prepare()

    def _prepare(self) -> None:
        """Start the lists that hold the seeds worth preparing.

        A run waits for them longest, so a batch is requested as soon as the contents of its prompt
        are ready.
        """
        if self.ledger.pending or self.replays():
            return  # answers from the journal need no waiting
        requested = self._steps + max(1, self._requested())
        if requested <= self.prepared:
            return
        chunk, self.prepared = self.chunk, requested
        while requested > 0 and not self.closed:
            count = self.root.prepare(chunk, requested)
            requested -= count
            if not count and chunk >= self.root.grown:
                return
            chunk += 1


class Orders:
    """Combine the orders of a task's parts, each walked independently; often there is one.

    The next seed comes from each part in turn, by weights that depend only on the task. So the
    overall order is the same whatever happens to a candidate.

    Args:
        orders: of each part, with its number as `prefix`; or the order of a task without parts.
        weights: how many seeds of a part there are to those of another.
    """

    def __init__(self, orders: Sequence[SeedOrder], weights: Sequence[Fraction]) -> None:
        self.orders = orders
        self._weights = weights
        self.over: frozenset[int] = frozenset()  # parts that have no more seeds in this walk
        self.specs = [spec for order in orders for spec in order.specs]
        self._on_trial = any(spec.source.max_rejected < 1 for spec in self.specs)

    def part_of(self, path: Sequence[int]) -> int:
        """The number of the part that a seed's path is in; a task without parts is part 0."""
        return path[0] if len(self.orders) > 1 else 0

    def aim(self, patience: int) -> None:
        """Take a new target; see `SeedOrder.patience`."""
        for order in self.orders:
            order.patience = patience

    def take_passed(self) -> list[ListBatch]:
        """Return the batches that the walk came by since the last call."""
        passed: list[ListBatch] = []
        for order in self.orders:
            if order.passed:
                passed += order.passed
                order.passed = []
        return passed

    @property
    def unfit(self) -> str:
        """See `SeedOrder.unfit`."""
        return next((order.unfit for order in self.orders if order.unfit), "")

    @property
    def fruitless(self) -> str:
        """See `SeedOrder.fruitless`."""
        return next((order.fruitless for order in self.orders if order.fruitless), "")

    def draws(self, path: Sequence[int]) -> Mapping[str, str]:
        """See `SeedOrder.draws`."""
        return self.orders[self.part_of(path)].draws(path)

    def judged(self, seed: Seed, *, rejected: bool) -> None:
        """See `SeedOrder.judged`."""
        if self._on_trial:
            self.orders[self.part_of(seed.path)].judged(seed, rejected=rejected)

    def cancel(self) -> None:
        """See `SeedOrder.cancel`."""
        for order in self.orders:
            order.cancel()

    async def aclose(self) -> None:
        """See `SeedOrder.aclose`."""
        await asyncio.gather(*(order.aclose() for order in self.orders))

    async def walk(self, requested: Callable[[int], int]) -> AsyncIterator[Seed]:
        """All seeds; `requested(part)` is how many of a part are worth preparing ahead."""
        streams = {}
        for part, order in enumerate(self.orders):
            mine = partial(requested, part)
            order.begin(mine)  # lists of one part do not wait for those of another
            streams[part] = order.walk(mine)
        owed = dict.fromkeys(streams, Fraction(0))
        while streams:
            part = next(iter(streams))
            if len(streams) > 1:
                for each in streams:
                    owed[each] += self._weights[each]
                part = max(streams, key=lambda part: owed[part])  # of equals, the first
                owed[part] -= sum(self._weights[each] for each in streams)
            try:
                yield await anext(streams[part])
            except StopAsyncIteration:
                del streams[part]
                self.over |= {part}
