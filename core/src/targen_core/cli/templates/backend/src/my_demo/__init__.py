"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_backends(register: Register) -> None:
    """Register `--backend my-demo`."""
    register(
        "my-demo",
        "my_demo.backend:BACKEND",
        summary="a service over HTTP",
    )
