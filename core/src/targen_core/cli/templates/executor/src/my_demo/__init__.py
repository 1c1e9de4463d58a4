"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.calls.executors import ModelExecutor
    from targen_core.plugins.register import Register


@hookimpl
def register_executors(register: Register[ModelExecutor]) -> None:
    """Register `--executor my-demo`."""
    register.register(
        "my-demo",
        "my_demo.executor:EXECUTOR",
        summary="a thread of this process",
    )
