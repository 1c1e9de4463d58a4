"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.register import Register
    from targen_standard.exporting.model import Exporter


@hookimpl
def register_exporters(register: Register[Exporter]) -> None:
    """Register the exporter of `targen export RUN --as my-demo`."""
    register.register(
        "my-demo",
        "my_demo.exporter:EXPORTER",
        summary="fastText's lines: __label__NAME text",
    )
