"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_filters(register: Register) -> None:
    """Register `--filter my-demo`."""
    register(
        "my-demo",
        "my_demo.filter:Openings",
        summary="refuses rows that begin alike",
    )
