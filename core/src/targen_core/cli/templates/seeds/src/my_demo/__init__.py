"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.register import Register
    from targen_core.tasks.steps import ListStep


@hookimpl
def register_seeds(register: Register[ListStep[Any]]) -> None:
    """Register `--seeds-from my-demo`."""
    register.register(
        "my-demo",
        "my_demo.seeds:SEEDS",
        summary="what the customers of a business notice",
    )
