"""The languages that checks know: one file each in the folder `languages` of this package.

A file has:

- `names`: other names and codes, in lower case;
- `small_words`: function words that made-up texts contain;
- `function_words`: others. Without "a" and "mi" among its own, Spanish "a mi madre" is Italian,
  which has both;
- `capital_nouns`: true if all nouns begin with a capital, which then says nothing of a name;
- `remarks`: parts of models' remarks about their replies, as regular expressions of
  lower-case letters and curly apostrophes. Line breaks in them have no effect. The parts are those
  that `remarks.py` combines;
- `leads`: parts of what introduces a text, and of notes on its label, in the same form;
- `lengths`: parts of names of dimensions for the length of texts, and numbers and units, which
  each value of such a dimension has, in the same form;
- `near_words`: words of related languages without a file. Texts contain hardly any of them;
- `stops`: abbreviations of three letters or more, and perhaps ordinal numbers, in the same form. A
  full stop behind one may end no sentence.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

__all__ = ["Language", "all_languages", "find_language", "plain_name"]

_REGION = re.compile(r"[-_]\w{2,4}$| ?\(\w+\)$")


@dataclass(frozen=True, slots=True)
class Language:
    """The contents of a file; `function_words` include `small_words`."""

    name: str
    names: frozenset[str]
    small_words: frozenset[str]
    function_words: frozenset[str]
    remarks: Mapping[str, str]
    leads: Mapping[str, str]
    lengths: Mapping[str, str]
    near_words: frozenset[str]
    stops: str
    capital_nouns: bool = False

    def says_length(self, name: str, values: Iterable[str]) -> bool:
        """Return whether a dimension, by its name or by each of its values, is a text's length."""
        plain = name.replace("'", "’").replace("_", " ")
        if re.search(self.lengths["names"], plain, re.IGNORECASE):
            return True
        stated = re.compile(
            r"\b(?:{numbers}) (?:\w+ )?(?:{units})\b".format_map(self.lengths), re.IGNORECASE
        )
        said = [stated.search(value.replace("'", "’")) for value in values]
        return bool(said) and all(said)


@lru_cache
def find_language(name: str) -> Language | None:
    """The language of a name or code, with or without a region: "es-CL", "español (Chile)"."""
    plain = _without_region(name)
    return _read(plain) or next((each for each in all_languages() if plain in each.names), None)


def plain_name(name: str) -> str:
    """The English name in lower case of "Spanish (Chile)", "es-CL" or "español"."""
    found = find_language(name)
    return found.name if found else _without_region(name)


def all_languages() -> Iterator[Language]:
    """Each language, by its name."""
    for path in sorted(path.name for path in _FOLDER.iterdir()):
        if found := _read(path.removesuffix(".toml")):
            yield found


def _without_region(name: str) -> str:
    return _REGION.sub("", name.strip().casefold())


_FOLDER = files("targen_core") / "languages"


@cache
def _read(name: str) -> Language | None:
    path = _FOLDER / f"{name}.toml"
    if not name.isalpha() or not path.is_file():
        return None
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    small = frozenset(read["small_words"].split())
    remarks, leads, lengths = (
        {part: text.replace("\n", "") for part, text in read.get(table, {}).items()}
        for table in ("remarks", "leads", "lengths")
    )
    return Language(
        name,
        frozenset(read["names"]),
        small,
        small.union(read.get("function_words", "").split()),
        remarks,
        leads,
        lengths,
        frozenset(read.get("near_words", "").split()),
        read["stops"].replace("\n", ""),
        capital_nouns=read.get("capital_nouns", False),
    )
