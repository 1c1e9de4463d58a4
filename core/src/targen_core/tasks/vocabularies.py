"""Lists of common things that code holds, for dimensions to draw from; each is read when used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from typing import overload

__all__ = ["VOCABULARIES", "Vocabulary", "meant", "vocabulary"]

VOCABULARIES = {
    "fields": "fields of life, such as beekeeping and public transport",
    "personas": "people by what they do or live through",
    "places": "kinds of places, indoors and out",
    "words": "common concrete nouns and verbs",
}
"""What there is, and what each holds."""


class Vocabulary(Sequence[str]):
    """The lines of a list, sorted; they are read from the package when they are first looked at."""

    def __init__(self, name: str) -> None:
        """`name` is one of `VOCABULARIES`."""
        self.name = name

    def __repr__(self) -> str:
        return f"vocabulary({self.name!r})"

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return vocabulary, (self.name,)

    @cached_property
    def _lines(self) -> tuple[str, ...]:
        path = files("targen_core") / "vocabularies" / f"{self.name}.txt"
        return tuple(path.read_text(encoding="utf-8").splitlines())

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        """The line there, or lines."""
        return self._lines[index]


@cache
def vocabulary(name: str) -> Vocabulary:
    """A list that targen brings: "words", "fields", "personas" or "places".

    Raises:
        ValueError: there is no such list.
    """
    if name not in VOCABULARIES:
        raise ValueError(f"no vocabulary {name!r}; there are {', '.join(VOCABULARIES)}")
    return Vocabulary(name)


def meant(
    values: Sequence[str] | Mapping[str, int] | str,
) -> Sequence[str] | Mapping[str, int]:
    """The vocabulary that a text such as `@words` stands for; other values are what they are.

    Raises:
        ValueError: there is no such list.
    """
    return vocabulary(values[1:]) if isinstance(values, str) else values
