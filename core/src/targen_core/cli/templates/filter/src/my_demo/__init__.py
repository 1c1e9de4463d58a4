"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

    from targen_core.engine.filters import Filter
    from targen_core.plugins.register import Register


@hookimpl
def register_filters(register: Register[Callable[[], Filter]]) -> None:
    """Register `--filter my-demo`."""
    register.register(
        "my-demo",
        "my_demo.filter:FILTER",
        summary="refuses rows that begin as several others do",
    )
