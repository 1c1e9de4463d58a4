"""Lists of common things that code holds, for dimensions to draw from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

VOCABULARIES = {
    "fields": "subject areas, such as beekeeping and public transport",
    "personas": "people, by occupation or experience",
    "places": "kinds of places, indoors and outdoors",
    "words": "common concrete nouns and verbs",
}
"""Vocabularies with their contents."""


@cache
def vocabulary(name: str) -> tuple[str, ...]:
    """A list that comes with targen: "words", "fields", "personas" or "places"; its lines, sorted.

    Raises:
        ValueError: the list is unknown.
    """
    if name not in VOCABULARIES:
        raise ValueError(
            f"there is no vocabulary {name!r}; the vocabularies are {', '.join(VOCABULARIES)}"
        )
    path = files("targen_core") / "vocabularies" / f"{name}.txt"
    return tuple(path.read_text(encoding="utf-8").splitlines())


def meant(
    values: Sequence[str] | Mapping[str, int] | str,
) -> Sequence[str] | Mapping[str, int]:
    """Return the vocabulary that a text such as `@words` refers to; return other values unchanged.

    Raises:
        ValueError: the list is unknown.
    """
    return vocabulary(values[1:]) if isinstance(values, str) else values
