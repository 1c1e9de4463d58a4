"""Steps 3 and 4 of candidates as they are executed, many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from targen_core.calls.call import Scope
from targen_core.calls.layer import CallCancelled, CallLayer
from targen_core.engine.executor import Executor, Generated, Generation, Judgement, Outcome
from targen_core.engine.seeds import Seed
from targen_core.engine.slots import Slot
from targen_core.errors import Rejected, StageFailed, TargenError
from targen_core.tasks.model import Task

__all__ = ["Execution"]


class Execution:
    """Executes candidates; a failure stops all sending.

    Args:
        task: whose they are.
        executor: does the work.
        layer: stops all calls where one failed.
        room: set when a candidate is done, since another may be worth starting then.
    """

    def __init__(
        self, task: Task[Any, Any], executor: Executor, layer: CallLayer, room: asyncio.Event
    ) -> None:
        self._task = task
        self._executor = executor
        self._layer = layer
        self._room = room
        self._shares_generations = task.instances_per_call > 1 or task.samples_per_seed > 1
        self._samples: dict[tuple[str, str], dict[int, asyncio.Future[Sequence[Any]]]] = {}
        self._running: set[asyncio.Task[Any]] = set()

    @property
    def running(self) -> int:
        """Candidates that are being executed."""
        return len(self._running)

    def start(self, slot: Slot) -> None:
        """Start a candidate: its `task` gives the outcome."""
        generation = slot.generation
        if self._shares_generations and generation.task is None:
            generation.task = asyncio.ensure_future(
                self._draw(slot.seed, slot.branch, generation.scope)
            )
            generation.task.add_done_callback(self.on_done)
        slot.task = asyncio.ensure_future(self._execute(slot))
        self._running.add(slot.task)
        slot.task.add_done_callback(self.on_done)

    def cancel(self) -> None:
        """Wait for no call in flight."""
        for task in self._running:
            task.cancel()

    async def drain(self) -> None:
        """Let calls in flight finish that are still wanted."""
        self._layer.sweep()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _draw(self, seed: Seed, branch: str, scope: Scope) -> Generated:
        """G(branch, seed), shown what earlier samples of the two gave."""
        if self._task.samples_per_seed == 1:
            return await self._executor.generate(Generation(seed, branch), scope)
        samples = self._samples.setdefault((seed.id, branch), {})
        before = [
            self._sample_of(samples, replace(seed, sample=n), branch)
            for n in self._task.samples_before(seed.path, seed.sample, branch)
        ]
        mine = samples[seed.sample] = asyncio.get_running_loop().create_future()
        try:
            shown = [instance for sample in before for instance in await sample]
            earlier = [instance for instance in shown if not isinstance(instance, Rejected)]
            made = await self._executor.generate(Generation(seed, branch, earlier), scope)
            mine.set_result(made.instances)
        except BaseException:
            mine.set_exception(CallCancelled())  # later samples are shown nothing: they end as well
            mine.exception()  # it may be that nobody waits
            raise
        return made

    def _sample_of(
        self, samples: dict[int, asyncio.Future[Sequence[Any]]], seed: Seed, branch: str
    ) -> asyncio.Future[Sequence[Any]]:
        """What an earlier sample gave; made again from the journal where its verdicts are old."""
        if seed.sample not in samples:

            async def again() -> Sequence[Any]:
                return (await self._draw(seed, branch, Scope())).instances

            task = asyncio.ensure_future(again())
            self._running.add(task)
            task.add_done_callback(self.on_done)
            samples[seed.sample] = task
        return samples[seed.sample]

    def on_done(self, task: asyncio.Task[Any]) -> None:
        """A failure stops the sending at once; commit goes on up to it."""
        self._running.discard(task)
        self._room.set()
        if task.cancelled():
            return
        error = task.exception()
        if error is None or isinstance(error, (Rejected, CallCancelled)):
            return
        self._layer.halt(
            error
            if isinstance(error, TargenError)
            else StageFailed(f"{type(error).__name__}: {error}", distribution="targen-core")
        )

    async def _execute(self, slot: Slot) -> Outcome:
        """Steps 3 and 4 of a candidate."""
        if slot.generation.task is not None:
            generated = await asyncio.shield(slot.generation.task)
        else:
            generated = await self._executor.generate(
                Generation(slot.seed, slot.branch), slot.scope
            )
        made = generated.at(slot.ordinal - slot.seed.sample * self._task.instances_per_call)
        outcome = await self._executor.judge(
            Judgement(slot.seed, slot.branch, slot.ordinal, made, generated.notes), slot.scope
        )
        outcome.keys += [*slot.generation.scope.keys, *slot.scope.keys]
        outcome.lacking = (*slot.generation.scope.lacking, *slot.scope.lacking)
        return outcome
