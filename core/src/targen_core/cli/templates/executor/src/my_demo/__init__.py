"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_executors(register: Register) -> None:
    """Register `--executor my-demo`."""
    register(
        "my-demo",
        "my_demo.executor:EXECUTOR",
        summary="a thread of this process",
    )
