"""The words and sentences of a text, for comparisons; no language in particular."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from targen_core.tasks.letters import UNSPACED_LETTER, word_of

_LETTERS = word_of(r"\W")
WORD = re.compile(rf"{_LETTERS}(?:['’\-]{_LETTERS})*")
"""The pattern of a word, with hyphens and apostrophes inside."""

_UNSPACED = re.compile(UNSPACED_LETTER)
_PLAIN = "".join(chr(n).lower() if WORD.match(chr(n)) else " " for n in range(128))
_PARTS = re.compile(r"(?<=[.!?।؟])[\"'”’“»)\]]*\s+|(?<=[。！？])")


def words(text: str) -> list[str]:
    """The words of a text, lower-cased; hyphens and apostrophes stay inside."""
    return [*map(str.lower, WORD.findall(text))]


@lru_cache(maxsize=128)  # a row is compared by several parts
def normalized(text: str) -> str:
    """A text as comparisons see it: only its words, lower-cased and single-spaced."""
    if text.isascii() and "'" not in text and "-" not in text:  # in a third of the time
        return " ".join(text.translate(_PLAIN).split())
    return " ".join(WORD.findall(unicodedata.normalize("NFC", text))).lower()


def tokens(text: str) -> list[str]:
    """The words of a text, and each letter of a script without spaces between words."""
    plain = normalized(text)
    return (plain if plain.isascii() else _UNSPACED.sub(r" \g<0> ", plain)).split()


def is_cut_from(text: str, of: str) -> bool:
    """Return whether a text's words occur in another in sequence, in any case."""
    return f" {' '.join(tokens(text))} " in f" {' '.join(tokens(of))} "


def parts(text: str) -> list[str]:
    """A text cut behind each mark that may end a sentence: "Mr." is also a part."""
    return [part for part in _PARTS.split(text) if normalized(part)]
