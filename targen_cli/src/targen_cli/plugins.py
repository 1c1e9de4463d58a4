"""`targen plugins`: what is installed and whether it works; and `targen plugins check`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_cli.tables import print_json
from targen_core.errors import PluginError, UsageError
from targen_core.plugins.elsewhere import ELSEWHERE, package_of
from targen_core.wording import install

if TYPE_CHECKING:
    from targen_core.plugins.register import Registration
    from targen_core.plugins.registry import Plugin, Registry


def plugins(
    action: Annotated[
        str, typer.Argument(metavar="check", help="For check: test a plugin's folder.")
    ] = "",
    path: Annotated[
        Path | None,
        typer.Argument(metavar="PATH", help="The folder to check, with its pyproject.toml."),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit with 1 if a plugin does not work, or if a pip extra that check needs is "
            "missing.",
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show the installed plugins, their parts and their problems.

    Also imports each registered object, to find missing modules and attributes.

    `targen plugins check PATH` loads a folder under development without installing it and runs the
    conformance kit on it. Exits with 1 if a check fails. Checks that need an uninstalled extra of
    the plugin are skipped, which --strict counts as a failure.

    Examples:
    - targen plugins --strict
    - targen plugins check ./my-plugin
    """
    if action == "check":
        if path is None:
            raise UsageError("no folder was given", hint="targen plugins check PATH")
        from targen_core.plugins.loader import load_registry

        run = load_registry().function("check-plugin", of="targen plugins check")
        run(path, json=json, strict=strict)
    elif action:
        raise UsageError(
            f"plugins {action}: no such action",
            hint="targen plugins, or targen plugins check PATH",
        )
    else:
        _show(strict=strict, json=json)


def _show(*, strict: bool, json: bool) -> None:
    """Every plugin that is installed."""
    from targen_core.plugins.loader import load_registry

    registry = load_registry()
    rows = [_row(registry, plugin) for plugin in registry.plugins]
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


def _row(registry: Registry, plugin: Plugin) -> dict[str, Any]:
    """One plugin, as `--json` has it."""
    entry = (plugin.distribution, plugin.entry_point)
    items = [i for i in registry.everything() if (i.distribution, i.entry_point) == entry]
    problems = []
    if plugin.problem:
        problems.append(_problem(plugin.check, plugin.problem, plugin.hint))
    for item in items:
        problems += _resolved(registry, item)
    state = plugin.state
    if state == "ok" and problems:
        left_out = all(problem["check"] == "missing-package" for problem in problems)
        # A missing extra is only a fault if it is used: each backend has one.
        state = "extra" if left_out and "[" in items[0].install else "broken"
    for item in items:
        problems += _taken(registry, item)
        if meant := name_taken(registry, item):
            said = f"the {item.kind} name {item.name} means {meant}"
            problems.append(_problem("name-taken", said, f"type {item.id} for this one"))
    for hook in plugin.unused:
        problems.append(_missing_kind(registry, hook))
    if plugin.state == "ok" and not (items or plugin.kinds or plugin.unused):
        hint = "mark its hooks with @targen_core.hookimpl"
        problems.append(_problem("registers-nothing", "it does not register anything", hint))
    if plugin.printed:  # it works all the same: the words went to standard error
        said = f"it prints {plugin.printed.splitlines()[0]!r} when it is imported"
        problems.append(_problem("prints-at-import", said, _report(plugin)))
    if plugin.is_slow:
        said = f"importing it takes {plugin.seconds:.1f} s, which delays every command"
        hint = "import large packages inside functions, and register lazy targets"
        problems.append(_problem("slow-import", said, hint))
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
        "problems": problems,
    }


def _missing_kind(registry: Registry, hook: str) -> dict[str, str]:
    """Return the problem of a hook whose kind is not installed: its registrations are not used."""
    package = package_of(next((kind for kind in ELSEWHERE if hook == f"register_{kind}s"), ""))
    there = [plugin for plugin in registry.plugins if plugin.distribution == package]
    hint = "install the distribution that defines the kind"
    if package:
        hint = f"see the line for {package}" if there else install(package)
    said = f"{hook}: no installed kind has this hook, so it is not used"
    return _problem("missing-kind", said, registry.and_broken(hint))


def _taken(registry: Registry, item: Registration[Any]) -> list[dict[str, str]]:
    """Return problems of a filter's options whose flags' names are taken."""
    from targen_core.runs.records.shortcuts import taken_flags

    return [
        _problem(
            "flag-taken",
            f"{item.kind} {item.name}: its option {name} is not a flag, because {whose} "
            "already has that name",
            f"rename it, or set it with -o {item.name}.{name}=VALUE",
        )
        for name, whose in (taken_flags(registry, item.id).items() if item.flags else ())
    ]


def name_taken(registry: Registry, item: Registration[Any]) -> str:
    """Return the full id of what the bare name of an object means in its place; or ""."""
    with contextlib.suppress(UsageError):  # of two strangers neither has the name
        meant = registry.find(item.kind, item.name)
        return "" if meant is item else meant.id
    return ""


def _report(plugin: Plugin) -> str:
    return f"report it to the authors of {plugin.distribution}"


def _problem(check: str, problem: str, hint: str) -> dict[str, str]:
    return {"check": check, "problem": problem, "try": hint}


def _resolved(registry: Registry, item: Registration[Any]) -> list[dict[str, str]]:
    """Return the problems of a registered object."""
    try:
        registry.resolve(item)
    except PluginError as error:
        return [_problem(error.check, str(error), error.hint)]
    except UsageError:  # it needs an option, which its users set
        return []
    return []
