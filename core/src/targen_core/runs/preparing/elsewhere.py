"""Where the models of a run work, as the user states: an executor, and its workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from targen_core.calls.delivery import Delivery
from targen_core.calls.executors import ModelExecutor, Workers
from targen_core.errors import UsageError
from targen_core.hints import quoted
from targen_core.options import Limits
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.config import WorkerOptions
from targen_core.runs.preparing.models import PreparedStep
from targen_core.runs.preparing.parts import Parts


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An executor and the workers requested from it.

    Attributes:
        registered: the executor's registration.
        executor: the executor.
        workers: the workers requested from it.
        options: the options that request the same.
    """

    registered: Registration[ModelExecutor]
    executor: ModelExecutor
    workers: Workers
    options: Mapping[str, Any]

    @classmethod
    def read(cls, registry: Registry, asked: WorkerOptions, options: dict[str, Any]) -> Elsewhere:
        """Return the executor with its workers; its own `options` are taken out.

        Raises:
            UsageError: the executor is unknown, or a value is invalid.
        """
        if not asked.executor:
            raise UsageError("the executor has no name", hint="for example --executor ray")
        workers = asked.requested
        parts = Parts(registry, options, copies=False)
        registered, executor = parts.find("executor", "executor", asked.executor)
        for option in [*options]:
            if option.rpartition(".")[0] in parts.names:
                del options[option]
        again: dict[str, Any] = asked.model_dump(exclude_defaults=True)
        if asked.resources:
            again["resources"] = ",".join(f"{name}={of:g}" for name, of in asked.resources.items())
        return cls(registered, executor, workers, again)

    def refuse(self, delivery: Delivery) -> None:
        """Report that a delivery leaves it without work.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            f"--executor {quoted(self.registered.name)} and {delivery.asked} cannot be "
            f"combined: {delivery.answered}, so workers would have nothing to do",
            hint=f"leave --executor out, or continue with {delivery.dropped}",
        )

    async def place(
        self, steps: Mapping[str, PreparedStep], limits: Limits
    ) -> dict[str, PreparedStep]:
        """`steps` with models that work there.

        Raises:
            UsageError: what was asked for cannot be.
            JobFailed: no worker came up.
        """
        sources = {id(step.model): step.source for step in steps.values()}
        workers = self.workers
        if limits.max_outage is not None:
            workers = replace(workers, patience=limits.max_outage)
        models = await self.executor.place([*sources.values()], workers)
        if not isinstance(models, Sequence) or len(models) != len(sources):
            problem = f": place() returned {repr(models)[:80]}, not one model per source"
            raise self.registered.fault(problem, "")
        if odd := [each for each in models if not hasattr(each, "complete")]:
            problem = (
                f": place() returned an object of type {type(odd[0]).__name__}, which is not a "
                "model"
            )
            raise self.registered.fault(problem, "")
        placed = dict(zip(sources, models, strict=True))
        return {name: replace(step, model=placed[id(step.model)]) for name, step in steps.items()}
