"""Decide whose fault an error is: that of the plugin whose code raised it.

Objects of plugins are called in many places. Where an error leaves targen, its traceback says in
whose code it was raised. So no place that calls them has to know, and no kind can be forgotten.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import re
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from operator import itemgetter
from os.path import commonprefix
from pathlib import Path
from types import FrameType
from typing import Any, ParamSpec, TypeVar, cast

from targen_core.errors import MissingDependency, PluginError, TargenError
from targen_core.origin import is_executed
from targen_core.plugins.configurable import Configurable
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import FILE, MEMORY, Registration
from targen_core.plugins.registry import Registry

P = ParamSpec("P")
T = TypeVar("T")

_CORE = __name__.partition(".")[0]
_LINE = re.compile(r" in \S+ \(line \d+ of [^()]*\)$")  # as the engine's guard adds it


@contextlib.contextmanager
def blaming(registry: Registry | None = None) -> Iterator[None]:
    """Raise what the code of a plugin raises inside the block as an error that names the plugin."""
    try:
        yield
    except Exception as error:
        if found := blamed(error, registry):
            raise found from error
        raise


def within(
    function: Callable[P, T],
    context: Callable[[tuple[Any, ...], dict[str, Any]], AbstractContextManager[Any]],
) -> Callable[P, T]:
    """Return the same function, or coroutine function, in the context that its arguments make."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> T:
        with context(args, kwargs):
            return function(*args, **kwargs)

    @functools.wraps(function)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        with context(args, kwargs):
            return await cast("Any", function)(*args, **kwargs)

    return cast("Callable[P, T]", awaited if inspect.iscoroutinefunction(function) else call)


def blaming_plugins(
    function: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Return the same coroutine function, `blaming` within its keyword `registry`."""
    return within(function, lambda _, keywords: blaming(keywords.get("registry")))


def blamed(error: Exception, registry: Registry | None = None) -> PluginError | None:
    """Return the error that names the plugin in whose code another, its cause, was raised.

    An error that already names a plugin is checked again. A backend, a filter or a task may have
    called another plugin's code, such as a delivery's model or an embedder. If it names the right
    plugin but no line, it gets the line.

    Args:
        error: what was raised, with its traceback.
        registry: what is installed, if the caller has it.

    Returns:
        None if targen raised it itself, or if it names the right plugin.
    """
    if isinstance(error, MissingDependency):
        return None  # the error states what to install
    raised = error.__cause__ if isinstance(error, PluginError) else error
    while isinstance(raised, ExceptionGroup) and len(raised.exceptions) == 1:
        raised = raised.exceptions[0]
    if raised is None or isinstance(raised, TargenError):
        return None
    if getattr(raised, "raised_elsewhere", False):
        return None  # in another process, whose frames it does not have
    known = load_registry() if registry is None else registry
    chain = _called(raised, known)
    if not chain:
        return None
    distribution, frames, items = _culprit(known, chain)
    frame, line = frames[-1]
    where = f" in {frame.f_code.co_name} (line {line} of {frame.f_code.co_filename})"
    named = error.distribution if isinstance(error, PluginError) else ""
    if named == distribution:
        if not _LINE.search(str(error)):
            error.args = (f"{error}{where}", *error.args[1:])
        return None
    if named and not items and (distribution != FILE or named == MEMORY):
        return None  # that code may only have called the plugin's, and found its fault
    if isinstance(raised, ModuleNotFoundError) and len(items) == 1:
        found: PluginError = items[0].missing_dependency(raised.name or str(raised))
    else:
        words = f"{type(raised).__name__}: {raised}"
        if named:  # its words, without the secrets that it left out
            words = _LINE.sub("", str(error).partition(": ")[2])
        kinds = {item.kind for item in items}
        what = f"{kinds.pop()} {' or '.join(item.id for item in items)}" if len(kinds) == 1 else ""
        hint = f"report it to the authors of {distribution}"
        if distribution == FILE:
            what = Path(frame.f_code.co_filename).name
            hint = f"fix {what}"
        found = (type(error) if isinstance(error, PluginError) else PluginError)(
            f"{what or distribution}: {words}{where}",
            distribution=distribution,
            hint=hint,
        )
    found.__cause__ = error
    return found


_Frames = list[tuple[FrameType, int]]


def _called(error: BaseException, registry: Registry) -> list[tuple[str, _Frames]]:
    """Return whose code was running since the core called it, the innermost last.

    Frames of libraries are left out. It is empty if the core's own code was running. `FILE` stands
    for a file that a person named.
    """
    modules = _modules(registry)
    chain: list[tuple[str, _Frames]] = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = frame.f_globals.get("__name__", "").split(".")
        if module[0] == _CORE:
            chain = []
        elif theirs := FILE if is_executed(module[0]) else _owner(module, modules):
            if not chain or chain[-1][0] != theirs:
                chain.append((theirs, []))
            chain[-1][1].append((frame, line))
    return chain


def _culprit(
    registry: Registry, chain: list[tuple[str, _Frames]]
) -> tuple[str, _Frames, list[Registration[Any]]]:
    """The distribution to blame, its frames, and the registered objects that may be meant.

    A helper that is not a registered object belongs to its caller.
    """
    for distribution, frames in reversed(chain):
        items = _registered(registry, distribution, [frame for frame, _ in frames])
        if items or distribution == FILE:
            return distribution, frames, items
    return (*chain[-1], [])


def _modules(registry: Registry) -> list[tuple[list[str], str]]:
    """Modules of plugins, by their parts, and whose they are."""
    found = {(plugin.module, plugin.distribution) for plugin in registry.plugins}
    for item in registry.everything():
        if isinstance(item.target, str):
            found.add((item.target.partition(":")[0], item.distribution))
    return [(module.split("."), distribution) for module, distribution in sorted(found)]


def _owner(module: list[str], known: list[tuple[list[str], str]]) -> str:
    """Return whose a module is: that of the nearest module that is known, in the same package."""
    shared = ((len(commonprefix([module, other])), whose) for other, whose in known)  # noqa: RUF071 - no paths
    best, owner = max(shared, key=itemgetter(0), default=(0, ""))
    return owner if best else ""


def _registered(
    registry: Registry, distribution: str, frames: list[FrameType]
) -> list[Registration[Any]]:
    """The registered objects that frames are of: one by its names, or those of the modules."""
    items = [item for item in registry.everything() if item.distribution == distribution]
    called = [(frame.f_globals.get("__name__"), frame.f_code.co_qualname) for frame in frames]
    near = []
    for item in items:
        names = set(_names(registry, item))
        for module, name in called:
            if any(module == m and f"{name}.".startswith(f"{n}.") for m, n in names):
                return [item]
        if {module for module, _ in called} & {module for module, _ in names}:
            near.append(item)
    return near


def _names(registry: Registry, item: Registration[Any]) -> Iterator[tuple[str, str]]:
    """Module and qualified name of an object's class and of the functions that it holds."""
    try:
        target = registry.target(item)
    except TargenError:  # it was not imported, so it was not called
        return
    parts = [target, type(target)]
    if isinstance(target, Configurable):
        parts = [target.make, target.options]
    elif dataclasses.is_dataclass(target) and not isinstance(target, type):
        parts += [getattr(target, field.name) for field in dataclasses.fields(target)]
    for part in parts:
        made = part if inspect.isclass(part) or inspect.isroutine(part) else type(part)
        module = getattr(made, "__module__", None) or ""
        if module.partition(".")[0] not in (_CORE, "builtins"):
            yield module, getattr(made, "__qualname__", "")
