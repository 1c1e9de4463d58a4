"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.register import Register
    from targen_standard.methods.model import Method


@hookimpl
def register_methods(register: Register[Method[Any]]) -> None:
    """Register the method of `targen method my-demo TASK`."""
    register.register(
        "my-demo",
        "my_demo.method:METHOD",
        summary="generates a disputed claim, then a row about it",
    )
