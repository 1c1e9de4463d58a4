"""One list of steps 1 and 2 as it grows, in batches that are each asked for once.

The prompt of each batch of a list contains the items before it. If lists grow in parallel, a fixed
number of calls forms a round. Their prompts contain the items of earlier rounds, and not each
other's, so all can be sent at once. The order, and which repeats are left out, do not change. A
list whose batches build on each other is never asked side by side.

A list may be on trial. Its second batch then waits until all candidates of the first have their
verdicts, and is skipped if too many were rejected. A list may see the rows so far: each further
batch then waits in the same way.
"""

from __future__ import annotations

import asyncio
import math
from array import array
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from targen_core.calls.call import Call, CallCancelled, Scope
from targen_core.engine.events import Grown
from targen_core.engine.guard import Guard, named
from targen_core.engine.seeds import (
    Dropped,
    ListBatch,
    Seed,
    item_digest,
    item_value,
    items_from,
    readable_values,
    share_fields,
)
from targen_core.engine.stage_llm import StageLlm
from targen_core.errors import Rejected, UsageError
from targen_core.tasks.dimensions import draw
from targen_core.text import plural, with_article

if TYPE_CHECKING:
    from targen_core.engine.order import SeedOrder


@dataclass(slots=True)
class _Making:
    """A batch that is being made.

    `index` is its number in this list and `at` that in the list of all shards. Its prompt may
    contain the first `shown` items. `known` is the record of an earlier process, and `refused` the
    current verdicts of the check: reason and detail, by the item's number.
    """

    index: int
    at: int
    place: str
    shown: int
    known: Grown | None
    refused: dict[int, tuple[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Listed:
    """The items listed for a batch, before any was checked.

    `keys` belong to the calls, and `failed` says why there are no items. `lacking` are the calls
    without an answer, in a run that sends no calls.
    """

    items: Sequence[Any]
    keys: tuple[str, ...] = ()
    failed: tuple[str, str] | None = None
    lacking: tuple[Call, ...] = ()


class _Silent(StageLlm):
    """The `Llm` for a list that every shard walks: it sends no calls."""

    async def _answer(self, *_: Any, **__: Any) -> Any:
        shard, lists = "--shard", "--contexts or --seeds"
        without = "; or omit " + shard + ", and give each machine a different "
        raise UsageError(
            shard + f": one model call produces the whole first list of task {self.task.name}, "
            "so each shard would pay for it again",
            hint=f"pass the list as a file, with {lists}{without}--seed",
        )


@dataclass(eq=False, repr=False)
class GrowingList:
    """The list below one parent: batches asked for in order, each once."""

    order: SeedOrder
    depth: int
    path: tuple[int, ...] = ()
    above: tuple[Any, ...] = ()
    calls: tuple[str, ...] = ()
    draws: Mapping[str, str] = field(default_factory=dict)
    told: InitVar[int] = 0

    def __post_init__(self, told: int) -> None:
        path = (*self.order.prefix, *self.path) if self.order.task.has_shares else self.path
        above = [".".join(map(str, path))] if path else []
        self._place = "/".join([self.order.specs[self.depth].step, *above, ""])
        self._places = array("q")  # of each item, for its draws; -1: it has none
        self.items: list[Any] = []
        self.spec = spec = self.order.specs[self.depth]
        self.shard = None if self.depth else self.order.shard
        # A shard takes items of a list that exists already, and batches of one that a model writes.
        self.by_item = spec.fixed is not None or spec.source.once or not spec.source.asks
        self.every = [] if self.shard is not None and self.by_item else self.items
        self.limit = spec.limit
        if self.shard is not None and self.limit is not None and not self.by_item:
            self.limit = self.shard.of(self.limit)
        self.is_leaf = self.depth == len(self.order.specs) - 1  # whether its items are seeds
        self.nodes: list[GrowingList] = []
        self.finished = False
        self.batches: list[ListBatch] = []  # that have arrived, including empty ones
        self.grown = self._requested = 0  # batches that arrived, and that were asked for
        self.scopes: dict[int, Scope] = {}  # of the batches that are being asked for
        self.asked: dict[int, asyncio.Task[ListBatch | None]] = {}  # those that are not there
        self._known: dict[bytes, int] = {}  # items, by their digests: their positions
        self._barren_in_a_row = 0
        self._looked_at = (0, 0, 0)  # the chunk walked, and its result in `_settled`
        self.on_trial = spec.source.max_rejected < 1
        self.told_rows = spec.source.told_rows
        self._told = [told]  # rows reported to each batch; the last applies to all later ones
        self._ended: ListBatch | None = None  # tells that the trial ended the list
        self._lacking: tuple[Call, ...] = ()  # the call that ended it, in a run that does not send

    def prefetch(self, index: int, making: _Making | None = None) -> asyncio.Task[ListBatch | None]:
        """Start the `index`-th batch, which is not there, and those before it."""
        for number in range(self._requested, index + 1):
            task = self.asked[number] = asyncio.ensure_future(self._grow(number, making))
            task.add_done_callback(self.order.on_done if self.is_leaf else self.order.grew)
        self._requested = max(self._requested, index + 1)
        return self.asked[index]

    async def _awaited(self, index: int) -> ListBatch | None:
        """A batch that was asked for."""
        if index < self.grown:
            return self.batches[index]
        return await asyncio.shield(self.asked[index])

    def _making(self, index: int, before: ListBatch | None = None) -> _Making:
        """Begin a batch; `before` is the last one that its prompt may show."""
        at = index if self.shard is None or self.by_item else self.shard.at(index)
        place = self._place + (str(at) if self.spec.fixed is None else "given")
        shown = 0 if before is None else before.told
        return _Making(index, at, place, shown, self.order.ledger.grown(place))

    def _next(self, index: int) -> _Making | None:
        """Begin a batch if the list has all before it; else None."""
        if not index == self.grown == self._requested or self.order.closed:
            return None
        return self._making(index, self.batches[-1] if index else None)

    async def _grow(self, index: int, making: _Making | None) -> ListBatch | None:
        """The next batch, or None when the list is finished."""
        before = await self._awaited(index - 1) if index and making is None else None
        if self.order.closed:
            raise CallCancelled
        if self.finished:
            return None
        making = making or self._making(index, before)
        if self.spec.fixed is not None:
            listed = _Listed(self.spec.fixed)
            self.finished = True
        else:
            there = self._written_down(making.known)
            listed = await self._ask(making) if there is None else there
            if listed.lacking:
                self.finished, self._lacking = True, listed.lacking
                self.order.lacks_calls = True
                return None
        return self._taken(making, listed)

    def _taken(self, making: _Making, listed: _Listed) -> ListBatch:
        """The batch of what was listed: its items, in the list from now on, and its drops."""
        batch = ListBatch(keys=listed.keys, start=len(self.items))
        if listed.failed is not None:
            batch.dropped += (Dropped(self.spec.step, making.place, *listed.failed, None),)
        for number, item in enumerate(listed.items):
            if self._is_full:
                self.finished = True
                break
            try:
                key = self._vetted(making, batch, number, item)
            except Rejected as error:
                if self.every is self.items or self.shard is None or self.shard.has(number):
                    why, value = (error.reason, str(error)), item_value(item)
                    batch.dropped += (Dropped(self.spec.step, making.place, *why, value),)
            else:
                self._enter(making, batch, number, item, key)
        if making.known is None:
            fixed = self.spec.fixed is not None
            items = None if fixed else readable_values(self.spec.source, listed.items)
            grown = Grown(items, batch.keys, making.refused, listed.failed)
            self.order.ledger.keep_grown(making.place, grown)
        if self.spec.source.once or self._is_full:
            self.finished = True
        batch.told = len(self.every)
        self.batches.append(batch)
        self.grown += 1
        self.order.prepared = 0  # it may hold fewer items than was hoped
        self._requested = max(self._requested, self.grown)
        self.asked.pop(making.index, None)  # a task that ended takes more memory than its batch
        self._barren_in_a_row = self._barren_in_a_row + 1 if batch.barren else 0
        if self._barren_in_a_row == 2:
            self.finished = True
        return batch

    def _vetted(self, making: _Making, batch: ListBatch, number: int, item: Any) -> bytes:
        """The digest of an item that is new and passes the list's check.

        Raises:
            Rejected: it repeats another, or is refused.
        """
        source, known = self.spec.source, making.known
        key: bytes = self.guard.call(item_digest, source, item)
        if key in self._known:
            batch.barren = batch.barren and self._known[key] < making.shown
            raise Rejected("repeated", "the list holds it already")
        if known is not None and number in known.refused:
            raise Rejected(*known.refused[number])
        if known is None and source.check is not None:
            try:
                self.guard.call(source.check, item)
            except Rejected as error:
                making.refused[number] = error.reason, str(error)
                raise
        return key

    def _enter(self, making: _Making, batch: ListBatch, number: int, item: Any, key: bytes) -> None:
        """Add an item, with the list below it, unless another shard is to have it."""
        self._known[key] = len(self.every)
        batch.barren = False
        if self.order.reached <= self.depth:
            self.order.reached = self.depth + 1
        if self.every is not self.items:
            self.every.append(item)
            if self.shard is not None and not self.shard.has(self._known[key]):
                return
        share_fields(item)
        self.items.append(item)
        spec = self.spec
        draws = spec.source.dimensions and spec.fixed is None and number < spec.batch
        self._places.append(making.at * spec.batch + number if draws else -1)
        batch.count += 1
        if not self.is_leaf:
            position = self._at(len(self.items) - 1)
            self.nodes.append(
                GrowingList(
                    self.order,
                    self.depth + 1,
                    (*self.path, position),
                    (*self.above, item),
                    (*self.calls, *batch.keys),
                    self.drawn(position),
                    self._rows_told(making.index),
                )
            )

    @property
    def _is_full(self) -> bool:
        return self.limit is not None and len(self.every) >= self.limit

    def _at(self, position: int) -> int:
        """Return the place of an item of this list in the list of all shards."""
        return position if self.shard is None else self.shard.at(position)

    def index(self, position: int) -> int:
        """Return the place in this list of an item of the list of all shards."""
        return position if self.shard is None else position // self.shard.count

    def drawn(self, position: int) -> Mapping[str, str]:
        """Return the draws for an item of the list of all shards, and for those above it."""
        place = self._places[self.index(position)]
        if place < 0:
            return self.draws
        return {**self.draws, **self._draws_of(place)}

    def _draws_of(self, place: int) -> Mapping[str, str]:
        """Return an item's own draws, by its number among those that were requested."""
        dimensions = self.spec.source.dimensions
        if not dimensions:
            return {}
        prefix = self.order.prefix
        path = self.order.task.item_path((*prefix, *self.path, place))
        return draw(dimensions, self.order.layer.seed, path[len(prefix) :])

    async def _ask(self, making: _Making) -> _Listed:
        """Have a batch listed."""
        spec = self.spec
        turn = asyncio.Event() if self.order.replays() else None
        scope = self.scopes[making.index] = Scope(turn=turn)
        # Each shard goes through such a list, and would pay for it.
        stage = StageLlm if self.every is self.items else _Silent
        llm = stage(
            self.order.layer,
            self.order.task,
            step=spec.step,
            place=making.place,
            indices=(*self.path, making.at),
            label=None,
            scope=scope,
            above=self.above,
            batch=spec.batch,
            rows=partial(self.order.rows, self._rows_told(making.index)),
            needed=self.order.needed if self.told_rows else dict,
            dimensions=spec.source.dimensions,
            properties=self.order.properties,
            draws=tuple(
                self._draws_of(making.at * spec.batch + number) for number in range(spec.batch)
            ),
        )
        parent = self.above[-1] if self.above else None
        try:
            shown = tuple(self.every[: making.shown])
            fresh = await self.guard.wait(spec.source.propose, llm, parent, shown)
        except Rejected as error:
            return _Listed((), tuple(scope.keys), (error.reason, str(error)), scope.lacking)
        finally:
            del self.scopes[making.index]
        kind, propose = spec.source.item, named(spec.source.propose)
        expected = "str" if kind is str else f"{kind.__name__} (see ListStep.item)"
        if not isinstance(fresh, Sequence) or isinstance(fresh, str):
            raise self.guard.fault(
                f"{propose} returned {type(fresh).__name__} for {spec.step}, not a list of "
                f"{expected}"
            )
        odd = next((item for item in fresh if not isinstance(item, kind)), None)
        if odd is not None:
            raise self.guard.fault(
                f"{propose} returned {with_article(type(odd).__name__)} among the items of "
                f"{spec.step}, which must be {expected}"
            )
        return _Listed(fresh, tuple(scope.keys), None, scope.lacking)

    def _written_down(self, known: Grown | None) -> _Listed | None:
        """Return what an earlier process wrote down; None if it must be asked for.

        It must be if somebody observes the calls, or shares them.
        """
        layer = self.order.layer
        followed = layer.shared is not None or layer.observer is not None
        if followed or known is None or known.items is None:
            return None
        items = items_from(self.spec.source, known.items)
        return None if items is None else _Listed(items, known.keys, known.failed)

    async def batch(self, index: int) -> ListBatch | None:
        """Wait for the `index`-th batch; its drops are reported in walking order."""
        if index and self.on_trial and not self.finished:
            await self._end_trial()
        if index and self.told_rows and index >= self._requested and not self.finished:
            await self.order.settled()
            self._told.append(self.order.row_count())
            self.finished = self.order.lacks_calls  # another round would lack them, too
        if self.finished and index >= self.grown:
            self._tell_of_trial()
            self.order.lacking.update(dict.fromkeys(self._lacking))
            return None
        if index >= self.grown:
            making = self._next(index)
            listed = None if making is None else self._written_down(making.known)
            if making is not None and listed is not None:
                self._taken(making, listed)  # without a task, which a resume would make for each
            elif not (growing := self.prefetch(index, making)).done():
                await self._let_ask(growing)
        batch = self.batches[index] if index < self.grown else await self._awaited(index)
        if batch is not None and batch.walk != self.order.walks:
            self.order.passed.append(batch)
            batch.walk = self.order.walks
            if batch.barren:
                self.order.barren += 1
            elif batch.count and self.is_leaf:
                self.order.barren = 0
                self.order.sown = True
        return batch

    async def _let_ask(self, growing: asyncio.Task[ListBatch | None]) -> None:
        """Let a batch be asked for that the journal lacks, when no candidate is left before it.

        While records of earlier processes are repeated, the walk is ahead of its former place, and
        may reach lists that the run never needed.
        """
        if self.order.replays():
            settled = asyncio.ensure_future(self.order.settled())
            try:
                await asyncio.wait({growing, settled}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                settled.cancel()
        for scope in self.scopes.values():
            scope.let_send()

    @cached_property
    def guard(self) -> Guard:
        """Runs the list's code: that of the task, or of the package that the list is from."""
        return self.order.guard.of(self.spec.step, self.spec.source.origin)

    def _rows_told(self, index: int) -> int:
        """Return how many rows the prompt of a batch contains."""
        return self._told[min(index, len(self._told) - 1)]

    async def _end_trial(self) -> None:
        """Find out whether the list is worth a second batch."""
        await self.order.settled()
        self.on_trial = False
        judged, rejected = self.order.trials.pop(self.path, (0, 0))
        if rejected <= self.spec.source.max_rejected * judged:
            return
        self.finished = True
        parent = self.above[-1] if self.above else None
        path = (*self.order.prefix, *self.path) if self.order.task.has_shares else self.path
        place = "/".join([self.spec.step, ".".join(map(str, path))])
        detail = f"{rejected} of the first {plural(judged, 'candidate')} were rejected"
        dropped = Dropped(self.spec.step, place, "too-many-rejected", detail, item_value(parent))
        self._ended = ListBatch(dropped=(dropped,), barren=False)

    def _tell_of_trial(self) -> None:
        """That the list ended so, in walking order."""
        if self._ended is not None and self._ended.walk != self.order.walks:
            self._ended.walk = self.order.walks
            self.order.passed.append(self._ended)

    async def below(self, chunk: int) -> tuple[Sequence[GrowingList], int]:
        """The lists below this one that hold the chunk's seeds, and in which of their chunks."""
        return self._below(chunk, await self.batch(chunk))

    def _below(self, chunk: int, batch: ListBatch | None) -> tuple[Sequence[GrowingList], int]:
        if self._lacking and batch is None:
            return (), 0
        if batch is None:  # no batch of its own: the next chunk of all that it holds
            return self.nodes, chunk - self.grown + 1
        return self.nodes[batch.start : batch.start + batch.count], 0

    async def seeds(self, chunk: int) -> AsyncIterator[Seed]:
        """The seeds of the `chunk`-th chunk of this list."""
        if self.is_leaf:
            for seed in await self.own_seeds(chunk):
                yield seed
            return
        members, below = await self.below(chunk)
        for node in members:
            async for seed in node.seeds(below):
                yield seed

    async def own_seeds(self, chunk: int) -> Iterator[Seed]:
        """Return the seeds of a batch of a list whose items are seeds."""
        batch = await self.batch(chunk)
        if batch is None:
            return iter(())
        calls = (*self.calls, *batch.keys)
        return (
            self._seed(position, calls)
            for position in range(batch.start, batch.start + batch.count)
        )

    def seed(self, position: int) -> Seed:
        """Return the seed at a position, whose batch took some calls."""
        return self._seed(position, self.calls)

    def _seed(self, position: int, calls: tuple[str, ...]) -> Seed:
        path = (*self.order.prefix, *self.path, self._at(position))
        return Seed(self.items[position], path, self.above, calls)

    def prepare(self, chunk: int, requested: int) -> int:
        """Start the calls that a chunk's seeds need, as far as they can be asked now.

        Returns how many seeds it has or should have; beyond `requested` it does
        not look.
        """
        batch: ListBatch | None = None
        if not self.finished or chunk < self.grown:
            if not self._may_ask(chunk):
                return self._hoped(chunk)
            if chunk < self.grown:
                batch = self.batches[chunk]
            elif not (task := self.prefetch(chunk)).done():
                return self._hoped(chunk)
            elif task.cancelled() or task.exception():
                return 0
        if self.is_leaf:
            return 0 if batch is None else batch.count
        members, below = self._below(chunk, batch)
        settled, count = self._settled(chunk, members, below)
        if self.depth == 0:  # walked round-robin: a seed of each before the second of one
            share = math.ceil(requested / max(1, len(members)))
            return count + sum(node.prepare(below, share) for node in members[settled:requested])
        for at in range(settled, len(members)):
            if count >= requested:
                break
            count += members[at].prepare(below, requested - count)
        return count

    def _settled(self, chunk: int, members: Sequence[GrowingList], below: int) -> tuple[int, int]:
        """Return how many of the first members have all seeds of a chunk, and how many these are.

        What was found is kept, since a long run asks for each seed.
        """
        at, settled, count = self._looked_at
        if at != chunk:
            settled = count = 0
        while settled < len(members) and (seeds := members[settled].seeds_in(below)) is not None:
            settled += 1
            count += seeds
        if self.depth or chunk == self.order.chunk:
            self._looked_at = (chunk, settled, count)
        return settled, count

    def seeds_in(self, chunk: int) -> int | None:
        """Return how many seeds a chunk has; None while lists that hold some may still grow."""
        batch = self.batches[chunk] if chunk < self.grown else None
        if batch is None and not self.finished:
            return None
        if self.is_leaf:
            return 0 if batch is None else batch.count
        members, below = self._below(chunk, batch)
        settled, count = self._settled(chunk, members, below)
        return count if settled == len(members) else None

    def _may_ask(self, index: int) -> bool:
        """Return whether a batch was asked for, or all contents of its prompt are ready."""
        if index < self._requested:
            return True
        if index and (self.on_trial or self.told_rows):
            return False
        return self._hoped(index) > 0 and index <= self.grown

    def _hoped(self, index: int) -> int:
        """Seeds that a batch which is not there should give, with the lists below its items."""
        specs, spec = self.order.specs, self.spec
        if index and (spec.source.once or spec.fixed is not None):
            return 0
        before = len(self.every) + (index - self.grown) * spec.batch
        if self.limit is not None and before >= self.limit:
            return 0
        return math.prod(part.batch for part in specs[self.depth :])

    def ends_before(self, chunk: int) -> bool:
        """Return whether neither this chunk nor a later one can contain a seed."""
        if not self.finished or chunk < self.grown:
            return False
        self.order.lacking.update(dict.fromkeys(self._lacking))
        if self._lacking:
            return True
        return all(node.ends_before(chunk - self.grown + 1) for node in self.nodes)
