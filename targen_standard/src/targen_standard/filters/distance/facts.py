"""The kind of embedders: the words of its hook, and its facts for `targen describe`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_cli.facts import Described, about
from targen_core.plugins.hookspecs import hookspec

if TYPE_CHECKING:
    from targen_core import Register
    from targen_standard.embedding import Embedder

__all__ = ["embedder_facts", "register_embedders"]


@hookspec
def register_embedders(register: Register[Embedder]) -> None:
    """Register embedders: what tells `targen generate --max-cosine` how near two rows are.

    Example:
        ```python
        @hookimpl
        def register_embedders(register):
            register.register("house", "my_package.embed:HOUSE", summary="Our sentence encoder")
        ```
    """


def embedder_facts(part: Described) -> dict[str, Any]:
    """Return what decides the vectors of an embedder."""
    return {"packages": [*part.target.packages], "about": about(part.target.open)}
