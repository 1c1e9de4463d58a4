"""`targen describe`: what a task, or anything else that plugins register, is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from targen_core.cli.arguments import JsonArg
from targen_core.cli.completion import complete_registered
from targen_core.cli.flags import Said, takes
from targen_core.cli.request import ModelOptions
from targen_core.cli.tables import print_json
from targen_core.errors import AmbiguousName, UnknownName, UsageError
from targen_core.options import RowOptions
from targen_core.plugins.kinds import LISTS
from targen_core.plugins.register import is_file
from targen_core.plugins.registry import KNOWN
from targen_core.suggestions import did_you_mean, suggestions_for

if TYPE_CHECKING:
    from targen_core.plugins.registry import Registry

_KINDS = (*LISTS, "command")


@takes(RowOptions.declared("variants"), ModelOptions.declared("options"))
def describe(
    name: Annotated[
        str,
        typer.Argument(
            help="Anything that is registered, NAME or DISTRIBUTION:NAME; or a task's FILE.",
            show_default=False,
            autocompletion=complete_registered,
        ),
    ],
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            metavar="KIND",
            help=f"Which, where a name is of several kinds: {', '.join(_KINDS)}.",
            autocompletion=lambda incomplete: [k for k in _KINDS if k.startswith(incomplete)],
        ),
    ] = "",
    prompts: Annotated[
        bool, typer.Option("--prompts", help="Print every prompt: a task's, filled by a dry run.")
    ] = False,
    json: JsonArg = False,
    *,
    said: Said,
) -> None:
    """Describe a task, a backend, a corrector, or any other part that plugins register.

    Of a task it says the labels, steps, presets and prompts; of a backend the options and, where
    -o says enough to make it, what it supports and costs; of a list what its items look like.

    Examples:
    - targen describe rte
    - targen describe rte --prompts
    - targen describe llama -o model=llama3.1
    - targen describe settings --kind contexts --json
    """
    from targen_core.cli.describe_parts import part_facts, print_part
    from targen_core.cli.describe_task import print_task, task_facts
    from targen_core.plugins.loader import load_registry

    variants, options = said.values.get("variants", ()), said.values.get("options", ())
    registry = load_registry()
    meant = _kind(registry, name, kind)
    if meant != "task" and variants:
        raise UsageError(f"--variant is for tasks, and {name} is of the kind {meant}")
    if meant != "backend" and options:
        raise UsageError(f"-o is for backends, and {name} is of the kind {meant}")
    if meant not in ("task", "corrector", "generator") and prompts:
        raise UsageError(
            f"--prompts is for tasks, correctors and generators, and {name} is of the kind {meant}"
        )
    if meant == "task":
        facts = task_facts(registry, name, variants, prompts=prompts)
    else:
        facts = part_facts(registry, registry.find(meant, name), options, prompts=prompts)
    if json:
        print_json(facts)
    elif meant == "task":
        print_task(facts)
    else:
        print_part(facts)


def _kind(registry: Registry, name: str, asked: str) -> str:
    """The kind of thing that is meant: as asked for, or the one that has the name."""
    if asked:
        if asked not in _KINDS:
            raise UsageError(
                f"--kind {asked}: no such kind", hint=did_you_mean(asked, _KINDS, "kinds")
            )
        return asked
    if is_file(name):
        return "task"
    if name.startswith("langchain:"):
        return "backend"
    items = [item for kind in _KINDS for item in registry.all(kind)]
    kinds_of = dict.fromkeys(
        item.kind for item in items if name in (item.name, item.id, *item.aliases)
    )
    if len(kinds_of) > 1:
        words = " or ".join(f"--kind {kind}" for kind in kinds_of)
        raise AmbiguousName(f"{name!r} is the name of several things", hint=f"say which: {words}")
    bare = name.rpartition(":")[2]
    names = {item.name: item.kind for item in items}
    near = suggestions_for(bare, names)
    ours = [kind for kind, known in KNOWN.items() if bare in known]
    if kinds_of or ours or (near and names[near[0]] == "task"):
        return next(iter([*kinds_of, *ours]), "task")
    meant = " or ".join(f"{one} ({names[one]})" for one in near)
    raise UnknownName(
        f"nothing named {name!r} is installed",
        hint=f"did you mean {meant}?" if near else f"targen {', '.join(LISTS.values())}",
    )
