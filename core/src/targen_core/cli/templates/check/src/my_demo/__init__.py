"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_checks(register: Register) -> None:
    """Register `--check my-demo`."""
    register(
        "my-demo",
        "my_demo.check:check",
        summary="refuses rows with a long text",
    )
