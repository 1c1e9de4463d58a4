"""The loader: from entry points to a `Registry`, one plugin at a time.

Each plugin is loaded, checked and called in a `PluginManager` of its own and
merged only when all of that worked, so that a plugin which raises half-way
leaves nothing behind and stops nobody else.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import importlib_metadata
import pluggy

from targen_core.commands import COMMANDS
from targen_core.plugins import hookspecs
from targen_core.plugins.capture import capture_output, is_theirs, raised_by
from targen_core.plugins.hookspecs import API_GROUP
from targen_core.plugins.kinds import HOOKS
from targen_core.plugins.register import Register, Registration, RegistrationRefused
from targen_core.plugins.registry import Plugin, Registry

__all__ = [
    "API_GROUPS",
    "DISABLE_VARIABLE",
    "Source",
    "canonical",
    "installed_sources",
    "load_registry",
    "source_of",
]

DISABLE_VARIABLE = "TARGEN_DISABLE_PLUGINS"
"""Environment variable: comma-separated entry points or distributions to leave out."""

API_GROUPS = re.compile(r"targen\.v\d+")
"""Entry-point groups of all levels of the plugin API."""

_ON_CORE = re.compile(r"targen[-_.]core\b(?!\s*\[)([^;]*)(?!.*\bextra\b)", re.IGNORECASE)
_LOWEST = re.compile(r"(?:>=?|==|~=)\s*(\d+(?:\.\d+)*)")
_NUMBER = re.compile(r"(?:(?<=^)|(?<=\.))\d+")

_SPECS = ModuleType("hooks")
"""The hookspecs alone: pluggy looks at every name there, and does so for each plugin."""
vars(_SPECS).update({hook: getattr(hookspecs, hook) for hook in HOOKS})


@dataclass(frozen=True, slots=True)
class Source:
    """One entry point: where a plugin comes from.

    `module` is a dotted module name, or in tests the module object itself.
    `problem` says why there is none: the distribution's list of entry points does
    not read. `core` is the lowest version of targen-core that the distribution asks for, or "".
    """

    distribution: str
    version: str
    entry_point: str
    module: Any
    group: str = API_GROUP
    extras: tuple[str, ...] = ()
    problem: str = ""
    core: str = ""

    @property
    def install(self) -> str:
        """The requirement that brings the plugin with all that it needs."""
        return f"{self.distribution}[{','.join(self.extras)}]" if self.extras else self.distribution


def canonical(name: str) -> str:
    """The normal form of a distribution's name; entry points are compared in it too."""
    return re.sub(r"[-_.]+", "-", name).lower()


def source_of(
    entry: importlib_metadata.EntryPoint, distribution: str, version: str, core: str = ""
) -> Source:
    """One entry point of a distribution."""
    try:
        module, extras = entry.module, tuple(entry.extras)
    except (ValueError, AttributeError):  # no module: importing it will say so
        module, extras = entry.value, ()
    return Source(distribution, version, entry.name, module, entry.group, extras, core=core)


def installed_sources() -> list[Source]:
    """The entry points of this environment in any `targen.v*` group, in a stable order."""
    sources: dict[tuple[str, str, str], Source] = {}
    seen: set[str] = set()
    for distribution in importlib_metadata.distributions():
        try:
            text = distribution.read_text("entry_points.txt")
        except (OSError, ValueError):
            continue  # no text: nobody can tell that it is a plugin
        if not text or "[targen.v" not in text:
            continue  # cheaper than parsing everybody's entry points
        try:
            metadata = distribution.metadata  # parsed anew each time that it is asked for
            name, version = canonical(metadata["Name"]), metadata["Version"]
            core = _lowest_core(metadata.get_all("Requires-Dist") or ())
        except (FileNotFoundError, KeyError, TypeError, ValueError):
            continue  # the rest of an uninstalled distribution: nobody to name
        if name in seen:
            continue  # the first on sys.path is the one that Python imports
        seen.add(name)
        try:
            entries = list(distribution.entry_points)
        except Exception as error:  # whatever the parser makes of a line that is none
            problem = f"its entry_points.txt cannot be read: {_bad_line(text) or error}"
            sources["", name, ""] = Source(name, version, "entry_points.txt", "", problem=problem)
            continue
        for entry in entries:
            if API_GROUPS.fullmatch(entry.group):
                sources[entry.group, name, entry.name] = source_of(entry, name, version, core)
    return [sources[key] for key in sorted(sources)]


def _lowest_core(requirements: Iterable[str]) -> str:
    """The lowest version of the core that some requirements allow; "" for any.

    Read without the library `packaging`, which costs every listing more than the rest of it.
    """
    for text in requirements:
        if found := _ON_CORE.match(text):
            lowest = _LOWEST.search(found[1])
            return lowest[1] if lowest else ""
    return ""


def _is_older(version: str, lowest: str) -> bool:
    """Whether a version is below another, by their numbers."""
    mine, other = ([int(part) for part in _NUMBER.findall(each)] for each in (version, lowest))
    longest = max(len(mine), len(other))
    return mine + [0] * (longest - len(mine)) < other + [0] * (longest - len(other))


def _bad_line(text: str) -> str:
    """The first line that names no section and has no "=", as one quotes it; or ""."""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare and bare[0] not in "[#;" and "=" not in bare:
            return f"line {number}, {bare[:80]!r}, is not NAME = MODULE"
    return ""


def load_registry(sources: Iterable[Source] | None = None) -> Registry:
    """Build a registry of `sources`, by default all that is installed.

    It never raises because of a plugin: one that fails is left out entirely,
    and `Registry.plugins` says what is wrong with it.
    """
    disabled = {
        canonical(part.strip())
        for part in os.environ.get(DISABLE_VARIABLE, "").split(",")
        if part.strip()
    }
    known = installed_sources() if sources is None else list(sources)
    core = next((each.version for each in known if each.distribution == "targen-core"), "")
    plugins: list[Plugin] = []
    merged: dict[tuple[str, str], Registration[Any]] = {}
    for source in known:
        module = source.module if isinstance(source.module, str) else source.module.__name__

        def note(
            state: str,
            check: str = "",
            problem: str = "",
            hint: str = "",
            printed: str = "",
            seconds: float = 0.0,
            s: Source = source,
            m: str = module,
        ) -> None:
            plugins.append(
                Plugin(
                    s.distribution,
                    s.version,
                    s.entry_point,
                    m,
                    state,
                    problem,
                    hint,
                    check=check,
                    group=s.group,
                    printed=printed,
                    seconds=seconds,
                )
            )

        if source.problem:
            note("broken", "bad-entry-point", source.problem, _report(source))
            continue
        if source.group != API_GROUP:
            note(
                "incompatible",
                "api-level",
                f"written for plugin API {source.group}; this core offers {API_GROUP}",
                f"pip install --upgrade targen-core {source.distribution}",
            )
            continue
        if core and source.core and _is_older(core, source.core):
            note(
                "incompatible",
                "",
                f"it requires targen-core {source.core} or newer, and {core} is installed",
                f"pip install --upgrade 'targen-core>={source.core}'",
            )
            continue
        if disabled & {canonical(source.entry_point), canonical(source.distribution)}:
            note("disabled", problem=f"named in {DISABLE_VARIABLE}")
            continue
        begun = time.monotonic()
        try:
            with capture_output() as said:
                registrations = _register(source)
            for item in registrations:
                if item.kind == "command" and item.name.split()[0] in COMMANDS:
                    raise RegistrationRefused(
                        "reserved-name", f"command {item.name!r} is one of targen's own"
                    )
                if (item.kind, item.id) in merged:
                    other = merged[item.kind, item.id].entry_point
                    raise RegistrationRefused(
                        "duplicate-name",
                        f"{item.kind} {item.id} is already registered by entry point {other!r}",
                    )
        except Exception as error:
            note("broken", *_explain(raised_by(error), source))
        else:
            merged.update({(item.kind, item.id): item for item in registrations})
            seconds = time.monotonic() - begun
            note("ok", printed="".join(said).strip(), seconds=seconds)
    return Registry(merged.values(), plugins)


class _HookFailed(Exception):
    """A hook did what no hook may; `check` names the rule."""

    def __init__(self, check: str, message: str) -> None:
        super().__init__(message)
        self.check = check


def _register(source: Source) -> list[Registration[Any]]:
    """Load one plugin and call its hooks, in a manager that nobody shares."""
    module = source.module
    if isinstance(module, str):
        module = importlib.import_module(module)
    manager = pluggy.PluginManager("targen")
    manager.add_hookspecs(_SPECS)
    manager.register(module, name=source.entry_point)
    manager.check_pending()
    registrations: list[Registration[Any]] = []
    for hook, kind in HOOKS.items():
        register: Register[Any] = Register(
            kind,
            distribution=source.distribution,
            entry_point=source.entry_point,
            install=source.install,
        )
        try:
            returned = getattr(manager.hook, hook)(register=register)
        except RegistrationRefused:
            raise
        except BaseException as error:
            if not is_theirs(error):
                raise
            raise _HookFailed("hook-raises", f"{type(error).__name__}: {error}") from error
        if returned:
            check = "hook-returns"
            if inspect.iscoroutine(returned[0]):  # of an async hook: it would never run
                returned[0].close()
                check = "async-hook"
            raise _HookFailed(
                check, f"{hook} returned a {type(returned[0]).__name__}; a hook returns None"
            )
        registrations.extend(register)
    return registrations


def _report(source: Source) -> str:
    return f"report it to the authors of {source.distribution}"


def _explain(error: BaseException, source: Source) -> tuple[str, str, str]:
    """Check, problem and hint for a plugin that failed to load."""
    report = _report(source)
    if isinstance(error, pluggy.PluginValidationError):
        # pluggy's words name the plugin and the hook, the first line says which.
        problem = " ".join(str(error).split())
        return "unknown-hook", problem, f"the hooks are: {', '.join(HOOKS)}"
    if isinstance(error, RegistrationRefused | _HookFailed):
        return error.check, str(error), report
    problem = f"{type(error).__name__}: {error}"
    if not isinstance(error, Exception):
        return "exit-at-import", problem, report
    if isinstance(error, ModuleNotFoundError):
        missing, module = error.name or "", str(source.module)
        if missing and (module == missing or module.startswith(f"{missing}.")):
            return "entry-point-missing-module", problem, report
        needed = source.install if source.extras else missing
        return "missing-package", problem, f"pip install '{needed}'"
    return "import-error", problem, report
