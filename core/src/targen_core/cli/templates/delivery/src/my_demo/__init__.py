"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.calls.delivery import Delivery
    from targen_core.plugins.register import Register


@hookimpl
def register_deliveries(register: Register[Delivery]) -> None:
    """Register `--delivery my-demo`."""
    register.register(
        "my-demo",
        "my_demo.delivery:DELIVERY",
        summary="hands calls over one at a time",
    )
