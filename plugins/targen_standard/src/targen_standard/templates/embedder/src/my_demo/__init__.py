"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.register import Register
    from targen_standard.embedding import Embedder


@hookimpl
def register_embedders(register: Register[Embedder]) -> None:
    """Register the embedder of `--max-cosine 0.8 --embedder my-demo`."""
    register.register(
        "my-demo",
        "my_demo.embedder:EMBEDDER",
        summary="runs of three letters in common",
    )
