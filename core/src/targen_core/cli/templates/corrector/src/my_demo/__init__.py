"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_correctors(register: Register) -> None:
    """Register `--corrector my-demo`."""
    register(
        "my-demo",
        "my_demo.corrector:twice",
        summary="solves each row twice",
    )
