"""Steps 1 and 2: lists that grow in batches, and the order of their seeds.

The order holds no quota and no n. The first list is walked round-robin: from
each context of a batch the next seed, until their first batches of seeds are
used up; then the list grows by a batch, and when it grows no more, all its
contexts give their next batch. Below the first list, a batch is used up
before the next is asked for.

Each batch of a list is told what came before it. Where lists are asked side by
side, a fixed number of calls forms a round: they are told what the rounds
before theirs gave, and not of each other, so that all of them can go off at
once. The order, and what is left out as a repeat, stay as they are. A list whose
batches build on each other has none side by side.

A list may be on trial: its second batch is then asked for only once all
candidates of the first have their verdicts, and not too many were rejected.
A list may be told of the rows: each further batch then waits in the same way.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any

from pydantic import BaseModel

from targen_core.calls.call import Call, Scope
from targen_core.calls.layer import CallCancelled, CallLayer
from targen_core.engine.commits import Grown, Ledger, NoLedger
from targen_core.engine.facade import StageLlm
from targen_core.engine.guard import Guard, named
from targen_core.engine.shards import Shard
from targen_core.errors import Rejected, UsageError
from targen_core.tasks.dimensions import draw, draws_from
from targen_core.tasks.model import Task
from targen_core.tasks.steps import ListStep
from targen_core.text import plural
from targen_core.wording import Option

__all__ = [
    "NEW",
    "SIDE_BY_SIDE",
    "SPARE",
    "UNFIT",
    "Dropped",
    "ListBatch",
    "ListSpec",
    "PartsOrder",
    "Seed",
    "SeedOrder",
    "item_key",
    "item_value",
    "seeds_at_most",
]

SIDE_BY_SIDE = 64
"""Calls of a list that are not told of each other, where lists are asked side by side."""

NEW = 0.5
"""How many of the first list's items are reckoned to be new then."""

UNFIT = 5
"""Batches of seeds from elsewhere, none of them fit, after which no more are asked for."""

SPARE = 1.2
"""Seeds prepared then for each that is wanted: a round that lacks some costs hours."""

_NONE: Mapping[str, str] = {}


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

    `path` holds its index in each list of the chain, behind its part's number if the task has
    parts; `above` the items that
    it was grown below, contexts first; `calls` the keys of the calls that
    listed them and it; `draws` what was drawn for them and it, by dimension.
    `sample` counts how often the walk came by it before.
    """

    value: Any
    path: tuple[int, ...]
    above: tuple[Any, ...]
    calls: tuple[str, ...] = ()
    sample: int = 0
    draws: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The path as text: `3.2` is context 3's seed 2."""
        return ".".join(map(str, self.path))


@dataclass(frozen=True, slots=True)
class ListSpec:
    """One list of the chain as this run uses it.

    `fixed` holds the user's own items in place of grown ones; `limit` caps
    how many the list may hold. Of so many `candidates` for each item one is drawn.
    """

    step: str
    source: ListStep[Any]
    batch: int
    fixed: tuple[Any, ...] | None = None
    limit: int | None = None
    candidates: int = 1


def seeds_at_most(specs: Sequence[ListSpec]) -> int | None:
    """Seeds that a chain of lists gives; None where one of them is grown for as long as it takes.

    A list that is there already is taken to hold a batch, as it says.
    """
    count = 1
    for spec in specs:
        if spec.fixed is None and not spec.source.once:
            return None
        count *= spec.batch if spec.fixed is None else len(spec.fixed)
    return count


def item_value(item: Any) -> Any:
    """An item as JSON."""
    return item.model_dump(mode="json") if isinstance(item, BaseModel) else item


def item_key(source: ListStep[Any], item: Any) -> str:
    """What makes two items of a list the same one."""
    if source.key is not None:
        return source.key(item)
    text = item if isinstance(item, str) else item.model_dump_json()
    return " ".join(str(text).casefold().split())


def _items(source: ListStep[Any], values: Sequence[Any]) -> list[Any] | None:
    """Items from JSON values as `item_value` gives them; None where they are none."""
    kind = source.item
    if kind is str:
        return list(values) if all(type(value) is str for value in values) else None
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return None
    try:
        return [kind.model_validate(value) for value in values]
    except Exception:  # of a model's own validators, too
        return None


def _readable(source: ListStep[Any], items: Sequence[Any]) -> list[Any] | None:
    """JSON values that read back as these items; None where there are none such."""
    if not all(type(item) is source.item for item in items):
        return None
    values = [item_value(item) for item in items]
    return values if _items(source, values) == list(items) else None


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
    told: int = 0  # items that the next batch is told of, those of other shards among them
    barren: bool = True  # whether it gave nothing that it was not told of
    walk: int = 0  # the last walk that came by
    reported: bool = False  # whether a commit has counted it


class _Silent(StageLlm):
    """What a list is grown with that every shard goes through: it asks nothing."""

    __slots__ = ()

    async def _answer(self, *_: Any, **__: Any) -> Any:
        raise UsageError(
            Option("shard")
            + f": the first list of task {self.task.name} is whole in one batch, and asks a "
            "model for it: each shard would pay for it again",
            hint="give the list as a file, with "
            + Option("contexts", ...)
            + " or "
            + Option("seeds", ...)
            + "; or leave "
            + Option("shard")
            + " out, and give each machine another "
            + Option("seed", ...),
        )


class _GrowingList:
    """The list below one parent: batches asked for in order, each once."""

    def __init__(
        self,
        order: SeedOrder,
        depth: int,
        path: tuple[int, ...] = (),
        above: tuple[Any, ...] = (),
        calls: tuple[str, ...] = (),
        draws: Mapping[str, str] = _NONE,
        told: int = 0,
    ) -> None:
        self.order = order
        self.depth = depth
        self.path = path
        self.above = above
        self.calls = calls
        self.draws = draws
        self.drawn: list[Mapping[str, str]] = []  # for each item, with what is above it
        self.items: list[Any] = []
        spec = order.specs[depth]
        self.shard = None if depth else order.shard
        # Of what is there already a shard takes items; of what a model writes, batches.
        self.by_item = spec.fixed is not None or spec.source.once or not spec.source.asks
        self.every = [] if self.shard is not None and self.by_item else self.items
        self.limit = spec.limit
        if self.shard is not None and self.limit is not None and not self.by_item:
            self.limit = self.shard.of(self.limit)
        self.nodes: list[_GrowingList] = []
        self.finished = False
        self.grown = 0  # batches that are there, empty ones too
        self.scopes: dict[int, Scope] = {}  # of the batches that are being asked for
        self.batches: list[asyncio.Task[ListBatch | None]] = []
        self._known: dict[bytes, int] = {}  # items, by their digests: their positions
        self._barren_in_a_row = 0
        self._looked_at = (0, 0, 0)  # the chunk walked, and what `_settled` found of it
        source = order.specs[depth].source
        in_turn = source.in_turn or source.told_rows or not source.asks
        self.at_once = 1 if in_turn else order.at_once
        self.on_trial = source.max_rejected < 1
        self.told_rows = source.told_rows
        self._told = [told]  # rows that each batch is told of; the last goes for all behind it
        self._ended: ListBatch | None = None  # tells that the trial ended the list
        self._lacking: tuple[Call, ...] = ()  # what ended it, where nothing is sent

    @property
    def is_leaf(self) -> bool:
        return self.depth == len(self.order.specs) - 1

    def prefetch(self, index: int) -> asyncio.Task[ListBatch | None]:
        """Start the `index`-th batch, and those before it."""
        while len(self.batches) <= index:
            before = self.batches[-1] if self.batches else None
            task = asyncio.ensure_future(self._grow(len(self.batches), before))
            task.add_done_callback(self.order.on_done if self.is_leaf else self.order.grew)
            self.batches.append(task)
        return self.batches[index]

    async def _grow(
        self, index: int, before: asyncio.Task[ListBatch | None] | None
    ) -> ListBatch | None:
        """The next batch, or None when the list is finished."""
        shown: Sequence[Any] = ()
        first = index - index % self.at_once  # of those that are not told of each other
        if first:
            last = await asyncio.shield(self.batches[first - 1])
            shown = () if last is None else self.every[: last.told]
        if self.order.closed:
            raise CallCancelled
        if self.finished:
            return None
        spec = self.order.specs[self.depth]
        batch = ListBatch()
        above = [".".join(map(str, self.path))] if self.path else []
        at = self._batch_at(index)
        place = "/".join([spec.step, *above, str(at) if spec.fixed is None else "given"])
        known = self.order.ledger.grown(place)
        failed: tuple[str, str] | None = None
        lacking: tuple[Call, ...] = ()
        if spec.fixed is not None:
            fresh: Sequence[Any] = spec.fixed
            self.finished = True
        else:
            there = self._read(spec, known)
            if there is None:
                fresh, batch.keys, failed, lacking = await self._ask(index, at, place, shown)
            else:
                assert known is not None
                fresh, batch.keys, failed = there, known.keys, known.failed
            if before is not None:
                await asyncio.shield(before)
            if self.finished:
                return None
            if lacking:
                self.finished, self._lacking = True, lacking
                return None
            if failed is not None:
                batch.dropped.append(Dropped(spec.step, place, *failed, None))
        batch.start = len(self.items)
        refused: dict[int, tuple[str, str]] = {}
        for number, item in enumerate(fresh):
            if self.limit is not None and len(self.every) >= self.limit:
                self.finished = True
                break
            try:
                key = self.guard.call(_digest, spec.source, item)
                if key in self._known:
                    batch.barren = batch.barren and self._known[key] < len(shown)
                    raise Rejected("repeated", "the list holds it already")
                if known is not None and number in known.refused:
                    raise Rejected(*known.refused[number])
                if known is None and spec.source.check is not None:
                    try:
                        self.guard.call(spec.source.check, item)
                    except Rejected as error:
                        refused[number] = error.reason, str(error)
                        raise
            except Rejected as error:
                if self.every is self.items or self.shard is None or self.shard.has(number):
                    batch.dropped.append(
                        Dropped(spec.step, place, error.reason, str(error), item_value(item))
                    )
                continue
            self._known[key] = len(self.every)
            batch.barren = False
            self.order.reached = max(self.order.reached, self.depth + 1)
            if self.every is not self.items:
                self.every.append(item)
                if self.shard is not None and not self.shard.has(self._known[key]):
                    continue
            position = self._at(len(self.items))
            self.items.append(item)
            self.drawn.append(self._drawn(at, number))
            batch.items.append(item)
            if not self.is_leaf:
                self.nodes.append(
                    _GrowingList(
                        self.order,
                        self.depth + 1,
                        (*self.path, position),
                        (*self.above, item),
                        (*self.calls, *batch.keys),
                        self.drawn[-1],
                        self._rows_told(index),
                    )
                )
        if known is None:
            items = None if spec.fixed is not None else _readable(spec.source, fresh)
            self.order.ledger.keep_grown(place, Grown(items, batch.keys, refused, failed))
        if spec.source.once or (self.limit is not None and len(self.every) >= self.limit):
            self.finished = True
        batch.told = len(self.every)
        self.grown += 1
        self._barren_in_a_row = self._barren_in_a_row + 1 if batch.barren else 0
        if self._barren_in_a_row == 2:
            self.finished = True
        return batch

    def _at(self, position: int) -> int:
        """Where an item of this list stands in that of all shards."""
        return position if self.shard is None else self.shard.at(position)

    def _batch_at(self, index: int) -> int:
        """Where a batch of this list stands in that of all shards."""
        return index if self.shard is None or self.by_item else self.shard.at(index)

    def _drawn(self, index: int, number: int) -> Mapping[str, str]:
        """What was drawn for an item of a batch, and for those above it."""
        spec = self.order.specs[self.depth]
        if not spec.source.dimensions or spec.fixed is not None or number >= spec.batch:
            return self.draws
        place = (*self.path, index * spec.batch + number)
        return {**self.draws, **draw(spec.source.dimensions, self.order.layer.seed, place)}

    async def _ask(
        self, index: int, at: int, place: str, shown: Sequence[Any]
    ) -> tuple[Sequence[Any], tuple[str, ...], tuple[str, str] | None, tuple[Call, ...]]:
        """Have a batch listed: its items, the keys of the calls, and why it failed if it did.

        Then the calls that nobody answers, where nothing is sent. `at` is where the batch stands
        in the list of all shards.
        """
        spec = self.order.specs[self.depth]
        scope = self.scopes[index] = Scope()
        # Each shard goes through such a list, and would pay for it.
        stage = StageLlm if self.every is self.items else _Silent
        llm = stage(
            self.order.layer,
            self.order.task,
            step=spec.step,
            place=place,
            indices=(*self.path, at),
            label=None,
            scope=scope,
            above=self.above,
            batch=spec.batch,
            rows=partial(self.order.rows, self._rows_told(index)),
            candidates=spec.candidates,
            dimensions=spec.source.dimensions,
            draws=draws_from(
                spec.source.dimensions,
                self.order.layer.seed,
                self.path,
                at * spec.batch,
                spec.batch,
            ),
        )
        parent = self.above[-1] if self.above else None
        try:
            fresh = await self.guard.wait(spec.source.propose, llm, parent, tuple(shown))
        except Rejected as error:
            return (), tuple(scope.keys), (error.reason, str(error)), scope.lacking
        finally:
            del self.scopes[index]
        kind, propose = spec.source.item, named(spec.source.propose)
        expected = "str" if kind is str else f"{kind.__name__}, as ListStep.item says"
        if not isinstance(fresh, Sequence) or isinstance(fresh, str):
            raise self.guard.fault(
                f"{propose} returned {type(fresh).__name__} for {spec.step}, not a list of "
                f"{expected}"
            )
        odd = next((item for item in fresh if not isinstance(item, kind)), None)
        if odd is not None:
            raise self.guard.fault(
                f"{propose} returned an item of {spec.step} that is {type(odd).__name__}: "
                f"each is to be {expected}"
            )
        return fresh, tuple(scope.keys), None, scope.lacking

    def _read(self, spec: ListSpec, known: Grown | None) -> list[Any] | None:
        """The items that an earlier process wrote down; None where they must be asked for.

        They must be where somebody looks on at the calls, or shares them.
        """
        layer = self.order.layer
        if (
            known is None
            or known.items is None
            or layer.shared is not None
            or layer.observer is not None
        ):
            return None
        return _items(spec.source, known.items)

    async def batch(self, index: int) -> ListBatch | None:
        """The `index`-th batch, waited for; its drops are told in walking order."""
        if index and self.on_trial and not self.finished:
            await self._end_trial()
        if index and self.told_rows and index >= len(self.batches) and not self.finished:
            await self.order.settled()
            self._told.append(self.order.row_count())
        if self.finished and index >= self.grown:
            self._tell_of_trial()
            self.order.lacking.update(dict.fromkeys(self._lacking))
            return None
        batch = await asyncio.shield(self.prefetch(index))
        if batch is not None and batch.walk != self.order.walks:
            self.order.passed.append(batch)
            batch.walk = self.order.walks
            if batch.barren:
                self.order.barren += 1
            elif batch.items and self.is_leaf:
                self.order.barren = 0
                self.order.sown = True
        return batch

    @property
    def guard(self) -> Guard:
        """Runs the list's code: that of the task, or of the package that the list is from."""
        spec = self.order.specs[self.depth]
        return self.order.guard.of(spec.step, spec.source.origin)

    def _rows_told(self, index: int) -> int:
        """How many rows a batch is told of."""
        return self._told[min(index, len(self._told) - 1)]

    async def _end_trial(self) -> None:
        """Find out whether the list is worth a second batch."""
        await self.order.settled()
        self.on_trial = False
        judged, rejected = self.order.trials.pop(self.path, (0, 0))
        if rejected <= self.order.specs[self.depth].source.max_rejected * judged:
            return
        self.finished = True
        spec, parent = self.order.specs[self.depth], self.above[-1] if self.above else None
        place = "/".join([spec.step, ".".join(map(str, self.path))])
        detail = f"{rejected} of the first {plural(judged, 'candidate')} were rejected"
        dropped = Dropped(spec.step, place, "too-many-rejected", detail, item_value(parent))
        self._ended = ListBatch(dropped=[dropped], barren=False)

    def _tell_of_trial(self) -> None:
        """That the list ended so, in walking order."""
        if self._ended is not None and self._ended.walk != self.order.walks:
            self._ended.walk = self.order.walks
            self.order.passed.append(self._ended)

    async def below(self, chunk: int) -> tuple[Sequence[_GrowingList], int]:
        """The lists below this one that hold the chunk's seeds, and in which of their chunks."""
        return self._below(chunk, await self.batch(chunk))

    def _below(self, chunk: int, batch: ListBatch | None) -> tuple[Sequence[_GrowingList], int]:
        if self._lacking and batch is None:
            return (), 0
        if batch is None:  # no batch of its own: the next chunk of all that it holds
            return self.nodes, chunk - self.grown + 1
        return self.nodes[batch.start : batch.start + len(batch.items)], 0

    async def seeds(self, chunk: int) -> AsyncIterator[Seed]:
        """The seeds of the `chunk`-th chunk of this list."""
        if self.is_leaf:
            batch = await self.batch(chunk)
            if batch is not None:
                calls = (*self.calls, *batch.keys)
                for position, value in enumerate(batch.items, batch.start):
                    path = (*self.order.prefix, *self.path, self._at(position))
                    yield Seed(value, path, self.above, calls, draws=self.drawn[position])
            return
        members, below = await self.below(chunk)
        for node in members:
            async for seed in node.seeds(below):
                yield seed

    def prepare(self, chunk: int, requested: int) -> int:
        """Start the calls that a chunk's seeds need, as far as they can be asked now.

        Returns how many seeds it has or should have; beyond `requested` it does
        not look.
        """
        batch: ListBatch | None = None
        if not self.finished or chunk < self.grown:
            if not self._may_ask(chunk):
                return self._hoped(chunk)
            task = self.prefetch(chunk)
            if not task.done():
                return self._hoped(chunk)
            if task.cancelled() or task.exception():
                return 0
            batch = task.result()
        if self.is_leaf:
            return 0 if batch is None else len(batch.items)
        members, below = self._below(chunk, batch)
        if self.depth == 0:  # walked round-robin: a seed of each before the second of one
            share = math.ceil(requested / max(1, len(members)))
            settled, count = self._settled(chunk, members, below)
            return count + sum(node.prepare(below, share) for node in members[settled:requested])
        count = 0
        for node in members:
            if count >= requested:
                break
            count += node.prepare(below, requested - count)
        return count

    def _settled(self, chunk: int, members: Sequence[_GrowingList], below: int) -> tuple[int, int]:
        """How many of the first members need no look any more, and how many seeds they have."""
        at, settled, count = self._looked_at
        if at != chunk:
            settled = count = 0
        for node in members[settled:]:
            if not node.is_leaf or (below >= node.grown and not node.finished):
                break
            batch = node.batches[below].result() if below < node.grown else None
            settled += 1
            count += 0 if batch is None else len(batch.items)
        if chunk == self.order.chunk:
            self._looked_at = (chunk, settled, count)
        return settled, count

    def _may_ask(self, index: int) -> bool:
        """Whether a batch was asked for, or all that it is told of is there."""
        if index < len(self.batches):
            return True
        if index and (self.on_trial or self.told_rows):
            return False
        return self._hoped(index) > 0 and index - index % self.at_once <= self.grown

    def _hoped(self, index: int) -> int:
        """Seeds that a batch which is not there should give, with the lists below its items."""
        specs = self.order.specs
        spec = specs[self.depth]
        if index and (spec.source.once or spec.fixed is not None):
            return 0
        new = NEW if self.depth == 0 and self.order.at_once > 1 else 1.0
        before = len(self.every) + (index - self.grown) * spec.batch * new
        if self.limit is not None and before >= self.limit:
            return 0
        return math.ceil(new * math.prod(part.batch for part in specs[self.depth :]))

    def ends_before(self, chunk: int) -> bool:
        """Whether neither this chunk nor a later one can hold a seed."""
        if not self.finished or chunk < self.grown:
            return False
        self.order.lacking.update(dict.fromkeys(self._lacking))
        if self._lacking:
            return True
        return all(node.ends_before(chunk - self.grown + 1) for node in self.nodes)


class SeedOrder:
    """Walks the chain of lists in the run's one order.

    Args:
        specs: the lists, first to last.
        layer: answers the lists' calls.
        task: whose lists they are.
        guard: runs the task's code.
        on_done: called with each batch's task, so that a failure is seen at once.
        settled: waits until all seeds that were walked by have their verdicts.
        row_count: how many rows there are so far.
        rows: the instances of so many rows, the first of them.
        at_once: calls of a list that are not told of each other; 1: each is
            told of all before it.
        ledger: knows what checks said of items to earlier processes.
        prefix: what the paths of its seeds begin with.
        shard: which part of the first list is walked; None: all of it.

    `passed` collects the batches that the walk came by, for the engine to
    report as it commits, and `lacking` the calls for want of which a list that it
    came by ended, where nothing is sent. `patience` batches without a seed between them that
    gave nothing which they were not told of end the walk, and `UNFIT` of them
    where another's list stands in for the task's and there never was a seed.
    """

    def __init__(
        self,
        specs: Sequence[ListSpec],
        layer: CallLayer,
        task: Task[Any, Any],
        guard: Guard,
        on_done: Callable[[asyncio.Task[Any]], None],
        *,
        settled: Callable[[], Awaitable[None]],
        row_count: Callable[[], int],
        rows: Callable[[int], Sequence[Any]],
        at_once: int = 1,
        ledger: Ledger | None = None,
        prefix: tuple[int, ...] = (),
        shard: Shard | None = None,
    ) -> None:
        self.ledger: Ledger = ledger or NoLedger()
        self.prefix = prefix
        self.shard = shard
        self.specs = specs
        self.layer = layer
        self.task = task
        self.guard = guard
        self.on_done = on_done
        self.at_once = at_once
        self.patience = 0
        self.passed: list[ListBatch] = []
        self.lacking: dict[Call, None] = {}
        self.barren = 0
        self.sown = False  # whether there was a seed
        self.reached = 0  # lists that gave an item, the first ones of the chain
        self.walks = 0
        self.closed = False
        self.settled = settled
        self.row_count = row_count
        self.rows = rows
        self.trials: dict[tuple[int, ...], tuple[int, int]] = {}  # by path: judged, rejected
        self._on_trial = [n for n, spec in enumerate(specs) if spec.source.max_rejected < 1]
        self._root = _GrowingList(self, 0)
        self._requested: Callable[[], int] = lambda: 0
        self.chunk = 0  # of the first list, that is walked now
        self._steps = 0  # that were made in it

    @property
    def unfit(self) -> str:
        """The list from elsewhere of which the task took no item; else ""."""
        return "" if self.sown or self.barren < UNFIT else self.specs[-1].source.origin

    @property
    def fruitless(self) -> str:
        """The first list that never gave an item; "" if all did."""
        if self.reached == len(self.specs):
            return ""
        spec = self.specs[self.reached]
        return f"{spec.step} ({spec.source.origin})" if spec.source.origin else spec.step

    @property
    def _worn_out(self) -> bool:
        return self.barren >= self.patience or bool(self.unfit)

    async def ask_again(self, path: Sequence[int]) -> Sequence[Any]:
        """Ask for the lists down to the seed at a path; the items on the way to it, and itself.

        It is for who looks on at the calls. The ledger must be one that is pending: nothing is
        asked ahead then.
        """
        node, items = self._root, []
        for position in path[len(self.prefix) :]:
            if node.shard is not None:
                position = (position - node.shard.at(0)) // node.shard.count
            for index in itertools.count():
                if len(node.items) > position or await node.prefetch(index) is None:
                    break
            items += node.items[position : position + 1]
            if node.is_leaf or len(node.nodes) <= position:
                break
            node = node.nodes[position]
        return items

    def beside(self, path: Sequence[int]) -> int:
        """How many items the list holds that the one at a path is of, so far."""
        node = self._root
        for position in path[len(self.prefix) : -1]:
            node = node.nodes[position]
        return len(node.items)

    def judged(self, seed: Seed, *, rejected: bool) -> None:
        """Count a first verdict on a seed, for the lists that are on trial."""
        path = seed.path[len(self.prefix) :]
        for depth in self._on_trial:
            total, bad = self.trials.get(path[:depth], (0, 0))
            self.trials[path[:depth]] = total + 1, bad + rejected

    async def aclose(self) -> None:
        """Ask for nothing more and wait for the calls in flight."""
        self.closed = True
        nodes = [self._root]
        for node in nodes:
            for scope in node.scopes.values():
                scope.abandoned = True
            nodes.extend(node.nodes)
        self.layer.sweep()
        for node in nodes:
            await asyncio.gather(*node.batches, return_exceptions=True)

    def cancel(self) -> None:
        """Wait for no call in flight."""
        nodes = [self._root]
        for node in nodes:
            for batch in node.batches:
                batch.cancel()
            nodes.extend(node.nodes)

    def begin(self, requested: Callable[[], int]) -> None:
        """Start what the first seeds need, where seeds are wanted, before they are walked to."""
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
        if self.task.samples_per_seed == 1:
            async for seed in self._walk_once():
                yield seed
            return
        seeds: list[Seed] = []
        async for seed in self._walk_once():
            seeds.append(seed)
            yield seed
        if self._worn_out:
            return  # a more patient target would walk on here, not take another sample
        for sample in range(1, self.task.samples_per_seed):
            for seed in seeds:
                yield replace(seed, sample=sample)

    async def _walk_once(self) -> AsyncIterator[Seed]:
        root = self._root
        for chunk in itertools.count():
            if self._worn_out or root.ends_before(chunk):
                return
            self.chunk, self._steps = chunk, 0
            self._prepare()
            if root.is_leaf:
                stream = root.seeds(chunk)
            else:
                stream = self._round_robin(*await root.below(chunk))
            async for seed in stream:
                self._steps += 1
                self._prepare()
                yield seed

    async def _round_robin(
        self, members: Sequence[_GrowingList], chunk: int
    ) -> AsyncIterator[Seed]:
        """The next seed of each member in turn, until all chunks are used up."""
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

        They are what a run waits for longest: a batch is asked for when what
        it is told of is there.
        """
        if self.ledger.pending:
            return  # nobody waits for what the journal answers
        spare = SPARE if self.at_once > 1 else 1.0
        requested = self._steps + max(1, math.ceil(self._requested() * spare))
        chunk = self.chunk
        while requested > 0 and not self.closed:
            count = self._root.prepare(chunk, requested)
            requested -= count
            if not count and chunk >= self._root.grown:
                return
            chunk += 1


class PartsOrder:
    """The orders of a task's parts as one: each is gone through as if it were alone.

    Seeds come from them in turns, by weights that depend on the task alone: the order of all
    is the same whatever became of any.

    Args:
        orders: of each part, with its number as `prefix`.
        weights: how many seeds of a part there are to those of another.
    """

    def __init__(self, orders: Sequence[SeedOrder], weights: Sequence[Fraction]) -> None:
        self.orders = orders
        self._weights = weights
        self.over: frozenset[int] = frozenset()  # parts that have no more seeds in this walk
        self.specs = [spec for order in orders for spec in order.specs]

    @property
    def passed(self) -> list[ListBatch]:
        """See `SeedOrder`."""
        return [batch for order in self.orders for batch in order.passed]

    @passed.setter
    def passed(self, value: list[ListBatch]) -> None:
        for order in self.orders:
            order.passed = list(value)

    @property
    def lacking(self) -> dict[Call, None]:
        """See `SeedOrder`."""
        return {call: None for order in self.orders for call in order.lacking}

    @property
    def patience(self) -> int:
        """See `SeedOrder`."""
        return self.orders[0].patience

    @patience.setter
    def patience(self, value: int) -> None:
        for order in self.orders:
            order.patience = value

    @property
    def unfit(self) -> str:
        """See `SeedOrder.unfit`."""
        return next((order.unfit for order in self.orders if order.unfit), "")

    @property
    def fruitless(self) -> str:
        """See `SeedOrder.fruitless`."""
        return next((order.fruitless for order in self.orders if order.fruitless), "")

    def judged(self, seed: Seed, *, rejected: bool) -> None:
        """See `SeedOrder.judged`."""
        self.orders[seed.path[0]].judged(seed, rejected=rejected)

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
            for part in streams:
                owed[part] += self._weights[part]
            part = max(streams, key=lambda part: owed[part])  # of equals, the first
            owed[part] -= sum(self._weights[part] for part in streams)
            try:
                yield await anext(streams[part])
            except StopAsyncIteration:
                del streams[part]
                self.over |= {part}
