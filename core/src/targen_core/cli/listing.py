"""`targen list-tasks`, `list-backends`, `list-correctors`, `list-exporters` and `plugins`."""

from __future__ import annotations

from typing import Annotated

import typer

from targen_core.cli.inventory import show_registered
from targen_core.cli.tables import print_json
from targen_core.plugins.hookspecs import HOOKS
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry

_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def list_tasks(json: _Json = False) -> None:
    """List the tasks that are installed.

    Example: targen list-tasks --json
    """
    show_registered("task", json=json)


def list_backends(json: _Json = False) -> None:
    """List the backends that are installed.

    Example: targen list-backends
    """
    show_registered("backend", json=json)


def list_correctors(json: _Json = False) -> None:
    """List the correctors (step 4) that --corrector takes.

    Example: targen list-correctors
    """
    show_registered("corrector", json=json)


def list_exporters(json: _Json = False) -> None:
    """List the forms that a dataset can be exported in.

    Example: targen list-exporters
    """
    show_registered("exporter", json=json)


def plugins(
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 1 where a plugin does not work.")
    ] = False,
    json: _Json = False,
) -> None:
    """Show every plugin: what it registers, and what is wrong with it.

    Also imports each registered object, so that a missing module or attribute shows.

    Example: targen plugins --strict
    """
    registry = load_registry()
    rows = []
    for plugin in registry.plugins:
        problems = [(plugin.problem, plugin.hint)] if plugin.problem else []
        names = []
        for kind in HOOKS.values():
            for item in registry.all(kind):
                if (item.distribution, item.entry_point) == (
                    plugin.distribution,
                    plugin.entry_point,
                ):
                    names.append(f"{kind} {item.name}")
                    problems += _problem(registry, item)
        state = "broken" if plugin.state == "ok" and problems else plugin.state
        if plugin.state == "ok" and not names:
            problems.append(("registers nothing", "mark its hooks with @targen_core.hookimpl"))
        rows.append((plugin, state, names, problems))
    if json:
        print_json(
            [
                {
                    "distribution": plugin.distribution,
                    "version": plugin.version,
                    "entry_point": plugin.entry_point,
                    "module": plugin.module,
                    "state": state,
                    "registers": names,
                    "problems": [{"problem": problem, "try": hint} for problem, hint in problems],
                }
                for plugin, state, names, problems in rows
            ]
        )
    else:
        for plugin, state, names, problems in rows:
            print(f"{plugin.distribution} {plugin.version}  {plugin.entry_point}  {state}")
            if names:
                print(f"    {', '.join(names)}")
            for problem, hint in problems:
                print(f"    problem: {problem}" + (f"\n      try: {hint}" if hint else ""))
        if not rows:
            print("no plugin is installed")
    if strict and any(state in ("broken", "incompatible") for _, state, _, _ in rows):
        raise typer.Exit(1)


def _problem(registry: Registry, item: object) -> list[tuple[str, str]]:
    from targen_core.errors import PluginError
    from targen_core.plugins.register import Registration

    assert isinstance(item, Registration)
    try:
        registry.resolve(item)
    except PluginError as error:
        return [(str(error), error.hint)]
    return []
