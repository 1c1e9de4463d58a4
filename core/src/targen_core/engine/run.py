"""The engine: executes candidates speculatively and commits them in order.

Candidates have one total order, independent of n and quotas. It takes seeds in the order of
`SeedOrder`, and for each seed every branch in the task's order. Their calls run concurrently, ahead
of the commit point; the verdicts fall in order. So the rows depend only on the replies, not on
concurrency, on arrival order, or on how often the run was killed and resumed.

If a seed is for one label (`Seeding.labels_per_seed`), `Allocation` decides on its only candidate.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from functools import partial
from itertools import chain, count, islice
from typing import Any, Protocol

from pydantic import ValidationError

from targen_core.calls.call import Call, CallCancelled, Scope
from targen_core.calls.calls import Calls
from targen_core.engine.allocation import Allocation
from targen_core.engine.events import (
    Commit,
    Committed,
    LabelGivenUp,
    Listener,
    Target,
    Verdict,
)
from targen_core.engine.executor import Executor, Outcome
from targen_core.engine.filters import Candidate, Filter, Filters, Refusal
from targen_core.engine.guard import Guard
from targen_core.engine.kept import Kept, KeptSlot, slot_of
from targen_core.engine.ledger import Contradicted, Ledger
from targen_core.engine.order import Orders, SeedOrder
from targen_core.engine.quota_tracker import UNANSWERED, UNREADABLE, QuotaTracker, ending
from targen_core.engine.quotas import Shard
from targen_core.engine.seeds import ListBatch, ListSpec, Seed, item_value
from targen_core.engine.window import Lacking, SharedGeneration, Slot, Window
from targen_core.errors import Rejected, TargenError
from targen_core.tasks.dimensions import draw
from targen_core.tasks.model import Task
from targen_core.text import plural, refused

_TURN = 16  # candidates that are made in one go
_AHEAD = 4  # calls whose candidates wait past the commit point, in multiples of concurrency
_BUSY = 2  # calls kept at work while the earliest takes long, in the same multiples
_KEPT = 1_000  # kept rows whose checks and step 4 run at once
_RESTORED = 50_000  # rows that filters take back at once: an index is laid out again each time
# How a candidate fared. No later target reopens a final one. One whose refusal gives way is judged
# again if no other candidates are left.
_UNJUDGED, _FINAL, _SURPLUS, _GAVE_WAY = range(4)


class Sink(Protocol):
    """Where committed rows and rejects go."""

    def accept(self, rows: Sequence[Mapping[str, Any]], provenance: Mapping[str, Any]) -> None:
        """Write the rows of one instance and where they come from."""

    def reject(self, record: Mapping[str, Any]) -> None:
        """Write one rejected candidate or list item."""

    def rows(self, count: int) -> Sequence[Mapping[str, Any]]:
        """The first `count` rows that were written."""

    @property
    def replaying(self) -> bool:
        """Return whether records of an earlier process follow, which are only compared."""


class Engine:
    """Runs one task to its targets.

    Args:
        task: what to generate.
        distribution: whose task it is, for error messages.
        specs: the chain of lists that makes its seeds.
        executor: does the work of steps 3 and 4.
        layer: answers the calls of lists; stops all calls when the run ends.
        sink: takes rows and rejects, in commit order.
        ledger: has the verdicts of earlier processes, which are taken over, and
            stores this one's.
        concurrency: calls at once; bounds how far execution runs ahead.
        filters: refuse candidates after the task, in this order; new objects.
        margin: how many candidates may run ahead; see `QuotaTracker.worth`.
        shard: the part of all the work to do, or None for all.
        listener: called with events.
        kept: instances of another run, which are committed before all others.
        revision: how often that run was revised, and this one in turn; 0 without `kept`.
    """

    def __init__(
        self,
        task: Task[Any, Any],
        *,
        distribution: str,
        specs: Sequence[ListSpec],
        executor: Executor,
        layer: Calls,
        sink: Sink,
        ledger: Ledger,
        concurrency: int,
        filters: Sequence[Filter] = (),
        margin: float | None = None,
        shard: Shard | None = None,
        listener: Listener | None = None,
        kept: Iterable[Kept] = (),
        revision: int = 0,
    ) -> None:
        self.task = task
        self._run = f"r{revision}:" if revision else ""
        self._kept = kept
        self._kept_at: dict[tuple[tuple[int, ...], str, int], Any] = {}  # with their seeds
        self.quotas = QuotaTracker(
            task.quota_names, task.branches, task.seeding.parts, shard, task.rows_per_instance
        )
        self._shard = shard
        self._parts = [part.branches for part in task.seeding.parts.values()] or [(*task.branches,)]
        self._numbers = {branch: number for number, branch in enumerate(task.branches)}
        self._guard = Guard(task.name, distribution)
        # Rows that the instances' own schema makes are right already.
        self._checks_rows = task.rows.to_rows is not None or task.rows.schema is not None
        self._layer = layer
        self._room = asyncio.Event()
        self._sink = sink
        self._ledger = ledger
        self._listener = listener or (lambda event: None)
        self._filters = Filters(filters)
        self.order = self._ordered(specs)
        self._one_label = task.seeding.labels_per_seed == 1
        self._allocation = Allocation(
            self.quotas, task.rows_per_instance, to_most=task.seeding.balanced_draws
        )
        # Candidates that share a call: those of a generator, or rows of a list.
        together = (
            task.seeding.instances_per_call if task.seeding.seed_branch is None else specs[-1].batch
        )
        self._window = Window(
            task=task,
            quotas=self.quotas,
            executor=executor,
            layer=layer,
            room=self._room,
            size=_AHEAD * concurrency * together,
            busy=_BUSY * concurrency * together,
            margin=margin,
        )
        # By part and candidate number in it: how it fared when it was last its turn.
        self._past = [bytearray() for _ in self._parts]
        self._over: frozenset[int] = frozenset()  # parts, at the last verdict
        self._takes_back = False  # refusals that give way, if there are no other candidates
        # By part and number of the first candidate, the branch that a seed was used for.
        self._branch_of: dict[tuple[int, int], str] = {}
        self._unused = False  # whether this walk left seeds whose branches were full at their turn
        # By part and number in it, how a candidate that may be judged again was counted: the reason
        # of a refusal that gives way, or where the label flow of a surplus one ended.
        self._counted_as: dict[tuple[int, int], str] = {}
        self.lacking: list[Lacking] = []
        self._looked_for: tuple[Slot, Any, Candidate] | None = None  # what filters saw last
        self._next_idx = 0
        self._replays = False
        self.unread = ""  # the place of the last call whose reply could not be read
        self.refusal = ""  # why the service refused the last call that it refused alone
        self.used_calls = 0  # whose replies a verdict or a walked list rests on
        self._arrived = asyncio.Event()

    def _ordered(self, specs: Sequence[ListSpec]) -> Orders:
        """The order of the seeds; a task's parts have one each."""
        parts, rest = self.task.seeding.parts.values(), iter(specs)
        orders = [
            SeedOrder(
                [*islice(rest, length)],
                self._layer,
                self.task,
                self._guard,
                lambda task: self._window.on_done(task),
                settled=self._settled,
                replays=lambda: self._replays,
                row_count=lambda: self._next_idx,
                rows=self._rows,
                needed=partial(self._needed, name),
                ledger=self._ledger,
                prefix=(number,) if parts else (),
                shard=self._shard,
            )
            for number, (name, length) in enumerate(
                [(name, len(part.lists)) for name, part in self.task.seeding.parts.items()]
                or [("", len(specs))]
            )
        ]
        shares = [Fraction(part.share).limit_denominator(10**6) for part in parts] or [Fraction(1)]
        weights = [share / len(mine) for share, mine in zip(shares, self._parts, strict=True)]
        return Orders(orders, weights)

    @property
    def lacking_lists(self) -> Sequence[Call]:
        """Return the unanswered calls that ended lists on the walk, in a run that does not send."""
        return [*dict.fromkeys(call for order in self.order.orders for call in order.lacking)]

    def known_seeds(self) -> Iterator[Seed]:
        """All seeds that the lists have so far, walked to or not."""
        return chain.from_iterable(order.known() for order in self.order.orders)

    async def run(self, targets: Sequence[Target]) -> None:
        """Reach the targets one after the other, or run out of candidates; commit rows on the way.

        `quotas.shortfall` then tells whether labels lack rows.

        Calls in flight finish, however the run ends, so that paid answers are not lost.

        Raises:
            TargenError: whatever stopped the run; what was committed stays.
            Contradicted: the ledger belongs to another run; a new engine without it can continue.
        """
        last = targets[-1]
        try:
            for target in targets:
                await self._reach(target)
            if self._ledger.pending:
                raise Contradicted
        except CallCancelled:
            reason = self._layer.halt_reason or self._layer.refusing()
            assert reason is not None
            raise reason from None
        except TargenError as error:
            self._layer.halt(error)
            raise
        finally:
            if target is not last:  # stopped on its way: the report is about the last one
                self.quotas.aim(last.quotas, by_intended=last.balance == "intended")
            await self.order.aclose()

    # --- commit -----------------------------------------------------------

    async def _reach(self, target: Target) -> None:
        self.order.aim(target.give_up_after)
        self._ledger.aim(target)
        self.quotas.aim(target.quotas, by_intended=target.balance == "intended")
        self._takes_back = False
        kept, self._kept = self._kept, ()
        await self._begin_with(kept, target)
        await self._walk(target)
        while True:
            if self._takes_back_now():
                self.quotas.try_again()
            elif not (self._unused and self.quotas.open):
                break
            await self._walk(target)

    async def _begin_with(self, kept: Iterable[Kept], target: Target) -> None:
        """Commit instances of another run; checks, filters and quotas decide on them as on all."""
        entries = list[bytes]()
        rest = (slot_of(each, self.task, self._guard) for each in kept)
        while some := [*islice(rest, _KEPT)]:
            try:
                for slot, instance in some:
                    commit, detail = await self._commit_kept(some, slot, entries)
                    place = self._place(slot.seed, slot.branch, slot.ordinal)
                    self._kept_at[place] = item_value(slot.seed.value)
                    self._tally(slot, commit, detail, instance)
            except asyncio.CancelledError:
                self._window.cancel()
                raise
            finally:
                for slot, _ in some:
                    slot.abandon()
                await self._window.drain()
        self._restore(entries)

    async def _commit_kept(
        self, some: Sequence[tuple[KeptSlot, Any]], slot: KeptSlot, entries: list[bytes]
    ) -> tuple[Commit, str]:
        """Give one of some kept instances its verdict, and write it.

        Collects in `entries` the verdicts of earlier processes, for the filters.
        """
        if self._ledger.pending:
            commit = self._recalled(slot)
            entries += [commit.entry] if commit.verdict == "accepted" else []
            self._next_idx += commit.rows
            return commit, ""
        self._restore(entries)
        if slot.task is None:
            for other, instance in some:
                self._window.start_kept(other, instance, other.kept.known)
        assert slot.task is not None
        outcome = await slot.task
        verdict, quota, detail = self._judge(slot, outcome)
        return self._write(slot, outcome, verdict, quota, detail), detail or outcome.detail

    def _takes_back_now(self) -> bool:
        """Return whether to take back refusals that give way: labels still lack rows.

        Such a filter improves rows; it should not make a run fall short.
        """
        if self._takes_back or self.quotas.met:
            return False
        self._takes_back = any(_GAVE_WAY in past for past in self._past)
        return self._takes_back

    async def _walk(self, target: Target) -> None:
        """Give candidates their verdicts until the target is reached, or they run out."""
        self._over = self.order.over = frozenset()
        self.order.take_passed()  # passed by the earlier walk, as by this one
        self._allocation.begin()
        self._unused = False
        candidates = self._candidates()
        await self._repeat(candidates, target)
        self._replays = self._sink.replaying
        self._room.set()
        producer = asyncio.ensure_future(self._produce(candidates))
        producer.add_done_callback(lambda _: self._arrived.set())
        try:
            while self.quotas.open:
                while not self._window and not producer.done():
                    self._arrived.clear()
                    await self._arrived.wait()
                if not self._window:
                    producer.result()  # raises if the walk failed
                    if self._may_come(self._over):
                        self._report(self.order.take_passed(), written=self._ledger.pending)
                    break
                slot = self._window.head
                if not self._may_come(slot.over):
                    if slot.over != self._over:
                        self._report(slot.batches, written=self._ledger.pending)
                    break
                self._over = slot.over
                await self._commit(slot, target)
        except asyncio.CancelledError:  # a halt lets calls finish; who cancels does not wait
            self.order.cancel()
            self._window.cancel()
            raise
        finally:
            producer.cancel()
            self._window.abandon()  # before anything else gets its turn, and sends
            await asyncio.gather(producer, return_exceptions=True)
            await self._window.drain()
            self._window.clear()

    def _may_come(self, over: Collection[int]) -> bool:
        """Return whether an unfinished part could still give wanted rows.

        Others may be endless, and walking them would be in vain.
        """
        if not over:
            return bool(self.quotas.open)
        mine = [branches for part, branches in enumerate(self._parts) if part not in over]
        return any(branch in branches for branches in mine for branch in self.quotas.open)

    async def _repeat(self, candidates: AsyncIterator[Slot], target: Target) -> None:
        """Adopt the verdicts of earlier processes without executing, judging or writing."""
        entries = list[bytes]()
        while self._ledger.pending and self.quotas.open:
            slot = await anext(candidates, None)
            if slot is None:
                break
            if slot.over and not self._may_come(slot.over):
                self._window.line_up(slot)
                break
            self._over = slot.over
            self._report(slot.batches, written=True)
            if not self._is_due(slot):
                continue
            commit = self._recalled(slot)
            self._next_idx += commit.rows
            if commit.verdict == "accepted":
                entries.append(commit.entry)
            if len(entries) == _RESTORED:
                self._restore(entries)
            if slot.number % 1000 == 0:
                await asyncio.sleep(0)  # a Ctrl-C is heard
            self._count(slot, commit, target, "", None)
        self._restore(entries)

    def _recalled(self, slot: Slot) -> Commit:
        """Return the verdict of an earlier process on a candidate.

        Raises:
            Contradicted: it cannot be one on this candidate.
        """
        commit = self._ledger.recall(slot.id)
        rows = self.task.rows_per_instance if commit.verdict == "accepted" else 0
        if commit.rows != rows or not self.quotas.knows(commit.quota, rows):
            raise Contradicted
        return commit

    def _restore(self, entries: list[bytes]) -> None:
        """Have filters take back what they kept of rows, and empty the list."""
        try:
            if entries:
                self._filters.restore(entries)
        except ValueError as error:
            raise Contradicted from error
        entries.clear()

    async def _commit(self, slot: Slot, target: Target) -> None:
        """Give the candidate at the head of the window its verdict, if it is due."""
        outcome = None
        if self._is_due(slot):
            assert slot.task is not None  # it is the first, so it was worth starting
            slot.let_send()
            outcome = await slot.task
        else:
            slot.abandon()
        self._window.leave()
        self._report(slot.batches, written=False)
        if outcome is not None and outcome.lacking:
            self._put_off(slot, outcome)
        elif outcome is not None:
            verdict, quota, detail = self._judge(slot, outcome)
            commit = self._write(slot, outcome, verdict, quota, detail)
            instance = outcome.final or outcome.instance
            self._count(slot, commit, target, detail or outcome.detail, instance)
        if self._replays and self.quotas.open and not self._sink.replaying:
            self._replays = False
            self._window.let_send()
        self._window.start_due()
        self._room.set()

    def _write(
        self, slot: Slot, outcome: Outcome, verdict: Verdict, quota: str, detail: str
    ) -> Commit:
        """Write a verdict's outputs, then the verdict, for later processes."""
        entry = b""
        if verdict == "accepted":
            entry = self._accept(slot, outcome)
        else:
            self._sink.reject(slot.reject(outcome, verdict, detail) | self._draws(slot))
        commit = Commit(
            slot.id,
            verdict,
            quota,
            outcome.corrected,
            self._ending(outcome),
            outcome.stage,
            outcome.reason,
            self.task.rows_per_instance if verdict == "accepted" else 0,
            self._calls(slot),
            entry,
        )
        self._ledger.keep(commit)
        return commit

    def _is_due(self, slot: Slot) -> bool:
        """Return whether a candidate is judged at its turn: rows that it may give are wanted."""
        if self.quotas.is_open(slot.branch):
            return True
        if self._one_label:
            self._unused |= self._first(slot) not in self._branch_of
            self._allocation.committed(slot.branch)
        return False

    def _first(self, slot: Slot) -> tuple[int, int]:
        """Return the part and the number of the first candidate that shares a call with it."""
        return slot.part, slot.number - slot.number % self.task.seeding.instances_per_call

    def _needs_changed(self, slot: Slot, quota: str = "") -> None:
        """Note that a candidate had its turn, which may have given rows of a quota."""
        if self._one_label:
            self._allocation.committed(slot.branch, self.quotas.sharing(slot.branch, quota))

    def _put_off(self, slot: Slot, outcome: Outcome) -> None:
        """Give no verdict, since answers are missing; later candidates leave room for its rows."""
        self.lacking.append(Lacking(slot.id, slot.branch, outcome.lacking, outcome.keys))
        self._mark(slot, _FINAL)
        self.quotas.await_rows(slot.branch, self.task.rows_per_instance)
        self._needs_changed(slot)

    def _count(
        self, slot: Slot, commit: Commit, target: Target, detail: str, instance: Any
    ) -> None:
        """Count a verdict whose outputs are written, and report it."""
        if commit.reason == UNREADABLE:
            number = slot.seed.sample if commit.stage == "generate" else slot.ordinal
            self.unread = slot.seed.place(commit.stage, slot.branch, number)
        elif commit.reason == UNANSWERED:
            self.refusal = detail
        again = self._before(slot)
        place = slot.part, slot.number
        counted_as = self._counted_as.get(place, "")
        limited = commit.stage == "filter" and commit.reason in self._filters.gives_way
        if limited:
            self._mark(slot, _GAVE_WAY)
            self._counted_as[place] = commit.reason
        elif commit.verdict == "surplus":
            self._mark(slot, _SURPLUS)
            self._counted_as[place] = commit.ending or ""
        else:
            self._mark(slot, _FINAL)
        if again is None:
            # That a filter excludes a row says nothing of others.
            rejected = commit.verdict == "rejected" and commit.stage != "filter"
            self.order.judged(slot.seed, rejected=rejected or commit.verdict == "duplicate")
        self._tally(slot, commit, detail, instance, again, counted_as, limited=limited)
        for label in self.quotas.give_up(slot.branch, target.give_up_after):
            have, requested = self.quotas.progress(label)
            self._listener(LabelGivenUp(label, target.give_up_after, have, requested))
        self._needs_changed(slot, commit.quota if commit.rows else "")

    def _tally(
        self,
        slot: Slot,
        commit: Commit,
        detail: str,
        instance: Any,
        again: Verdict | None = None,
        counted_as: str = "",
        *,
        limited: bool = False,
    ) -> None:
        """Count a verdict for quotas and filters, and tell the listener."""
        self.used_calls += commit.calls
        self._filters.count(slot.branch, commit)
        self.quotas.count(slot.branch, commit, again=again, counted_as=counted_as, limited=limited)
        self._listener(
            Committed(
                commit.id,
                commit.verdict,
                slot.branch,
                commit.corrected,
                commit.stage,
                commit.reason,
                detail,
                instance,
                commit.rows,
            )
        )

    def _ending(self, outcome: Outcome) -> str | None:
        """Where the label flow counts a candidate."""
        if outcome.corrected is None:
            return None
        return ending(outcome.corrected, outcome.claimed, closed=bool(self.task.labels))

    def _before(self, slot: Slot) -> Verdict | None:
        """Return a candidate's earlier verdict: surplus, rejected; None without one."""
        past = self._past[slot.part]
        mark = past[slot.number] if slot.number < len(past) else _UNJUDGED
        if mark == _GAVE_WAY:
            return "rejected"
        return "surplus" if mark == _SURPLUS else None

    def _mark(self, slot: Slot, mark: int) -> None:
        """Note how a candidate fared, and what its seed was used for if that may matter again."""
        past = self._past[slot.part]
        past.extend(bytes(max(0, slot.number + 1 - len(past))))
        past[slot.number] = mark
        if self._one_label and (mark != _FINAL or self.task.seeding.instances_per_call > 1):
            self._branch_of[self._first(slot)] = slot.branch

    def _calls(self, slot: Slot) -> int:
        """Calls that the verdict rests on and that were not counted at an earlier target."""
        if self._before(slot) is not None:
            return 0
        first = slot.ordinal % self.task.seeding.instances_per_call == 0
        return len(slot.scope.keys) + (len(slot.generation.scope.keys) if first else 0)

    def _report(self, batches: Sequence[ListBatch], *, written: bool) -> None:
        """Count list batches, and write the items that they left out, once."""
        for batch in batches:
            if batch.reported:
                continue
            batch.reported = True
            self.used_calls += len(batch.keys)
            for item in batch.dropped:
                self.quotas.dropped[item.step, item.reason] += 1
                if item.reason == UNREADABLE:
                    self.unread = item.place
                elif item.reason == UNANSWERED:
                    self.refusal = item.detail
                if not written:
                    self._sink.reject({"verdict": "dropped", **asdict(item)})

    def _judge(self, slot: Slot, outcome: Outcome) -> tuple[Verdict, str, str]:
        """Return the verdict, its quota, and its text for people."""
        if outcome.stage in ("generate", "check"):
            return "rejected", slot.aim or "", ""
        final = None if outcome.stage else outcome.final
        refusal = self._filters.find(self._candidate(slot, outcome.instance, final))
        if refusal is not None and refusal.reason not in self._filters.gives_way:
            return self._refuse(outcome, refusal), slot.aim or "", refusal.detail
        if outcome.stage:
            return "rejected", slot.aim or "", ""
        by_aim = slot.aim if self.quotas.by_intended else None
        quota = by_aim or self.task.quota_of(outcome.final)
        if quota not in self.task.quota_names:  # rows may have it, but none are requested
            return "surplus", "", f"no rows are requested for label {quota}"
        if self.quotas.is_full(counted := self.quotas.counted(slot.branch, quota)):
            return "surplus", quota, self.quotas.why_full(counted)
        if refusal is not None and not self._takes_back:  # last: it would be a row
            return self._refuse(outcome, refusal), quota, refusal.detail
        return "accepted", quota, ""

    @staticmethod
    def _refuse(outcome: Outcome, refusal: Refusal) -> Verdict:
        """Take a filter's refusal."""
        outcome.notes.update(refusal.facts)
        if refusal.verdict == "rejected":
            outcome.reject("filter", Rejected(refusal.reason, refusal.detail))
        return refusal.verdict

    def _accept(self, slot: Slot, outcome: Outcome) -> bytes:
        """Write an instance's rows; return what the filters keep about it."""
        rows = self._guard.call(self.task.to_rows, outcome.final, self._next_idx)
        if len(rows) != self.task.rows_per_instance:
            raise self._guard.fault(
                f"to_rows() returned {plural(len(rows), 'row')} for one instance, but the task's "
                f"rows_per_instance is {self.task.rows_per_instance}"
            )
        if self._checks_rows:
            for row in rows:
                self._check_row(row)
        provenance = slot.provenance(outcome, self._next_idx, len(rows))
        self._sink.accept(rows, provenance | self._draws(slot))
        self._next_idx += len(rows)
        return self._filters.add(self._candidate(slot, outcome.final, outcome.final))

    def _draws(self, slot: Slot) -> dict[str, Any]:
        """Return the draws for a candidate and the items above it, if any; a kept one has them."""
        if isinstance(slot, KeptSlot):
            return {}
        seed = slot.seed
        place = (*self.task.draw_path(seed.path), slot.ordinal)
        late = self.task.late(slot.branch, seed.path, seed.sample)
        own = draw(self.task.dimensions, self._layer.seed, place, self._numbers[slot.branch], late)
        if self.task.seeding.drawn is not None:
            own = {
                **own,
                **self._guard.call(self.task.seeding.drawn, seed.above, seed.value, slot.branch),
            }
        drawn = {**self.task.properties_of(slot.branch), **self.order.draws(seed.path), **own}
        return {"dimensions": drawn} if drawn else {}

    def _check_row(self, row: Mapping[str, Any]) -> None:
        """Require that the official schema accepts a row that the task's own code made."""
        try:
            self.task.schema.model_validate(row)
        except ValidationError as error:
            raise self._guard.fault(
                f"to_rows() returned a row that the task's schema rejects: {refused(error)}"
            ) from error

    def _candidate(self, slot: Slot, instance: Any, final: Any) -> Candidate:
        """Return an instance as filters see it; `final` is step 4's result, or None."""
        if self._looked_for is not None:  # accepted items are added next, unchanged
            its_slot, its_final, candidate = self._looked_for
            if its_slot is slot and its_final is final and candidate.instance is instance:
                return candidate
        call, task = self._guard.call, self.task

        def rows() -> Sequence[Mapping[str, Any]]:
            return () if final is None else call(task.to_rows, final, self._next_idx)

        label = slot.aim if final is None else call(task.claimed_label, final)
        text = call(task.render, instance)
        candidate = Candidate(
            call(task.dedup_among, instance, slot.seed.id),
            instance,
            text,
            text if task.texts.dedup_text is None else call(task.dedup_text, instance),
            slot.branch,
            rows,
            (label or "") if task.labels else "",  # open labels are answers, with many wordings
        )
        self._looked_for = slot, final, candidate
        return candidate

    # --- execution ahead of the commit point ------------------------------

    async def _candidates(self) -> AsyncIterator[Slot]:
        """The candidates that have no final verdict yet, in the run's one order."""
        numbers = [0] * len(self._past)  # where one part ends does not concern the others
        each = self.task.seeding.instances_per_call
        passed: list[ListBatch] = []
        async for seed in self.order.walk(lambda p: self._window.seeds_ahead(self._parts[p])):
            passed += self.order.take_passed()
            part, first = self.order.part_of(seed.path), seed.sample * each
            branches = self._branches_of(seed)
            for branch in ("",) if self._one_label else branches:
                start = numbers[part]
                numbers[part] += each
                mine = [
                    (number, ordinal)
                    for number, ordinal in zip(count(start), range(first, first + each))
                    if not self._is_finished(part, number)
                    and not self._is_kept(seed, branch, ordinal)
                ]
                if not mine:
                    continue
                if self._one_label:
                    known = self._branch_of.get((part, start))
                    seats = self.task.seats_at(seed.path)
                    branch = known or await self._allocation.branch(branches, seats) or ""
                    if not branch:
                        continue
                generation = SharedGeneration(self._new_scope())
                for number, ordinal in mine:
                    self._allocation.add(branch)
                    yield Slot(
                        part=part,
                        number=number,
                        seed=seed,
                        branch=branch,
                        aim=self.quotas.aims[branch],
                        ordinal=ordinal,
                        generation=generation,
                        batches=passed,
                        over=self.order.over,
                        run=self._run,
                        scope=self._new_scope(),
                    )
                    passed = []

    def _new_scope(self) -> Scope:
        """Return a scope, whose calls wait for their turn while earlier lines are repeated.

        Answers come at once then. Other candidates would be ahead by more than they were, and ask
        for what the run never needed.
        """
        return Scope(turn=asyncio.Event() if self._replays else None)

    def _is_kept(self, seed: Seed, branch: str, ordinal: int) -> bool:
        """Return whether the run began with what this candidate would be again."""
        if not self._kept_at:
            return False
        place = self._place(seed, branch, ordinal)
        return place in self._kept_at and self._kept_at[place] == item_value(seed.value)

    def _place(self, seed: Seed, branch: str, ordinal: int) -> tuple[tuple[int, ...], str, int]:
        """Return the place of a candidate: a seed for one label has none for another."""
        return seed.path, "" if self._one_label else branch, ordinal

    def _branches_of(self, seed: Seed) -> tuple[str, ...]:
        """Return the branches that a seed is used for, in order."""
        if self.task.seeding.seed_branch is None:
            return self.task.turns(seed.path, seed.sample)
        branch = self._guard.call(self.task.seeding.seed_branch, seed.above, seed.value)
        branch = self.task.branch_at(seed.path, branch)
        if branch not in self.task.branches:
            raise self._guard.fault(f"seed_branch returned {branch!r}, which is not a branch")
        return (branch,)

    def _is_finished(self, part: int, number: int) -> bool:
        """Return whether no walk will reach a candidate again."""
        past = self._past[part]
        mark = past[number] if number < len(past) else _UNJUDGED
        return mark == _FINAL or (mark == _GAVE_WAY and not self._takes_back)

    async def _produce(self, candidates: AsyncIterator[Slot]) -> None:
        """Line candidates up while there is room for more."""
        while await self._is_room():
            slot = await anext(candidates, None)
            if slot is None:
                return
            self._window.line_up(slot)
            self._window.start_due()
            self._arrived.set()
            if (slot.number + 1) % _TURN == 0:
                await asyncio.sleep(0)  # what was started gets on its way

    async def _settled(self) -> None:
        """Wait until each candidate in the window has its verdict."""
        while self._window:
            self._room.clear()
            await self._room.wait()

    def _rows(self, count: int) -> Sequence[Any]:
        """The instances of the first rows, read back: they are not needed in memory otherwise."""
        rows, each = self._sink.rows(count) if count else (), self.task.rows_per_instance
        return [
            instance
            for start in range(0, len(rows), each)
            for instance in self._guard.call(self.task.from_rows, rows[start : start + each])
        ]

    def _needed(self, part: str) -> Mapping[str, int]:
        """Return how many rows each label lacks in a part, at a point that all replays share."""
        if (
            self.task.seeding.parts and not self.task.has_shares
        ):  # a branch may give rows of any label
            return {}
        return self.quotas.needed_in(part)

    async def _is_room(self) -> bool:
        """Wait for room; whether there may be candidates for it."""
        while self._may_come(self.order.over) and not self._window.has_room():
            self._room.clear()
            await self._room.wait()
        return self._may_come(self.order.over)
