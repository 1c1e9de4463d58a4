"""AX-g's seed, instance and row: all come in pairs that differ in a pronoun."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

Label = Literal["entailment", "not_entailment"]

_PIECE = re.compile(r"\w+|[^\w\s]+|\s+")
_PAIRS = (("he", "she"), ("him", "her"), ("his", "her"), ("his", "hers"), ("himself", "herself"))
_GENDERED = frozenset(form for pair in _PAIRS for form in pair)


def gendered(text: str) -> list[str]:
    """The gendered pronouns of a text, in order, lower-cased."""
    return [piece for piece in map(str.lower, re.findall(r"\w+", text)) if piece in _GENDERED]


def swapped_pronoun(text: str, other: str) -> bool:
    """Return whether two texts differ only in one pronoun: his in one, hers in the other."""
    pieces, others = _PIECE.findall(text), _PIECE.findall(other)
    changed = [(a, b) for a, b in zip(pieces, others, strict=False) if a != b]
    if len(pieces) != len(others) or len(changed) != 1:
        return False
    one, two = changed[0]
    same_case = one[0].isupper() == two[0].isupper()
    pair = (one.lower(), two.lower())
    return same_case and (pair in _PAIRS or pair[::-1] in _PAIRS)


class Sentences(BaseModel):
    """An instance seed: two sentences that differ in a pronoun, which means one of two subjects.

    `first` and `second` are the subjects as phrases without article, and `meant` is the one that
    the pronoun means. `opening` is the clause that the four sentences of the two subjects share.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: str
    second: str
    meant: Literal["first", "second"]
    opening: str
    he: str
    she: str

    @property
    def subject(self) -> str:
        """The subject that the pronoun means."""
        return self.first if self.meant == "first" else self.second

    @property
    def other(self) -> str:
        """The subject that it does not mean."""
        return self.second if self.meant == "first" else self.first


class AxgPair(BaseModel):
    """An instance: two premises that differ only in a pronoun, with one hypothesis and label."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    premise1: str
    premise2: str
    hypothesis: str
    label: Label

    @model_validator(mode="after")
    def _is_a_pair(self) -> AxgPair:
        if not swapped_pronoun(self.premise1, self.premise2):
            raise ValueError("the premises must differ in one gendered pronoun and nothing else")
        if gendered(self.hypothesis):
            raise ValueError("the hypothesis must not contain a gendered pronoun")
        return self


class AxgRow(BaseModel):
    """An official row: one of the two premises. The label may be absent, as in test files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    premise: str
    hypothesis: str
    label: Label | None = None
    idx: int
    pair_id: int

    @model_validator(mode="after")
    def _has_one_pronoun(self) -> AxgRow:
        if len(gendered(self.premise)) != 1:
            raise ValueError("the premise must contain exactly one gendered pronoun")
        if gendered(self.hypothesis):
            raise ValueError("the hypothesis must not contain a gendered pronoun")
        return self


def to_rows(pair: AxgPair, idx: int) -> Sequence[Mapping[str, Any]]:
    """The two official rows of an instance, numbered `idx` and `idx + 1`.

    As in the official file, `pair_id` is a number of each row's own: what
    makes a pair is that its rows are neighbours.
    """
    return [
        {
            "premise": premise,
            "hypothesis": pair.hypothesis,
            "label": pair.label,
            "idx": idx + place,
            "pair_id": idx + place,
        }
        for place, premise in enumerate((pair.premise1, pair.premise2))
    ]


def from_rows(rows: Sequence[Mapping[str, Any]]) -> Sequence[AxgPair]:
    """Return the instance of two official rows, if they are labelled; reverses `to_rows`.

    Raises:
        ValueError: there are not two, or they are not a pair.
    """
    if len(rows) != 2:
        raise ValueError(f"an instance has two rows, not {len(rows)}")
    one, two = rows
    for name in ("hypothesis", "label"):
        if one.get(name) != two.get(name):
            raise ValueError(f"the two rows of a pair must have the same {name}")
    if one.get("label") is None:
        return []
    return [
        AxgPair(
            premise1=one["premise"],
            premise2=two["premise"],
            hypothesis=one["hypothesis"],
            label=one["label"],
        )
    ]
