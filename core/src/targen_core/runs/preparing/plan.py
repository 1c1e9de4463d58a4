"""From what a user asks for to objects: the task, its lists, models and corrector."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import importlib_metadata

from targen_core.calls.backend import Backend, BackendOptions
from targen_core.calls.call import BoundModel
from targen_core.calls.delivery import Delivery
from targen_core.calls.descriptors import affordable
from targen_core.calls.executor import ModelSource
from targen_core.calls.model import ChatModel, DeferredModel, Price
from targen_core.calls.rate import ConcurrencyLimit, RateLimiter
from targen_core.calls.recorded import RecordedModel
from targen_core.calls.sampling import SAMPLING
from targen_core.calls.scores import most_top, tells
from targen_core.calls.secrets import Secrets
from targen_core.engine.filters import USUAL
from targen_core.engine.quotas import Quotas
from targen_core.engine.seeds import ListSpec, item_value
from targen_core.engine.shards import Shard
from targen_core.errors import PluginError, TargenError, UnknownName, UsageError
from targen_core.options import Limits
from targen_core.origin import Typed, is_file, order_of
from targen_core.plugins.register import MEMORY, Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.preparing.delivering import (
    chosen_delivery,
    delivered_steps,
    known_deliveries,
)
from targen_core.runs.preparing.items import read_items
from targen_core.runs.preparing.parts import Admit, Chosen, Parts
from targen_core.runs.preparing.sources import kept_source
from targen_core.runs.records.dimensions import with_dimensions
from targen_core.runs.records.lock import Lock, PartPlan, StepPlan, TaskPlan
from targen_core.runs.records.manifest import given_file
from targen_core.runs.records.options import (
    CORE,
    StepOptions,
    backend_options,
    check_steps,
    known_secrets,
    prices,
    public_options,
    refuse_secrets,
    settled,
    step_parameters,
)
from targen_core.runs.records.spec import RunSpec
from targen_core.suggestions import did_you_mean
from targen_core.task_files import TaskFile, task_file
from targen_core.tasks.dimensions import digest_of
from targen_core.tasks.lists import fits, stand_in
from targen_core.tasks.model import Task
from targen_core.tasks.steps import Corrector, ListStep, RegisteredCheck, Step
from targen_core.tasks.validation import corrector_problems
from targen_core.text import plural
from targen_core.wording import Action, Blank, Option, Setting, Words

__all__ = [
    "USER_PRICE",
    "Prepared",
    "PreparedCorrection",
    "PreparedStep",
    "backends_with_scores",
    "bind_models",
    "find_corrector",
    "find_task",
    "judged_by",
    "lists_of",
    "named",
    "prepare",
    "prepare_call",
    "prepare_correction",
    "require_fitting_filters",
    "task_of",
    "task_plan",
    "task_with_parts",
]

_NO_LIMIT = 1 << 30

USER_PRICE = "given with " + Option("price_in") + " and " + Option("price_out")
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
        """What a file says of it."""
        return StepPlan(
            backend=self.backend_id,
            identity=self.model.identity,
            options=public_options(self.options),
            params=self.params,
        )


@dataclass(slots=True, kw_only=True)
class Prepared:
    """Everything that a spec names, found, made and checked.

    `spec` is what was asked for, in the form that a run keeps (see `Manifest`),
    and `lock` what it came to. `file` is what the task was read from, if it
    was; a run keeps a copy. `filters` are the
    registered ones, in the order in which they apply. `datasets` are those that options of parts
    name, by the option. `part_files` are files that options of parts name, by the
    names of the copies that a run keeps. `delivery` is the one that was asked for, and `deliveries`
    are all that may have left a file in the run's folder. `notes` are for the run's report.
    """

    spec: RunSpec
    lock: Lock
    task: Task[Any, Any]
    distribution: str
    specs: tuple[ListSpec, ...]
    corrector: Corrector[Any] | None
    user_items: dict[str, tuple[Any, ...]]
    steps: dict[str, PreparedStep]
    file: TaskFile | None = None
    filters: tuple[Chosen, ...] = ()
    datasets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    part_files: Mapping[str, Path] = field(default_factory=dict)
    delivery: Delivery | None = None
    deliveries: tuple[Delivery, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def delivered(self) -> list[str]:
        """The steps whose calls are delivered."""
        if self.delivery is None:
            return []
        return [
            n for n in delivered_steps(self.task.steps, self.spec.lists_at_once) if n in self.steps
        ]

    @property
    def unfiltered(self) -> Prepared:
        """The same without registered checks and filters, for which a dry run's texts are not."""
        checks = (check for check in self.task.checks if not isinstance(check, RegisteredCheck))
        return replace(self, task=self.task.replace(checks=tuple(checks)), filters=())


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedCorrection:
    """Step 4 of a task, ready to be asked of any dataset."""

    task: Task[Any, Any]
    distribution: str
    corrector_id: str
    corrector: Corrector[Any]
    plan: TaskPlan
    steps: dict[str, PreparedStep]
    step: StepPlan
    part: PartPlan | None
    delivery: Delivery | None = None
    deliveries: tuple[Delivery, ...] = ()


def bind_models(
    steps: Mapping[str, PreparedStep], limits: Limits, *, task: str = ""
) -> dict[str, BoundModel]:
    """Each step's model with its limiter, one for each backend; all share the concurrency.

    Deferred models have one that lets every call go. Lists come from the cache
    of runs of `task` alone: tasks whose list questions are the same word for
    word would get the same contexts and seeds, and their datasets would be
    correlated. A suite shares them on purpose.
    """
    shared = ConcurrencyLimit(affordable(limits.concurrency))
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
            shared_by=task if step.step.lists is not None else "",
        )
        for name, step in steps.items()
    }


def prepare(
    registry: Registry,
    spec: RunSpec,
    *,
    allow: Callable[[Sequence[str]], None] = lambda steps: None,
    admit: Admit = lambda option, words, sources: None,
    begun: Lock | None = None,
    recorded: Lock | None = None,
) -> Prepared:
    """Find, make and check everything that `spec` names; no call is made.

    `allow` is called with the steps that ask a model, before one is made, and `admit` with
    the datasets that options of parts name, before one is read. `begun` is the lock of a run that
    goes on: it has the filters without being asked for that it had then. Where `recorded` says
    which models answered the steps of an earlier run, none is made: they stand for themselves.
    Options of parts that it had and that are not used now do no harm.

    Raises:
        UsageError: `spec` is invalid.
    """
    registered, own = find_task(registry, spec.task, spec.variants)
    parts = Parts(
        registry,
        spec.options,
        own,
        distribution=registered.distribution,
        file=spec.task,
        admit=admit,
    )
    task = _as_asked(own, spec, parts)
    file = _read_file(spec)
    quotas = Quotas(spec.quotas).for_task(task)
    full = named(registry, spec)
    corrector_id, corrector = find_corrector(parts, task, spec.corrector)
    usual = _usual_filters(registry, begun or recorded)
    filters = parts.several("filter", (*usual, *task.filters_from), spec.filters)
    parts.require_fit(task)
    former = [] if recorded is None else [*recorded.parts.values()]
    options = _options(task, full, parts, [name for plan in former for name in plan.names])
    _refuse_unlabeled(task, spec, corrector)
    specs, user_items = _lists(task, spec, options)
    if spec.shard is not None:
        _refuse_unsharded(task, spec.shard, specs)
    asked = {part.step for part in specs if part.fixed is None and part.source.asks} | {"generate"}
    if corrector is not None:
        asked.add("correct")
    allow([step.name for step in task.steps if step.name in asked])
    answered = None if recorded is None else recorded.steps
    delivery = chosen_delivery(registry, spec.limits)
    judged = judged_by(task, corrector)
    steps = _models(registry, judged, spec, options, asked, delivery, answered)
    lock = Lock(
        task=task_plan(registered.id, task, spec.variants),
        steps={name: step.plan for name, step in steps.items()},
        corrector=corrector_id,
        batches=tuple(part.batch for part in specs),
        given={name: _digest(items) for name, items in user_items.items()},
        distributions=_distributions(registered.id, task, steps, file, parts),
        parts=parts.plans,
    )
    kept = full.replace(
        task=file.copy if file is not None else registered.id,
        quotas=quotas,
        options=_kept(full, lock, parts.datasets),
        corrector=corrector_id if spec.corrector else spec.corrector,
        labels_per_seed=task.labels_per_seed or "all",
        unsure=task.judging.unsure,
        **{name: given_file(name) for name in user_items},
    )
    return Prepared(
        spec=kept,
        lock=lock,
        task=judged_offline(task, corrector),
        distribution=registered.distribution,
        specs=specs,
        corrector=corrector,
        user_items=user_items,
        steps=steps,
        file=file,
        filters=tuple(filters),
        datasets=parts.datasets,
        part_files=parts.files,
        delivery=delivery,
        deliveries=known_deliveries(registry),
        notes=tuple(_namesakes(registry, spec, registered)),
    )


def _namesakes(registry: Registry, spec: RunSpec, task: Registration[Any]) -> Iterator[str]:
    """Notes about bare names that others have too."""
    named = [
        *(("backend", name) for name in dict.fromkeys([spec.backend, *spec.backend_for.values()])),
        ("contexts", spec.contexts_from),
        ("seeds", spec.seeds_from),
        *(("generator", name) for name in dict.fromkeys(spec.generators_from.values())),
        *(("check", name) for name in spec.checks),
        *(("filter", name) for name in spec.filters),
        ("corrector", spec.corrector),
        ("delivery", spec.limits.delivered_by),
    ]
    if not is_file(spec.task) and registry.find("task", task.name) is task:  # it is a full id now
        named.insert(0, ("task", task.name))
    for kind, name in named:
        if name and (others := registry.others(kind, name)):
            yield (
                f"{kind} {name} is {registry.find(kind, name).id}; {' and '.join(others)} "
                "has that name too: type the full id for it"
            )


def _usual_filters(registry: Registry, begun: Lock | None) -> list[str]:
    """The filters that a run has without being asked for: those that it has had from its start."""
    if begun is None:
        there = {item.name for item in registry.all("filter")}
        return [name for name in USUAL if name in there]
    plans = (begun.parts.get(f"filter {name}") for name in USUAL)
    return [plan.id for plan in plans if plan is not None]


def require_fitting_filters(registry: Registry, spec: RunSpec) -> None:
    """See that the filters of a spec go with its task, before anything is begun.

    Raises:
        UsageError: one does not, or cannot read a dataset that its options name.
    """
    registered, task = find_task(registry, spec.task, spec.variants)
    parts = Parts(registry, spec.options, task, distribution=registered.distribution, copies=False)
    parts.several("filter", task.filters_from, spec.filters)
    parts.require_fit(task)


def prepare_correction(registry: Registry, spec: RunSpec) -> PreparedCorrection:
    """Find, make and check what step 4 alone needs; `spec`'s quotas are not looked at.

    Raises:
        UsageError: `spec` is invalid.
    """
    registered, task = find_task(registry, spec.task, spec.variants)
    _read_file(spec)
    parts = Parts(registry, spec.options, task, distribution=registered.distribution, copies=False)
    corrector_id, corrector = find_corrector(parts, task, spec.corrector)
    if corrector is None or corrector_id is None:
        raise UsageError(
            f"task {task.name} has no corrector of its own",
            hint=Option("corrector", "meta") + ", blind or vote",
        )
    parts.require_fit(task)
    options = _options(task, spec, parts)
    delivery = chosen_delivery(registry, spec.limits)
    judged = judged_by(task, corrector)
    steps = _models(registry, judged, spec, options, {"correct"}, delivery)
    return PreparedCorrection(
        task=judged_offline(task, corrector),
        distribution=registered.distribution,
        corrector_id=corrector_id,
        corrector=corrector,
        plan=task_plan(registered.id, task, spec.variants),
        steps=steps,
        step=steps["correct"].plan,
        part=parts.plans.get("corrector"),
        delivery=delivery,
        deliveries=known_deliveries(registry),
    )


def prepare_call(registry: Registry, spec: RunSpec, task: Task[Any, Any]) -> PreparedStep:
    """Find and make the model of a call that is no part of a run, asked as step 3 of `task`.

    Raises:
        UsageError: `spec` is invalid; its task and quotas are not looked at.
    """
    delivery = chosen_delivery(registry, spec.limits)
    steps = _models(registry, task, spec, _options(task, spec), {"generate"}, delivery)
    return steps["generate"]


def find_task(
    registry: Registry, name: str, variants: Sequence[str] = ()
) -> tuple[Registration[Any], Task[Any, Any]]:
    """A task by its name or its file, with variants applied, and its registration.

    Raises:
        UsageError: there is no such task, or it has no such variant.
    """
    registered = registry.find("task", name)
    task: Task[Any, Any] = registry.resolve(registered)
    return registered, task.varied(variants)


def task_of(registry: Registry, spec: RunSpec) -> tuple[Registration[Any], Task[Any, Any]]:
    """A spec's task with its parts from elsewhere and its dimensions, and its registration.

    Raises:
        UsageError: there is no such task or list, the list has no place in the task, or a
            dimension cannot be.
    """
    registered, task = find_task(registry, spec.task, spec.variants)
    parts = Parts(registry, spec.options, task, file=spec.task)
    return registered, _as_asked(task, spec, parts)


def task_with_parts(
    registry: Registry, spec: RunSpec
) -> tuple[Task[Any, Any], dict[str, PartPlan]]:
    """A spec's task as a run has it, and the registered parts that it uses, by their place.

    Raises:
        UsageError: as `task_of`, or there is no such corrector.
    """
    registered, own = find_task(registry, spec.task, spec.variants)
    parts = Parts(
        registry,
        spec.options,
        own,
        distribution=registered.distribution,
        file=spec.task,
        copies=False,
    )
    task = _as_asked(own, spec, parts)
    find_corrector(parts, task, spec.corrector)
    return task, parts.plans


def _as_asked(task: Task[Any, Any], spec: RunSpec, parts: Parts) -> Task[Any, Any]:
    """The task with its lists and generators from elsewhere, which `parts` finds, and the rest."""
    own = task.contexts
    parents = (str, str)
    if spec.contexts_from:
        if spec.contexts is not None or spec.seeds is not None:
            raise UsageError(
                Option("contexts_from") + " cannot be combined with a file of contexts or seeds"
            )
        if own is None:
            raise UsageError(
                f"task {task.name} has no contexts (step 1)", hint=Option("seeds_from", ...)
            )
    if own is not None and (spec.contexts_from or own.origin):
        contexts, kind = _from(parts, "contexts", spec.contexts_from, task, own)
        parents = (contexts.item, kind)
        task = _with_lists(task, contexts=contexts)
    if spec.seeds_from:
        if spec.seeds is not None:
            raise UsageError(Option("seeds_from") + " cannot be combined with a file of seeds")
        if not task.seeds:
            raise UsageError(
                f"task {task.name} has no seeds (step 2)", hint=Option("contexts_from", ...)
            )
    if task.seeds and (spec.seeds_from or task.seeds[-1].origin):
        *above, last = task.seeds
        if above or own is None:
            parents = (str, str)
        seeds, _ = _from(parts, "seeds", spec.seeds_from, task, last, parents)
        task = _with_lists(task, seeds=(*above, seeds))
    task = _with_generators(parts, task, spec.generators_from)
    checks = parts.several("check", task.checks_from, spec.checks)
    if checks:
        chosen = (RegisteredCheck(each.id, each.part) for each in checks)
        task = task.replace(checks=(*task.checks, *chosen))
    if spec.unsure is not None:
        task = task.replace(judging={"unsure": spec.unsure})
    if spec.labels_per_seed is not None:
        task = task.replace(labels_per_seed=1 if spec.labels_per_seed == 1 else None)
    elif spec.seeds is not None:  # there are no more of them: each is for whatever it can give
        task = task.replace(labels_per_seed=None)
    if spec.dimensions or not spec.task_dimensions:
        given = [step.name for step in task.steps if step.lists] if spec.seeds else []
        given += ["contexts"] if spec.contexts else []
        task = with_dimensions(task, spec.dimensions, keep=spec.task_dimensions, given=given)
    return task


def _with_generators(
    parts: Parts, task: Task[Any, Any], typed: Mapping[str, str]
) -> Task[Any, Any]:
    """The task with generators from elsewhere: by branch, "" for all that are not named.

    `typed` takes precedence over what the task names itself.

    Raises:
        UsageError: there is no such generator, or no such branch.
    """
    named = {**task.generators_from, **typed}
    if not named:
        return task
    for branch in named:
        if branch and branch not in task.generators:
            raise UsageError(
                Option("generators_from")
                + f" {branch}={named[branch]}: {task.name} has no label {branch}",
                hint=did_you_mean(branch, task.generators, "labels"),
            )
    generators = dict(task.generators)
    for branch in generators:
        if name := named.get(branch, named.get("", "")):
            place, own = f"generator of {branch}", name not in typed.values()
            _, generators[branch] = parts.find(place, "generator", name, is_default=own)
    return task.replace(generators=generators)


def _with_lists(task: Task[Any, Any], **lists: Any) -> Task[Any, Any]:
    """The task with lists from elsewhere.

    Raises:
        UsageError: they do not go together with the rest of it.
    """
    try:
        return task.replace(**lists)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _from(
    parts: Parts,
    kind: str,
    name: str,
    task: Task[Any, Any],
    own: ListStep[Any],
    parents: tuple[type[Any], type[Any]] = (str, str),
) -> tuple[ListStep[Any], type[Any]]:
    """The list registered as `name`, in place of the task's own, and the type of its items.

    Without a name it is the registered list that the task's own stands for.
    """
    where = Option(f"{kind}_from", name) if name else f"{kind}.use {own.origin}"
    try:
        registered, used = parts.find(kind, kind, name or own.origin, is_default=not name)
    except UnknownName as error:
        if not name:
            error.args = (f"{kind}.use: {error}",)
        raise
    if not fits(used.item, own.item):
        raise UsageError(
            where + f": its items are {_item_words(used.item)}, but {task.name} "
            f"takes {_item_words(own.item)}",
            hint=Action(f"list-{kind}")
            + " has others; "
            + Action("describe", Blank("NAME"))
            + " says what items are",
        )
    step = stand_in(
        used, own.item, origin=registered.id, parents=parents, check=own.check, name=own.name
    )
    return step, used.item


def _item_words(kind: type[Any]) -> str:
    fields = ", ".join(getattr(kind, "model_fields", ()))
    return f"{kind.__name__} ({fields})" if fields else "texts"


def _read_file(spec: RunSpec) -> TaskFile | None:
    """What the task was read from; a draft makes rows on the scripted backend alone."""
    if not is_file(spec.task):
        return None
    file = task_file(order_of(spec.task))
    if file.draft and spec.backend.rpartition(":")[2] != "scripted":
        raise UsageError(
            f"{spec.task} is a draft that has not been reviewed",
            hint="review it, fix what is wrong, and remove its line `draft: true`",
        )
    return file


def _full_id(registry: Registry, kind: str, name: str) -> str:
    """A thing's full id; the name itself where there is none, said when it is used."""
    with contextlib.suppress(UsageError):
        found = registry.find(kind, name).id
        return Typed(found) if isinstance(name, Typed) else found
    return name


def named(registry: Registry, spec: RunSpec) -> RunSpec:
    """The spec with backends and lists by their full ids, so that equal ones have equal names."""
    return spec.replace(
        backend=_full_id(registry, "backend", spec.backend),
        backend_for={
            step: _full_id(registry, "backend", name) for step, name in spec.backend_for.items()
        },
        contexts_from=_full_id(registry, "contexts", spec.contexts_from),
        seeds_from=_full_id(registry, "seeds", spec.seeds_from),
        generators_from={
            branch: _full_id(registry, "generator", name)
            for branch, name in spec.generators_from.items()
        },
        checks=[_full_id(registry, "check", name) for name in spec.checks],
        filters=[_full_id(registry, "filter", name) for name in spec.filters],
    )


def _kept(spec: RunSpec, lock: Lock, datasets: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Options as a run keeps them: without secrets, and with the values that were read."""
    steps = lock.steps
    kept: dict[str, Any] = {}
    for part in lock.parts.values():
        if part.id in (*spec.checks, *spec.filters):  # names among them are full ids now
            kept |= {f"{part.names[1]}.{name}": value for name, value in part.options.items()}
    for name, value in spec.options.items():
        about, _, of_part = name.rpartition(".")
        for part in lock.parts.values():
            if about in part.names and of_part in part.options:
                kept[name] = part.options[of_part]
            elif about in part.names and of_part in datasets:
                kept[name] = [*map(kept_source, datasets[of_part])]
        if name in kept:
            continue
        *step, key = name.split(".", 1)
        if key in SAMPLING or key in CORE:
            kept[name] = value
            continue
        for about, plan in steps.items():
            shared = about not in spec.elsewhere and f"{about}.{key}" not in spec.options
            if key in plan.options and (about in step or (not step and shared)):
                kept[name] = plan.options[key]
                break
    return kept


def _options(
    task: Task[Any, Any], spec: RunSpec, parts: Parts | None = None, former: Sequence[str] = ()
) -> dict[str, StepOptions]:
    """What the user says of each of the task's steps.

    Raises:
        UsageError: something is said of what is neither a step nor one of the `parts` in use.
    """
    check_steps(task.steps, spec.options, spec.backend_for, parts=parts, former=former)
    return {step.name: spec.options_of(step.name) for step in task.steps}


def _models(
    registry: Registry,
    task: Task[Any, Any],
    spec: RunSpec,
    options: Mapping[str, StepOptions],
    asked: Collection[str],
    delivery: Delivery | None,
    recorded: Mapping[str, StepPlan] | None = None,
) -> dict[str, PreparedStep]:
    """The models of the steps `asked`; those with the same backend and options share one.

    A `delivery` must be able to take their calls. With `recorded`, what stands for the models that
    answered then.
    """
    made: list[tuple[str, BackendOptions, ChatModel]] = []
    steps: dict[str, PreparedStep] = {}
    taken = () if delivery is None else delivered_steps(task.steps, spec.lists_at_once)
    for step in task.steps:
        if step.name not in asked:
            continue
        name = spec.backend_of(step.name)
        registered = registry.find("backend", name)
        backend: Backend = registry.resolve(registered)
        user = options[step.name]
        chosen = backend_options(name, backend, user.backend)
        if delivery is not None and step.name in taken:
            delivery.require(step.name, name.rpartition(":")[2], backend, chosen)
        model = next((m for *same, m in made if same == [registered.id, chosen]), None)
        if recorded is not None:
            model = _recorded_model(step.name, registered.id, chosen, recorded)
        if model is None:
            try:
                model = registry.chat_model(backend.create(chosen))
            except ModuleNotFoundError as error:
                raise registered.missing_dependency(error.name or str(error)) from error
            except TargenError:
                raise
            except Exception as error:
                secrets = Secrets(*known_secrets(None, chosen))
                words = secrets.words(f"{type(error).__name__}: {error}")
                raise PluginError(
                    f"backend {registered.id} could not be created: {words}",
                    distribution=registered.distribution,
                    hint=f"report it to the authors of {registered.distribution}",
                ) from (error if secrets.spared_by(error) else None)
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
            settled(step, params, user.candidates),
            known_secrets(model, chosen),
        )
        if step.name in task.scored:
            _require_scores(registry, task, steps[step.name], spec)
        if spec.limits.max_cost is not None and price is None and recorded is None:
            raise UsageError(
                Option("max_cost")
                + f" needs a price, and the price of {model.identity} is unknown",
                hint="give it in dollars per million tokens: "
                + prices("0.15", "0.60")
                + "; if calls are free: "
                + prices("0", "0"),
            )
    return steps


def _require_scores(
    registry: Registry, task: Task[Any, Any], prepared: PreparedStep, spec: RunSpec
) -> None:
    """See that the model of a step tells the token probabilities that the task asks for.

    Raises:
        UsageError: with the backends that have them.
    """
    step, wanted = prepared.step.name, task.scored[prepared.step.name]
    most = most_top(prepared.model)
    given, going_on = step in task.scores_given, step in task.continues
    enough = most is not None and most >= wanted
    able = tells(prepared.model, given=given, next_token=going_on)
    if enough and able:
        return
    name = prepared.backend_id.rpartition(":")[2]
    what = f"task {task.name} asks in step {step} for token probabilities"
    if given:
        what += " of texts of its own"
    if going_on:
        what += " of what comes next in a reply"
    if most is not None and able:
        what += f" with the {plural(wanted, 'likeliest token')}, and"
        raise UsageError(
            f"{what} the {name} backend lists at most {most} with these options",
            hint=Setting(f"{step}.top_logprobs", wanted) + ", if the service lists so many",
        )
    having = backends_with_scores(registry, wanted, given=given, going_on=going_on)
    others = [one for one in having if one != name]
    instead: Words = ""
    if others:
        own = step in spec.backend_for
        instead = Option("steps", {step: others[0]}) if own else Option("model", others[0])
        instead += "".join(f" or {other}" for other in others[1:])
    raise UsageError(
        f"{what}, and the {name} backend has none"
        + (" with these options" if name in having else ""),
        hint=instead,
    )


def backends_with_scores(
    registry: Registry, wanted: int, *, given: bool, going_on: bool
) -> list[str]:
    """Installed backends that can tell token probabilities; the scripted one makes them up.

    Args:
        registry: knows them.
        wanted: how many of the likeliest tokens they are to list.
        given: whether they are to score texts that they are given, too.
        going_on: whether they are to tell what comes next in a reply, too.
    """
    having = []
    for item in registry.all("backend"):
        if item.name == "scripted":
            continue
        with contextlib.suppress(TargenError, ModuleNotFoundError):
            backend = registry.resolve(item)
            most = backend.top_logprobs
            able = tells(backend, given=given, next_token=going_on)
            if most is not None and most >= wanted and able:
                having.append(item.name)
    return having


def _recorded_model(
    step: str, backend: str, chosen: BackendOptions, recorded: Mapping[str, StepPlan]
) -> RecordedModel:
    """What stands for the model of a step; one that asked none then has that of another step.

    Raises:
        UsageError: no step had a model with these options.
    """
    plan = recorded.get(step)
    alike = {"backend": backend, "options": public_options(chosen)}
    for other in recorded.values():
        if plan is None and {"backend": other.backend, "options": other.options} == alike:
            plan = other
    if plan is None:
        raise UsageError(
            f"the run asked no model in step {step}, and which one it would ask now is not on "
            "record",
            hint="generate a new run: the cache answers what this one asked",
        )
    return RecordedModel(plan.identity)


def judged_by(task: Task[Any, Any], corrector: Corrector[Any] | None) -> Task[Any, Any]:
    """The task with the parameters that a corrector brings in place of its own."""
    own = getattr(corrector, "parameters", {})
    mine = {**task.parameters.get("correct", {}), **own}
    return task.replace(parameters={**task.parameters, "correct": mine})


def judged_offline(task: Task[Any, Any], corrector: Corrector[Any] | None) -> Task[Any, Any]:
    """The task with a corrector's own offline replies, where it has some."""
    if not getattr(corrector, "prompts", ()) or not hasattr(corrector, "dry_run"):
        return task
    return task.replace(judging={"corrector": corrector})


def find_corrector(
    parts: Parts, task: Task[Any, Any], name: str | None
) -> tuple[str | None, Corrector[Any] | None]:
    """Step 4: its id, "task" for one of the task's own, and itself."""
    chosen = task.judging.corrector if name == "" else name
    if chosen is None:
        return None, None
    if isinstance(chosen, str):
        corrector: Corrector[Any]
        registered, corrector = parts.find("corrector", "corrector", chosen, is_default=name == "")
        for problem in corrector_problems(corrector):
            raise PluginError(
                f"corrector {registered.name}: its {problem}", distribution=registered.distribution
            )
        return registered.id, corrector
    return "task", chosen


def _refuse_unlabeled(
    task: Task[Any, Any], spec: RunSpec, corrector: Corrector[Any] | None
) -> None:
    """A branch that aims at no label has one by step 4, unless all its instances have one."""
    branch = next((branch for branch, aim in task.branches.items() if aim is None), None)
    if branch is None:
        return
    if corrector is None and not _always_labeled(task):
        raise UsageError(
            f"branch {branch} of task {task.name} gets its labels from step 4, which is off",
            hint="omit "
            + Option("correct", False)
            + ", or use "
            + Option("corrector", "meta")
            + ", blind or vote",
        )
    if spec.balance == "intended":
        raise UsageError(
            Option("balance") + f" intended: branch {branch} of task {task.name} aims at no label",
            hint=Option("balance", "final") + ", which counts rows by the label that step 4 finds",
        )


def _always_labeled(task: Task[Any, Any]) -> bool:
    """Whether an instance cannot be without a label."""
    field = task.instance.model_fields.get("label")
    if field is None or not field.is_required():
        return False
    return NoneType not in get_args(field.annotation)


def _lists(
    task: Task[Any, Any], spec: RunSpec, options: Mapping[str, StepOptions]
) -> tuple[tuple[ListSpec, ...], dict[str, tuple[Any, ...]]]:
    """The chain of lists, with the user's own items and batch sizes in place."""
    fraction = spec.contexts_fraction
    if fraction < 1 and spec.contexts is None and spec.contexts_limit is None:
        raise UsageError(
            Option("contexts_fraction")
            + " needs a fixed number of contexts: without one, contexts are requested as needed",
            hint="add "
            + Option("contexts_limit", Blank("N"))
            + ", or "
            + Option("contexts", Blank("FILE")),
        )
    limit = spec.contexts_limit
    if limit is not None:
        limit = math.ceil(limit * fraction)
    user_items: dict[str, tuple[Any, ...]] = {}
    chain: list[ListSpec] = []
    if task.parts and (spec.seeds is not None or spec.contexts is not None or limit is not None):
        parts = ", ".join(task.parts)
        raise UsageError(
            f"task {task.name} has lists of its own for each of its parts: {parts}",
            hint="omit " + Option("contexts") + " and " + Option("seeds"),
        )
    if spec.seeds is not None:
        if spec.contexts is not None:
            raise UsageError(Option("seeds") + " replaces the contexts too: give one or the other")
        last = task.chain[-1]
        user_items["seeds"] = read_items(spec.seeds, last, str(Option("seeds")))
        return (
            ListSpec(last.name or "seeds", last, last.batch, fixed=user_items["seeds"]),
        ), user_items
    if (task.contexts is None and spec.contexts is not None) or (
        limit is not None and not task.chain
    ):
        raise UsageError(
            f"task {task.name} has no contexts (step 1)", hint="use " + Option("seeds", ...)
        )
    if spec.contexts is not None and task.contexts is not None:
        user_items["contexts"] = read_items(spec.contexts, task.contexts, str(Option("contexts")))
    for step in task.steps:
        sizes = list(options[step.name].batch)
        for source in step.lists or ():
            part = ListSpec(
                step.name,
                source,
                sizes.pop(0) if sizes else source.batch,
                candidates=options[step.name].candidates,
            )
            if source is task.contexts:
                items = user_items.get("contexts")
                part = replace(part, fixed=items and items[: math.ceil(len(items) * fraction)])
            if not chain:  # of a task without contexts, what stands in their place
                part = replace(part, limit=limit)
            chain.append(part)
    return tuple(chain), user_items


def lists_of(task: Task[Any, Any], spec: RunSpec) -> tuple[ListSpec, ...]:
    """The chain of a run's lists, those of all parts one behind the other.

    Raises:
        UsageError: `spec` is invalid.
    """
    return _lists(task, spec, {step.name: spec.options_of(step.name) for step in task.steps})[0]


def _refuse_unsharded(task: Task[Any, Any], shard: Shard, chain: Sequence[ListSpec]) -> None:
    """Refuse a shard of what only one run can do, or one that has nothing to do."""
    alone = "leave " + Option("shard") + " out; other rows come from another " + Option("seed", ...)
    for part in chain:
        if part.source.balanced:
            raise UsageError(
                Option("shard")
                + f": rows of {task.name} come evenly from the items of {part.step}, which "
                "one run alone can see to",
                hint=alone,
            )
        if part.source.told_rows:
            raise UsageError(
                Option("shard")
                + f": {part.step} of {task.name} learns from the rows so far, which one run "
                "alone has",
                hint=alone,
            )
    parts = [len(part.lists) for part in task.parts.values()] or [len(chain)]
    for first in (chain[sum(parts[:number])] for number in range(len(parts))):
        count = first.limit
        if first.fixed is not None or first.source.once:
            there = first.source.batch if first.fixed is None else len(first.fixed)
            count = there if count is None else min(there, count)
        if count is None or shard.of(count):
            continue
        if count == 1:
            raise UsageError(
                Option("shard")
                + f" {shard}: the first list of {task.name}, {first.step}, has one item, and "
                "shards take whole items of it",
                hint=alone,
            )
        raise UsageError(
            Option("shard") + f" {shard}: the first list of {task.name}, {first.step}, has "
            f"{plural(count, 'item')}, and none is left for this shard",
            hint=f"use at most {count} shards",
        )


def task_plan(task_id: str, task: Task[Any, Any], variants: Sequence[str]) -> TaskPlan:
    """What a manifest says of a task."""
    return TaskPlan(
        id=task_id,
        version=task.version,
        variants=tuple(variants),
        labels=task.quota_names,
        branches={} if tuple(task.branches) == task.quota_names else dict(task.branches),
        lists={
            branch: tuple(step.name for step in part.lists)
            for part in task.parts.values()
            for branch in part.branches
        },
        unit=task.rows_per_instance,
        prompts={prompt.name: prompt.version for prompt in task.every_prompt},
        dimensions={
            f"{step}.{part.name}": digest_of(part) for step, part in task.dimensions_by_step
        },
    )


def _distributions(
    task_id: str,
    task: Task[Any, Any],
    steps: Mapping[str, PreparedStep],
    file: TaskFile | None,
    parts: Parts,
) -> dict[str, str]:
    """Versions of the distributions that have a part in what is produced."""
    ids = [task_id, *(step.backend_id for step in steps.values())]
    ids += [plan.id for plan in parts.plans.values()]
    ids += [*task.based_on, *(source.origin for source in task.chain)]
    names = {"targen-core", "numpy", "rapidfuzz", "pydantic"}
    names |= {part.partition(":")[0] for part in ids if ":" in part}
    if file is not None:
        names |= {*file.distributions}
    names |= {package for step in steps.values() for package in step.backend.packages}
    names |= parts.packages
    versions: dict[str, str] = {}
    for name in sorted(names):
        with contextlib.suppress(importlib_metadata.PackageNotFoundError):
            versions[name] = importlib_metadata.version(name)
    return versions


def _digest(items: Sequence[Any]) -> str:
    text = json.dumps([item_value(item) for item in items], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
