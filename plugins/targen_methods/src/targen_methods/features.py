"""What a model reads that weighs rows: words, or the vectors of an embedder."""

from __future__ import annotations

from targen_core import load_registry

__all__ = ["embedder_of"]


def embedder_of(features: str) -> tuple[str, ...]:
    """The id of the embedder that an option `features` names; none where it is words.

    Raises:
        UnknownName: there is no such embedder.
    """
    return () if features == "tfidf" else (load_registry().find("embedder", features).id,)
