"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core import Backend
    from targen_core.plugins.register import Register


@hookimpl
def register_backends(register: Register[Backend]) -> None:
    """Register `--backend my-demo`."""
    register.register(
        "my-demo",
        "my_demo.backend:BACKEND",
        summary="a service over HTTP",
    )
