"""The loader: from entry points to a `Registry`, one plugin at a time.

Each plugin is loaded, checked and called in a `PluginManager` of its own and merged only if all of
that worked. So a plugin that raises half-way leaves no traces and does not stop others. All plugins
register kinds before any registers objects, so that their order does not matter.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import importlib_metadata
import pluggy

from targen_core.errors import TargenError
from targen_core.hints import install
from targen_core.plugins.capture import capture_output, line_of, raised_by
from targen_core.plugins.hookspecs import API_GROUP, hookspec
from targen_core.plugins.kinds import KINDS, RESERVED, Kind, KindRegister
from targen_core.plugins.register import OURS, Register, Registration, RegistrationRefused
from targen_core.plugins.registry import Plugin, Registry
from targen_core.text import with_article

DISABLE_VARIABLE = "TARGEN_DISABLE_PLUGINS"
"""Environment variable: comma-separated entry points or distributions to leave out."""

API_GROUPS = re.compile(r"targen\.v\d+")
"""Entry-point groups of all levels of the plugin API."""

_FIELD = re.compile(r"^(Name|Version|Requires-Dist): *(.*\S)", re.MULTILINE)
"""The needed fields of a distribution's metadata: parsing all of them is slower than everything
else.
"""


@hookspec
def _spec(register: Any) -> None:
    """Every hook has this signature; its documentation is `Kind.spec`."""


def _specify(manager: pluggy.PluginManager, hooks: Iterable[str]) -> None:
    """Add the specs of those hooks that the plugin has: pluggy takes its time for each name."""
    module = ModuleType("hooks")
    if known := [name for name in hooks if hasattr(manager.hook, name)]:
        vars(module).update(dict.fromkeys(known, _spec))
        manager.add_hookspecs(module)


_KINDS = "register_kinds"


@dataclass(frozen=True, slots=True)
class Source:
    """One entry point: where a plugin comes from.

    `module` is a dotted module name, or in tests the module object itself. `problem` says why there
    is no module: the distribution's list of entry points is unreadable. `core` is the lowest
    version of targen-core that the distribution asks for, or "".
    """

    distribution: str
    version: str
    entry_point: str
    module: Any
    group: str = API_GROUP
    extras: tuple[str, ...] = ()
    problem: str = ""

    @property
    def install(self) -> str:
        """The requirement that brings the plugin with all that it needs."""
        return f"{self.distribution}[{','.join(self.extras)}]" if self.extras else self.distribution


def canonical(name: str) -> str:
    """Return the normal form of a distribution's name, in which entry points are also compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def source_of(entry: importlib_metadata.EntryPoint, distribution: str, version: str) -> Source:
    """One entry point of a distribution."""
    try:
        module, extras = entry.module, tuple(entry.extras)
    except (ValueError, AttributeError):  # no module: importing it will say so
        module, extras = entry.value, ()
    return Source(distribution, version, entry.name, module, entry.group, extras)


def installed_sources() -> list[Source]:
    """The entry points of this environment in any `targen.v*` group, in a stable order."""
    sources: dict[tuple[str, str, str], Source] = {}
    seen: set[str] = set()
    for distribution in importlib_metadata.distributions():
        try:
            text = distribution.read_text("entry_points.txt")
        except (OSError, ValueError):
            continue  # not text: it cannot be recognised as a plugin
        if not text or "[targen.v" not in text:
            continue  # cheaper than parsing everybody's entry points
        try:
            name, version, _ = metadata_of(distribution)
            name = canonical(name)
        except (OSError, ValueError, IndexError):
            continue  # a remnant of an uninstalled distribution, without a name
        if name in seen:
            continue  # the first on sys.path is the one that Python imports
        seen.add(name)
        try:
            entries = list(distribution.entry_points)
        except Exception as error:  # the parser may raise anything for an invalid line
            problem = f"its entry_points.txt cannot be read: {_bad_line(text) or error}"
            sources["", name, ""] = Source(name, version, "entry_points.txt", "", problem=problem)
            continue
        for entry in entries:
            if API_GROUPS.fullmatch(entry.group):
                sources[entry.group, name, entry.name] = source_of(entry, name, version)
    return [sources[key] for key in sorted(sources)]


def metadata_of(distribution: Any) -> tuple[str, str, list[str]]:
    """Return a distribution's name, its version and its requirements.

    Raises:
        OSError: its metadata cannot be read.
        ValueError: it has no text.
        IndexError: it has no name.
    """
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO")
    fields = _FIELD.findall((text or "").partition("\n\n")[0])
    names, versions, required = (
        [value for key, value in fields if key == wanted]
        for wanted in ("Name", "Version", "Requires-Dist")
    )
    return names[0], versions[0] if versions else "", required


def versions_of(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of the distributions that are installed, sorted by name."""
    versions: dict[str, str] = {}
    for name in sorted(names):
        with contextlib.suppress(
            importlib_metadata.PackageNotFoundError, OSError, ValueError, IndexError
        ):
            versions[name] = metadata_of(importlib_metadata.distribution(name))[1]
    return versions


def _bad_line(text: str) -> str:
    """The first line that names no section and has no "=", as one quotes it; or ""."""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare and bare[0] not in "[#;" and "=" not in bare:
            return f"line {number}, {bare[:80]!r}, does not have the form NAME = MODULE"
    return ""


def load_registry(sources: Iterable[Source] | None = None) -> Registry:
    """Return a registry of `sources`, by default all installed plugins.

    A failing plugin never raises an error: it is left out entirely, and `Registry.plugins` contains
        the problem. Installed plugins are loaded once, unless one is broken, added, removed or
        imported again.
    """
    global _kept
    disabled = {
        canonical(part.strip())
        for part in os.environ.get(DISABLE_VARIABLE, "").split(",")
        if part.strip()
    }
    if sources is not None:
        return _loaded(list(sources), disabled)
    known = _known()
    if _kept is None or _kept[:3] != (known, disabled, _hooks(known)):
        registry = _loaded(known, disabled)
        if any(plugin.state == "broken" for plugin in registry.plugins):
            return registry
        _kept = known, disabled, _hooks(known), registry
    return _kept[3]


_kept: tuple[list[Source], set[str], list[object], Registry] | None = None
_looked_up: tuple[list[object], list[Source]] = [], []


def _known() -> list[Source]:
    """Return what is installed, looked up again once a folder in which it could be changes."""
    global _looked_up
    places: list[object] = [installed_sources, *sys.meta_path]
    for place in sys.path:
        with contextlib.suppress(OSError):
            places += [place, Path(place).stat().st_mtime_ns]
    if _looked_up[0] != places:
        _looked_up = places, installed_sources()
    return _looked_up[1]


def _hooks(sources: Iterable[Source]) -> list[object]:
    """Return the plugins' functions: others, once a module is imported again."""
    modules = (sys.modules.get(str(source.module)) for source in sources)
    known = (vars(module) for module in modules if module is not None)
    return [each for names in known for name, each in names.items() if name.startswith("register_")]


def _loaded(known: list[Source], disabled: set[str]) -> Registry:
    kinds, owners = dict(KINDS), dict.fromkeys(KINDS, "targen-core")
    reserved: dict[str, tuple[str, ...]] = {**RESERVED}
    loading = [_Loading(each) for each in known]
    for one in sorted(loading, key=lambda one: one.source.distribution not in OURS):
        one.load(
            kinds, owners, reserved, disabled
        )  # ours first: a stranger cannot take one of our kinds
    merged: dict[tuple[str, str], Registration[Any]] = {}
    for one in loading:
        if not one.state:
            one.collect(kinds, reserved, merged)
    left_out = {kind.name for one in loading if one.state != "ok" for kind in one.kinds}
    for one in loading:
        one.unused += [kinds[name].hook for name in dict.fromkeys(one.used) if name in left_out]
    return Registry(
        [item for item in merged.values() if item.kind not in left_out],
        [one.plugin() for one in loading],
        {name: kind for name, kind in kinds.items() if name not in left_out},
        owners,
        reserved,
    )


@cache
def installed(kind: str) -> tuple[tuple[str, Any], ...]:
    """Return the installed objects of a frequently used kind, with their full ids.

    One that cannot be imported is passed over, since it must not stop the work of others.
    """
    registry, found = load_registry(), []
    for item in registry.all(kind):
        with contextlib.suppress(TargenError):
            found.append((item.id, registry.resolve(item)))
    return tuple(found)


class _Loading:
    """One plugin on its way into the registry, and how it fared so far."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.state = ""
        self.kinds: list[Kind] = []
        self.used: list[str] = []
        """Kinds that it registers objects of."""
        self.unused: list[str] = []
        """Hooks of no installed kind."""
        self.taken: dict[str, str] = {}
        """Hooks of kinds that it registers, but that another distribution has."""
        self._problem = ("", "", "")
        self._said: list[list[str]] = []
        self._seconds = 0.0

    def load(
        self,
        kinds: dict[str, Kind],
        owners: dict[str, str],
        reserved: dict[str, tuple[str, ...]],
        disabled: AbstractSet[str],
    ) -> None:
        """Import the plugin and add its kinds to the table."""
        source = self.source
        if source.problem:
            self._end("broken", "bad-entry-point", source.problem, _report(source))
        elif source.group != API_GROUP:
            self._end(
                "incompatible",
                "api-level",
                f"it was written for plugin API {source.group}, but this version of "
                f"targen-core supports {API_GROUP}",
                f"pip install --upgrade targen-core {source.distribution}",
            )
        elif disabled & {canonical(source.entry_point), canonical(source.distribution)}:
            self._end("disabled", problem=f"named in {DISABLE_VARIABLE}")
        else:
            with self._faults(), capture_output() as said:
                self._said.append(said)
                begun = time.monotonic()
                self._manager = _opened(source)
                self._seconds = time.monotonic() - begun
                register = KindRegister(
                    distribution=source.distribution, known=kinds, owners=owners
                )
                _call(self._manager, _KINDS, register)
                self.kinds = list(register)
                self.taken = register.taken
                kinds.update({kind.name: kind for kind in self.kinds})
                owners.update({kind.name: source.distribution for kind in self.kinds})
                reserved.update(register.reserved)

    def collect(
        self,
        kinds: Mapping[str, Kind],
        reserved: Mapping[str, tuple[str, ...]],
        merged: dict[tuple[str, str], Registration[Any]],
    ) -> None:
        """Call the hooks of all kinds and add what they register."""
        with self._faults(), capture_output() as said:
            self._said.append(said)
            _specify(self._manager, (kind.hook for kind in kinds.values()))
            self.unused = _unknown_hooks(self._manager, kinds)
            registrations: list[Registration[Any]] = []
            for kind in (each for each in kinds.values() if each.hook not in self.taken):
                register: Register = Register(
                    kind.name,
                    distribution=self.source.distribution,
                    entry_point=self.source.entry_point,
                    install=self.source.install,
                )
                _call(self._manager, kind.hook, register)
                registrations.extend(register)
            for item in registrations:
                _refuse_taken(item, kinds, reserved, merged)
            merged.update({(item.kind, item.id): item for item in registrations})
            self.used = [item.kind for item in registrations]
            self.state = "ok"

    def plugin(self) -> Plugin:
        """Return its outcome."""
        source = self.source
        module = source.module if isinstance(source.module, str) else source.module.__name__
        check, problem, hint = self._problem
        return Plugin(
            source.distribution,
            source.version,
            source.entry_point,
            module,
            self.state,
            problem,
            hint,
            check=check,
            group=source.group,
            printed="".join(text for said in self._said for text in said).strip()
            if self.state == "ok"
            else "",
            kinds=tuple(kind.name for kind in self.kinds),
            unused=tuple(self.unused),
            taken=self.taken,
            seconds=self._seconds,
        )

    def _end(self, state: str, check: str = "", problem: str = "", hint: str = "") -> None:
        self.state, self._problem = state, (check, problem, hint)

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        """Note what the plugin raises inside the block as what is wrong with it."""
        try:
            yield
        except Exception as error:
            self._end("broken", *_explain(raised_by(error), self.source))


def _opened(source: Source) -> pluggy.PluginManager:
    """Import a plugin into a manager of its own."""
    module = source.module
    if isinstance(module, str):
        module = importlib.import_module(module)
    manager = pluggy.PluginManager("targen")
    manager.register(module, name=source.entry_point)
    _specify(manager, [_KINDS])
    return manager


def _call(manager: pluggy.PluginManager, hook: str, register: Any) -> None:
    """Call a plugin's hook, if it has it.

    Raises:
        RegistrationRefused: it raised or returned something.
    """
    caller = getattr(manager.hook, hook, None)
    if caller is None:
        return
    try:
        returned = caller(register=register)
    except (RegistrationRefused, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise RegistrationRefused(
            "hook-raises", f"{type(error).__name__}: {error}{line_of(error)}"
        ) from error
    if returned:
        check = "hook-returns"
        if inspect.iscoroutine(returned[0]):  # of an async hook: it would never run
            returned[0].close()
            check = "async-hook"
        raise RegistrationRefused(
            check,
            f"{hook} returned {with_article(type(returned[0]).__name__)}; a hook must return None",
        )


def _unknown_hooks(manager: pluggy.PluginManager, kinds: Mapping[str, Kind]) -> list[str]:
    """The hooks that a plugin has for kinds whose owner is not installed.

    Raises:
        RegistrationRefused: one is a known hook's name, misspelt.
    """
    unknown = [name for name, caller in vars(manager.hook).items() if not caller.has_spec()]
    if not unknown:
        return []
    from rapidfuzz.distance.OSA import distance  # not at start-up

    meant = {_KINDS, *(kind.hook for kind in kinds.values())}
    slips = {
        f"register_{kind.name}{end}": kind.hook for kind in kinds.values() for end in ("", "s")
    }
    for name in unknown:
        if name in slips or any(distance(name, hook) == 1 for hook in meant):
            near = slips.get(name) or min(meant, key=lambda hook: distance(name, hook))
            raise RegistrationRefused(
                "unknown-hook", f"unknown hook {name!r}; did you mean {near}?"
            )
    return unknown


def _refuse_taken(
    item: Registration[Any],
    kinds: Mapping[str, Kind],
    reserved: Mapping[str, tuple[str, ...]],
    merged: Mapping[tuple[str, str], Registration[Any]],
) -> None:
    """Refuse what another has registered before, and names that the kind's owner keeps."""
    kept = reserved.get(item.kind, ())
    listings = [each.listing for each in kinds.values()] if kept else []  # are commands
    below = " " in item.name and item.distribution in OURS
    if (item.name.split()[0] in kept and not below) or item.name in listings:
        raise RegistrationRefused(
            "reserved-name", f"the {item.kind} name {item.name!r} is reserved by targen"
        )
    if (item.kind, item.id) in merged:
        other = merged[item.kind, item.id].entry_point
        raise RegistrationRefused(
            "duplicate-name",
            f"{item.kind} {item.id} is already registered by entry point {other!r}",
        )


def _report(source: Source) -> str:
    return f"report it to the authors of {source.distribution}"


def _explain(error: BaseException, source: Source) -> tuple[str, str, str]:
    """Check, problem and hint for a plugin that failed to load."""
    report = _report(source)
    if isinstance(error, pluggy.PluginValidationError):
        said = " ".join(str(error).split())
        if defined := re.search(r"hookimpl definition: (.+) Argument", said):
            said = f"{defined[1]}: a hook's only argument is `register`"
        return "unknown-hook", said, report
    if isinstance(error, RegistrationRefused):
        return error.check, str(error), error.hint or report
    problem = f"{type(error).__name__}: {error}{line_of(error)}"
    if not isinstance(error, Exception):
        return "exit-at-import", problem, report
    if isinstance(error, ModuleNotFoundError):
        missing, module = error.name or "", str(source.module)
        if missing and (module == missing or module.startswith(f"{missing}.")):
            return "entry-point-missing-module", problem, report
        needed = source.install if source.extras else missing
        return "missing-package", problem, install(needed)
    return "import-error", problem, report
