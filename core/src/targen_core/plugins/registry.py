"""The registry: what is installed, by kind and name.

A `Registry` is an ordinary object that does not change: built and passed. The loader
keeps the one of what is installed.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from targen_core.errors import (
    PluginError,
    TargenError,
    UnknownName,
    UsageError,
)
from targen_core.hints import and_also, did_you_mean, near_path, quoted
from targen_core.origin import DECLARED, is_file
from targen_core.plain import what_is
from targen_core.plugins.adapters import named_backend
from targen_core.plugins.capture import capture_output, line_of, raised_by
from targen_core.plugins.hookspecs import API_GROUP
from targen_core.plugins.kinds import FINDER, KINDS, OPENER, Kind, looked_up
from targen_core.plugins.register import MEMORY, OURS, Registration
from targen_core.text import plural, with_article

if TYPE_CHECKING:
    from pydantic import BaseModel

    from targen_core.calls.backend import Backend
    from targen_core.calls.model import ChatModel
    from targen_core.plugins.configurable import Configurable, Section
    from targen_core.tasks.model import Task


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point and how it fared.

    `state` is "ok", "broken", "incompatible" or "disabled". `problem` says why in one line, `hint`
    what to type, and `check` names the rule that it breaks (docs/plugins/conformance.md). `printed`
    is its output on import, which took `seconds`. `kinds` are those that it owns, and `unused` its
    hooks for kinds whose owner is not installed. `taken` are hooks of its kinds that another
    distribution has, by the hook.
    """

    distribution: str
    version: str
    entry_point: str
    module: str
    state: str
    problem: str = ""
    hint: str = ""
    check: str = ""
    group: str = API_GROUP
    printed: str = ""
    kinds: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    taken: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def is_slow(self) -> bool:
        """Return whether its import takes two seconds or more; the core's own takes 0.1."""
        return self.seconds >= 2.0


class NotAModel(TypeError):
    """An object is no model: neither targen's nor one of a library with an adapter."""


class Registry:
    """Finds registered objects by `distribution:name` or by an unambiguous name."""

    def __init__(
        self,
        registrations: Iterable[Registration[Any]] = (),
        plugins: Iterable[Plugin] = (),
        kinds: Mapping[str, Kind] = KINDS,
        owners: Mapping[str, str] = MappingProxyType({}),
        reserved: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    ) -> None:
        self.plugins = tuple(plugins)
        self.kinds: Mapping[str, Kind] = dict(kinds)
        self.reserved = dict(reserved)
        """Names by kind that no plugin may register."""
        self._owners = dict(owners)
        self._by_id: dict[tuple[str, str], Registration[Any]] = {}
        for item in registrations:
            if (item.kind, item.id) in self._by_id:
                raise ValueError(f"{item.kind} {item.id} is registered twice")
            self._by_id[item.kind, item.id] = item

    def __getstate__(self) -> dict[str, Any]:
        """All but the running program's objects: many are no values, and hold keys or handles."""
        kept = {key: item for key, item in self._by_id.items() if item.distribution != MEMORY}
        return {**vars(self), "_by_id": kept}

    def __deepcopy__(self, memo: object) -> Registry:
        return self  # which does not change, and so keeps the program's objects

    def __repr__(self) -> str:
        kinds = Counter(kind for kind, _ in self._by_id)
        plugins = ", ".join(sorted({plugin.distribution for plugin in self.plugins}))
        return f"<Registry {', '.join(f'{kind} {n}' for kind, n in kinds.items())}; of {plugins}>"

    def including(
        self,
        *,
        tasks: Mapping[str, Task[Any, Any]] = MappingProxyType({}),
        backends: Mapping[str, Backend] = MappingProxyType({}),
    ) -> Registry:
        """This registry plus objects of the running program, with the ids `memory:NAME`.

        An object replaces an earlier one of the same name.
        """
        objects: list[tuple[str, str, Any]] = [("task", *item) for item in tasks.items()]
        objects += [("backend", *item) for item in backends.items()]
        registrations: list[Registration[Any]] = [
            Registration(kind, name, target, target.summary, MEMORY, "", "")
            for kind, name, target in objects
        ]
        known = {(item.kind, item.id): item for item in [*self.everything(), *registrations]}
        return Registry(known.values(), self.plugins, self.kinds, self._owners, self.reserved)

    def owner_of(self, kind: str) -> str:
        """Return the distribution that registered a kind; "" if there is none of this name."""
        return self._owners.get(kind, "targen-core" if kind in self.kinds else "")

    def all(self, kind: str) -> list[Registration[Any]]:
        """All registrations of a kind, by name and then by distribution."""
        registrations = [item for (of, _), item in self._by_id.items() if of == kind]
        return sorted(registrations, key=lambda item: (item.name, item.distribution))

    def everything(self) -> list[Registration[Any]]:
        """All registrations of every kind."""
        return list(self._by_id.values())

    def find(self, kind: str, name: str, *, whose: Sequence[str] = ()) -> Registration[Any]:
        """The registration for `name`, bare or full.

        A plain `str` finds what is installed. A file or an import path has to be a `Typed`. If
        several distributions register a bare name, the first of these counts: one in `whose`, the
        owner of the kind, targen's own. So other installed packages never change the meaning of
        targen's own names.

        Raises:
            Untrusted: a plain `str` names a file or an import path.
            UnknownName: lists near matches, and the package to install if it is one of ours.
            UsageError: listing the full ids.
            UsageError: a file without a task, or an invalid class name.
        """
        if kind == "task" and is_file(name):
            registration: Registration[Any] = looked_up(FINDER)(name)
            return registration
        if ":" in name:
            if (kind, name) in self._by_id:
                return self._by_id[kind, name]
            if kind == "backend" and (adapter := self.adapter(name)):
                return named_backend(adapter, self.resolve(adapter), name)
            raise self._unknown(kind, name)
        matching = self._called(kind, name)
        if not matching:
            raise self._unknown(kind, name)
        owner = self.owner_of(kind)
        for first in (*({each} for each in (*whose, owner)), OURS):
            matching = [item for item in matching if item.distribution in first] or matching
        matching = [item for item in matching if item.name == name] or matching
        if len(matching) > 1:
            ids = " or ".join(item.id for item in matching)
            raise UsageError(
                f"{kind} {name!r} is registered by {len(matching)} distributions",
                hint=f"use one of these ids: {ids}",
            )
        return matching[0]

    def _called(self, kind: str, name: str) -> list[Registration[Any]]:
        """Return the registrations with a bare name or alias."""
        return [item for item in self.all(kind) if name in (item.name, *item.aliases)]

    def others(self, kind: str, name: str) -> list[str]:
        """Return the full ids of other registrations with the bare name that `find` resolves.

        Raises:
            UsageError: as `find`.
        """
        called = [] if ":" in name or is_file(name) else self._called(kind, name)
        named = [item for item in called if item.name == name]
        return [item.id for item in named if item is not self.find(kind, name)]

    def get(self, kind: str, name: str) -> Any:
        """The object registered as `name`, its lazy target resolved."""
        return self.resolve(self.find(kind, name))

    def kind_of(self, name: str) -> str:
        """Return the kind of an unregistered name, based on its form; "" for all others."""
        if is_file(name):
            return "task"
        return "backend" if self.adapter(name) else ""

    def adapter(self, backend: str) -> Registration[Any] | None:
        """Return the adapter of a backend that is a class, `ADAPTER:package.module.Class`.

        None for a registered backend, and for a class without a known adapter.
        """
        name, colon, _ = backend.partition(":")
        if not colon or ("backend", backend) in self._by_id:
            return None
        item = self._adapter_of(name)
        return item if item is not None and item.name == name else None

    def chat_model(self, model: object) -> ChatModel:
        """Return `model` itself if it is a `ChatModel`, or adapted if its library has an adapter.

        Raises:
            NotAModel: no adapter knows it.
            TypeError: it is a class, or an adapter reports a problem with it.
            MissingDependency: its library's adapter is not installed.
        """
        from targen_core.calls.model import ChatModel

        if isinstance(model, type):  # whose methods look like those of an object
            name = model.__qualname__
            raise TypeError(f"{name} is a class; pass an instance, such as {name}(...)")
        if isinstance(model, ChatModel):
            return model
        kind = type(model)
        for package in dict.fromkeys(base.__module__.partition(".")[0] for base in kind.__mro__):
            try:
                item = self.find("adapter", package)
            except UnknownName:
                continue
            adapted = self.resolve(item).adapt(model)
            if isinstance(adapted, ChatModel):
                return adapted
        others = "".join(f" nor {item.summary or item.name}" for item in self.all("adapter"))
        words = f"neither a targen ChatModel{others}" if others else "not a targen ChatModel"
        said = f"{kind.__qualname__} is {words}"
        names = [name for name in vars(ChatModel) if not name.startswith("_")]
        lacking = [name for name in names if not hasattr(model, name)]
        if len(lacking) < len(names):
            said += f": it lacks {', '.join(lacking)}"
        raise NotAModel(said)

    def _adapter_of(self, package: str) -> Registration[Any] | None:
        """The adapter that is registered for a library."""
        with contextlib.suppress(UnknownName):
            return self.find("adapter", package)
        return None

    def resolve(self, item: Registration[Any]) -> Any:
        """Return the registered object, imported if lazy, with the defaults of its options.

        Raises:
            MissingDependency: a package that the target imports is not installed.
            PluginError: the module fails to import, or lacks the attribute, or the object is not
                of the registered kind.
            UsageError: it needs an option.
        """
        return self.configured(item, {})[0]

    def options_of(self, item: Registration[Any]) -> type[BaseModel] | None:
        """Return the options of a registered object that is `Configurable`; None for others.

        Raises:
            MissingDependency, PluginError: as `resolve`.
        """
        made = self._configurable(item)
        return made.options if made is not None else None

    def section_of(self, item: Registration[Any]) -> Section | None:
        """A filter's section of reports and cards, or None.

        Raises:
            MissingDependency, PluginError: as `resolve`.
        """
        made = self._configurable(item)
        return made.section if made is not None else None

    def _configurable(self, item: Registration[Any]) -> Configurable[Any] | None:
        from targen_core.plugins.configurable import Configurable  # reads pydantic

        target = self.target(item)
        return target if isinstance(target, Configurable) else None

    def is_configurable(self, item: Registration[Any]) -> bool:
        """Return whether a registered object has options; False if it cannot be imported."""
        try:
            return self.options_of(item) is not None
        except TargenError:
            return False

    def configured(
        self,
        item: Registration[Any],
        options: Mapping[str, Any],
        *,
        using: Callable[[str, str, str], tuple[Registration[Any], Any]] | None = None,
    ) -> tuple[Any, BaseModel | None]:
        """Return the registered object made with these options, and the resulting options.

        If an option names another part, `using` finds and makes it, by the option, the kind and the
        name. Without `using`, the part has the defaults of its options.

        Raises:
            MissingDependency, PluginError: as `resolve`.
            UsageError: it has no such option, or lacks one, or one cannot be.
        """
        from targen_core.plugins.configurable import (  # reads pydantic
            Configurable,
            check_defaults,
            misplaced,
            read_options,
        )

        target, read = self.target(item), None
        whose = f"{item.kind} {item.id}"
        kind = self.kinds.get(item.kind)  # None for objects that a program put in itself
        if isinstance(target, Configurable):
            read = read_options(target.options, options, of=whose, prefix=f"{item.name}.")
            check_defaults(read, of=whose, distribution=item.distribution)
            parts = {}
            for option, of in target.uses.items():
                found, parts[option] = (using or self._using)(option, of, getattr(read, option))
                read = read.model_copy(update={option: found.id})
            try:
                target = _made(item, partial(target.make, read, **parts))
            except OSError as error:
                if wrong := misplaced(error, read, of=whose, prefix=f"{item.name}."):
                    raise wrong from error
                raise _unmade(item, error) from error
        elif options:
            names = ", ".join(options)
            raise UsageError(
                f"{whose} has no options, but was given {names}", option=next(iter(options))
            )
        elif kind is not None and self._of_kind(kind, lambda: kind.per_run):
            if not callable(target):
                problem = (
                    f" is {with_article(type(target).__name__)}: register the class, or a "
                    "function that creates an instance, since each run gets its own"
                )
                raise item.fault(problem, "target-wrong-type")
            target = _made(item, target)
        described = ""
        if kind is not None:
            described = self._of_kind(kind, lambda: kind.mismatch(target))
        if described:
            is_async = "async " if inspect.iscoroutinefunction(target) else ""
            what = with_article(is_async + type(target).__name__)
            problem = f" is {what}, not {described}"
            raise item.fault(problem, "target-wrong-type")
        return target, read

    def _of_kind(self, kind: Kind, asked: Callable[[], _T]) -> _T:
        """Return what a kind says of its objects; if it cannot be imported, blame its owner."""
        try:
            return asked()
        except PluginError as error:
            error.distribution = self.owner_of(kind.name)
            error.hint = f"report it to the authors of {error.distribution}"
            raise

    def _using(self, option: str, kind: str, name: str) -> tuple[Registration[Any], Any]:
        item = self.find(kind, name)
        return item, self.resolve(item)

    def target(self, item: Registration[Any]) -> Any:
        """Return the registered object, after importing a lazy one or reading a task's file."""
        if not isinstance(item.target, str):
            return item.target
        read = (*DECLARED, *(f".{reader.name}" for reader in self.all("reader")))
        return _declared(item) if item.target.endswith(read) else _imported(item)

    def _unknown(self, kind: str, name: str) -> UnknownName:
        """Return the error for a name."""
        bare = name.rpartition(":")[2]
        if name.startswith(f"{MEMORY}:"):
            word, call = ("task", "load") if kind == "task" else ("model", "resume")
            return UnknownName(
                f"the {word} {bare!r} was a Python object, which a run does not store",
                hint=f"in Python: {call}(RUN, {word}={word.upper()})",
            )
        error = UnknownName(f"no {kind} named {name!r} is installed")
        error.distribution = name.rpartition(":")[0]

        explain(error, self, kind, name)
        return error


def _made(item: Registration[Any], make: Callable[[], Any]) -> Any:
    """Return the object that a registered class or function makes."""
    try:
        return make()
    except TargenError:
        raise
    except ModuleNotFoundError as error:
        raise item.missing_dependency(error.name or str(error)) from error
    except OSError:
        raise  # of a path that an option names, perhaps
    except (Exception, SystemExit) as error:
        raise _unmade(item, error) from error


def _unmade(item: Registration[Any], error: BaseException) -> PluginError:
    problem = f" could not be created: {type(error).__name__}: {error}{line_of(error)}"
    return item.fault(problem, "target-import-error")


def _declared(item: Registration[Any]) -> Any:
    """The task of a declaration in a package."""
    package, _, name = item.target.partition(":")
    try:
        return looked_up(OPENER)(package, name, item.name)
    except (UsageError, ImportError) as error:
        raise item.fault(f": {error}", "target-import-error") from error


def _imported(item: Registration[Any]) -> Any:
    """Import a lazy target."""
    module_name, _, attribute = item.target.partition(":")
    try:
        with capture_output():
            target: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or str(error)
        if module_name == missing or module_name.startswith(f"{missing}."):
            problem = f": its module {module_name!r} does not exist"
            raise item.fault(problem, "target-missing-module") from error
        raise item.missing_dependency(missing) from error
    except Exception as error:
        cause = raised_by(error)
        problem = f": importing {module_name} raised {type(cause).__name__}: {cause}"
        problem += line_of(cause)
        fault = item.fault(problem, "target-import-error")
        # A derived task that lacks what it derives from: its error knows what to install.
        fault.hint = getattr(error, "hint", "") or fault.hint
        raise fault from error
    for part in attribute.split("."):
        try:
            target = getattr(target, part)
        except AttributeError as error:
            problem = f": {module_name!r} has no attribute {attribute!r}"
            raise item.fault(problem, "target-missing-attribute") from error
    return target


def explain(error: UnknownName, registry: Registry, kind: str, name: str) -> None:
    """Add the hint to an error: the nearest names, and plugins that were not loaded."""
    before, _, bare = name.rpartition(":")
    items = [item for item in registry.all(kind) if before in ("", item.distribution)]
    names = [each for item in items for each in (item.name, *item.aliases)]
    hint = did_you_mean(bare, names, "one of") or f"install a plugin that provides a {kind}"
    if kind not in registry.kinds:
        hint = did_you_mean(kind, [*registry.kinds], "kinds")
    elif listing := registry.kinds[kind].listing:
        hint = and_also(hint, f"see: targen {listing}")
    if kind == "task" and (other := no_task(registry, name)):
        error.args, hint = other.args, other.hint
    error.hint = and_broken(registry, hint)
    if disabled := [plugin for plugin in registry.plugins if plugin.state == "disabled"]:
        left_out = ", ".join(f"{p.distribution} ({p.entry_point})" for p in disabled)
        error.hint = and_also(error.hint, f"disabled by TARGEN_DISABLE_PLUGINS: {left_out}")


def and_broken(registry: Registry, hint: str) -> str:
    """Return a hint that also mentions the plugins that failed to load, if any did."""
    broken = sum(plugin.state in ("broken", "incompatible") for plugin in registry.plugins)
    said = f"{plural(broken, 'plugin')} failed to load, see: targen plugins"
    return and_also(hint, said) if broken else hint


def no_task(registry: Registry, name: str) -> UnknownName | None:
    """Return the error for a task's name that is a path; None if the path does not exist."""
    path = Path(name)
    if what_is(path / "manifest.json") == "file":
        return UnknownName(
            f"{name} is a run directory, not a task",
            hint=f"to continue the run: targen resume {quoted(path)} -n N",
        )
    if what := what_is(path):
        read = [f".{item.name}" for item in registry.everything() if item.kind == "reader"]
        if what == "file" and path.suffix in read:  # of a plugin, so it may also be a task's name
            return UnknownName(
                f"no task named {name!r} is installed", hint=f"did you mean the file ./{name}?"
            )
        return UnknownName(
            f"{name} is a {what} that does not contain a task",
            hint=f"a task file's name must end in one of {', '.join(read or DECLARED)}",
        )
    if path.suffix and (near := near_path(path)):
        return UnknownName(f"no task named {name!r} is installed", hint=near)
    return None
