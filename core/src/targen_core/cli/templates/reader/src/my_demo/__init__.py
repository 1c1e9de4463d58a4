"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.register import Register
    from targen_core.task_files import TaskReader


@hookimpl
def register_task_readers(register: Register[TaskReader]) -> None:
    """Register the reader of `FILE.my-demo`: the name is the suffix."""
    register.register(
        "my-demo",
        "my_demo.reader:READER",
        summary="tasks as lines of KEY: TEXT",
    )
