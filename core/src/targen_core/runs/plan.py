"""From what a user asks for to objects that are ready to work: runs, corrections, single calls."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from targen_core.calls.delivery import Delivery
from targen_core.calls.sampling import SAMPLING
from targen_core.engine.filters import USUAL
from targen_core.engine.quotas import Quotas, Shard
from targen_core.engine.seeds import ListSpec, item_value
from targen_core.errors import UsageError
from targen_core.hints import flag_of
from targen_core.origin import Typed, is_file, order_of
from targen_core.plugins.loader import versions_of
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig, references
from targen_core.runs.files import keep_copies, write_atomically
from targen_core.runs.manifest import Lock, given_file
from targen_core.runs.models import (
    ModelsOf,
    PreparedStep,
    chosen_delivery,
    delivered_steps,
    known_deliveries,
    made_up,
    models_of,
)
from targen_core.runs.parts import Admit, Chosen, Parts
from targen_core.runs.permissions import kept_source
from targen_core.runs.step_options import CORE, StepOptions, check_steps
from targen_core.runs.tasks import (
    corrected_by,
    find_corrector,
    judged_by,
    refuse_unlabeled,
    task_and_parts,
    task_plan,
)
from targen_core.task_files import TaskFile, task_file
from targen_core.tasks.model import Task
from targen_core.tasks.shares import columns_of
from targen_core.tasks.steps import Corrector, ListStep, RegisteredCheck
from targen_core.text import plural


@dataclass(slots=True, kw_only=True)
class Prepared:
    """Everything that a config names, found, made and checked.

    `config` is what was asked for, as a run keeps it (see `Manifest`), and `lock` what it came to.
    `file` is what the task was read from, if it was; a run keeps a copy. `filters` are the
    registered ones, in the order in which they apply. `datasets` are those that options of parts
    name, by the option. `part_files` are files that options of parts name, by the names of the
    copies that a run keeps. `delivery` is the requested one, or the one that a backend needs.
    `deliveries` are all that may have left a file in the run's folder. `notes` are for the run's
    report.
    """

    config: RunConfig
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
        taken = delivered_steps(self.delivery, self.task.steps)
        if not self.config.delivered_by:
            return [name for name, step in self.steps.items() if step.backend.delivery]
        return [name for name in taken if name in self.steps]

    @property
    def by_people(self) -> bool:
        """Return whether an agent answers, so that answers must not be requested in vain."""
        return any(step.backend.delivery for step in self.steps.values())

    def keep_in(self, folder: Path) -> None:
        """Write the copies of what was given that a run keeps.

        Raises:
            UnreadableFile: a file that an option names cannot be read.
            RunDirectoryError: a copy cannot be written.
        """
        for name, items in self.user_items.items():
            values = (json.dumps(item_value(item), ensure_ascii=False) for item in items)
            write_atomically(folder / given_file(name), "".join(f"{value}\n" for value in values))
        if self.file is not None:
            write_atomically(folder / self.file.copy.partition(":")[0], self.file.text)
        keep_copies(self.part_files, folder)

    @property
    def unfiltered(self) -> Prepared:
        """The same without registered checks and filters, for which a dry run's texts are not."""
        checks = (check for check in self.task.checks if not isinstance(check, RegisteredCheck))
        return replace(self, task=self.task.replace(checks=tuple(checks)), filters=())


def prepare(
    registry: Registry,
    config: RunConfig,
    *,
    allow: Callable[[Sequence[str]], None] = lambda steps: None,
    admit: Admit = lambda option, words, sources: None,
    begun: Lock | None = None,
    recorded: Lock | None = None,
    making: ModelsOf = models_of,
) -> Prepared:
    """Find, make and check everything that `config` names; no call is made.

    `allow` is called with the steps that ask a model, before any is made. `admit` is called with
    the datasets that options of parts name, before any is read. `begun` is the lock of a run that
    continues: its filters apply without being requested. `recorded` is that of a run that is
    repeated. The same holds for it, and options of parts that are no longer used do no harm.
    `making` makes the models of the steps.

    Raises:
        UsageError: `config` is invalid.
    """
    before = begun or recorded
    registered, task, parts = task_and_parts(registry, config, admit=admit, recorded=before)
    file = file_of(registry, config)
    quotas = Quotas(config.quotas).for_task(task)
    full = named(registry, config)
    corrector_id, corrector = find_corrector(parts, task, config.corrector)
    usual = _usual_filters(registry, before)
    filters = parts.several("filter", (*usual, *task.uses.filters), config.filters)
    parts.require_fit(task)
    former = [] if recorded is None else [*recorded.parts.values()]
    options = options_of(task, full, parts, [name for plan in former for name in plan.names])
    refuse_unlabeled(task, config, corrector)
    specs, user_items = chain_of(task, config, options)
    if config.shard is not None:
        refuse_unsharded(task, config.shard, specs)
    asked = {part.step for part in specs if part.fixed is None and part.source.asks} | {"generate"}
    if corrector is not None:
        asked.add("correct")
    allow([step.name for step in task.steps if step.name in asked])
    delivery = chosen_delivery(registry, config)
    judged = judged_by(task, corrector)
    try:
        steps = making(registry, judged, config, options, asked, delivery)
    except UsageError as error:
        meant = [each for each in parts.options if each.rpartition(".")[2] == error.option]
        if error.known and meant:
            error.hint = f"did you mean {' or '.join(f'-o {each}' for each in meant)}?"
        raise
    notes = [*_namesakes(registry, config, registered)]
    if delivery is None:
        own = (step.backend.delivery for step in steps.values())
        delivery = next((registry.get("delivery", name) for name in own if name), None)
    lock = Lock(
        task=task_plan(
            registered.id, task, (*config.variants, *columns_of(config.shares or task.uses.shares))
        ),
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
        untyped=(),
        corrector=corrector_id if config.corrector else config.corrector,
        unsure=task.judging.unsure,
        **{name: given_file(name) for name in user_items},
    )
    return Prepared(
        config=kept,
        lock=lock,
        task=corrected_by(task, corrector),
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
        notes=tuple(notes),
    )


def _namesakes(registry: Registry, config: RunConfig, task: Registration[Any]) -> Iterator[str]:
    """Yield notes about bare names that other parts also have."""
    named = [(kind, name) for _, kind, name in references(config)]
    named.append(("delivery", config.delivered_by))
    if not is_file(config.task):  # it is a full id now
        with contextlib.suppress(UsageError):  # and was one, where the bare name means no task
            if registry.find("task", task.name) is task:
                named.insert(0, ("task", task.name))
    for kind, name in dict.fromkeys(named):
        if name and (others := registry.others(kind, name)):
            yield (
                f"{kind} {name} refers to {registry.find(kind, name).id}. To use "
                f"{' or '.join(others)} instead, type the full id"
            )


def _usual_filters(registry: Registry, begun: Lock | None) -> list[str]:
    """The filters that a run has without being asked for: those that it has had from its start."""
    if begun is None:
        there = {item.name for item in registry.all("filter")}
        return [name for name in USUAL if name in there]
    plans = (begun.parts.get(f"filter {name}") for name in USUAL)
    return [plan.id for plan in plans if plan is not None]


def file_of(registry: Registry, config: RunConfig) -> TaskFile | None:
    """Return the task's file; a draft only gets replies that are made up."""
    if not is_file(config.task):
        return None
    file = task_file(order_of(config.task))
    if file.draft and not made_up(registry, [config.backend]):
        raise UsageError(
            f"{config.task} is a draft that has not been reviewed",
            hint="review it, fix any mistakes, and remove the line `draft: true`",
        )
    return file


def _full_id(registry: Registry, kind: str, name: str) -> str:
    """Return a part's full id, or the name itself if unknown, which is reported at its use."""
    with contextlib.suppress(UsageError):
        found = registry.find(kind, name).id
        return Typed(found) if isinstance(name, Typed) else found
    return name


def named(registry: Registry, config: RunConfig) -> RunConfig:
    """The config with backends and lists by their full ids, so that equal ones have equal names."""
    return config.replace(
        backend=_full_id(registry, "backend", config.backend),
        backend_for={
            step: _full_id(registry, "backend", name) for step, name in config.backend_for.items()
        },
        contexts_from=_full_id(registry, "contexts", config.contexts_from),
        seeds_from=_full_id(registry, "seeds", config.seeds_from),
        generators_from={
            branch: _full_id(registry, "generator", name)
            for branch, name in config.generators_from.items()
        },
        checks=[_full_id(registry, "check", name) for name in config.checks],
        filters=[_full_id(registry, "filter", name) for name in config.filters],
    )


def _kept(config: RunConfig, lock: Lock, datasets: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Options as a run keeps them: without secrets, and with the values that were read."""
    steps = lock.steps
    kept: dict[str, Any] = {}
    for part in lock.parts.values():
        if part.id in (*config.checks, *config.filters):  # names among them are full ids now
            kept |= {f"{part.names[1]}.{name}": value for name, value in part.options.items()}
    for name, value in config.options.items():
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
            shared = about not in config.elsewhere and f"{about}.{key}" not in config.options
            if key in plan.options and (about in step or (not step and shared)):
                kept[name] = plan.options[key]
                break
    return kept


def options_of(
    task: Task[Any, Any], config: RunConfig, parts: Parts, former: Sequence[str] = ()
) -> dict[str, StepOptions]:
    """Return the user's options for each of the task's steps.

    Raises:
        UsageError: something is said of what is neither a step nor one of the `parts` in use.
    """
    check_steps(
        task.steps,
        config.options,
        config.backend_for,
        parts=parts,
        former=former,
        untyped=config.untyped,
    )
    return {step.name: config.options_of(step.name) for step in task.steps}


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
    ids += [*task.about.based_on, *(source.origin for source in task.chain)]
    names = {"targen-core", "numpy", "rapidfuzz", "pydantic"}
    names |= {part.partition(":")[0] for part in ids if ":" in part}
    if file is not None:
        names |= {*file.distributions}
    names |= {package for step in steps.values() for package in step.backend.packages}
    names |= parts.packages
    return versions_of(names)


def _digest(items: Sequence[Any]) -> str:
    text = json.dumps([item_value(item) for item in items], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def chain_of(
    task: Task[Any, Any], config: RunConfig, options: Mapping[str, StepOptions]
) -> tuple[tuple[ListSpec, ...], dict[str, tuple[Any, ...]]]:
    """The chain of lists, with the user's own items and batch sizes in place."""
    limit = config.contexts_limit
    user_items: dict[str, tuple[Any, ...]] = {}
    chain: list[ListSpec] = []
    if task.seeding.parts and (
        config.seeds is not None or config.contexts is not None or limit is not None
    ):
        parts = ", ".join(task.seeding.parts)
        raise UsageError(
            f"the parts of the task {task.name} each have their own lists: {parts}",
            hint="omit --contexts and --seeds",
        )
    if config.seeds is not None:
        if config.contexts is not None:
            raise UsageError(
                "--seeds also replaces the contexts, so pass only one of the two options"
            )
        last = task.chain[-1]
        user_items["seeds"] = _items("seeds", config.seeds, last, most=True)
        return (
            ListSpec(last.name or "seeds", last, last.batch, fixed=user_items["seeds"]),
        ), user_items
    if (task.contexts is None and config.contexts is not None) or (
        limit is not None and not task.chain
    ):
        raise UsageError(f"task {task.name} has no contexts (step 1)", hint="use --seeds")
    if config.contexts is not None and task.contexts is not None:
        user_items["contexts"] = _items("contexts", config.contexts, task.contexts)
    steps = {id(source): step.name for step in task.steps for source in step.lists or ()}
    for lists in [part.lists for part in task.seeding.parts.values()] or [task.chain]:
        sizes = {name: list(options[name].batch) for name in steps.values()}
        for source in lists:
            name = steps[id(source)]
            part = ListSpec(
                name,
                source,
                sizes[name].pop(0) if sizes[name] else source.batch,
            )
            if source is task.contexts:
                part = replace(part, fixed=user_items.get("contexts"))
            if not chain:  # stands in for contexts in a task without them
                part = replace(part, limit=limit)
            chain.append(part)
    return tuple(chain), user_items


def _items(option: str, path: Path, step: ListStep[Any], *, most: bool = False) -> tuple[Any, ...]:
    """The items of a user's file."""
    from targen_core.dataset.items import read_items

    return read_items(path, step, flag_of(option), most=most)


def refuse_unsharded(task: Task[Any, Any], shard: Shard, chain: Sequence[ListSpec]) -> None:
    """Refuse a shard of a run that cannot be divided, or a shard without work."""
    alone = "omit --shard; for more rows, use a different --seed"
    paper = task.seeding.seed_branch is not None and "paper" in task.variants
    for part in chain:
        if part.source.told_rows:
            raise UsageError(
                f"--shard: step {part.step} of {task.name} learns from earlier rows, which "
                "is only possible within one run",
                hint=alone + (", or add --variant paper" if paper else ""),
            )
    parts = [len(part.lists) for part in task.seeding.parts.values()] or [len(chain)]
    for first in (chain[sum(parts[:number])] for number in range(len(parts))):
        count = first.limit
        if first.fixed is not None or first.source.once:
            there = first.source.batch if first.fixed is None else len(first.fixed)
            count = there if count is None else min(there, count)
        if count is None or shard.of(count):
            continue
        if count == 1:
            raise UsageError(
                f"--shard {shard}: the first list of {task.name}, {first.step}, has only "
                "one item, and an item cannot be divided between shards",
                hint=alone,
            )
        raise UsageError(
            f"--shard {shard}: the first list of {task.name}, {first.step}, has "
            f"{plural(count, 'item')}, so this shard would be empty",
            hint=f"use at most {plural(count, 'shard')}",
        )
