"""Shallow properties of texts that several tasks hand to the analysis as cues.

A cue only has to tell a label should somebody have made it tell one: plain
counts of words, no grammar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from targen_core.tasks.words import words

_NEGATIONS = frozenset(
    "no not never none nobody nothing nowhere neither nor without cannot hardly scarcely".split()
)
_FIRST = re.compile(r"\W*[^\W\d]\w*")
_NAME = re.compile(r"\b(?:[A-Z]\w*|\d[\d.,]*)")
_TOKEN = re.compile(r"\d[\d.,]*|\w+")


def is_labeled(row: Mapping[str, Any]) -> bool:
    """Return whether a row has its label, which test files lack."""
    return row.get("label") is not None


def negations(text: str) -> int:
    """Count the words of a text that negate: "not", "never", "didn't"."""
    return sum(word in _NEGATIONS or word.endswith(("n't", "n’t")) for word in words(text))


def new_names(text: str, known: str) -> set[str]:
    """Return numbers and capitalised words (except the first) that another text lacks."""
    opening = _FIRST.match(text)
    names = _NAME.findall(text, opening.end() if opening else 0)
    there = {token.strip(".,") for token in _TOKEN.findall(known.casefold())}
    return {name.strip(".,").casefold() for name in names} - there


def shared(text: str, of: str) -> float:
    """Return the share of a text's different words that another contains; 0 without words."""
    mine = set(words(text))
    return len(mine & set(words(of))) / len(mine) if mine else 0.0


def beside(values: Sequence[float]) -> list[float]:
    """Return each value less the mean of the others; 0 for a single value."""
    total, others = sum(values), max(1, len(values) - 1)
    return [value - (total - value) / others for value in values] if len(values) > 1 else [0.0]


def beside_lengths(texts: Sequence[str]) -> list[tuple[float, ...]]:
    """Return each option's length in words and characters, less the mean of the others."""
    in_words = beside([len(words(text)) for text in texts])
    return list(zip(in_words, beside([len(text) for text in texts]), strict=True))
