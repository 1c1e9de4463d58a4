"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core import Task
    from targen_core.plugins.register import Register
    from targen_core.tasks.steps import ListStep


@hookimpl
def register_tasks(register: Register[Task[Any, Any]]) -> None:
    """Register the task of `targen generate my-demo`."""
    register.register(
        "my-demo",
        "my_demo.task:TASK",
        summary="messages to small businesses: praise or complaint?",
    )


# Lists that other people's tasks may use too. Take them out where nobody would.


@hookimpl
def register_contexts(register: Register[ListStep[Any]]) -> None:
    """Step 1 under a name of its own."""
    register.register(
        "my-demo-businesses",
        "my_demo.steps:BUSINESSES",
        summary="small businesses",
    )


@hookimpl
def register_seeds(register: Register[ListStep[Any]]) -> None:
    """Step 2 under a name of its own."""
    register.register(
        "my-demo-matters",
        "my_demo.steps:MATTERS",
        summary="what the customers of a business notice",
    )
