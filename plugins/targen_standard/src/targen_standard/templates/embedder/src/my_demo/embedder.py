"""(1) How a text becomes a vector. Equal texts must get equal vectors: rows depend on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zlib import crc32

from targen_standard.embedding import Embedder

_PLACES = 256  # of a vector


def _vector(text: str) -> Sequence[float]:
    """Count each run of three letters, at the place of its hash."""
    counts = [0.0] * _PLACES
    letters = " ".join(text.casefold().split())
    for at in range(len(letters) - 2):
        # Not hash(), which differs from process to process.
        counts[crc32(letters[at : at + 3].encode("utf-8", "surrogatepass")) % _PLACES] += 1
    return counts


def _open() -> Callable[[str], Sequence[float]]:
    """Find what is needed. Called before a run; a model is loaded at the first text.

    Raise `targen_core.errors.UsageError` with what to install where something is missing.
    """
    return _vector


EMBEDDER = Embedder(open=_open)
