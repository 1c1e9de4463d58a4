"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_inverse_generators(register: Register) -> None:
    """Register `--generators-from my-demo`."""
    register(
        "my-demo",
        "my_demo.generator:write",
        summary="letters for any label",
    )
