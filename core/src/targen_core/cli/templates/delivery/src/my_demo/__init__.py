"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_deliveries(register: Register) -> None:
    """Register `--delivery my-demo`."""
    register(
        "my-demo",
        "my_demo.delivery:DELIVERY",
        summary="hands calls over one at a time",
    )
