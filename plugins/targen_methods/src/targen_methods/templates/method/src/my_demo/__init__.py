"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_methods(register: Register) -> None:
    """Register the method of `targen method my-demo TASK`."""
    register(
        "my-demo",
        "my_demo.method:METHOD",
        summary="generates a disputed claim, then a row about it",
    )
