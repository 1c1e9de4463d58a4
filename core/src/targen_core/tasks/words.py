"""The words and sentences of a text, for comparisons; no language in particular."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
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
