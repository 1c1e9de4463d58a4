"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_tasks(register: Register) -> None:
    """Register `targen generate my-demo`."""
    register(
        "my-demo",
        "my_demo.task:TASK",
        summary="messages to shops: praise or complaint?",
    )
