"""The command group: each command's module is imported on first use.

Building a command's options costs more than listing tasks does, so a command is built by itself;
`targen --help` lists the first ones by their summaries.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from targen_core.cli.commands import (
    COMMANDS,
    EVERYDAY,
    FIRST_PANEL,
    GROUPS,
    LISTS,
    OTHERS,
    PANELS,
    SUMMARIES,
)
from targen_core.cli.options.parsing import Command, as_switches, refusal
from targen_core.errors import Interrupted, PluginError, UsageError
from targen_core.hints import did_you_mean, suggestions_for
from targen_core.plugins.kinds import Kind
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry, and_broken


@contextmanager
def _told() -> Iterator[None]:
    """Have Ctrl-C told, where typer would end without a word.

    Raises:
        Interrupted: a person pressed it.
    """
    try:
        yield
    except KeyboardInterrupt as stopped:
        if stopped.args:  # who raised it has told it
            raise
        raise Interrupted("stopped") from None


class _LazyGroup(TyperGroup):
    """A group that builds a command when it is looked up; plugins may have more."""

    @cached_property
    def registry(self) -> Registry:
        """Return the registry of installed parts, for names that the core does not have."""
        from targen_core.plugins.loader import load_registry

        return load_registry()

    @cached_property
    def listings(self) -> dict[str, Kind]:
        """The commands that list what is installed, and what of."""
        return {kind.listing: kind for kind in self.registry.kinds.values() if kind.listing}

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options before a command."""
        return as_switches(super().get_params(ctx))

    def list_commands(self, ctx: Any) -> list[str]:
        """All, panel by panel."""
        return [name for names in self._by_panel().values() for name in names]

    def _by_panel(self) -> dict[str, list[str]]:
        panels = {panel: [*commands] for panel, commands in PANELS.items()}
        for name, item in named_commands(self.registry):
            panels[panel_of(item)].append(name)
        first = panels[FIRST_PANEL]
        return {**panels, FIRST_PANEL: [n for n in EVERYDAY if n in first], LISTS: [*self.listings]}

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Explain the commands that most people need, and name the others."""
        panels = self._by_panel()
        shown = copy(self)
        summaries = {
            **SUMMARIES,
            **{name: item.summary for name, item in named_commands(self.registry)},
        }
        shown.list_commands = lambda ctx: panels[FIRST_PANEL]  # type: ignore[method-assign]
        shown.get_command = lambda ctx, cmd_name: _summarized(cmd_name, summaries[cmd_name])  # type: ignore[method-assign]
        lines = [
            f"- {panel}: {', '.join(names)}"
            for panel, names in panels.items()
            if names and panel != FIRST_PANEL
        ]
        # An epilog has its single line ends taken out.
        title = "Other commands. The group may come first (targen runs merge); each has --help:"
        shown.epilog = "\n\n".join([title, *lines])
        super(_LazyGroup, shown).format_help(ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what comes before the command.

        Raises:
            UsageError: an option of a command, which comes behind it.
        """
        try:
            rest: list[str] = super().parse_args(ctx, args)
        except Exception as error:
            raise refusal(error, ctx) from None
        return rest

    def invoke(self, ctx: Any) -> Any:
        """Run a command; Ctrl-C at a question stops it as anywhere else.

        Raises:
            Interrupted: a person pressed Ctrl-C.
        """
        try:
            with _told():
                return super().invoke(ctx)
        except typer.Abort as abort:
            if not isinstance(abort.__context__, KeyboardInterrupt):
                raise  # the end of the input
            print(file=sys.stderr)  # behind the question
            raise Interrupted("stopped") from None

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Read the command line, for which a command may be imported.

        Raises:
            Interrupted: a person pressed Ctrl-C.
        """
        with _told():
            return super().make_context(*args, **extra)

    def _group(self, word: str) -> list[str]:
        """Return a group's commands; an empty list for any other word."""
        return self._by_panel()[GROUPS[word]] if word in GROUPS else []

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        # To look a command up loads the plugins, and `targen plugins` reports what they print then.
        in_group = len(args) > 1 and args[1][:1] != "-"
        if in_group and {args[1], " ".join(args[1:3])} & {*self._group(args[0])}:
            args = args[1:]  # `targen runs merge` is `targen merge`
        two = " ".join(args[:2])
        own = args and args[0] in COMMANDS and args[0] != "plugins"  # which has `plugins check`
        if in_group and not own and is_command(self.registry, two):
            args = [two, *args[2:]]
        if args and not ctx.resilient_parsing and not self._has(args[0]):
            if group := self._group(args[0]):
                raise UsageError(
                    f"targen {args[0]} needs one of its commands",
                    hint=f"{', '.join(group)}; see targen COMMAND --help",
                )
            raise unknown_command(self.registry, args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if not self._has(cmd_name):
            return None
        alone = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        if cmd_name in COMMANDS:
            module, _, function = COMMANDS[cmd_name].partition(":")
            run = getattr(import_module(f"targen_core.cli.commands.{module}"), function)
            panel = next(panel for panel, names in PANELS.items() if cmd_name in names)
            alone.command(name=cmd_name, cls=Command, rich_help_panel=panel)(run)
        elif cmd_name in self.listings:
            from targen_core.cli.commands.listing import listing_of

            show = listing_of(self.listings[cmd_name])
            alone.command(name=cmd_name, cls=Command, rich_help_panel=LISTS)(show)
        else:
            add_command(alone, self.registry, cmd_name, cls=Command)
        return typer.main.get_command(alone)

    def _has(self, name: str) -> bool:
        return name in COMMANDS or name in self.listings or is_command(self.registry, name)


def _summarized(name: str, summary: str) -> Any:
    """Return a command with only its line in the help, which needs no import."""
    alone = typer.Typer(add_completion=False, rich_markup_mode="markdown")
    alone.command(name=name, help=f"{summary.rstrip('.')}.", rich_help_panel=FIRST_PANEL)(
        lambda: None
    )
    return typer.main.get_command(alone)


def _version(value: bool) -> None:
    if value:
        from targen_core import __version__
        from targen_core.plugins.loader import installed_sources

        print(f"targen-core {__version__}")
        sources = {each.distribution: each.version for each in installed_sources()}
        for name, number in sources.items():
            if name != "targen-core":
                print(f"{name} {number}")
        raise typer.Exit


FILES = "Your own files, with any command"
COLUMNS = "The columns of the fields, such as text=v2,label=v1."
LABELS = "The labels of the values, such as 0=negative,1=positive."
HEADER = "The first line of a table is a row; columns are called 1, 2, …."
DELIMITER = "The sign between cells, or tab."
SPLIT = "The split of a JSON file that has several."
QUOTING = "Use --quoting=none if quotation marks belong to the texts."


def _main(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help="Print the installed packages and versions.",
        ),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    trust: Annotated[
        list[str] | None,
        typer.Option(
            "--trust",
            metavar="PATH",
            help="Trust a file or folder in this call: run the code and follow the paths in it. "
            "Read it first, and write --trust=./PATH.",
        ),
    ] = None,
    columns: Annotated[
        str, typer.Option("--map", metavar="FIELD=COLUMN,…", help=COLUMNS, rich_help_panel=FILES)
    ] = "",
    labels: Annotated[
        str,
        typer.Option("--label-map", metavar="VALUE=LABEL,…", help=LABELS, rich_help_panel=FILES),
    ] = "",
    no_header: Annotated[
        bool, typer.Option("--no-header", help=HEADER, rich_help_panel=FILES)
    ] = False,
    delimiter: Annotated[
        str, typer.Option("--delimiter", metavar="SIGN", help=DELIMITER, rich_help_panel=FILES)
    ] = "",
    quoting: Annotated[
        str, typer.Option("--quoting", metavar="none", help=QUOTING, rich_help_panel=FILES)
    ] = "",
    from_split: Annotated[
        str, typer.Option("--from-split", metavar="NAME", help=SPLIT, rich_help_panel=FILES)
    ] = "",
) -> None:
    """Generate labelled NLP datasets from a task description alone.

    Four steps: contexts, instance seeds, label-constrained generation, self-correction
    (TarGEN, arXiv:2310.17876).

    Start with these; -b scripted answers without a model:
    - targen list-tasks
    - targen preview rte -b scripted
    - targen generate rte -n 20 -b scripted
    - targen show runs/rte-0
    """


def build() -> Any:
    """The command, ready to be called."""
    app = typer.Typer(
        cls=_LazyGroup,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_main)
    return typer.main.get_command(app)


def named_commands(registry: Registry) -> list[tuple[str, Registration[Any]]]:
    """Return how to type each command of a plugin: its name, or its id if two share the name."""
    named = []
    for item in registry.all("command"):
        try:
            is_meant = registry.find("command", item.name) is item
        except UsageError:
            is_meant = False
        named.append((item.name if is_meant else item.id, item))
    return named


def panel_of(item: Registration[Any]) -> str:
    """The part of the help that shows a plugin's command."""
    if item.name in EVERYDAY:
        return FIRST_PANEL
    return item.panel if item.panel in PANELS else OTHERS


def is_command(registry: Registry, name: str) -> bool:
    """Return whether a plugin has a command of that name or id."""
    return any(name in (item.name, item.id) for item in registry.all("command"))


def add_command(to: typer.Typer, registry: Registry, name: str, **how: Any) -> None:
    """Add a plugin's command, in its panel; `how` is what `Typer.command` takes.

    A command that cannot be imported reports this when it is called, and does not break the help.

    Raises:
        UsageError: two distributions have a command of that name.
    """
    item = registry.find("command", name)
    how = {"epilog": _below(registry, item.name), "rich_help_panel": panel_of(item), **how}
    try:
        to.command(name=name, **how)(registry.resolve(item))
    except PluginError as error:
        summary = f"{item.summary} (cannot be used: see targen plugins)".strip()
        any_words = {"ignore_unknown_options": True, "allow_extra_args": True}
        to.command(name=name, help=summary, context_settings=any_words, **how)(_refusing(error))


def _below(registry: Registry, name: str) -> str | None:
    """The commands of two words that begin with this one, as the end of its help."""
    lines = [
        f"- targen {item.name}: {item.summary}"
        for item in registry.all("command")
        if item.name.startswith(f"{name} ")
    ]
    # An epilog has its single line ends taken out.
    return "\n\n".join(["Related commands:", *lines]) if lines else None


def _refusing(error: PluginError) -> Callable[..., Any]:
    def refuse(ctx: typer.Context) -> None:
        raise error

    return refuse


def unknown_command(registry: Registry, name: str, known: list[str]) -> UsageError:
    """Return the error for an unknown command."""
    near = suggestions_for(name, known)  # all of them would fill a screen
    hint = did_you_mean(name, near, "") if near else "targen --help lists the commands"
    return UsageError(f"there is no command {name!r}", hint=and_broken(registry, hint))
