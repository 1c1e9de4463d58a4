"""The command as a plugin: it owns the kind of things that it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_cli.commands import COMMANDS
from targen_core import Kind, hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.kinds import KindRegister


@hookimpl
def register_kinds(register: KindRegister) -> None:
    """Commands: `targen NAME`."""
    register.register(
        Kind(
            "command",
            "register_commands",
            spec="targen_cli.hookspecs:register_commands",
            use="targen {name} --help",
            suite="targen_testing:CommandSuite",
            template="targen_cli.scaffold:templates/command",
            tries=("targen {name} --help",),
            reserved=tuple(COMMANDS),
        )
    )
