"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.register import Register
    from targen_standard.task_files.forms import TaskForm


@hookimpl
def register_task_forms(register: Register[TaskForm[Any]]) -> None:
    """A file whose only key is `my-demo` is a task."""
    register.register(
        "my-demo",
        "my_demo.form:FORM",
        summary="letters to a shop, by queue",
    )
