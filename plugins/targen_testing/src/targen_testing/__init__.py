"""For authors of plugins: the conformance kit, and services that fail as real ones do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

    from targen_core.plugins.register import Register


@hookimpl
def register_commands(register: Register[Callable[..., Any]]) -> None:
    """Register the command that tests a plugin's folder."""
    register.register(
        "plugins check",
        "targen_testing.command:check",
        summary="Test a plugin's folder with the conformance kit.",
        panel="Plugins",
    )
