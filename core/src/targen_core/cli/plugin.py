"""The command as a plugin: it owns the kind of things that it runs, and brings `estimate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl
from targen_core.cli.commands import COMMANDS
from targen_core.plugins.kinds import Kind

if TYPE_CHECKING:
    from targen_core.plugins.kinds import KindRegister


@hookimpl
def register_kinds(register: KindRegister) -> None:
    """Commands: `targen NAME`."""
    register(
        Kind(
            "command",
            "register_commands",
            "function",
            suite="targen_testing.commands:CommandSuite",
            home="targen_core.cli.hookspecs",
        ),
        reserved=tuple(COMMANDS),
    )
