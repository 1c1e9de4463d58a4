"""`targen plugins`: what is installed and whether it works."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.commands import OTHERS, PANELS
from targen_core.cli.options.arguments import JsonArg
from targen_core.cli.tables import print_json
from targen_core.errors import PluginError, TargenError, UsageError
from targen_core.hints import did_you_mean
from targen_core.plugins.registry import and_broken
from targen_core.runs.shortcuts import taken_flags

if TYPE_CHECKING:
    from targen_core.plugins.register import Registration
    from targen_core.plugins.registry import Plugin, Registry


def plugins(
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if a plugin does not work.")
    ] = False,
    json: JsonArg = False,
) -> None:
    """Show the installed plugins, their parts and their problems.

    Also imports each registered object, to find missing modules and attributes.

    Example:
    - targen plugins --strict
    """
    _show(strict=strict, json=json)


def _show(*, strict: bool, json: bool) -> None:
    """Every plugin that is installed."""
    from targen_core.plugins.loader import load_registry

    registry = load_registry()
    told: set[str] = set()
    rows = [_row(registry, plugin, told) for plugin in registry.plugins]
    if json:
        print_json(rows)
    else:
        for row in rows:
            head = [row[key] for key in ("entry_point", "api", "state")]
            print(f"{row['distribution']} {row['version']}  {'  '.join(head)}")
            if row["registers"]:
                print(f"    {', '.join(row['registers'])}")
            for problem in row["problems"]:
                print(f"    {problem['check'] or 'problem'}: {problem['problem']}")
                if problem["try"]:
                    print(f"      try: {problem['try']}")
        if not rows:
            print("no plugin is installed")
    if strict and any(row["state"] in ("broken", "incompatible") for row in rows):
        raise typer.Exit(1)


def _row(registry: Registry, plugin: Plugin, told: set[str]) -> dict[str, Any]:
    """One plugin, as `--json` has it; distributions whose requirements were `told` are added."""
    items = _items(registry, plugin)
    problems = [*problems_of(registry, plugin)]
    if plugin.state == "ok" and plugin.distribution not in told:
        told.add(plugin.distribution)
        problems += _unmet(plugin.distribution)
    unusable = {problem.check for problem in problems if problem.item} - HARMLESS
    state = plugin.state
    if any(problem.check == "bad-kind" for problem in problems):
        state = "broken"
    if state == "ok" and unusable:
        # A missing extra is only a fault if it is used: each backend has one.
        is_extra = unusable == {"missing-package"} and "[" in items[0].install
        state = "extra" if is_extra else "broken"
    return {
        "distribution": plugin.distribution,
        "version": plugin.version,
        "entry_point": plugin.entry_point,
        "module": plugin.module,
        "api": plugin.group,
        "state": state,
        "registers": [
            *(f"kind {name}" for name in plugin.kinds),
            *(f"{item.kind} {item.name}" for item in items),
        ],
        "problems": [
            {"check": each.check, "problem": each.problem, "try": each.hint} for each in problems
        ],
    }


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that an installed plugin does not keep.

    Attributes:
        check: the rule.
        problem: what is wrong.
        hint: what its user can type.
        item: the object that it is about; None for the plugin or its kind.
        kind: the name of the kind that it is about; "" for the plugin or its object.
    """

    check: str
    problem: str
    hint: str
    item: Registration[Any] | None = None
    kind: str = ""


HARMLESS = frozenset(
    {
        "flag-taken",
        "name-taken",
        "option-taken",
        "prints-at-import",
        "slow-import",
        "unknown-section",
    }
)
"""Rules that a plugin works without."""


def _items(registry: Registry, plugin: Plugin) -> list[Registration[Any]]:
    entry = (plugin.distribution, plugin.entry_point)
    return [i for i in registry.everything() if (i.distribution, i.entry_point) == entry]


def _unmet(distribution: str) -> Iterator[Problem]:
    """Yield the requirements on targen that another version than the installed one would meet.

    pip warns of them while it installs, and never again.
    """
    import importlib_metadata
    from packaging.requirements import InvalidRequirement, Requirement

    with contextlib.suppress(importlib_metadata.PackageNotFoundError, InvalidRequirement):
        for text in importlib_metadata.requires(distribution) or ():
            required = Requirement(text)
            name = required.name.lower().replace("_", "-")
            if not name.startswith("targen-"):
                continue
            if required.marker and not required.marker.evaluate({"extra": ""}):
                continue
            with contextlib.suppress(importlib_metadata.PackageNotFoundError):
                there = importlib_metadata.version(name)
                if not required.specifier.contains(there, prereleases=True):
                    said = f"it requires {name}{required.specifier}, but {there} is installed"
                    hint = f"pip install --upgrade {distribution}"
                    yield Problem("unmet-requirement", said, hint)


def _taken_options(registry: Registry, item: Registration[Any]) -> list[str]:
    from targen_core.runs.step_options import taken_options  # reads the call layer

    with contextlib.suppress(TargenError):  # a problem of its own
        return taken_options(registry.resolve(item))
    return []


def problems_of(registry: Registry, plugin: Plugin) -> Iterator[Problem]:
    """Yield what is wrong with a plugin and the objects that it registers, without calling them."""
    items = _items(registry, plugin)
    if plugin.problem:
        yield Problem(plugin.check, plugin.problem, plugin.hint)
    for item in items:
        try:
            registry.resolve(item)
        except PluginError as error:
            yield Problem(error.check or "target-import-error", str(error), error.hint, item)
        except UsageError:  # it needs an option, which its users set
            continue
    for kind in (registry.kinds[name] for name in plugin.kinds if name in registry.kinds):
        try:
            kind.resolve("type")
            if kind.home and kind.view(kind.hook) is None:
                said = f"kind {kind.name!r}: {kind.home} has no function {kind.hook}"
                hint = "add it, with a docstring that says what the hook registers"
                yield Problem("bad-kind", said, hint, kind=kind.name)
        except PluginError as error:
            yield Problem(error.check, str(error), error.hint, kind=kind.name)
    for item in items:
        for name in _taken_options(registry, item) if item.kind == "backend" else ():
            said = f"its option {name} cannot be set, because -o {name} is targen's own"
            hint = f"report it to the authors of {plugin.distribution}"
            yield Problem("option-taken", f"backend {item.name}: {said}", hint, item)
        for name, whose in taken_flags(registry, item.id).items() if item.flags else ():
            said = f"its option {name} is not a flag, because {whose} already has that name"
            hint = f"rename it, or set it with -o {item.name}.{name}=VALUE"
            yield Problem("flag-taken", f"{item.kind} {item.name}: {said}", hint, item)
        if item.panel and item.panel not in PANELS:
            said = f"targen --help has no section {item.panel!r}, so it is listed under {OTHERS}"
            hint = did_you_mean(item.panel, list(PANELS), "sections")
            yield Problem("unknown-section", f"{item.kind} {item.name}: {said}", hint, item)
        with contextlib.suppress(UsageError):  # of two strangers neither has the name
            meant = registry.find(item.kind, item.name)
            if meant is not item:
                said = f"the {item.kind} name {item.name} means {meant.id}"
                hint = f"type {item.id} for this one"
                yield Problem("name-taken", said, hint, item)
    for hook in plugin.unused:
        hint = "install the distribution that defines the kind"
        said = f"{hook}: no installed kind has this hook, so it is not used"
        yield Problem("missing-kind", said, and_broken(registry, hint))
    for hook, owner in plugin.taken.items():
        said = f"its kind with the hook {hook} is not used, because {owner} has one"
        hint = f"use {owner} or {plugin.distribution}: uninstall the other, or name it in "
        yield Problem("kind-taken", said, f"{hint}TARGEN_DISABLE_PLUGINS")
    if plugin.state == "ok" and not (items or plugin.kinds or plugin.unused or plugin.taken):
        hint = "mark its hooks with @targen_core.hookimpl"
        yield Problem("registers-nothing", "it does not register anything", hint)
    if plugin.printed:  # it works all the same: the words went to standard error
        said = f"it prints {plugin.printed.splitlines()[0]!r} when it is imported"
        hint = f"report it to the authors of {plugin.distribution}"
        yield Problem("prints-at-import", said, hint)
    if plugin.is_slow:
        said = f"importing it takes {plugin.seconds:.1f} s, which delays every command"
        hint = "import large packages inside functions, and register lazy targets"
        yield Problem("slow-import", said, hint)
