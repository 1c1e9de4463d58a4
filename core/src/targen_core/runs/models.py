"""The model of each step of a run, made and checked, and bound to its limits."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from targen_core.calls.backend import Backend, BackendOptions
from targen_core.calls.call import BoundModel
from targen_core.calls.delivery import DeliveredRun, Delivery, ModelExecutor, ModelSource, Workers
from targen_core.calls.model import ChatModel, DeferredModel, Price
from targen_core.calls.rate import ConcurrencyLimit, RateLimiter, allow_descriptors
from targen_core.calls.retries import MAX_OUTAGE
from targen_core.calls.scores import most_top, tells
from targen_core.calls.secrets import Secrets
from targen_core.errors import PluginError, TargenError, UsageError
from targen_core.hints import quoted
from targen_core.options import Limits
from targen_core.plugins.register import MEMORY, Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig, WorkerOptions
from targen_core.runs.manifest import StepPlan
from targen_core.runs.parts import Parts
from targen_core.runs.step_options import (
    StepOptions,
    backend_options,
    known_secrets,
    prices,
    public_options,
    refuse_secrets,
    settled,
    step_parameters,
)
from targen_core.tasks.model import Task
from targen_core.tasks.steps import Step
from targen_core.text import plural

_NO_LIMIT = 1 << 30


USER_PRICE = "your own: --price-in and --price-out, or defaults"
"""The source of a price that the user said."""


@dataclass(frozen=True, slots=True)
class PreparedStep:
    """One step's model, and how it is used."""

    step: Step
    model: ChatModel
    params: dict[str, Any]
    price: Price | None
    backend: Backend
    backend_id: str
    options: BackendOptions
    settled: frozenset[str] = frozenset()
    secrets: tuple[str, ...] = field(default=(), repr=False)  # removed from all it says

    @property
    def source(self) -> ModelSource:
        """Its model, for what puts another in its place."""
        return ModelSource(
            model=self.model,
            backend=self.backend,
            backend_id="" if self.backend_id.startswith(f"{MEMORY}:") else self.backend_id,
            options=self.options,
        )

    @property
    def plan(self) -> StepPlan:
        """Return its record for a file."""
        return StepPlan(
            backend=self.backend_id,
            identity=self.model.identity,
            options=public_options(self.options),
            params=self.params,
        )


ModelsOf: TypeAlias = Callable[
    [
        Registry,
        Task[Any, Any],
        RunConfig,
        Mapping[str, StepOptions],
        Collection[str],
        Delivery | None,
    ],
    dict[str, PreparedStep],
]
"""Makes the models of a run's steps, as `models_of` does."""


def bind_models(
    steps: Mapping[str, PreparedStep], limits: Limits, *, task: str = ""
) -> dict[str, BoundModel]:
    """Each step's model with its limiter, one for each backend; all share the concurrency.

    Deferred models have one that lets every call go. Lists come only from the cache of runs of
    `task`. Otherwise tasks with identical list prompts would get the same contexts and seeds, and
    their datasets would be correlated. A suite shares them on purpose.
    """
    allow_descriptors(limits.concurrency)
    shared = ConcurrencyLimit(limits.concurrency)
    online: dict[str, int] = {}
    for step in steps.values():
        if not isinstance(step.model, DeferredModel):
            at_once = min(limits.concurrency, step.model.max_concurrency or limits.concurrency)
            online[step.backend_id] = max(at_once, online.get(step.backend_id, 0))
    limiters = {
        backend: RateLimiter(at_once, rpm=limits.rpm, tpm=limits.tpm, shared=shared)
        for backend, at_once in online.items()
    }
    unlimited = RateLimiter(_NO_LIMIT)
    return {
        name: BoundModel(
            step.model,
            unlimited if isinstance(step.model, DeferredModel) else limiters[step.backend_id],
            step.params,
            step.price,
            backend=step.backend_id,
            settled=step.settled,
            secrets=Secrets(*step.secrets),
            cacheable=step.backend.cacheable and getattr(step.model, "cacheable", True),
            shares_replies=getattr(step.model, "shares_replies", True),
            shared_by=task if step.step.lists is not None else "",
        )
        for name, step in steps.items()
    }


def models_of(
    registry: Registry,
    task: Task[Any, Any],
    config: RunConfig,
    options: Mapping[str, StepOptions],
    asked: Collection[str],
    delivery: Delivery | None,
) -> dict[str, PreparedStep]:
    """The models of the steps `asked`; those with the same backend and options share one.

    A `delivery` must be able to take their calls.
    """
    made: list[tuple[str, BackendOptions, ChatModel]] = []
    steps: dict[str, PreparedStep] = {}
    taken = delivered_steps(delivery, task.steps)
    for step in task.steps:
        if step.name not in asked:
            continue
        name = config.backend_of(step.name)
        user = options[step.name]
        registered = registry.find("backend", name)
        backend: Backend = registry.resolve(registered)
        chosen = backend_options(name, backend, user.backend)
        if delivery is not None and step.name in taken:
            delivery.require(step.name, name.rpartition(":")[2], backend, chosen)
        model = next((m for *same, m in made if same == [registered.id, chosen]), None)
        if model is None:
            try:
                model = registry.chat_model(backend.create(chosen))
            except ModuleNotFoundError as error:
                raise registered.missing_dependency(error.name or str(error)) from error
            except TargenError:
                raise
            except (Exception, SystemExit) as error:
                secrets = Secrets(*known_secrets(None, chosen))
                words = secrets.words(f"{type(error).__name__}: {error}")
                raise registered.fault(f" could not be created: {words}") from (
                    error if secrets.spared_by(error) else None
                )
            # Only the model knows a key that it read from a file or a keyring.
            refuse_secrets(chosen, Secrets(*known_secrets(model, chosen)))
            made.append((registered.id, chosen, model))
        params = step_parameters(step, backend, chosen, user)
        price = Price(*user.price, source=str(USER_PRICE)) if user.price else model.price
        steps[step.name] = PreparedStep(
            step,
            model,
            params,
            price,
            backend,
            registered.id,
            chosen,
            settled(step, params),
            known_secrets(model, chosen),
        )
        if step.name in task.calls.scored:
            _require_scores(registry, task, steps[step.name], config)
        if config.max_cost is not None and price is None:
            raise UsageError(
                f"--max-cost needs a price, but the price of {model.identity} is unknown",
                hint="give it in dollars per million tokens: "
                + prices("0.15", "0.60")
                + "; if calls are free: "
                + prices("0", "0"),
            )
    return steps


def _require_scores(
    registry: Registry, task: Task[Any, Any], prepared: PreparedStep, config: RunConfig
) -> None:
    """Check that the model of a step tells the token probabilities that the task asks for.

    Raises:
        UsageError: with the backends that have them.
    """
    step, wanted = prepared.step.name, task.calls.scored[prepared.step.name]
    most = most_top(prepared.model)
    given, going_on = step in task.calls.scores_given, step in task.calls.continues
    enough = most is not None and most >= wanted
    able = tells(prepared.model, given=given, next_token=going_on)
    if enough and able:
        return
    name = prepared.backend_id.rpartition(":")[2]
    what = f"in step {step}, the task {task.name} requests token probabilities"
    if given:
        what += " for texts that it supplies"
    if going_on:
        what += " for the next token of a reply"
    if most is not None and able:
        what += f" with the {plural(wanted, 'likeliest token')}, but"
        raise UsageError(
            f"{what} the {name} backend lists at most {most} with these options",
            hint=f"-o {step}.top_logprobs={wanted}, if the service lists that many",
        )
    having = backends_with_scores(registry, wanted, given=given, going_on=going_on)
    others = [one for one in having if one != name]
    instead: str = ""
    if others:
        own = step in config.backend_for
        instead = f"--backend-for {step}={others[0]}" if own else f"--backend {quoted(others[0])}"
        instead += "".join(f" or {other}" for other in others[1:])
    raise UsageError(
        f"{what}, but the {name} backend does not provide them"
        + (" with these options" if name in having else ""),
        hint=instead,
    )


def backends_with_scores(
    registry: Registry, wanted: int, *, given: bool, going_on: bool
) -> list[str]:
    """Installed backends that can tell token probabilities, except those that make them up.

    Args:
        registry: knows them.
        wanted: how many of the likeliest tokens they are to list.
        given: whether they must also score given texts.
        going_on: whether they must also report what comes next in a reply.
    """
    having = []
    for item in registry.all("backend"):
        with contextlib.suppress(TargenError, ModuleNotFoundError):
            backend = registry.resolve(item)
            most = None if backend.made_up else backend.top_logprobs
            able = tells(backend, given=given, next_token=going_on)
            if most is not None and most >= wanted and able:
                having.append(item.name)
    return having


def made_up(registry: Registry, backends: Iterable[str]) -> list[str]:
    """Return the names of those `backends` whose replies are made up; unknown ones are not."""
    names: dict[str, None] = {}
    for backend in backends:
        with contextlib.suppress(TargenError, ModuleNotFoundError):
            item = registry.find("backend", backend)
            if registry.resolve(item).made_up:
                names[item.name] = None
    return [*names]


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


def delivered_steps(delivery: Delivery | None, steps: Iterable[Step]) -> list[str]:
    """Return the names of those steps whose calls a delivery takes.

    Lists are included if they write or judge rows, or the delivery handles all calls. Otherwise
    each call sees the items of the one before it, so there is one at a time.
    """
    if delivery is None:
        return []
    return [step.name for step in steps if delivery.takes_all or step.name in _OF_ROWS]


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
