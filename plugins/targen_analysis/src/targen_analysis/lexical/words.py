"""Words of texts in any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from targen_core.tasks.words import PER_DENSE, UNSPACED, UNSPACED_LETTER, word_of

_LETTERS = word_of(rf"\W_{UNSPACED}")
_UNSPACED = re.compile(UNSPACED_LETTER)
_WORD = re.compile(rf"{UNSPACED_LETTER}|{_LETTERS}(?:'{_LETTERS})*")

# Vowel signs and stretched letters of Arabic, which most texts leave out.
_OPTIONAL = re.compile("[\u0640\u064b-\u0652\u0670]")
_DOTTED = "i\u0307"  # what Python makes of the Turkish capital İ
_DOTLESS = str.maketrans("\u0131", "i")


def split(text: str) -> list[str]:
    """The words of a text: letters and digits, an apostrophe inside them, in lower case.

    Each letter of a script without spaces between words is a word. The form of apostrophes, how
    letters are composed, and Arabic vowel signs do not count.
    """
    plain = text.lower()
    if not plain.isascii():
        plain = unicodedata.normalize("NFC", plain).replace(_DOTTED, "i").replace("’", "'")
        plain = _OPTIONAL.sub("", plain)
    return _WORD.findall(plain)


def folded(text: str) -> tuple[str, ...]:
    """The words of a text such that two which differ only in case are equal.

    The Turkish i without a dot counts as one with a dot: `I` may be the capital of either.
    """
    return tuple(word.casefold().translate(_DOTLESS) for word in split(text))


def is_unspaced(text: str) -> bool:
    """Return whether most of a text is in scripts without spaces between words.

    A letter of theirs is worth several of others, such as of a product's name.
    """
    return (1 + PER_DENSE) * len(_UNSPACED.findall(text)) > sum(map(str.isalpha, text))


def unit_of(*corpora: Sequence[tuple[str, ...]]) -> str:
    """Return the units that `split` counts in most of these texts: "words" or "characters"."""
    rows = [is_unspaced("\n".join(row)) for texts in corpora for row in texts]
    return "characters" if 2 * sum(rows) > len(rows) else "words"
