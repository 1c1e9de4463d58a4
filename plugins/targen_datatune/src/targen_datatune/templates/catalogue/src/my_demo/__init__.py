"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.register import Register
    from targen_datatune.retrieval import Catalogue


@hookimpl
def register_catalogues(register: Register[Catalogue]) -> None:
    """Register `targen catalogue build my-demo:FOLDER`."""
    register.register(
        "my-demo",
        "my_demo.catalogue:CATALOGUE",
        summary="folders of tab-separated files",
    )
