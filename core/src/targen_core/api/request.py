"""From what somebody asks for to what the engine runs: the command and all functions come here.

Options are keywords by then; objects get names, and items get files.
"""

from __future__ import annotations

import json
import logging
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from os import PathLike, fspath, sep
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import BaseModel, SecretStr

from targen_core import folders
from targen_core.api.kinds import python_number
from targen_core.api.models import ModelLike, backend_of, name_of, named
from targen_core.engine.quota_tracker import QuotaTracker
from targen_core.engine.quotas import Quotas, Shard, read_shard
from targen_core.errors import UnknownName, UsageError
from targen_core.hints import did_you_mean, flag_of, quoted
from targen_core.options import Limits, several
from targen_core.origin import Typed, is_file, order_of
from targen_core.outputs import write_file
from targen_core.plain import require_possible
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import MEMORY
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig, WorkerOptions
from targen_core.runs.dimensions import misspelt, read_dimensions
from targen_core.runs.job import Job
from targen_core.runs.manifest import Manifest
from targen_core.runs.models import Elsewhere
from targen_core.runs.parsing import parse_labels, parse_shares
from targen_core.runs.permissions import refuse_itself
from targen_core.runs.place import place_for, run_there
from targen_core.runs.plan import Prepared, prepare
from targen_core.runs.shortcuts import shortcuts
from targen_core.runs.step_options import is_of_part
from targen_core.runs.tasks import find_task, task_of
from targen_core.task_files import SavedTask, task_file
from targen_core.tasks.model import Task
from targen_core.tasks.parts import unwrapped
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.calls.backend import Backend
    from targen_core.dataset.model import Dataset

PathText: TypeAlias = str | PathLike[str]
TaskLike: TypeAlias = "str | PathLike[str] | Task[Any, Any] | SavedTask"
"""A task: its name, its file, a `Task`, or a `Declaration`."""
ItemsLike: TypeAlias = "str | PathLike[str] | Iterable[Any]"
"""Contexts or seeds of one's own: a file of them, or the items."""
SourcesLike: TypeAlias = "str | PathLike[str] | Dataset | Iterable[Any]"
"""Datasets: any form that `read_dataset` reads, or several in a list."""
StepLike: TypeAlias = "ModelLike | Mapping[str, Any]"
"""The model of one step: a different model, or `model` with options for this step only."""
ExecutorLike: TypeAlias = "str | Mapping[str, Any]"
"""Where models work: an executor's name, or `name` and which workers."""


USUAL_MODEL = "local"
"""The model that programs use by default."""

_log = logging.getLogger("targen")


@dataclass(frozen=True)
class Request:
    """A request, with all of its objects found by name."""

    registry: Registry
    config: RunConfig
    name: str
    task: Task[Any, Any]
    is_usual: bool = False
    """True if the request names no model and so uses the usual one."""

    @cached_property
    def prepared(self) -> Prepared:
        """All that it names, found, made and checked on first use.

        Raises:
            UsageError: something cannot be.
        """
        made = prepare(self.registry, self.config)
        if self.is_usual:  # all keywords are known: `modle` is not one
            _log.warning(
                'no model was given, so targen uses "%s", a small model for trying things out; '
                'for a real model, pass e.g. model="llama/NAME" (see targen list-backends)',
                USUAL_MODEL,
            )
        return made

    def job(self, out: PathText | None = None) -> Job:
        """The run, ready to go; one without a folder of its own steps aside of another."""
        return Job.create(
            self.registry,
            self.config,
            self._requested_folder(out),
            cache=folders.replies_folder(),
            place="number" if out is None else "exact",
            prepared=self.prepared,
        )

    def folder(self, out: PathText | None = None) -> Path:
        """Where `job` would put the run."""
        requested = self._requested_folder(out)
        return place_for(requested, self._manifest())[0] if out is None else requested

    def found(self, out: PathText) -> Manifest | None:
        """Return the run that `job` would continue in `out`; None if it would begin one.

        Raises:
            RunConflict: `job` would refuse, for example because `out` contains another run.
            UsageError: the run is to exclude its own rows.
        """
        for option, sources in self.prepared.datasets.items():
            refuse_itself(option, sources, as_path(out))
        return run_there(as_path(out), self._manifest(), self.prepared.file)

    def _manifest(self) -> Manifest:
        """Return the manifest that a run of this request would have."""
        return Manifest(config=self.prepared.config, lock=self.prepared.lock, created="")

    def _requested_folder(self, out: PathText | None) -> Path:
        if out is not None:
            return as_path(out)
        shard = "" if self.config.shard is None else self.config.shard.folder
        return Path("runs") / f"{self.name}-{self.config.seed}{shard}"


def as_path(path: PathText) -> Path:
    """A path as a person writes it.

    Raises:
        UsageError: it is something else, or no file can have this name.
    """
    if not isinstance(path, str | PathLike):
        raise UsageError(
            f"{repr(path)[:80]} is not a path", hint='pass a path, such as "runs/rte-0"'
        )
    return require_possible(Path(fspath(path)).expanduser())


def keywords_of(passed: Mapping[str, Any], *own: str) -> dict[str, Any]:
    """Return the keywords that a function was called with, for `asked` or `reopened`.

    So each keyword is named once, in the signature of the function.

    Args:
        passed: `locals()` at the start of the function, which takes `options` and
            `**model_options`.
        own: the parameters that are not for `asked` or `reopened`.
    """
    options = {**passed["model_options"], **(passed["options"] or {})}
    keywords = {name: value for name, value in passed.items() if name not in own}
    del keywords["model_options"]
    return {**keywords, "options": options}


@contextmanager
def asked(
    registry: Registry | None,
    task: TaskLike,
    *,
    model: ModelLike | None = None,
    steps: Mapping[str, StepLike] | None = None,
    options: Mapping[str, Any] | None = None,
    variants: str | Iterable[str] | None = None,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    preset: str | None = None,
    rows: bool = True,
    correct: bool = True,
    corrector: str | None = None,
    contexts: ItemsLike | None = None,
    seeds: ItemsLike | None = None,
    dimensions: Mapping[str, Any] | None = None,
    shares: Mapping[str, Any] | Sequence[str] | None = None,
    shard: str | tuple[int, int] | None = None,
    **values: Any,
) -> Iterator[Request]:
    """Build a request; files that represent objects exist while this context lasts.

    `values` are fields of `RunConfig` and of `Limits`; a limit that is None was not given. Without
    `rows` the number of rows is not asked for.

    Raises:
        UsageError: what cannot be.
    """
    registry = load_registry() if registry is None else registry
    if not correct and corrector:
        raise UsageError("--no-correct and --corrector cannot be used together")
    if corrector == "none" and all(c.name != "none" for c in registry.all("corrector")):
        raise UsageError(
            "--corrector none: there is no corrector with that name",
            hint="--no-correct",
        )
    values = {name: python_number(value) for name, value in values.items()}
    limits = {name: values.pop(name, None) for name in Limits.model_fields}
    options = dict(options or {})  # a manifest could not store a program's rows as an option
    values |= {
        name: options.pop(name)
        for name in {*options} & options_of_rows()
        if not isinstance(options[name], Mapping)  # options of a part of that name
    }
    is_usual = model is None
    if is_usual:
        _refuse_settings()
    model = USUAL_MODEL if model is None else model
    with tempfile.TemporaryDirectory(prefix="targen-") as folder, _as_passed(Path(folder)):
        files = Path(folder)
        tasks, called = called_task(task, files)
        models, said = _by_step(model, steps, spread(registry, options))
        backends: dict[str, Backend] = {}
        names: dict[str, str] = {}
        objects: dict[str, Any] = {}
        for step, of in models.items():
            if isinstance(of, str):
                names[step], own = named(of)
                said = _values(own, step) | said
            else:
                name = name_of(of, objects)
                objects[name], backends[name] = of, backend_of(registry, of)
                names[step] = f"{MEMORY}:{name}"
        registry = registry.including(tasks=tasks, backends=backends)
        values |= _of_filters(registry, said, values, names.values())
        drawn = read_dimensions(dimensions or {})
        chosen: tuple[str, ...] = several(variants)
        registration, varied = find_task(registry, called, chosen)
        if rows and is_file(called):
            task_file(order_of(called)).ready(registry)
        quotas = quotas_of(varied, n, labels, preset) if rows else Quotas({})
        varied = varied.including(quotas)
        part = None
        if (numbers := read_shard(shard)) is not None:
            part = Shard(*numbers, quotas.for_task(varied))
            quotas = _part_of(varied, part)
        config = RunConfig(
            task=called if is_file(called) else registration.id,
            quotas=quotas,
            variants=chosen,
            backend=names.pop(""),
            backend_for=names,
            options=said,
            corrector=(corrector or "") if correct else None,
            contexts=_items(contexts, files / "contexts.jsonl"),
            seeds=_items(seeds, files / "seeds.jsonl"),
            dimensions=drawn,
            shares=parse_shares(shares or ()),
            shard=part,
            **_not_none(limits),
            **_with_files(_not_none(values), files),
        )
        for warning in misspelt(varied, drawn):
            _log.warning("%s", warning)
        yield Request(registry, config, registration.name, task_of(registry, config)[1], is_usual)


def _refuse_settings() -> None:
    """Refuse to choose a model for a person who has chosen one for commands.

    Raises:
        UsageError: their settings name a backend.
    """
    from targen_core.runs import settings

    held = settings.merged(settings.layers(settings.read_files()), lambda a, b: a == b)
    if "backend" not in held:
        return
    values = {
        name.removeprefix("options.").replace("-", "_"): value.value for name, value in held.items()
    }
    model = "/".join(values[name] for name in ("backend", "model") if name in values)
    passed = {"model": model} | {
        name: values[name] for name in ("base_url", "max_cost") if name in values
    }
    words = ", ".join(f"{name}={json.dumps(value)}" for name, value in passed.items())
    raise UsageError(
        "the settings of targen config apply to commands, not in Python", hint=f"pass {words}"
    )


def elsewhere(
    registry: Registry | None,
    executor: ExecutorLike | WorkerOptions | None,
    *,
    options: dict[str, Any],
    delivery: str = "",
) -> Elsewhere | None:
    """Where the models of a run are to work; None for this process.

    Args:
        registry: finds the executor; by default, all installed plugins.
        executor: its name, or `name` and which workers.
        options: those of the request. The executor's are taken out, since no run keeps them.
        delivery: the name of a delivery that was asked for, which excludes an executor.

    Raises:
        UsageError: the executor is unknown, or its options are invalid.
    """
    if executor is None or executor == WorkerOptions():
        return None
    if isinstance(executor, str):
        executor = WorkerOptions(executor=executor)
    elif isinstance(executor, Mapping):
        values = dict(executor)
        executor = WorkerOptions(executor=values.pop("name", None), **values)
    elif not isinstance(executor, WorkerOptions):
        raise UsageError(
            f"executor: {type(executor).__name__} is not an executor",
            hint='pass its name, such as "ray", or {"name": "ray", "workers": 4}',
        )
    registry = load_registry() if registry is None else registry
    said = spread(registry, options)
    where = Elsewhere.read(registry, executor, said)
    options.clear()
    options.update(said)
    if delivery:
        where.refuse(registry.get("delivery", delivery))
    return where


def reopened(
    run: PathText,
    registry: Registry | None = None,
    *,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    task: Task[Any, Any] | None = None,
    model: ModelLike | None = None,
    options: Mapping[str, Any] | None = None,
    steps: Mapping[str, StepLike] | None = None,
    give_up_after: int | None = None,
    datasets: Mapping[str, SourcesLike | None] = MappingProxyType({}),
    verify: bool = False,
    **limits: Any,
) -> tuple[Job, Registry]:
    """Open an existing run, ready to continue, and return it with the registry of its parts.

    `limits` are fields of `Limits`; one that is None stays as it was. `datasets` says where
    those are that options of filters name, by the option.

    Raises:
        UsageError: what cannot be.
    """
    path = as_path(run)
    manifest = Manifest.load(path / "manifest.json")
    of_parts = spread(load_registry() if registry is None else registry, options)
    models, said = _by_step(model, steps, of_parts)
    registry = registry_for(path, manifest, registry, task, models)
    require_objects(registry, manifest, manifest.resuming(path))
    quotas = None
    if n is not None or counts_in(labels):
        began, name = manifest.task, manifest.task_name(path)
        _, of = find_task(registry, name, began.variants, began.labels)
        quotas = quotas_of(of, n, labels, None)
        if n is None:
            _require_begun(of, quotas, path)
            quotas = quotas.named(of)
        else:
            targets = [each.quotas.over(of.quota_names) for each in manifest.targets]
            quotas = Quotas.extended(n, targets, of)
    with tempfile.TemporaryDirectory(prefix="targen-") as folder:
        job = Job.resume(
            registry,
            path,
            cache=folders.replies_folder(),
            quotas=quotas,
            give_up_after=give_up_after,
            options=said,
            limits=_not_none(limits),
            datasets=_with_files(_not_none(datasets), Path(folder)),
            verify=verify,
        )
    return job, registry


def _require_begun(task: Task[Any, Any], names: Iterable[str], run: Path) -> None:
    """Check that a run was started with all of these labels: its labels decide its order.

    Raises:
        UsageError: the task allows one that the run does not have.
    """
    for name in map(task.label_named, names):
        if name not in task.quota_names and task.allows(name):
            raise UsageError(
                f"{run} was started without rows of {name}, and cannot add a label",
                hint="generate such rows with a different --out",
            )


def require_objects(registry: Registry, manifest: Manifest, again: str) -> None:
    """Check that the objects that a run was made with are here, since no run keeps one.

    Raises:
        UnknownName: a name is not registered; `again` shows how to pass the object.
    """
    used = [("backend", step.backend) for step in manifest.steps.values()]
    for kind, name in [("task", manifest.task.id), *used]:
        if name.startswith(f"{MEMORY}:"):
            try:
                registry.find(kind, name)
            except UnknownName as error:
                error.hint = again
                raise


def spread(registry: Registry, options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Options by `KEY` and `NAME.KEY`, those that are grouped by a registered part apart."""
    apart: dict[str, Any] = {}
    for name, value in (options or {}).items():
        named = (item for item in registry.everything() if name in (item.name, item.id))
        if isinstance(value, Mapping) and any(map(registry.is_configurable, named)):
            apart |= {f"{name}.{key}": each for key, each in value.items()}
        else:
            apart[name] = value
    return apart


def _of_filters(
    registry: Registry, said: dict[str, Any], named: Mapping[str, Any], backends: Iterable[str]
) -> dict[str, Any]:
    """Take the flags of filters out of `said`, except those of a backend and of `named`."""
    flags = {name for name in shortcuts() if name in said and named.get(name) is None}
    for backend in backends if flags else ():
        flags -= {*registry.get("backend", backend).options.model_fields}
    return {name: said.pop(name) for name in flags}


def _by_step(
    model: ModelLike | None,
    steps: Mapping[str, StepLike] | None,
    options: Mapping[str, Any] | None,
) -> tuple[dict[str, ModelLike], dict[str, Any]]:
    """Models by step, where "" is all others, and options by `KEY` or `STEP.KEY`."""
    models: dict[str, ModelLike] = {} if model is None else {"": model}
    said = _values(options or {})
    for step, parts in (steps or {}).items():
        own = dict(parts) if isinstance(parts, Mapping) else {"model": parts}
        if "model" in own:
            models[step] = own.pop("model")
        said |= _values(own, step)
    return models, said


def _not_none(limits: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in limits.items() if value is not None}


def called_task(task: TaskLike, folder: Path) -> tuple[dict[str, Task[Any, Any]], str]:
    """The objects that a task brings, and what finds it."""
    if hasattr(task, "save_in") and not isinstance(task, type):
        return {}, task.save_in(folder)  # as a file, which the run copies
    found = given_task(task)
    if isinstance(found, Task):
        return {found.name: found}, f"{MEMORY}:{found.name}"
    return {}, found


def given_task(task: TaskLike) -> Task[Any, Any] | str:
    """A task as rows are read for it: a `Task`, also that of a `Declaration`, or what finds one.

    Raises:
        UsageError: it is not a task.
    """
    if isinstance(task, Task):
        return task
    if isinstance(task, PathLike):
        text = str(as_path(task))
        return Typed(text if is_file(text) else Path(text).absolute())
    if isinstance(task, str):
        is_home = task.startswith("~")
        path = as_path(task) if is_file(task) or is_home else None  # or it is a name
        return type(task)(path) if is_home else task
    if hasattr(task, "save_in") and not isinstance(task, type):
        return task.task()
    usual: str = "pass a name, a file's path, a Task or a Declaration"
    name = (task if isinstance(task, type) else type(task)).__name__
    if isinstance(task, type):
        usual = f"pass an instance, such as {name}(...)"
    raise UsageError(
        f"task: {name} is not a task",
        hint="pass Declaration(**TASK)" if isinstance(task, Mapping) else usual,
    )


def _items(items: ItemsLike | None, file: Path) -> Path | None:
    """The file that items are in; those of a program are written into `file`."""
    if items is None:
        return None
    if isinstance(items, str | PathLike):
        return as_path(items)
    if hasattr(items, "columns"):  # a data frame, which is a sequence of its columns' names
        names = [str(name) for name in items.columns]
        raise UsageError(
            f"a table is not a list of {file.stem}",
            hint="pass one of its columns, as in " + " or ".join(f"table[{n!r}]" for n in names),
        )
    values = (
        item.model_dump(mode="json") if isinstance(item, BaseModel) else item for item in items
    )
    write_file(file, "".join(f"{json.dumps(value)}\n" for value in values))
    return file


def _with_files(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return values by option, with names for datasets, as `names_of_sources` has them."""
    named = {name for name, option in shortcuts().items() if option.datasets is not None}
    made = {
        name: names_of_sources(name, value, folder) if name in named else value
        for name, value in values.items()
    }
    # Without a dataset, a run is that of a call without the option.
    made = {name: value for name, value in made.items() if name not in named or value}
    kept = {}
    for name in made.keys() & options_of_rows():
        from targen_core.dataset.kept import file_of_rows

        with given_as(name):
            kept[name] = file_of_rows(made[name])
    return made | kept


@contextmanager
def given_as(option: str, item: int | None = None) -> Iterator[None]:
    """Have an error about data that a program passes name its option, and its number in a list."""
    try:
        yield
    except UsageError as error:
        which = "" if item is None else f", item {item}"
        error.args = (f"{flag_of(option)}{which}: {error}",)
        raise


def options_of_rows() -> set[str]:
    """The options that are files of rows."""
    return {name for name, option in shortcuts().items() if option.rows}


def names_of_sources(option: str, sources: SourcesLike | None, folder: Path) -> list[str]:
    """Datasets by their names; rows of a program are written into `folder`.

    Raises:
        UsageError: one is not a dataset.
    """
    if sources is None or (isinstance(sources, list | tuple) and not sources):
        return []
    several: Sequence[Any] = [sources]
    if isinstance(sources, list | tuple) and not all(isinstance(one, Mapping) for one in sources):
        several = sources
    names: list[str] = []
    for number, source in enumerate(several, 1):
        if isinstance(source, str):
            names.append(source)
        elif isinstance(source, PathLike):
            names.append(str(as_path(source)))
        else:
            from targen_core.dataset.read import rows_in  # not for each run

            file = folder / f"rows-{number}.jsonl"
            with given_as(option, number if several is sources else None):
                rows = rows_in(source)
            write_file(file, "".join(json.dumps(dict(row), default=str) + "\n" for row in rows))
            names.append(f"{MEMORY}:{file}")
    return names


@contextmanager
def _as_passed(folder: Path) -> Iterator[None]:
    """Have errors name objects that a program passes, not the files that represent them."""
    try:
        yield
    except UsageError as error:
        text = str(error)
        for what in ("contexts", "seeds"):
            file = f"{what} file {folder / what}.jsonl"
            text = text.replace(f"{file}, line ", f"{what}, item ").replace(file, what)
        declared = rf"{re.escape(f'{folder}{sep}')}[^\s{re.escape(sep)}]+\.json, line \d+"
        error.args = (re.sub(declared, "declaration", text).replace(f"{folder}{sep}", ""),)
        raise


def _values(options: Mapping[str, Any], step: str = "") -> dict[str, Any]:
    """Return options by `KEY` or `STEP.KEY`, without options that were not given (None).

    For an option of a part (`PART.KEY`), None is a value: it takes the place of a task file's.

    Raises:
        UsageError: a value that no manifest can hold.
    """
    before = f"{step}." if step else ""
    return {
        f"{before}{name}": _value(name, value)
        for name, value in options.items()
        if value is not None or (not step and is_of_part(name))
    }


def _value(name: str, value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, PathLike):
        return str(as_path(value))
    try:
        return json.loads(json.dumps(value, allow_nan=False, default=_of_numpy))
    except (TypeError, ValueError):
        hint: str = "options of models are numbers, strings, lists or mappings"
        if callable(value) and name == "script":
            hint = "pass the function as model=ScriptedModel(ScriptedOptions(), FUNCTION)"
        elif callable(value):
            hint += "; only Job.run takes a function, which it calls with each event"
        raise UsageError(f"{name} is {repr(value)[:80]}", hint=hint) from None


def _of_numpy(value: Any) -> Any:
    """Return a number or an array of numpy's, which json does not know, as Python has it.

    Raises:
        TypeError: it is something else.
    """
    if not hasattr(value, "tolist"):
        raise TypeError(f"not of numpy: {type(value).__name__}")
    return value.tolist()


def counts_in(labels: Mapping[str, int] | list[str] | None) -> dict[str, int]:
    """Return rows by label as a dictionary: a Series has no truth value.

    They may be texts, as typed. Labels of a data frame may be numbers, whose texts are the labels
    of a task.

    Raises:
        UsageError: a text is not LABEL=ROWS.
    """
    if labels is None or isinstance(labels, list):
        return parse_labels(labels)
    items = ((unwrapped(name), python_number(rows)) for name, rows in labels.items())
    return {name if isinstance(name, str) else str(name).lower(): rows for name, rows in items}


def quotas_of(
    task: Task[Any, Any], n: int | None, labels: Mapping[str, int] | None, preset: str | None
) -> Quotas:
    """Rows by label: given as such, divided evenly, or in the proportions of a preset.

    Raises:
        UsageError: the number of rows is missing or given twice, or a value is invalid.
    """
    labels = counts_in(labels)
    ways = (n is not None or preset is not None) + bool(labels)
    if ways != 1:
        examples = ["-n 100", f"--label {task.quota_names[0]}=40"]
        examples[1:1] = [f"--preset {quoted(name)}" for name in [*task.rows.presets][:1]]
        raise UsageError(
            "give the number of rows in exactly one way"
            if ways
            else "the number of rows is missing",
            hint=", or ".join(examples),
        )
    if labels:
        return Quotas(labels)
    if preset is None:
        assert n is not None
        return Quotas.even(n, task)
    counts = Quotas.preset(preset, task)
    if n is None:
        return counts
    task = task.including(counts)  # a preset may name labels that the task does not plan
    return Quotas.shared(n, counts.for_task(task), task)


def _part_of(task: Task[Any, Any], shard: Shard) -> Quotas:
    """A shard's own rows by label.

    Raises:
        UsageError: the task does not have this part.
    """
    unit, whole = task.rows_per_instance, Quotas(shard.quotas)
    tracker = QuotaTracker(task.quota_names, task.branches, task.seeding.parts, None, unit)
    mine = tracker.part_of(whole, shard.number, shard.count)
    if not mine.total:
        raise UsageError(
            f"--shard {shard}: {plural(whole.total, 'row')} cannot fill {shard.count} "
            "shards, so this shard would be empty",
            hint=f"use at most {plural(whole.total // unit, 'shard')}",
        )
    return mine


def registry_for(
    path: Path,
    manifest: Manifest,
    registry: Registry | None,
    task: Task[Any, Any] | None = None,
    models: Mapping[str, ModelLike] | None = None,
) -> Registry:
    """Return a registry of the parts of an existing run, including objects that it was made with.

    `models` are by step, and "" is the one that all others use.

    Raises:
        UsageError: an object that the run has no use for.
    """
    known = load_registry() if registry is None else registry
    tasks: dict[str, Task[Any, Any]] = {}
    if task is not None:
        if not isinstance(task, Task):
            if hasattr(task, "save_in"):
                raise UsageError(
                    f"the run {path} has its own copy of its task, so do not pass a "
                    f"{type(task).__name__}",
                    hint=f"omit task=; to change the task: targen revise {quoted(path)} --task "
                    "task",
                )
            raise UsageError(
                f"task is {repr(task)[:80]}, but a run looks up its task by name",
                hint="omit task=, or pass the Task object that you started the run with",
            )
        tasks[_in_memory(path, "task", manifest.task.id)] = task
    backends = {}
    for step, model in (models or {}).items():
        if isinstance(model, str):
            raise UsageError(
                f"{path} records its backends, so only model objects have to be passed again",
                hint=manifest.resuming(path) if manifest.objects else "omit model=",
            )
        if step and step not in manifest.steps:
            raise UsageError(
                f"the run {path} has no step {step!r}",
                hint=did_you_mean(step, manifest.steps, "steps"),
            )
        used = manifest.steps[step].backend if step else manifest.config.backend
        backends[_in_memory(path, "model", used)] = backend_of(known, model)
    return known.including(tasks=tasks, backends=backends)


def _in_memory(path: Path, kind: str, used: str) -> str:
    """The name of an object that a run was made with."""
    if not used.startswith(f"{MEMORY}:"):
        raise UsageError(
            f"the {kind} of {path} is {used}, which targen looks up by name",
            hint=f"omit {kind}=",
        )
    return used.partition(":")[2]
