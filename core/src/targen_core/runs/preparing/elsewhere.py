"""Where the models of a run work, as the user states: an executor, and its workers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BeforeValidator

from targen_core.calls.delivery import Delivery
from targen_core.calls.executors import ModelExecutor, Workers
from targen_core.errors import UsageError
from targen_core.hints import quoted
from targen_core.options import Flag, Limits, Options
from targen_core.origin import Named
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.preparing.models import PreparedStep
from targen_core.runs.preparing.parts import Parts

_MAX_WORKERS = 100_000


def _resources(value: Any) -> Any:
    """Amounts by name; of a text, `NAME=AMOUNT` with commas between."""
    if isinstance(value, str):
        parts = (part.partition("=") for part in value.split(","))
        value = {name.strip(): amount for name, _, amount in parts}
    try:
        amounts = {str(name): float(amount) for name, amount in value.items()}
    except (AttributeError, TypeError, ValueError):
        amounts = {"": 0.0}
    for name, amount in amounts.items():
        if not name or not 0 < amount < 1e6:
            raise UsageError(
                "--resources: it must map names to amounts above 0",
                hint="--resources gpu=1,cpu=4",
            )
    return amounts


def _replicas(value: Any) -> Any:
    """Addresses of servers, or of one."""
    urls = tuple([value] if isinstance(value, str) else value)
    for url in urls:
        if not isinstance(url, str) or "://" not in url:
            raise UsageError(
                f"--replica {url}: not a server address",
                hint="--replica http://gpu-1:8000/v1 --replica http://gpu-2:8000/v1",
            )
    if len(set(urls)) < len(urls):
        raise UsageError("--replica lists a server twice")
    return urls


class WorkerOptions(Options):
    """Where the models work."""

    panel = "Workers"

    executor: Annotated[
        Named | None,
        Flag(
            "Run the models with this executor instead of in this process; see targen "
            "list-executors.",
            metavar="NAME",
            completes="executor",
        ),
    ] = None
    address: Annotated[
        Named,
        Flag(
            "With --executor: the cluster's address.",
            metavar="ADDRESS",
            default="workers on this machine",
        ),
    ] = ""
    workers: Annotated[
        Named,
        BeforeValidator(str),
        Flag(
            "With --executor: the number of workers, such as 4; 2-8 lets the number grow.",
            metavar="N|MIN-MAX",
        ),
    ] = ""
    resources: Annotated[
        Mapping[str, float],
        BeforeValidator(_resources),
        Flag(
            "With --executor: the resources of each worker, such as `gpu=1`.",
            metavar="NAME=AMOUNT",
            default="cpu=1",
        ),
    ] = {}
    replicas: Annotated[
        tuple[str, ...],
        BeforeValidator(_replicas),
        Flag(
            "With --executor: a server running the same model; it gets its own worker. "
            "May be given several times.",
            ("--replica",),
            metavar="URL",
            repeats=True,
        ),
    ] = ()

    @property
    def requested(self) -> Workers:
        """Return the workers as an executor takes them.

        Raises:
            UsageError: their number is invalid.
        """
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", self.workers.strip())
        minimum, maximum = (int(match[1]), int(match[2] or match[1])) if match else (None, None)
        if self.workers and not 1 <= (minimum or 0) <= (maximum or 0) <= _MAX_WORKERS:
            raise UsageError(
                f"--workers {self.workers}: it must be a number of workers, or a minimum and a "
                "maximum",
                hint="--workers 4, or --workers 2-8",
            )
        return Workers(
            address=self.address,
            minimum=minimum,
            maximum=maximum,
            resources=self.resources,
            replicas=self.replicas,
        )


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
