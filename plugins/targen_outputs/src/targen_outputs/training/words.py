"""Words of a text, and what they look like."""

from __future__ import annotations

import re

from targen_core.tasks.letters import UNSPACED, UNSPACED_LETTER, word_of

_LETTERS = word_of(rf"\W_{UNSPACED}")
# A word, a character of a script without spaces between words, or a sign.
_WORD = re.compile(rf"{UNSPACED_LETTER}|{_LETTERS}|[^\w\s]|_")


def words_in(text: str) -> list[tuple[int, int]]:
    """Return where each word begins and ends."""
    return [match.span() for match in _WORD.finditer(text)]


def shape_of(word: str) -> str:
    """Return which kinds of characters a word has, each run of a kind once: "Xx" of "Rome"."""
    kinds = (
        "X" if each.isupper() else "x" if each.isalpha() else "9" if each.isdigit() else each
        for each in word[:40]
    )
    shape = ""
    for kind in kinds:
        if not shape.endswith(kind):
            shape += kind
    return shape
