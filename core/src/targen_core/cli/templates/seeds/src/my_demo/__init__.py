"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_seeds(register: Register) -> None:
    """Register `--seeds-from my-demo`."""
    register(
        "my-demo",
        "my_demo.seeds:SEEDS",
        summary="what customers notice",
    )
