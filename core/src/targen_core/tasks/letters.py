"""Characters of words, as parts of the character classes of regular expressions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby

PER_DENSE = 3
"""Letters of other scripts that say as much as a Chinese, Japanese or Korean character."""


def _marks() -> Iterator[str]:
    codes = (*range(0x300, 0x1D00), *range(0xA800, 0xAC00))
    for is_mark, run in groupby(codes, lambda n: unicodedata.category(chr(n)).startswith("M")):
        if is_mark:
            first, *_, last = [*run] * 2
            yield f"{chr(first)}-{chr(last)}"


MARKS = "".join(_marks())
"""Marks that belong to the letter before them, such as vowel signs of Hindi and Thai."""

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
"""Scripts without spaces between words: Thai, Lao, Burmese, Khmer, kana, Chinese characters."""

UNSPACED_LETTER = rf"(?=\w)[{UNSPACED}][{MARKS}]*"
"""A pattern for a letter of these scripts, with its marks."""


def word_of(without: str) -> str:
    r"""Return a pattern for a word: all characters with their marks except those given.

    For `re`, a mark is not `\w`, so a word of Hindi would be several.

    Args:
        without: part of a character class, at least `\W`.
    """
    return rf"[^{without}]+(?:[{MARKS}]+[^{without}]*)*"


_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_PLAIN_WORD = re.compile(word_of(r"\W_"))


def plain_words(text: str) -> str:
    """Return the words of a text as texts are compared by, single-spaced.

    Letters and digits, after Unicode's compatibility composition (NFKC) and case folding. Invisible
    letters are left out, and all other characters separate words.
    """
    folded = text.lower()
    if not text.isascii():
        folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    return " ".join(_PLAIN_WORD.findall(folded))
