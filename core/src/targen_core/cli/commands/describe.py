"""`targen describe`: what a task, or anything else that plugins register, is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from targen_core.cli.completion import complete_kind, complete_registered
from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import JsonArg
from targen_core.cli.tables import print_json
from targen_core.errors import UnknownName, UsageError
from targen_core.hints import did_you_mean, quoted, suggestions_for
from targen_core.options import RowOptions
from targen_core.plain import what_is
from targen_core.plugins.register import OURS
from targen_core.plugins.registry import and_broken, no_task
from targen_core.runs.config import ModelFlags
from targen_core.text import plural, with_article

if TYPE_CHECKING:
    from targen_core.plugins.registry import Registry

_FLAGS = {
    "variants": ("--variant", ["task"]),
    "options": ("-o", ["backend"]),
    "prompts": ("--prompts", ["task", "generator", "corrector"]),
}
"""Option -> its flag, and the kinds that it is for."""


@takes(RowOptions.declared("variants"), ModelFlags.declared("options"))
def describe(
    name: Annotated[
        str,
        typer.Argument(
            help="Any registered part, as NAME or DISTRIBUTION:NAME, or a task FILE.",
            show_default=False,
            autocompletion=complete_registered,
        ),
    ],
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="The kind of part, such as task or backend, if several parts have this name.",
            autocompletion=complete_kind,
        ),
    ] = "",
    prompts: Annotated[
        bool,
        typer.Option("--prompts", help="Print every prompt; a dry run fills in a task's prompts."),
    ] = False,
    json: JsonArg = False,
    *,
    said: Said,
) -> None:
    """Describe a task, a backend or any other registered part.

    For a task, shows its labels, steps, presets and prompts. For a backend, shows its options and,
    if -o suffices to create it, its abilities and prices. For a list, shows the form of its items.

    Examples:
    - targen describe rte
    - targen describe rte --prompts
    - targen describe llama -o model=llama3.1
    - targen describe settings --kind contexts --json
    """
    from targen_core.cli.commands.describe_task import print_task
    from targen_core.cli.describing import print_part
    from targen_core.cli.facts import Described, facts_of
    from targen_core.plugins.loader import load_registry

    variants, options = said.values.get("variants", ()), said.values.get("options", ())
    registry = load_registry()
    kinds = registry.kinds
    meant = kinds[_kind(registry, name, kind)]
    for key, given in (("variants", variants), ("options", options), ("prompts", prompts)):
        flag, fitting = _FLAGS[key]
        if given and meant.name not in fitting:
            *others, last = (kinds[each].plural for each in fitting)
            of = f"{', '.join(others)} and {last}" if others else last
            raise UsageError(f"{flag} is for {of}, but {name} is {with_article(meant.name)}")
    part = Described(registry, meant, name, options, variants, prompts)
    facts = facts_of(part)
    if json:
        print_json(facts)
    elif meant.name == "task":
        print_task(facts)
    else:
        print_part(part, facts)


def _kind(registry: Registry, name: str, asked: str) -> str:
    """The kind of thing that is meant: as asked for, or the one that has the name."""
    if asked:
        if asked not in registry.kinds:
            raise UsageError(
                f"--kind {asked}: no such kind",
                hint=did_you_mean(asked, [*registry.kinds], "kinds"),
            )
        return asked
    if what_is(run := Path(name) / "manifest.json") == "file":
        from targen_core.runs.manifest import Manifest

        manifest = Manifest.load(run)
        task = run.with_name(manifest.task_file) if manifest.task_file else manifest.task.id
        figures, task = f"targen report {quoted(name)}", f"targen describe {quoted(task)}"
        raise UsageError(
            f"{name} is a run directory",
            hint=f"{figures} shows its report, and {task} shows its task; its settings are in "
            f"{run}",
        )
    if by_form := registry.kind_of(name):
        return by_form
    items = [item for kind in registry.kinds for item in registry.all(kind)]
    named = [item for item in items if name in (item.name, item.id, *item.aliases)]
    named = [item for item in named if item.distribution in OURS] or named
    kinds_of = dict.fromkeys(item.kind for item in named)
    if len(kinds_of) > 1:
        words = " or ".join(f"--kind {kind}" for kind in kinds_of)
        raise UsageError(f"several parts have the name {name!r}", hint=f"choose one: {words}")
    bare = name.rpartition(":")[2]
    names = {i.name: i.kind for i in items}
    near = suggestions_for(bare, names)
    if kinds_of or (near and names[near[0]] == "task"):
        return next(iter(kinds_of), "task")
    if unknown := no_task(registry, name):
        raise unknown
    from targen_core.cli.suite import members_of

    if suite := members_of(registry, name):
        raise UsageError(
            f"{name} is a suite of {plural(len(suite), 'task')}",
            hint=f"name one of them: {', '.join(task.name for task in suite)}",
        )
    meant = " or ".join(f"{one} ({names[one]})" for one in near)
    hint = "targen list shows the kinds, and targen list KIND shows the parts of a kind"
    raise UnknownName(
        f"no installed part has the name {name!r}",
        hint=and_broken(registry, f"did you mean {meant}?" if near else hint),
    )
