"""Where the models of a run work, as the user states: an executor, and its workers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from targen_core.calls.delivery import Delivery
from targen_core.calls.executors import ModelExecutor, Workers
from targen_core.errors import UsageError
from targen_core.hints import did_you_mean, quoted
from targen_core.options import Flag, Limits, Options
from targen_core.origin import Named
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.preparing.models import PreparedStep
from targen_core.runs.preparing.parts import Parts

_MAX_WORKERS = 100_000
_KEYS = ("name", "address", "workers", "resources", "replicas")


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
        Named | None,
        Flag(
            "With --executor: the cluster's address.",
            metavar="ADDRESS",
            default="workers on this machine",
        ),
    ] = None
    workers: Annotated[
        Named | None,
        Flag(
            "With --executor: the number of workers, such as 4; 2-8 lets the number grow.",
            metavar="N|MIN-MAX",
        ),
    ] = None
    resources: Annotated[
        Named | None,
        Flag(
            "With --executor: the resources of each worker, such as `gpu=1`.",
            metavar="NAME=AMOUNT",
            default="cpu=1",
        ),
    ] = None
    replica: Annotated[
        Sequence[Named],
        Flag(
            "With --executor: a server running the same model; it gets its own worker. "
            "May be given several times.",
            metavar="URL",
            repeats=True,
        ),
    ] = ()

    @property
    def asked(self) -> dict[str, Any] | None:
        """Return the input of `Elsewhere.read`."""
        said: dict[str, Any] = {n: value for n, value in self if value and n != "executor"}
        if self.executor is None:
            return None
        if "replica" in said:
            said["replicas"] = said.pop("replica")
        return {"name": self.executor, **said}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An executor and the workers requested from it.

    Attributes:
        registered: the executor's registration.
        asked: what was said, by the words of `read`.
    """

    registered: Registration[ModelExecutor]
    executor: ModelExecutor
    workers: Workers
    asked: Mapping[str, Any]

    @classmethod
    def read(
        cls, registry: Registry, asked: str | Mapping[str, Any], options: dict[str, Any]
    ) -> Elsewhere:
        """An executor by its name, or by `name` with some of the others.

        `address` is that of a cluster, `workers` a number or a range such as "2-8", `resources` are
        numbers by name, and `replicas` addresses of servers. Those of `options` that are the
        executor's own are taken out.

        Raises:
            UsageError: the executor is unknown, or a value is invalid.
        """
        said = {"name": asked} if isinstance(asked, str) else dict(asked)
        for key in said:
            if key not in _KEYS:
                raise UsageError(
                    f"executor: unknown key {key!r}", hint=did_you_mean(key, _KEYS, "keys")
                )
        name = said.get("name", "")
        if not isinstance(name, str) or not name:
            raise UsageError("the executor has no name", hint="for example --executor ray")
        said = {key: value for key, value in said.items() if value not in (None, "", (), [], {})}
        minimum, maximum = _range(said.get("workers"))
        workers = Workers(
            address=str(said.get("address", "")),
            minimum=minimum,
            maximum=maximum,
            resources=_resources(said.get("resources", {})),
            replicas=_replicas(said.get("replicas", ())),
        )
        parts = Parts(registry, options, copies=False)
        registered, executor = parts.find("executor", "executor", name)
        for option in [*options]:
            if option.rpartition(".")[0] in parts.names:
                del options[option]
        return cls(registered, executor, workers, said)

    @property
    def options(self) -> dict[str, Any]:
        """The options that request the same."""
        options = {"executor": self.asked["name"]}
        options |= {key: self.asked[key] for key in ("address", "workers") if key in self.asked}
        if amounts := self.workers.resources:
            options["resources"] = ",".join(f"{name}={of:g}" for name, of in amounts.items())
        if self.workers.replicas:
            options["replicas"] = self.workers.replicas
        return options

    def refuse(self, delivery: Delivery) -> None:
        """Report that a delivery leaves it without work.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            f"--executor {quoted(self.asked['name'])} and {delivery.asked} cannot be "
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


def _range(asked: Any) -> tuple[int | None, int | None]:
    """The fewest and the most workers."""
    if asked is None:
        return None, None
    match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", str(asked).strip())
    if match:
        minimum = int(match[1])
        maximum = int(match[2]) if match[2] else minimum
        if 1 <= minimum <= maximum <= _MAX_WORKERS:
            return minimum, maximum
    raise UsageError(
        f"--workers {asked}: it must be a number of workers, or a minimum and a maximum",
        hint="--workers 4, or --workers 2-8",
    )


def _resources(asked: Any) -> dict[str, float]:
    """Amounts by name; of a text, `NAME=AMOUNT` with commas between."""
    if isinstance(asked, str):
        parts = (part.partition("=") for part in asked.split(","))
        asked = {name.strip(): amount for name, _, amount in parts}
    try:
        amounts = {str(name): float(amount) for name, amount in asked.items()}
    except (AttributeError, TypeError, ValueError):
        amounts = {"": 0.0}
    for name, amount in amounts.items():
        if not name or not 0 < amount < 1e6:
            raise UsageError(
                "--resources: it must map names to amounts above 0",
                hint="--resources gpu=1,cpu=4",
            )
    return amounts


def _replicas(asked: Any) -> tuple[str, ...]:
    urls = tuple([asked] if isinstance(asked, str) else asked)
    for url in urls:
        if not isinstance(url, str) or "://" not in url:
            raise UsageError(
                f"--replica {url}: not a server address",
                hint="--replica http://gpu-1:8000/v1 --replica http://gpu-2:8000/v1",
            )
    if len(set(urls)) < len(urls):
        raise UsageError("--replica lists a server twice")
    return urls
