"""Made-up words, for replies of dry runs: they are free, differ each time and have no meaning."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Sequence

_SYLLABLES = "ba bel cor dan dri fen gal hor jun kel lam mor nal os pel ran sil tor ul ven".split()

ENGLISH = ("the", "of", "and", "in", "with", "for", "from", "that")
"""Small words: `prose` counts them, and so tells English from other languages."""


def word(rng: random.Random) -> str:
    """A made-up word."""
    return "".join(rng.choices(_SYLLABLES, k=rng.randint(2, 3)))


def words(rng: random.Random, count: int, small: Sequence[str] = ENGLISH) -> str:
    """So many words, every third one a small word of the language."""
    made = []
    for at in range(count):
        is_small = small and at % 3 == 1
        made += [
            rng.choice(small) if is_small else "".join(rng.choices(_SYLLABLES, k=rng.randint(2, 3)))
        ]
    return " ".join(made)


def matching(pattern: str, rng: random.Random) -> str:
    """A text for a regular expression of letters, classes, groups and repeats.

    The caller checks it, since properties and the like are not understood.

    Raises:
        OverflowError: it repeats too much.
    """
    return _Pattern(pattern).either()(rng)


_Made = Callable[[random.Random], str]

_TIMES = re.compile(r"(?:([*+?])|\{(\d+)(,?)(\d*)\})\??")
_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|\w*:))?")
_CLASS = re.compile(r"\[(\^?)(\]?(?:\\.|[^]\\])*)\]", re.DOTALL)
_MEMBER = re.compile(r"(\\?.)(?:-(\\?.))?", re.DOTALL)
_SHORT = {"d": string.digits, "w": string.ascii_lowercase + string.digits, "s": " "}
_NO_WIDTH = frozenset(("^", "$", r"\b", r"\A", r"\z"))
_MOST = 100  # signs of a range
_MORE = 3  # repeats beyond the fewest, if a pattern sets no limit or a distant one
_REPEATS = 10_000  # of all parts together, in a text


class _Pattern:
    """Reads a regular expression, part by part, into functions that make a text."""

    def __init__(self, pattern: str) -> None:
        self._left = pattern
        self._repeats = 0

    def either(self) -> _Made:
        """Read alternatives, up to the end of a group or the pattern."""
        several = [self._row()]
        while self._left.startswith("|"):
            self._left = self._left[1:]
            several.append(self._row())
        return lambda rng: rng.choice(several)(rng)

    def _row(self) -> _Made:
        parts: list[_Made] = []
        while self._left and self._left[0] not in "|)":
            parts.append(self._repeated(self._one()))
        return lambda rng: "".join(part(rng) for part in parts)

    def _repeated(self, one: _Made) -> _Made:
        if not (found := _TIMES.match(self._left)):
            return one
        self._left = self._left[found.end() :]
        mark, least, comma, most = found.groups()
        low = int(least or mark == "+")
        limit = 1 if mark == "?" else int(most or (low if least and not comma else low + _MORE))
        high = min(limit, low + _MORE)

        def repeated(rng: random.Random) -> str:
            made = []
            for _ in range(rng.randint(low, high)):
                self._repeats += 1
                if self._repeats > _REPEATS:
                    raise OverflowError("the pattern repeats too much")
                made.append(one(rng))
            return "".join(made)

        return repeated

    def _one(self) -> _Made:
        """Read a group, a class or a sign."""
        if group := _GROUP.match(self._left):
            self._left = self._left[group.end() :]
            inside = self.either()
            self._left = self._left[1:]
            return inside
        if found := _CLASS.match(self._left):
            self._left = self._left[found.end() :]
            letters = "".join(_letters(*of) for of in _MEMBER.findall(found[2]))
            if found[1]:
                letters = "".join(each for each in _SHORT["w"] if each not in letters) or " "
            return lambda rng: rng.choice(letters)
        size = 2 if self._left.startswith("\\") else 1
        sign, self._left = self._left[:size], self._left[size:]
        if sign in _NO_WIDTH:
            return lambda rng: ""
        signs = _SHORT["w"] if sign == "." else _letters(sign)
        return lambda rng: rng.choice(signs)


def _letters(first: str, last: str = "") -> str:
    """Return the signs that a sign of a pattern stands for, or a range in a class."""
    if last:
        low = ord(first[-1])
        return "".join(map(chr, range(low, min(ord(last[-1]), low + _MOST) + 1)))
    return _SHORT.get(first[1:], first[1:]) if first.startswith("\\") else first


def sentence(rng: random.Random, low: int = 8, high: int = 16) -> str:
    """A sentence of `low` to `high` words."""
    return words(rng, rng.randint(low, high)).capitalize() + "."
