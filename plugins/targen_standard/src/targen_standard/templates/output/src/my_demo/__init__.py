"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.register import Register
    from targen_standard.task_files.outputs import OutputType


@hookimpl
def register_outputs(register: Register[OutputType[Any]]) -> None:
    """Rows of a task file with `output: {my-demo: …}`."""
    register.register(
        "my-demo",
        "my_demo.output:OUTPUT",
        summary="a grade from a scale",
    )
