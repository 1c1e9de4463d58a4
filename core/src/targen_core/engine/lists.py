"""Steps 1 and 2: lists that grow in batches, and the order of their seeds.

The order holds no quota and no n. The first list is walked round-robin: from
each context of a batch the next seed, until their first batches of seeds are
used up; then the list grows by a batch, and when it grows no more, all its
contexts give their next batch. Below the first list, a batch is used up
before the next is asked for.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel

from targen_core.calls.layer import CallLayer, Halted
from targen_core.calls.question import Scope
from targen_core.engine.facade import StageLlm
from targen_core.engine.guard import Guard
from targen_core.errors import Rejected
from targen_core.tasks.model import Task
from targen_core.tasks.steps import ListStep

__all__ = ["Dropped", "ListBatch", "ListSpec", "Seed", "SeedOrder", "item_key", "item_value"]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A list item that was not used, or a batch that gave none."""

    step: str
    place: str
    reason: str
    detail: str
    item: Any


@dataclass(frozen=True, slots=True)
class Seed:
    """One instance seed: its value, its place, and the items above it.

    `path` holds its index in each list of the chain; `above` the items that
    it was grown below, contexts first; `calls` the keys of the calls that
    listed them and it. `draw` counts how often the walk came by it before.
    """

    value: Any
    path: tuple[int, ...]
    above: tuple[Any, ...]
    calls: tuple[str, ...] = ()
    draw: int = 0

    @property
    def id(self) -> str:
        """The path as text: `3.2` is context 3's seed 2."""
        return ".".join(map(str, self.path))


@dataclass(frozen=True, slots=True)
class ListSpec:
    """One list of the chain as this run uses it.

    `fixed` holds the user's own items in place of grown ones; `limit` caps
    how many the list may hold.
    """

    step: str
    source: ListStep[Any]
    batch: int
    fixed: tuple[Any, ...] | None = None
    limit: int | None = None


def item_value(item: Any) -> Any:
    """An item as JSON."""
    return item.model_dump(mode="json") if isinstance(item, BaseModel) else item


def item_key(source: ListStep[Any], item: Any) -> str:
    """What makes two items of a list the same one."""
    if source.key is not None:
        return source.key(item)
    text = item if isinstance(item, str) else item.model_dump_json()
    return " ".join(str(text).casefold().split())


def _digest(source: ListStep[Any], item: Any) -> bytes:
    """An item's key in the room that a long run can spare for each."""
    key = item_key(source, item).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(key, digest_size=12).digest()


@dataclass(slots=True)
class ListBatch:
    """What one batch gave: items, what was left out, the calls that made it."""

    items: list[Any] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    keys: tuple[str, ...] = ()
    start: int = 0  # the first item's position in the list
    walk: int = 0  # the last walk that came by
    reported: bool = False  # whether a commit has counted it


class _GrowingList:
    """The list below one parent: batches asked for in order, each once."""

    def __init__(
        self,
        order: SeedOrder,
        depth: int,
        path: tuple[int, ...] = (),
        above: tuple[Any, ...] = (),
        calls: tuple[str, ...] = (),
    ) -> None:
        self.order = order
        self.depth = depth
        self.path = path
        self.above = above
        self.calls = calls
        self.items: list[Any] = []
        self.nodes: list[_GrowingList] = []
        self.finished = False
        self.grown = 0  # batches that are there, empty ones too
        self.scope = Scope()  # of the batch that is being asked for: one at a time
        self.batches: list[asyncio.Task[ListBatch | None]] = []
        self._known: set[bytes] = set()
        self._empty_in_a_row = 0

    @property
    def is_leaf(self) -> bool:
        return self.depth == len(self.order.specs) - 1

    def prefetch(self, index: int) -> asyncio.Task[ListBatch | None]:
        """Start the `index`-th batch, and those before it."""
        while len(self.batches) <= index:
            before = self.batches[-1] if self.batches else None
            task = asyncio.ensure_future(self._grow(len(self.batches), before))
            task.add_done_callback(self.order.on_done)
            self.batches.append(task)
        return self.batches[index]

    async def _grow(
        self, index: int, before: asyncio.Task[ListBatch | None] | None
    ) -> ListBatch | None:
        """The next batch, or None when the list is finished."""
        if before is not None:
            await asyncio.shield(before)
        if self.order.closed:
            raise Halted
        if self.finished:
            return None
        spec = self.order.specs[self.depth]
        batch = ListBatch(start=len(self.items))
        if spec.fixed is not None:
            fresh: Sequence[Any] = spec.fixed
            self.finished = True
            place = f"{spec.step}/given"
        else:
            scope = self.scope = Scope()
            above = [".".join(map(str, self.path))] if self.path else []
            place = "/".join([spec.step, *above, str(index)])
            llm = StageLlm(
                self.order.layer,
                self.order.task,
                step=spec.step,
                place=place,
                indices=(*self.path, index),
                label=None,
                scope=scope,
                batch=spec.batch,
            )
            parent = self.above[-1] if self.above else None
            try:
                fresh = await self.order.guard.wait(
                    spec.source.grow, llm, parent, tuple(self.items)
                )
            except Rejected as error:
                fresh = ()
                batch.dropped.append(Dropped(spec.step, place, error.reason, str(error), None))
            batch.keys = tuple(scope.keys)
            if not isinstance(fresh, Sequence) or isinstance(fresh, str):
                raise self.order.guard.fault(
                    f"the list step for {spec.step} returned {type(fresh).__name__}, not a list"
                )
        for item in fresh:
            if spec.limit is not None and len(self.items) >= spec.limit:
                self.finished = True
                break
            try:
                key = self.order.guard.call(_digest, spec.source, item)
                if key in self._known:
                    raise Rejected("repeated", "the list holds it already")
                if spec.source.check is not None:
                    self.order.guard.call(spec.source.check, item)
            except Rejected as error:
                batch.dropped.append(
                    Dropped(spec.step, place, error.reason, str(error), item_value(item))
                )
                continue
            self._known.add(key)
            position = len(self.items)
            self.items.append(item)
            batch.items.append(item)
            if not self.is_leaf:
                self.nodes.append(
                    _GrowingList(
                        self.order,
                        self.depth + 1,
                        (*self.path, position),
                        (*self.above, item),
                        (*self.calls, *batch.keys),
                    )
                )
        if spec.source.once or (spec.limit is not None and len(self.items) >= spec.limit):
            self.finished = True
        self.grown += 1
        self._empty_in_a_row = 0 if batch.items else self._empty_in_a_row + 1
        if self._empty_in_a_row == 2:
            self.finished = True
        return batch

    async def batch(self, index: int) -> ListBatch | None:
        """The `index`-th batch, waited for; its drops are told in walking order."""
        batch = await asyncio.shield(self.prefetch(index))
        if batch is not None and batch.walk != self.order.walks:
            self.order.passed.append(batch)
            batch.walk = self.order.walks
            if not batch.items:
                self.order.barren += 1
            elif self.is_leaf:
                self.order.barren = 0
        return batch

    async def seeds(self, chunk: int) -> AsyncIterator[Seed]:
        """The seeds of the `chunk`-th chunk of this list."""
        if self.is_leaf:
            batch = await self.batch(chunk)
            if batch is not None:
                calls = (*self.calls, *batch.keys)
                for offset, value in enumerate(batch.items):
                    yield Seed(value, (*self.path, batch.start + offset), self.above, calls)
            return
        index = position = 0
        while (batch := await self.batch(index)) is not None and index < chunk:
            position += len(batch.items)
            index += 1
        if batch is not None:
            members, child_chunk = self.nodes[position : position + len(batch.items)], 0
        else:
            members, child_chunk = self.nodes, chunk - index + 1
        for place, node in enumerate(members):
            if place + 1 < len(members):
                members[place + 1].prefetch(child_chunk if members[place + 1].is_leaf else 0)
            async for seed in node.seeds(child_chunk):
                yield seed

    def ends_before(self, chunk: int) -> bool:
        """Whether neither this chunk nor a later one can hold a seed."""
        if not self.finished or chunk < self.grown:
            return False
        return all(node.ends_before(chunk - self.grown + 1) for node in self.nodes)


class SeedOrder:
    """Walks the chain of lists in the run's one order.

    Args:
        specs: the lists, first to last.
        layer: answers the lists' calls.
        task: whose lists they are.
        guard: runs the task's code.
        on_done: called with each batch's task, so that a failure is seen at once.

    `passed` collects the batches that the walk came by, for the engine to
    report as it commits. `patience` empty batches without a seed between them
    end the walk.
    """

    def __init__(
        self,
        specs: Sequence[ListSpec],
        layer: CallLayer,
        task: Task[Any, Any],
        guard: Guard,
        on_done: Callable[[asyncio.Task[Any]], None],
    ) -> None:
        self.specs = specs
        self.layer = layer
        self.task = task
        self.guard = guard
        self.on_done = on_done
        self.patience = 0
        self.passed: list[ListBatch] = []
        self.barren = 0
        self.walks = 0
        self.closed = False
        self._root = _GrowingList(self, 0)
        self._wanted: Callable[[], int] = lambda: 0
        self._horizon = (0, 0, 0)
        self._watched: asyncio.Task[ListBatch | None] | None = None

    async def aclose(self) -> None:
        """Ask for nothing more and wait for the calls in flight."""
        self.closed = True
        nodes = [self._root]
        for node in nodes:
            node.scope.abandoned = True
            nodes.extend(node.nodes)
        self.layer.sweep()
        for node in nodes:
            await asyncio.gather(*node.batches, return_exceptions=True)

    async def walk(self, wanted: Callable[[], int]) -> AsyncIterator[Seed]:
        """All seeds, in order; then again, as often as the task draws of a seed.

        `wanted()` is how many seeds are worth preparing ahead; it decides what
        runs early, never the order.
        """
        self.walks += 1
        self.barren = 0
        self._wanted = wanted
        if self.task.draws == 1:
            async for seed in self._walk_once():
                yield seed
            return
        seeds: list[Seed] = []
        async for seed in self._walk_once():
            seeds.append(seed)
            yield seed
        if self.barren >= self.patience:
            return  # a more patient target would walk on here, not draw again
        for draw in range(1, self.task.draws):
            for seed in seeds:
                yield replace(seed, draw=draw)

    async def _walk_once(self) -> AsyncIterator[Seed]:
        root = self._root
        if root.is_leaf:
            chunk = 0
            while self.barren < self.patience and await root.batch(chunk) is not None:
                async for seed in root.seeds(chunk):
                    yield seed
                chunk += 1
            return
        index = start = 0
        while self.barren < self.patience:
            batch = await root.batch(index)
            if batch is None:
                break
            members = root.nodes[start : start + len(batch.items)]
            start += len(batch.items)
            index += 1
            async for seed in self._round_robin(members, 0, behind=(index, start)):
                yield seed
        chunk = 1
        while self.barren < self.patience and not self._ended(chunk):
            async for seed in self._round_robin(root.nodes, chunk, behind=None):
                yield seed
            chunk += 1

    def _ended(self, chunk: int) -> bool:
        """Whether no context has a chunk of that number, or a later one."""
        return self._root.finished and all(node.ends_before(chunk) for node in self._root.nodes)

    async def _round_robin(
        self, members: Sequence[_GrowingList], chunk: int, *, behind: tuple[int, int] | None
    ) -> AsyncIterator[Seed]:
        """The next seed of each member in turn, until all chunks are used up.

        `behind` is where the first list goes on behind the members: the next
        batch and its first position.
        """
        streams: list[AsyncIterator[Seed]] = [node.seeds(chunk) for node in members]
        started = 0
        first_round = True
        left = len(members) * self._seeds_below
        while streams:
            still: list[AsyncIterator[Seed]] = []
            for position, stream in enumerate(streams):
                if first_round:
                    ahead = min(len(members), position + max(1, self._wanted()))
                    for node in members[started:ahead]:
                        node.prefetch(chunk if node.is_leaf else 0)
                    started = max(started, ahead)
                if behind is not None:
                    self._look_ahead(*behind, left)
                try:
                    seed = await anext(stream)
                except StopAsyncIteration:
                    continue
                still.append(stream)
                left -= 1
                yield seed
            streams = still
            first_round = False

    @property
    def _seeds_below(self) -> int:
        """Seeds that the first batches below one item of the first list should give."""
        return math.prod(spec.batch for spec in self.specs[1:])

    def _look_ahead(self, index: int, start: int, left: int) -> None:
        """Start the lists behind this batch that hold seeds worth preparing.

        `left` seeds of this batch come first; batch `index` of the first list
        is the next, its items begin at `start`. A batch that has not come yet
        calls again when it does: each is asked for when the one before it is
        there, so they are what a run waits for longest.
        """
        self._horizon = (index, start, left)
        missing = self._wanted() - left
        while missing > 0 and not self.closed:
            task = self._root.prefetch(index)
            if not task.done():
                if task is not self._watched:
                    self._watched = task
                    task.add_done_callback(lambda _: self._look_ahead(*self._horizon))
                return
            batch = None if task.cancelled() or task.exception() else task.result()
            if batch is None:
                return
            for node in self._root.nodes[start : start + min(len(batch.items), missing)]:
                node.prefetch(0)
            index += 1
            start += len(batch.items)
            missing -= max(1, len(batch.items)) * self._seeds_below
