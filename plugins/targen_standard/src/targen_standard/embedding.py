"""Embedders: what turns a text into a vector, for the distance between rows while they are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol
from zlib import crc32

from targen_core.tasks.words import normalized

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Encode(Protocol):
    """Embeds a text."""

    def __call__(self, text: str, /) -> Any:
        """The text's vector: numbers, of shape (d,). One of zeros is near to none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedder:
    """A way to turn texts into vectors.

    Equal texts must get equal vectors: rows depend on them.

    Attributes:
        open: returns the function that embeds one text. `open` is called before a run starts, so
            leave slow loading to the first call of that function. If something is not installed,
            `open` raises a `UsageError` that says what to install.
        packages: the distributions that determine the vectors; a run records their versions.
        extra: the extra of its distribution that brings what `open` needs; `describe` shows it.
    """

    open: Callable[[], Encode]
    packages: tuple[str, ...] = ()
    extra: str = ""


_PLACES = 512  # of a vector of words


def _words(text: str) -> ArrayLike:
    """The words of a text and its pairs of neighbours, each counted once at the place of its hash.

    Half of the hashes count down, so that words which meet at a place cancel out on average
    (Weinberger et al., arXiv:0902.2206).
    """
    import numpy as np

    words = normalized(text).split()
    vector = np.zeros(_PLACES)
    for feature in {*words, *(f"{one} {other}" for one, other in pairwise(words))}:
        at = crc32(feature.encode("utf-8", "surrogatepass"))
        vector[at % _PLACES] += 1 if at >> 31 else -1
    return vector


WORDS = Embedder(open=lambda: _words)
"""Needs no model: the cosine is about the share of words and pairs of words in common."""
