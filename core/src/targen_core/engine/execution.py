"""Execute steps 3 and 4 of many candidates at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from targen_core.calls.call import CallCancelled, Scope
from targen_core.calls.layer import CallLayer
from targen_core.engine.executor import Executor, Generated, Generation, Judgement, Outcome
from targen_core.engine.seeds import Seed
from targen_core.engine.slots import SharedGeneration, Slot
from targen_core.errors import PluginError, Rejected, TargenError
from targen_core.tasks.judging import Correction
from targen_core.tasks.model import Task


@dataclass(eq=False, repr=False)
class Execution:
    """Executes candidates; a failure stops all sending.

    Attributes:
        task: whose they are.
        executor: does the work.
        layer: stops all calls if one fails.
        room: set when a candidate is done, since another may be worth starting then.
        refuses: whether an instance of a candidate will be refused whatever step 4 says.
    """

    task: Task[Any, Any]
    executor: Executor
    layer: CallLayer
    room: asyncio.Event
    refuses: Callable[[Slot, Any], bool]
    # Indexed by seed, branch and sample; empty if each seed has one sample.
    _generations: dict[tuple[str, str, int], SharedGeneration] = field(default_factory=dict)
    _running: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def running(self) -> int:
        """Candidates that are being executed."""
        return len(self._running)

    def start(self, slot: Slot) -> None:
        """Start a candidate: its `task` gives the outcome."""
        if self.task.instances_per_call > 1 or self.task.samples_per_seed > 1:
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
        work = Judgement(slot.seed, slot.branch, slot.ordinal, instance, {}, known=known)
        outcome = await self.executor.judge(work, slot.scope)
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
        if self.task.samples_per_seed > 1:
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
        return await self.executor.generate(Generation(seed, branch, earlier), scope)

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
            generated = await self.executor.generate(Generation(slot.seed, slot.branch), slot.scope)
        made = generated.at(slot.ordinal - slot.seed.sample * self.task.instances_per_call)
        outcome = await self.executor.judge(
            Judgement(
                slot.seed,
                slot.branch,
                slot.ordinal,
                made,
                generated.notes,
                not isinstance(made, Rejected) and self.refuses(slot, made),
            ),
            slot.scope,
        )
        outcome.keys += [*slot.generation.scope.keys, *slot.scope.keys]
        outcome.lacking = (*slot.generation.scope.lacking, *slot.scope.lacking)
        return outcome
