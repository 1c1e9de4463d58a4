"""Made-up words, for replies of dry runs: they are free, differ each time and have no meaning."""

from __future__ import annotations

import random
from collections.abc import Sequence

__all__ = ["ENGLISH", "sentence", "word", "words"]

_SYLLABLES = "ba bel cor dan dri fen gal hor jun kel lam mor nal os pel ran sil tor ul ven".split()

ENGLISH = ("the", "of", "and", "in", "with", "for", "from", "that")
"""Small words: `prose` counts them, and so tells English from other languages."""


def word(rng: random.Random) -> str:
    """A made-up word."""
    return "".join(rng.choices(_SYLLABLES, k=rng.randint(2, 3)))


def words(rng: random.Random, count: int, small: Sequence[str] = ENGLISH) -> str:
    """So many words, every third one a small word of the language."""
    return " ".join(
        rng.choice(small) if small and at % 3 == 1 else word(rng) for at in range(count)
    )


def sentence(rng: random.Random, low: int = 8, high: int = 16) -> str:
    """A sentence of `low` to `high` words."""
    return words(rng, rng.randint(low, high)).capitalize() + "."
