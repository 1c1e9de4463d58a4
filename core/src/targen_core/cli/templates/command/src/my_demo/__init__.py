"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_commands(register: Register) -> None:
    """Register `targen my-demo`."""
    register(
        "my-demo",
        "my_demo.command:command",
        summary="Count the rows of a dataset by label.",
        panel="Data",
    )
