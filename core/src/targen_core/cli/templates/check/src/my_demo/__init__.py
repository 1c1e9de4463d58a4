"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.register import Register
    from targen_core.tasks.steps import Check


@hookimpl
def register_checks(register: Register[Check[Any, Any]]) -> None:
    """Register `--check my-demo`."""
    register.register(
        "my-demo",
        "my_demo.check:CHECK",
        summary="refuses rows with a text of many words",
    )
