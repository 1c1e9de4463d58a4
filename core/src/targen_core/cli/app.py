"""The command group: each command's module is imported when it is asked for.

Building a command's options costs more than listing tasks does, so a command
is built alone; `targen --help` builds them all.
"""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

__all__ = ["COMMANDS", "build"]

COMMANDS = {
    "list-tasks": "listing:list_tasks",
    "list-backends": "listing:list_backends",
    "list-correctors": "listing:list_correctors",
    "list-exporters": "listing:list_exporters",
    "backends": "backends:backends",
    "describe": "describe:describe",
    "preview": "preview:preview",
    "estimate": "estimate:estimate",
    "generate": "generate:generate",
    "resume": "generate:resume",
    "batch": "batch:batch",
    "report": "report:report",
    "export": "export:export",
    "validate": "validate:validate",
    "correct": "correct:correct",
    "plugins": "listing:plugins",
}
"""Command -> module and function, in the order of the help."""


class _LazyGroup(TyperGroup):
    """A group that builds a command when it is looked up."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module, _, function = COMMANDS[cmd_name].partition(":")
        run = getattr(import_module(f"targen_core.cli.{module}"), function)
        alone = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        alone.command(name=cmd_name)(run)
        return typer.main.get_command(alone)


def _version(value: bool) -> None:
    if value:
        from targen_core import __version__

        print(f"targen-core {__version__}")
        raise typer.Exit


def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Generate labelled NLP datasets from a task description alone.

    Four steps: contexts, instance seeds, label-constrained generation, self-correction
    (TarGEN, arXiv:2310.17876). Start with: targen list-tasks
    """


def build() -> Any:
    """The command, ready to be called."""
    app = typer.Typer(
        cls=_LazyGroup,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_main)
    return typer.main.get_command(app)
