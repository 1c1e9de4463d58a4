"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_contexts(register: Register) -> None:
    """Register `--contexts-from my-demo`."""
    register(
        "my-demo",
        "my_demo.contexts:CONTEXTS",
        summary="small businesses",
    )
