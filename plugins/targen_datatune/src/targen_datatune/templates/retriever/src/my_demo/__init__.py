"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.register import Register
    from targen_datatune.retrieval import Retriever


@hookimpl
def register_retrievers(register: Register[Retriever]) -> None:
    """Register `targen retrieve TASK --retriever my-demo`."""
    register.register(
        "my-demo",
        "my_demo.retriever:RETRIEVER",
        summary="letters in common, three at a time",
    )
