"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.register import Register
    from targen_core.tasks.steps import Corrector


@hookimpl
def register_correctors(register: Register[Corrector[Any]]) -> None:
    """Register `--corrector my-demo`."""
    register.register(
        "my-demo",
        "my_demo.corrector:CORRECTOR",
        summary="solves each instance twice; rejects what has two answers",
    )
