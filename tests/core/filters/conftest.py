"""Texts of made-up words, and what becomes of them when somebody edits them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from rapidfuzz import fuzz

from targen_core.tasks.words import normalized

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def made_up(rng: Random, words: int) -> str:
    """A text of words that are made up, the shorter ones often met."""
    return " ".join(
        "".join(rng.choices(LETTERS, weights=range(30, 4, -1), k=rng.choice((2, 3, 5, 6, 8))))
        for _ in range(words)
    )


class Edits:
    """Ways in which a text is edited once."""

    @staticmethod
    def letters(rng: Random, text: str) -> str:
        """A letter is replaced, left out or added."""
        at, kind = rng.randrange(len(text)), rng.randrange(3)
        return text[:at] + rng.choice(LETTERS) * (kind > 0) + text[at + (kind < 2) :]

    @staticmethod
    def words(rng: Random, text: str) -> str:
        """A word is replaced, left out or added."""
        words = text.split()
        at = rng.randrange(len(words))
        words[at : at + 1] = rng.choice(([], [made_up(rng, 1)], [words[at], made_up(rng, 1)]))
        return " ".join(words)

    @staticmethod
    def order(rng: Random, text: str) -> str:
        """Two words change places."""
        words = text.split()
        at = rng.randrange(len(words) - 1)
        words[at : at + 2] = words[at + 1], words[at]
        return " ".join(words)

    @classmethod
    def any(cls, rng: Random, text: str) -> str:
        """One of these; half of them are of letters."""
        return rng.choice((cls.letters, cls.letters, cls.words, cls.order))(rng, text)


def edited(rng: Random, text: str, edit: Callable[[Random, str], str], minimum: int) -> str:
    """A text, edited again and again, as long as it is so much alike."""
    text = made = normalized(text)
    while fuzz.ratio(text, after := normalized(edit(rng, made))) >= minimum:
        made = after
    return made


@pytest.fixture(scope="session", name="made_up")
def _made_up() -> Callable[[Random, int], str]:
    return made_up


@pytest.fixture(scope="session", name="edited")
def _edited() -> Callable[..., str]:
    return edited


@pytest.fixture(scope="session")
def edits() -> type[Edits]:
    """Ways to edit a text once."""
    return Edits
