"""The command as a plugin: it owns the kind of things that it runs, and brings `estimate`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from targen_core import Kind, Register, hookimpl
from targen_core.cli.commands import COMMANDS

if TYPE_CHECKING:
    from targen_core import KindRegister


@hookimpl
def register_kinds(register: KindRegister) -> None:
    """Commands: `targen NAME`."""
    register.register(
        Kind(
            "command",
            "register_commands",
            spec="targen_core.cli.hookspecs:register_commands",
            awaited=False,
            use="targen {name} --help",
            suite="targen_testing:CommandSuite",
            template="targen_core.cli.scaffold:templates/command",
            tries=("targen {name} --help",),
            reserved=tuple(COMMANDS),
        )
    )


@hookimpl
def register_functions(register: Register[Callable[..., Any]]) -> None:
    """Register estimates, the display of a run, and hints for unknown names."""
    for name in ("CostEstimate", "estimate"):
        register.register(name, f"targen_core.cli.estimating:{name}")
    register.register("explain-unknown", "targen_core.cli.elsewhere:explain")
    register.register("show-progress", "targen_core.display.shown:job_shown")
