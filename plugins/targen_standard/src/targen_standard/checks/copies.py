"""Is a text a copy of another, in part or nearly, or does it repeat itself?"""

from __future__ import annotations

from rapidfuzz import fuzz

from targen_core.tasks.words import normalized, parts, words

_RUNS = 20  # fewer may repeat themselves by chance


def is_copy(text: str, of: str) -> bool:
    """Return whether two texts are the same apart from case, spacing and punctuation."""
    return normalized(text) == normalized(of)


def is_sentences_of(text: str, of: str) -> bool:
    """Return whether a text consists of whole sentences of another, in any case."""
    others = {normalized(part) for part in parts(of)}
    said = [normalized(part) for part in parts(text)]
    return bool(said) and others.issuperset(said)


def similarity(text: str, other: str) -> float:
    """Normalised indel similarity of two texts as comparisons see them, 0 to 100."""
    return fuzz.ratio(normalized(text), normalized(other))


def is_loop(text: str) -> bool:
    """Return whether a text repeats itself over and over, as small models do.

    That is: it has at least 20 runs of three words, and fewer than half of them are different. In
    texts that people write, nine in ten are.
    """
    said = words(text)
    runs = [tuple(said[at : at + 3]) for at in range(len(said) - 2)]
    return len(runs) >= _RUNS and len({*runs}) < len(runs) / 2
