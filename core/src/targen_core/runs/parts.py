"""The registered parts of a run, in addition to its task and its models, with options."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from pydantic import BaseModel

from targen_core.errors import (
    MissingDependency,
    TargenError,
    UnreadableFile,
    UsageError,
)
from targen_core.hints import flag_of, quoted
from targen_core.options import Datasets, ListOptions, RowOptions
from targen_core.origin import is_file
from targen_core.plain import digest_of
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.manifest import PartPlan
from targen_core.runs.step_options import is_of_part
from targen_core.task_files import Loc, blame
from targen_core.tasks.model import Task
from targen_core.tasks.prompt import Prompt

Admit: TypeAlias = Callable[[str, Datasets, Sequence[str]], None]

MAX_COPIED = 64 << 20
"""Most bytes of a file that an option names and that a run keeps a copy of."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One of several parts of a kind.

    Attributes:
        id: its full id.
        part: the part.
        make: makes another one, with the same options.
    """

    id: str
    part: Any
    make: Callable[[], Any]


class Parts:
    """Finds parts by kind and name, gives them their options, and remembers what was used.

    Options are typed by the part's name or full id, as in `majority.times` or
    `acme:majority.times`. Options of steps have a step's name there, which takes precedence.

    Attributes:
        files: the files that options name and a run keeps copies of, by the names of the copies.
    """

    def __init__(
        self,
        registry: Registry,
        options: Mapping[str, Any],
        task: Task[Any, Any] | None = None,
        *,
        distribution: str = "",
        file: str = "",
        copies: bool = True,
        admit: Admit = lambda option, words, sources: None,
        recorded: Mapping[str, PartPlan] = MappingProxyType({}),
    ) -> None:
        """Take what `-o` said over what the task says; defaults are its `distribution`'s first.

        `file` is the task's, if it was in one: errors about what it says name the line.
        Without `copies`, files that options name are not copied: plans have their absolute paths.
        `admit` may refuse datasets that options name, before anything is read. `recorded` are the
        parts of a run by their places. Names that the task has mean these, whatever else has been
        installed since.
        """
        self._registry = registry
        self._recorded = recorded
        self._whose = (distribution,)
        self._file = file if is_file(file) else ""
        self._copies = copies
        self._admit = admit
        self._own = _by_part(task.uses.options if task is not None else {})
        self._lists: dict[str, Mapping[Any, str]] = {}
        if task is not None:
            self._lists["generator"] = task.uses.generators
            self._lists["check"] = dict(enumerate(task.uses.checks))
            self._lists["filter"] = dict(enumerate(task.uses.filters))
        self._places: dict[str, Sequence[Loc]] = {}  # of a part's name in the task's file, by id
        self._blamed: UsageError | None = None  # it names a line
        self._said = _by_part(options)
        self._used: dict[str, tuple[Registration[Any], Any, BaseModel | None]] = {}
        self._task: Task[Any, Any] | None = None  # that parts looked at
        self.files: dict[str, Path] = {}
        self.datasets: dict[str, list[str]] = {}
        """Datasets that options name, by the option."""
        self.packages: set[str] = set()
        """Distributions that parts in use say affect their results."""

    def find(
        self, place: str, kind: str, name: str, *, is_default: bool = False
    ) -> tuple[Registration[Any], Any]:
        """The part registered as `name`, made with its options, for a place in the run.

        A default (`is_default`), which was not typed, means the part of the task's own
        distribution first.

        Raises:
            UsageError: the part or its option is unknown.
        """
        item = self._own_item(kind, name) if is_default else self._registry.find(kind, name)
        return item, self._made(place, item)

    def _own_item(self, kind: str, name: str) -> Registration[Any]:
        """Return a part that the task names; errors about it name the line of the task's file."""
        named = [key for key, each in self._lists.get(kind, {}).items() if each == name]
        places: list[Loc] = [(kind, "use"), (kind,)]
        if named:
            # One generator for all branches has no key.
            places = [*((f"{kind}s", key) for key in named if key != ""), (f"{kind}s",)]
        ids = (plan.id for plan in self._recorded.values())
        of = (each.rpartition(":")[0] for each in ids if each.endswith(f":{name}"))
        with self._at_one_of(lambda error: places):
            item = self._registry.find(kind, name, whose=(*of, *self._whose))
        self._places[item.id] = places
        return item

    @contextlib.contextmanager
    def _at_one_of(self, places: Callable[[UsageError], Sequence[Loc]]) -> Iterator[None]:
        """Have an error about what the task's file says name the file and the line."""
        try:
            yield
        except UsageError as error:
            new = self._file and error is not self._blamed
            if new and (at := places(error)) and blame(self._file, at, error):
                self._blamed = error
            raise

    def about(self, item: Registration[Any]) -> AbstractContextManager[None]:
        """Have an error about a part name the line of the task's file that is at fault.

        It is that of the option, if the file sets it; otherwise that of the part's name. An option
        that was typed has no line.
        """

        def places(error: UsageError) -> Sequence[Loc]:
            path = str(error.path) if isinstance(error, UnreadableFile) else None
            at_fault = error.option.partition(".")[0]
            typed = {**self._said.get(item.id, {}), **self._said.get(item.name, {})}
            if at_fault in typed or (path is not None and path in map(str, typed.values())):
                return ()
            for name in (item.id, item.name):
                for option, value in self._own.get(name, {}).items():
                    if option not in typed and (option == at_fault or path == str(value)):
                        return [("options", f"{name}.{option}")]
            return self._places.get(item.id, ())

        return self._at_one_of(places)

    def several(self, kind: str, own: Sequence[str], typed: Sequence[str]) -> list[Chosen]:
        """The parts of a kind that apply one behind the other: the task's own, then the typed ones.

        One that is named twice applies once, where it is named first. Each has the place
        "KIND NAME" in the run.

        Raises:
            UsageError: the part or its option is unknown.
        """
        items = {item.id: item for item in (self._own_item(kind, name) for name in own)}
        items |= {item.id: item for item in (self._registry.find(kind, n) for n in typed)}
        chosen = []
        for item in items.values():
            place = f"{kind} {item.name}"
            if place in self._used and self._used[place][0] is not item:  # another distribution's
                place = f"{kind} {item.id}"
            chosen.append(
                Chosen(item.id, self._made(place, item), partial(self._made_again, place, item))
            )
        return chosen

    def _made(self, place: str, item: Registration[Any]) -> Any:
        """A part with its options, remembered as in use at its place."""
        with self.about(item):
            return self._configured(place, item)

    def _configured(self, place: str, item: Registration[Any]) -> Any:
        said = {**_of(item, self._own), **_of(item, self._said)}
        model = self._registry.options_of(item)
        for option, words in Datasets.among(model).items() if model is not None else ():
            sources = said.get(option) or ()
            self.datasets[option] = [sources] if isinstance(sources, str) else [*sources]
            self._admit(option, words, self.datasets[option])

        def using(option: str, kind: str, name: str) -> tuple[Registration[Any], Any]:
            try:
                return self.find(f"{option} of {place}", kind, name, is_default=option not in said)
            except UsageError as error:
                error.option = error.option or option
                raise

        part, options = self._registry.configured(item, said, using=using)
        self._used[place] = item, part, options
        self.packages |= {*getattr(part, "packages", ())}
        return part

    def _made_again(self, place: str, item: Registration[Any]) -> Any:
        """A part that has looked at the task as the first one at its place has."""
        part = self._made(place, item)
        if self._task is not None and getattr(part, "check_task", None) is not None:
            self._looking(item, part, "check_task", self._task)
        return part

    def shaped(self, task: Task[Any, Any], typed: Sequence[str]) -> Task[Any, Any]:
        """The task as filters change it: its own, then those that are `typed`.

        Only filters that say they change it are made for that.

        Raises:
            UsageError: what a filter raises, with its id.
            PluginError: it raises something else.
        """
        shaping: dict[str, Registration[Any]] = {}
        find = partial(self._registry.find, "filter")
        own = [(name, partial(self._own_item, "filter")) for name in task.uses.filters]
        for name, found in [*own, *((name, find) for name in typed)]:
            with contextlib.suppress(TargenError):  # of one that is missing, by who uses it
                item = found(name)
                if getattr(self._registry.target(item), "shapes", False):
                    shaping[item.id] = item
        for item in shaping.values():
            part = self._made(f"filter {item.name}", item)
            task = self._looking(item, part, "shaped", task)
        return task

    def require_fit(self, task: Task[Any, Any]) -> None:
        """Have each part in use check the task with its `check_task`, if it has one.

        Raises:
            UsageError: what a part raises, with its id.
            PluginError: it raises something else.
        """
        self._task = task
        for item, part, _ in self._used.values():
            if getattr(part, "check_task", None) is not None:
                self._looking(item, part, "check_task", task)

    def _looking(
        self, item: Registration[Any], part: Any, method: str, task: Task[Any, Any]
    ) -> Any:
        """Call a method of a part for a task; its faults are its distribution's."""
        try:
            with self.about(item):
                return getattr(part, method)(task)
        except MissingDependency:
            raise
        except UsageError as error:
            if error is not self._blamed and not error.option:
                error.args = (f"{item.kind} {item.id}, for task {task.name}: {error}",)
            raise
        except (Exception, SystemExit) as error:
            raise item.fault(f": {method} raised {type(error).__name__}: {error}") from error

    @property
    def plans(self) -> dict[str, PartPlan]:
        """Return the lock's entry for each part in use, by its place in the run.

        Files that options name are read, since their content decides what the part gives.

        Raises:
            UnreadableFile: one cannot be read.
        """
        return {place: self._plan(*used) for place, used in self._used.items()}

    def _plan(self, item: Registration[Any], part: Any, options: BaseModel | None) -> PartPlan:
        values: dict[str, Any] = {}
        files: dict[str, str] = {}
        if options is not None:
            values = json.loads(options.model_dump_json(exclude={*Datasets.among(type(options))}))
            for option, path in options:
                if isinstance(path, Path):
                    values[option], files[option] = self._kept(item, option, path)
        sources = tuple(getattr(part, "sources", ()))
        return PartPlan(
            id=item.id,
            options=values,
            prompts=_prompts(part),
            files=files,
            sources=sources,
        )

    def _kept(self, item: Registration[Any], option: str, path: Path) -> tuple[str, str]:
        """Return a plan's entry for a path: the run's copy or the path, and its digest."""
        path = path.expanduser().absolute()
        if not path.is_file():
            return str(path), ""
        digest = digest_of(path)
        if not self._copies or path.stat().st_size > MAX_COPIED:
            return str(path), digest
        suffix = path.suffix if re.fullmatch(r"\.\w{1,16}", path.suffix) else ""
        name = f"given-{item.id.replace(':', '.')}.{option}{suffix}"
        self.files[name] = path
        return name, digest

    def refuse_unused(self, option: str, untyped: Collection[str] = ()) -> bool:
        """Refuse an option of a part that is installed, and not used here.

        Return whether it is one of the `untyped` options instead, which are defaults.

        Raises:
            UsageError: it is of one.
        """
        about = option.rpartition(".")[0]
        for item in self._registry.everything():
            if about not in (item.name, item.id) or not self._registry.is_configurable(item):
                continue
            if option in untyped:
                return True
            chooses = _choosing().get(item.kind)
            uses = f"pass {flag_of(chooses)} {quoted(about)}, or " if chooses else ""
            raise UsageError(
                f"option {option!r}: this run does not use the {item.kind} {item.id}",
                hint=uses + "omit the option",
            )
        return False

    @property
    def options(self) -> list[str]:
        """Return the options of the parts in use, as typed."""
        made = ((item.name, options) for item, _, options in self._used.values())
        return [
            f"{name}.{key}" for name, of in made if of is not None for key in type(of).model_fields
        ]

    @property
    def names(self) -> set[str]:
        """Return the names with which options of the parts in use may be typed."""
        return {
            name
            for item, _, options in self._used.values()
            if options is not None and type(options).model_fields
            for name in (item.name, item.id)
        }


def _choosing() -> dict[str, str]:
    """Return the option that chooses a part of each kind, if a run has one."""
    declared = {**RowOptions.declared(), **ListOptions.declared()}
    named = {
        option.flag.completes: name for name, option in declared.items() if option.flag.completes
    }
    return {"executor": "executor", **named}  # a run does not record its executor


def _by_part(options: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Group options by the part's name or id, as spelt, under their own names."""
    said: dict[str, dict[str, Any]] = {}
    for name, value in options.items():
        about, _, key = name.rpartition(".")
        if is_of_part(name):
            said.setdefault(about, {})[key] = value
    return said


def _of(item: Registration[Any], said: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The options of a part, which are given by its name or by its id.

    Raises:
        UsageError: one is given by both, with two values.
    """
    bare, full = said.get(item.name, {}), said.get(item.id, {})
    for key in bare.keys() & full.keys():
        if bare[key] != full[key]:
            raise UsageError(
                f"options {item.name}.{key}={bare[key]} and {item.id}.{key}={full[key]} set the "
                "same option to two values",
                hint="omit one of them",
            )
    return {**bare, **full}


def _prompts(part: Any) -> dict[str, str]:
    """The versions of a part's own prompts, by name."""
    own = [each for each in getattr(part, "prompts", ()) if isinstance(each, Prompt)]
    return {prompt.name: prompt.version for prompt in own}
