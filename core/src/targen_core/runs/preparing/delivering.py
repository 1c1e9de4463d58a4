"""Choose a run's delivery and the steps to deliver, and wrap their models."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.calls.delivery import DeliveredRun, Delivery
from targen_core.calls.executors import ModelExecutor, Workers
from targen_core.calls.retries import MAX_OUTAGE
from targen_core.calls.secrets import Secrets
from targen_core.errors import PluginError, UsageError
from targen_core.hints import quoted
from targen_core.options import Limits
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.config import WorkerOptions
from targen_core.runs.preparing.parts import Parts
from targen_core.tasks.steps import Step

if TYPE_CHECKING:
    from targen_core.runs.preparing.models import PreparedStep

_OF_ROWS = ("generate", "correct")


def chosen_delivery(registry: Registry, limits: Limits) -> Delivery | None:
    """Return the delivery that a run asks for; None if its calls are made one by one.

    Raises:
        UsageError: the delivery is unknown, or the run asks for two.
    """
    if limits.batch and limits.delivery not in ("", limits.delivered_by):
        raise UsageError(
            f"--batch and --delivery {quoted(limits.delivery)} cannot be combined",
            hint="omit one of them, or continue with --no-batch",
        )
    return registry.get("delivery", limits.delivered_by) if limits.delivered_by else None


def known_deliveries(registry: Registry) -> tuple[Delivery, ...]:
    """Return all deliveries, since any may have left a file in a run directory.

    One that cannot be imported is passed over, since it must not stop runs of others.
    """
    known = []
    for item in registry.all("delivery"):
        try:
            known.append(registry.resolve(item))
        except PluginError:
            continue
    return tuple(known)


def delivered_steps(
    delivery: Delivery | None, steps: Iterable[Step], lists_at_once: int
) -> list[str]:
    """Return the names of those steps whose calls a delivery takes.

    Lists are included if they grow in parallel, or the delivery handles all calls. Otherwise each
    call sees the items of the one before it, except in lists that write or judge rows.
    """
    if delivery is None:
        return []
    lists = delivery.takes_all or lists_at_once > 1
    return [step.name for step in steps if lists or step.name in _OF_ROWS]


def require_deliverable(delivery: Delivery, steps: Mapping[str, PreparedStep]) -> None:
    """Check that a delivery takes the calls of all these steps.

    Raises:
        UsageError: it does not.
    """
    for name, step in steps.items():
        delivery.require(name, step.backend_id.rpartition(":")[2], step.backend, step.options)


def delivered(
    steps: Mapping[str, PreparedStep],
    delivery: Delivery,
    folder: Path,
    limits: Limits,
    *,
    names: Collection[str],
    per_round: int = 1,
) -> dict[str, PreparedStep]:
    """Return `steps`, with models of the delivery for those in `names`.

    Raises:
        UsageError: it does not take the calls of one of them.
    """
    taken = {name: step for name, step in steps.items() if name in names}
    require_deliverable(delivery, taken)
    run = DeliveredRun(
        folder=folder,
        rounds=limits.rounds,
        per_round=per_round,
        max_outage=MAX_OUTAGE if limits.max_outage is None else limits.max_outage,
        secrets=Secrets(*(secret for step in steps.values() for secret in step.secrets)),
    )
    sources = {id(step.model): step.source for step in taken.values()}
    models = delivery.wrap([*sources.values()], run)
    if not isinstance(models, Sequence) or len(models) != len(sources):
        own = type(delivery)
        raise PluginError(
            f"{own.__module__}.{own.__qualname__}.wrap() returned {repr(models)[:80]}, not one "
            "model per source",
            distribution=own.__module__.partition(".")[0],
            hint="report it to its authors",
        )
    model_of = dict(zip(sources, models, strict=True))
    placed = {
        name: replace(step, model=model_of[id(step.model)], price=delivery.price(step.price))
        for name, step in taken.items()
    }
    return {**steps, **placed}


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
