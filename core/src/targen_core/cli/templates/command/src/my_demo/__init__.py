"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.register import Register


@hookimpl
def register_commands(register: Register[Callable[..., Any]]) -> None:
    """Register `targen my-demo`."""
    register.register(
        "my-demo",
        "my_demo.command:command",
        summary="count the rows of a dataset by label",
    )
