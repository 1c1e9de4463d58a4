"""Decide whether two forms of names mean the same entity, or might.

`stands_for` joins last words, initials, and a name without its middle. It also joins a ruler
without title and number, and a few names that everybody knows by two forms. `may_stand_for` only
warns: words in common that leave it open. Places inside the names of things ("Vesterby" in
"Vesterby Museum") are neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from targen_tasks_superglue.record.words import (
    ALIASES,
    BESIDE_CITY,
    DIRECTIONS,
    GENERIC,
    NUMERALS,
    PARTICLES,
    RULERS,
    SETTLEMENTS,
)

_JOINTS = frozenset(["of", "for", "the", "and", "&"])
_PAIRS = 1 << 14  # each check of a passage compares the same pairs: those of a hundred passages


@lru_cache(maxsize=_PAIRS)
def stands_for(short: str, full: str) -> bool:
    """Return whether a form is the same name, shortened or said in another way."""
    few, many = words_of(short), words_of(full)
    if few == many or _known(few) == _known(many):
        return True
    if _initials(full) == short.replace(".", ""):
        return True
    if _numbers_differ(few, many):
        return False
    if many[0] in RULERS or many[-1] in ("jr", "sr"):
        few, many = _unnumbered(few), _unnumbered(many)
        if few == many:
            return True
    if _reordered(few, many):
        return True
    if len(few) >= len(many):
        return False
    if many[-len(few) :] == few:
        return many[0] not in DIRECTIONS and not _JOINTS & set(many)
    if len(few) == 2 and (few[0], few[1]) == (many[0], many[-1]) and _personal(many):
        return True  # "Ada Lund" is Ada Maria Lund
    # "the University" is the University of Turin, but "Vesterby" no Vesterby Museum.
    return many[: len(few)] == few and many[len(few)] in _JOINTS and few[-1] in GENERIC


@lru_cache(maxsize=_PAIRS)
def may_stand_for(form: str, other: str) -> bool:
    """Return whether two forms that are not joined may still mean the same entity."""
    few, many = sorted((words_of(form), words_of(other)), key=len)
    if {" ".join(few), " ".join(many)} == {"dc", "washington"}:
        return True
    if _numbers_differ(few, many):
        return False
    if many[-1] in NUMERALS and _unnumbered(many) == few:
        return True  # "World War" versus "World War II"
    if few[0] in RULERS and many[0] in RULERS and _unnumbered(few)[1:] == _unnumbered(many)[1:]:
        return len(few) > 1  # "Prince Albert" versus "King Albert"
    if many[:-1] == few and many[-1] in SETTLEMENTS and few[0] not in BESIDE_CITY:
        return True  # "Leicester" versus "Leicester City"
    if len(few) == 1 and few[0] == many[0] and few[0] in DIRECTIONS:
        return True  # "the North" versus "North Korea"
    if len(many) == 1 and _of_one_people(*sorted((few[0], many[0]), key=len)):
        return True
    if not _personal(many):
        return False
    if _inside(few, many):
        return True
    if not _personal(few) or len(few) == 1:
        return False
    if few[-1] == many[-1]:  # "J. Lund" versus "Jonas Lund"
        return few[0][0] == many[0][0] and 1 in (len(few[0]), len(many[0]))
    return few[-1] == many[0] or many[-1] == few[0]  # "Queen Elizabeth", "Elizabeth Windsor"


def words_of(form: str) -> list[str]:
    """The words of a form as comparisons see them: without case and stops."""
    return [word.replace(".", "").casefold() or word for word in form.split()]


def _known(words: Sequence[str]) -> str:
    """Return the standard form of several well-known names."""
    joined = " ".join(words)
    return ALIASES.get(joined, joined)


def _personal(words: Sequence[str]) -> bool:
    """Return whether a name may be a person's, as far as its words tell."""
    return (
        words[-1] not in GENERIC and words[0] not in DIRECTIONS and not _JOINTS.intersection(words)
    )


def _unnumbered(words: list[str]) -> list[str]:
    return words[:-1] if len(words) > 1 and words[-1] in NUMERALS else words


def _numbers_differ(words: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether both are numbered, but not alike: Elizabeth I is not Elizabeth II."""
    ends = words[-1], others[-1]
    return ends[0] != ends[1] and ends[0] in NUMERALS and ends[1] in NUMERALS


def _of_one_people(short: str, long: str) -> bool:
    """Return whether one is the other with an ending, as "Iraqi" of "Iraq"."""
    ending = long.removeprefix(short)
    return len(short) > 3 and ending in ("s", "i", "n", "an", "ian", "ese", "ish")


def _reordered(words: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether one is the other reordered: "Turin University", "University of Turin"."""
    kept = [[word for word in form if word not in _JOINTS] for form in (words, others)]
    turned = bool(_JOINTS.intersection(words)) != bool(_JOINTS.intersection(others))
    return turned and len(kept[0]) > 1 and sorted(kept[0]) == sorted(kept[1])


def _inside(few: Sequence[str], many: Sequence[str]) -> bool:
    size = len(few)
    return any(many[start : start + size] == few for start in range(len(many) - size + 1))


def _initials(full: str) -> str:
    """A name's initials: WHO for "World Health Organization"."""
    words = [word for word in full.split() if word.casefold() not in _JOINTS | PARTICLES]
    return "".join(word[0] for word in words) if len(words) > 2 else ""
