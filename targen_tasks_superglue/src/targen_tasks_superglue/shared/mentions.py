"""Find a phrase in a text by whitespace tokens, compared as the official spans are.

Two words are the same up to case, punctuation at their edges and a possessive 's; other differences
count ("nurse" is not "nurses").
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_EDGE = re.compile(r"^[\W_]+|[\W_]+$")
_POSSESSIVE = re.compile(r"'s[\W_]*$")


def core(token: str) -> str:
    """A token as comparisons see it: "Nurse's," is "nurse"."""
    return _EDGE.sub("", _POSSESSIVE.sub("", token.replace("\u2019", "'").casefold()))


def words_of(text: str) -> list[str]:
    """Return the tokens of a text for comparisons, without those that are only punctuation."""
    return [word for word in map(core, text.split()) if word]


def same_words(text: str, other: str) -> bool:
    """Return whether two texts are the same words, whatever their spaces."""
    return words_of(text) == words_of(other)


def find(phrase: str, tokens: Sequence[str]) -> list[int]:
    """The indexes of the tokens at which a phrase begins."""
    phrase_words = words_of(phrase)
    text_words = [core(token) for token in tokens]
    last = len(text_words) - len(phrase_words)
    return [
        start
        for start in range(last + 1)
        if phrase_words and text_words[start : start + len(phrase_words)] == phrase_words
    ]


def mentions(first: str, second: str, tokens: Sequence[str]) -> tuple[list[int], list[int]]:
    """Where a text names each of two phrases.

    A mention of one inside a mention of the other does not count: the "captain" of "captain's cook"
        is the cook.
    """
    size = (len(words_of(first)), len(words_of(second)))
    at = (find(first, tokens), find(second, tokens))
    longer, shorter = (0, 1) if size[0] >= size[1] else (1, 0)
    taken = {start + step for start in at[longer] for step in range(size[longer])}
    left = [start for start in at[shorter] if start not in taken]
    return (at[0], left) if longer == 0 else (left, at[1])
