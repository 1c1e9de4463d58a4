"""Print installed parts, without importing typer or plugins."""

from __future__ import annotations

import sys
from typing import Any

from targen_core.cli.tables import print_json, print_table
from targen_core.plugins.kinds import Kind
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import Registration


def _summary(item: Registration[Any]) -> str:
    also = f" (also: {', '.join(item.aliases)})" if item.aliases else ""
    return f"{item.summary}{also}"


def _words(kind: Kind) -> set[str]:
    """Return the words for a kind: `reader`, `readers`, `task-readers`, `list-tasks`."""
    plural = kind.plural.replace(" ", "-")
    return {kind.name, f"{kind.name}s", plural, kind.listing, kind.listing.removeprefix("list-")}


def show_kinds(*, json: bool) -> None:
    """List the kinds of things that are registered, and how many there are of each."""
    from targen_core.cli.scaffold.writing import has_template

    registry = load_registry()
    rows = [
        {
            "kind": kind.name,
            "installed": len(registry.all(kind.name)),
            "hook": kind.hook,
            "template": has_template(kind),
            "distribution": registry.owner_of(kind.name),
        }
        for kind in registry.kinds.values()
    ]
    if json:
        print_json(rows)
        return
    shown = [
        (row["kind"], f"{row['installed']:,}", row["hook"], row["distribution"]) for row in rows
    ]
    print_table(["kind", "installed", "hook", "distribution"], shown)
    unmade = " or ".join(str(row["kind"]) for row in rows if not row["template"])
    print("targen list KIND lists the parts of a kind; targen new KIND NAME creates one", end="")
    print(f", unless KIND is {unmade}." if unmade else ".")


def show_registered(named: str, *, json: bool) -> bool:
    """List the parts of a kind, named by a word for it or by its listing command.

    Plugins that failed are named on standard error.

    Returns:
        True if the kind exists.
    """
    registry = load_registry()
    kind = next((of.name for of in registry.kinds.values() if named and named in _words(of)), "")
    if not kind:
        return False
    items = registry.all(kind)
    versions = {plugin.distribution: plugin.version for plugin in registry.plugins}
    if json:
        print_json(
            [
                {
                    "name": i.name,
                    "id": i.id,
                    "version": versions[i.distribution],
                    "summary": i.summary,
                    "aliases": list(i.aliases),
                }
                for i in items
            ]
        )
    elif items:
        print_table(
            [kind, "distribution", "version", "summary"],
            [(i.name, i.distribution, versions[i.distribution], _summary(i)) for i in items],
        )
    else:
        print(f"no {kind} is installed; see: targen plugins")
    lame = [p for p in registry.plugins if p.state in ("broken", "incompatible")]
    if lame:
        names = ", ".join(f"{plugin.distribution} ({plugin.entry_point})" for plugin in lame)
        print(f"not loaded: {names}; see: targen plugins", file=sys.stderr)
    if slow := [f"{p.distribution} ({p.seconds:.0f} s)" for p in registry.plugins if p.is_slow]:
        print(f"slow to import: {', '.join(slow)}; see: targen plugins", file=sys.stderr)
    return True
