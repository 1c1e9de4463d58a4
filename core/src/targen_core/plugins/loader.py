"""The loader: from entry points to a `Registry`, one plugin at a time.

Each plugin is loaded, checked and called in a `PluginManager` of its own and
merged only when all of that worked, so that a plugin which raises half-way
leaves nothing behind and stops nobody else.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import importlib_metadata
import pluggy

from targen_core.plugins import hookspecs
from targen_core.plugins.hookspecs import API_GROUP, HOOKS
from targen_core.plugins.register import Register, Registration
from targen_core.plugins.registry import Plugin, Registry

__all__ = ["DISABLE_VARIABLE", "Source", "installed_sources", "load_registry"]

DISABLE_VARIABLE = "TARGEN_DISABLE_PLUGINS"
"""Environment variable: comma-separated entry points or distributions to leave out."""

_ANY_API_GROUP = re.compile(r"targen\.v\d+")


@dataclass(frozen=True, slots=True)
class Source:
    """One entry point: where a plugin comes from.

    `module` is a dotted module name, or in tests the module object itself.
    """

    distribution: str
    version: str
    entry_point: str
    module: Any
    group: str = API_GROUP
    extras: tuple[str, ...] = ()

    @property
    def install(self) -> str:
        """The requirement that brings the plugin with all that it needs."""
        return f"{self.distribution}[{','.join(self.extras)}]" if self.extras else self.distribution


def canonical(name: str) -> str:
    """The normal form of a distribution's name; entry points are compared in it too."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed_sources() -> list[Source]:
    """The entry points of this environment in any `targen.v*` group, in a stable order."""
    found: dict[tuple[str, str, str], Source] = {}
    seen: set[str] = set()
    for distribution in importlib_metadata.distributions():
        text = distribution.read_text("entry_points.txt")
        if not text or "[targen.v" not in text:
            continue  # cheaper than parsing everybody's entry points
        try:
            name = canonical(distribution.metadata["Name"])
            version = distribution.version
        except (FileNotFoundError, KeyError, TypeError):
            continue  # the rest of an uninstalled distribution: nobody to name
        if name in seen:
            continue  # the first on sys.path is the one that Python imports
        seen.add(name)
        for entry in distribution.entry_points:
            if _ANY_API_GROUP.fullmatch(entry.group):
                try:
                    module, extras = entry.module, tuple(entry.extras)
                except (ValueError, AttributeError):  # no module: importing it will say so
                    module, extras = entry.value, ()
                found[entry.group, name, entry.name] = Source(
                    name, version, entry.name, module, entry.group, extras
                )
    return [found[key] for key in sorted(found)]


def load_registry(sources: Iterable[Source] | None = None) -> Registry:
    """Build a registry of `sources`, by default all that is installed.

    It never raises for a plugin's fault: a plugin that fails is left out as a
    whole, and `Registry.plugins` says what was wrong with it.
    """
    disabled = {
        canonical(part.strip())
        for part in os.environ.get(DISABLE_VARIABLE, "").split(",")
        if part.strip()
    }
    plugins: list[Plugin] = []
    merged: dict[tuple[str, str], Registration[Any]] = {}
    for source in installed_sources() if sources is None else sources:
        module = source.module if isinstance(source.module, str) else source.module.__name__

        def note(
            state: str, problem: str = "", hint: str = "", s: Source = source, m: str = module
        ) -> None:
            plugins.append(
                Plugin(s.distribution, s.version, s.entry_point, m, state, problem, hint)
            )

        if source.group != API_GROUP:
            note(
                "incompatible",
                f"written for plugin API {source.group}; this core offers {API_GROUP}",
                f"pip install --upgrade targen-core {source.distribution}",
            )
            continue
        if disabled & {canonical(source.entry_point), canonical(source.distribution)}:
            note("disabled", f"named in {DISABLE_VARIABLE}")
            continue
        try:
            with contextlib.redirect_stdout(sys.stderr):  # standard output is the command's
                registrations = _register(source)
            for item in registrations:
                if (item.kind, item.id) in merged:
                    other = merged[item.kind, item.id].entry_point
                    raise ValueError(
                        f"{item.kind} {item.id} is already registered by entry point {other!r}"
                    )
        except ModuleNotFoundError as error:
            needed = source.install if source.extras else error.name
            note("broken", f"{type(error).__name__}: {error}", f"pip install '{needed}'")
        except (Exception, SystemExit) as error:
            note("broken", *_explain(error, source))
        else:
            merged.update({(item.kind, item.id): item for item in registrations})
            note("ok")
    return Registry(merged.values(), plugins)


def _register(source: Source) -> list[Registration[Any]]:
    """Load one plugin and call its hooks, in a manager that nobody shares."""
    module = source.module
    if isinstance(module, str):
        module = importlib.import_module(module)
    manager = pluggy.PluginManager("targen")
    manager.add_hookspecs(hookspecs)
    manager.register(module, name=source.entry_point)
    manager.check_pending()
    found: list[Registration[Any]] = []
    for hook, kind in HOOKS.items():
        register: Register[Any] = Register(
            kind,
            distribution=source.distribution,
            entry_point=source.entry_point,
            install=source.install,
        )
        returned = getattr(manager.hook, hook)(register=register)
        if returned:  # a coroutine, most often: an async hook would never run
            raise TypeError(f"{hook} returned a {type(returned[0]).__name__}; a hook returns None")
        found.extend(register)
    return found


def _explain(error: BaseException, source: Source) -> tuple[str, str]:
    """Problem and hint for a plugin that failed to load."""
    if isinstance(error, pluggy.PluginValidationError):
        # pluggy's words name the plugin and the hook, the first line says which.
        problem = " ".join(str(error).split())
        return problem, f"the hooks are: {', '.join(HOOKS)}"
    problem = f"{type(error).__name__}: {error}"
    return problem, f"report it to the authors of {source.distribution}"
