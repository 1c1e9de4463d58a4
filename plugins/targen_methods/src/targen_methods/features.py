"""Features for a model that weights rows: words, or the vectors of an embedder."""

from __future__ import annotations

from targen_core.plugins.loader import load_registry


def embedder_of(features: str) -> tuple[str, ...]:
    """Return the id of the embedder that an option `features` names; empty for words.

    Raises:
        UnknownName: the embedder is unknown.
    """
    return () if features == "tfidf" else (load_registry().find("embedder", features).id,)
