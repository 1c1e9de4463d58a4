"""The task of a run: found, with what the user puts in place of its own parts."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from types import NoneType
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel

from targen_core.errors import PluginError, UsageError
from targen_core.hints import did_you_mean, flag_of, quoted
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.dimensions import with_dimensions
from targen_core.runs.manifest import Lock, TaskPlan
from targen_core.runs.parts import Admit, Parts
from targen_core.tasks.dimensions import digest_of
from targen_core.tasks.model import Task
from targen_core.tasks.shares import require_whole, with_shares
from targen_core.tasks.steps import Corrector, ListStep, RegisteredCheck, fits, stand_in
from targen_core.tasks.validation import corrector_problems


def find_task(
    registry: Registry, name: str, variants: Sequence[str] = (), labels: Iterable[str] = ()
) -> tuple[Registration[Any], Task[Any, Any]]:
    """A task by its name or its file, with variants applied, and its registration.

    It includes those of `labels` that rows may have, but the task does not list.

    Raises:
        UsageError: the task or the variant is unknown.
    """
    registered = registry.find("task", name)
    task: Task[Any, Any] = registry.resolve(registered)
    return registered, task.varied(variants).including(labels)


def task_of(registry: Registry, config: RunConfig) -> tuple[Registration[Any], Task[Any, Any]]:
    """A config's task with its parts from elsewhere and its dimensions, and its registration.

    Raises:
        UsageError: as of `task_and_parts`.
    """
    return task_and_parts(registry, config)[:2]


def task_and_parts(
    registry: Registry,
    config: RunConfig,
    *,
    copies: bool = True,
    admit: Admit = lambda option, words, sources: None,
    recorded: Lock | None = None,
) -> tuple[Registration[Any], Task[Any, Any], Parts]:
    """Return a config's task as a run has it, its registration, and what finds its parts.

    Names in the task mean the parts that a run's `recorded` lock has, if it has such.

    Raises:
        UsageError: the task or a list is unknown, the list has no place in the task, or a dimension
            is invalid.
    """
    registered, own = find_task(registry, config.task, config.variants, config.quotas)
    parts = Parts(
        registry,
        config.options,
        own,
        distribution=registered.distribution,
        file=config.task,
        copies=copies,
        admit=admit,
        recorded={} if recorded is None else recorded.parts,
    )
    return registered, _as_asked(own, config, parts), parts


def _as_asked(task: Task[Any, Any], config: RunConfig, parts: Parts) -> Task[Any, Any]:
    """The task with its lists and generators from elsewhere, which `parts` finds, and the rest."""
    _refuse_lists(task, config)
    own = task.contexts
    parents = (str, str)
    if config.contexts_from:
        if config.contexts is not None or config.seeds is not None:
            raise UsageError("--contexts-from cannot be combined with a file of contexts or seeds")
        if own is None:
            raise UsageError(f"task {task.name} has no contexts (step 1)", hint="--seeds-from")
    if own is not None and (config.contexts_from or own.origin):
        contexts, kind = _from(parts, "contexts", config.contexts_from, task, own)
        parents = (contexts.item, kind)
        task = _with_lists(task, contexts=contexts)
    if config.seeds_from:
        if config.seeds is not None:
            raise UsageError("--seeds-from cannot be combined with a file of seeds")
        if not task.seeds:
            raise UsageError(f"task {task.name} has no seeds (step 2)", hint="--contexts-from")
    if task.seeds and (config.seeds_from or task.seeds[-1].origin):
        *above, last = task.seeds
        if above or own is None:
            parents = (str, str)
        seeds, _ = _from(parts, "seeds", config.seeds_from, task, last, parents)
        task = _with_lists(task, seeds=(*above, seeds))
    task = _with_generators(parts, task, config.generators_from)
    checks = parts.several("check", task.uses.checks, config.checks)
    if checks:
        chosen = (RegisteredCheck(each.id, each.part) for each in checks)
        task = task.replace(checks=(*task.checks, *chosen))
    task = parts.shaped(task, config.filters)
    if config.unsure is not None:
        task = task.replace(judging={"unsure": config.unsure})
    if config.seeds is not None:  # the list is complete: each serves for whatever it can give
        task = task.replace(
            seeding={"labels_per_seed": None},
        )
    if config.seats:
        task = task.replace(
            seeding={"seats": config.seats},
        )
    if config.dimensions or not config.task_dimensions:
        given = [step.name for step in task.steps if step.lists] if config.seeds else []
        given += ["contexts"] if config.contexts else []
        task = with_dimensions(task, config.dimensions, keep=config.task_dimensions, given=given)
    shares = config.shares or task.uses.shares
    require_whole(shares, sum(config.quotas.values()))
    return with_shares(task, shares)


def _refuse_lists(task: Task[Any, Any], config: RunConfig) -> None:
    """Refuse lists, draws and generators for a task whose lists contain whole rows.

    Raises:
        UsageError: there are some.
    """
    names = ("contexts", "contexts_limit", "contexts_from", "seeds", "seeds_from")
    for name in (*names, "generators_from", "dimensions"):
        if task.seeding.seed_branch is not None and getattr(config, name):
            one = "paper" in task.variants
            raise UsageError(
                f"{task.name} writes many rows per call, so it does not use {flag_of(name)}",
                hint="to write one row per call, add --variant paper"
                if one
                else f"omit {flag_of(name)}",
            )


def _with_generators(
    parts: Parts, task: Task[Any, Any], typed: Mapping[str, str]
) -> Task[Any, Any]:
    """The task with generators from elsewhere: by branch, "" for all that are not named.

    `typed` takes precedence over what the task names itself.

    Raises:
        UsageError: the generator or the branch is unknown.
    """
    named = {**task.uses.generators, **typed}
    if not named:
        return task
    for branch in named:
        if branch and branch not in task.generators:
            raise UsageError(
                f"--generators-from {branch}={named[branch]}: {task.name} has no label {branch}",
                hint=did_you_mean(branch, task.generators, "labels"),
            )
    generators = dict(task.generators)
    for branch in generators:
        if name := named.get(branch, named.get("", "")):
            place, own = f"generator of {branch}", name not in typed.values()
            found, generators[branch] = parts.find(place, "generator", name, is_default=own)
            if missing := _not_in_seeds(task, branch, generators[branch]):
                fields = "field" if len(missing) == 1 else "fields"
                what = f"{branch}={name}" if branch in named else name
                with parts.about(found):
                    raise UsageError(
                        (f"generator {name}" if own else f"--generators-from {what}")
                        + f" needs seeds with the {fields} {', '.join(missing)}, but the "
                        f"seeds of {task.name} are {_item_words(task.chain_of(branch)[-1].item)}",
                        hint=f"targen describe {quoted(found.id)} shows the fields that it "
                        "needs; targen list-generators lists others",
                    )
    return task.replace(generators=generators)


def _not_in_seeds(task: Task[Any, Any], branch: str, generator: Any) -> list[str]:
    """Return fields that a generator reads from a seed, by its annotation, and seeds do not have.

    The list is empty if that is not known, as with seeds of another kind of class.
    """
    call = generator if inspect.isroutine(generator) else type(generator).__call__
    try:
        _, seed, *_ = inspect.signature(generator).parameters
        needed = get_type_hints(call).get(seed)
    except (NameError, TypeError, AttributeError, ValueError):  # only type checkers can tell
        return []
    given = task.chain_of(branch)[-1].item
    known = given is str or (isinstance(given, type) and issubclass(given, BaseModel))
    if not (known and isinstance(needed, type) and issubclass(needed, BaseModel)):
        return []
    there = getattr(given, "model_fields", {})
    fields = needed.model_fields.items()
    return [name for name, field in fields if field.is_required() and name not in there]


def _with_lists(task: Task[Any, Any], **lists: Any) -> Task[Any, Any]:
    """The task with lists from elsewhere.

    Raises:
        UsageError: they do not fit the rest of the task.
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

    Without a name, it is the registered list that the task's own list refers to.
    """
    where = flag_of(f"{kind}_from") + f" {quoted(name)}" if name else f"{kind} {own.origin}"
    registered, used = parts.find(kind, kind, name or own.origin, is_default=not name)
    if not fits(used.item, own.item):
        with parts.about(registered):
            raise UsageError(
                where + f": its items are {_item_words(used.item)}, but {task.name} "
                f"needs {_item_words(own.item)}",
                hint=f"targen list-{kind} lists others; targen describe NAME shows what its "
                "items are",
            )
    step = stand_in(
        used, own.item, origin=registered.id, parents=parents, check=own.check, name=own.name
    )
    return step, used.item


def _item_words(kind: type[Any]) -> str:
    fields = ", ".join(getattr(kind, "model_fields", ()))
    if not fields and kind is not str:
        return f"of the type {kind.__name__}"  # which no prompt can show
    return f"{kind.__name__} ({fields})" if fields else "texts"


def judged_by(task: Task[Any, Any], corrector: Corrector[Any] | None) -> Task[Any, Any]:
    """The task with the parameters that a corrector brings in place of its own."""
    own = getattr(corrector, "parameters", {})
    mine = {**task.calls.parameters.get("correct", {}), **own}
    return task.replace(
        calls={"parameters": {**task.calls.parameters, "correct": mine}},
    )


def corrected_by(task: Task[Any, Any], corrector: Corrector[Any] | None) -> Task[Any, Any]:
    """The task with the corrector of a run: lists may judge for it, or it has offline replies."""
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


def refuse_unlabeled(
    task: Task[Any, Any], config: RunConfig, corrector: Corrector[Any] | None
) -> None:
    """A branch without an aim gets labels in step 4, unless its instances already have them."""
    branch = next((branch for branch, aim in task.branches.items() if aim is None), None)
    if branch is None:
        return
    if corrector is None and not _always_labeled(task):
        raise UsageError(
            f"branch {branch} of task {task.name} gets its labels from step 4, which is turned off",
            hint="omit --no-correct, or use --corrector meta, blind or vote",
        )
    if config.balance == "intended":
        raise UsageError(
            f"--balance intended: branch {branch} of task {task.name} has no intended label",
            hint="--balance final, which counts rows by the label that step 4 finds",
        )


def _always_labeled(task: Task[Any, Any]) -> bool:
    """Return whether an instance always has a label."""
    field = task.instance.model_fields.get("label")
    if field is None or not field.is_required():
        return False
    return NoneType not in get_args(field.annotation)


def task_plan(task_id: str, task: Task[Any, Any], variants: Sequence[str]) -> TaskPlan:
    """Return a manifest's entry for a task."""
    return TaskPlan(
        id=task_id,
        version=task.version,
        variants=tuple(variants),
        labels=task.quota_names,
        branches={} if tuple(task.branches) == task.quota_names else dict(task.branches),
        lists={
            branch: tuple(step.name for step in part.lists)
            for part in task.seeding.parts.values()
            for branch in part.branches
        },
        unit=task.rows_per_instance,
        prompts=task.prompt_versions,
        dimensions={
            f"{step}.{part.name}": digest_of(part) for step, part in task.dimensions_by_step
        },
        definitions={label.name: _digest(label.summary) for label in task.labels if label.summary},
        instructions=_digest(task.judging.instructions),
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
