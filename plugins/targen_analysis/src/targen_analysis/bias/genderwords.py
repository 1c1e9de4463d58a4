"""Words that name a gender, and which of them a row holds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from targen_analysis.lexical.words import split

Gender = Literal["female", "male"]

FEMALE: Gender = "female"
MALE: Gender = "male"

_NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class _Lists:
    gender: Mapping[str, str]
    occupations: Mapping[str, str]


@cache
def _lists() -> _Lists:
    text = (files("targen_analysis.bias") / "gender.toml").read_text(encoding="utf-8")
    lists: dict[str, list[str]] = tomllib.loads(text)
    gender = {word: name for name in (FEMALE, MALE, _NEITHER) for word in lists[name]}
    plurals = {plural: one for one in lists["occupations"] for plural in _plurals(one)}
    return _Lists(gender, {one: one for one in lists["occupations"]} | plurals)


def _plurals(one: str) -> list[str]:
    return [f"{one}s", *([f"{one[:-1]}ies"] if one.endswith("y") else [])]


def words_in(texts: Sequence[str]) -> set[str]:
    """The different words of a row in lower case, without 's, 'd or 'll."""
    words = set()
    for text in texts:
        for word in split(text.replace("’", "'")):
            words.add(word if word in _lists().gender else word.partition("'")[0])
    return words


def gender_of(words: set[str]) -> str:
    """Return the gender in the words of a row: female, male, both, neither ("they"), or ""."""
    gender = _lists().gender
    genders = {gender[word] for word in words if word in gender}
    named = genders - {_NEITHER}
    return "both" if len(named) == 2 else next(iter(named or genders), "")


def occupations_of(words: set[str]) -> set[str]:
    """The occupations among the words of a row, in the singular."""
    known = _lists().occupations
    return {known[word] for word in words if word in known}
