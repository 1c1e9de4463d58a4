"""Decisions of an official row, and clues that could give them away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["RIGHT", "WRONG", "Case", "Cue"]

Cue = tuple[float, ...] | str
"""A shallow property: numbers, or a word that says which of several it is."""

RIGHT, WRONG = "right", "wrong"
"""The labels of options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One decision of a row: its label, or whether an option is right.

    All cases of a task have the same texts and cues, by name.

    Attributes:
        texts: the texts to read, by name: "premise", "hypothesis".
        label: what is to be decided, by name; "" is the row's own label. An
            option's is `RIGHT` or `WRONG`.
        cues: what might give the label away without solving the task: place, count, kind. By the
            name of the artefact, as in "seeing NAME, a classifier tells 90 % of the labels".
            Length, words and what two texts share are examined in any case.
        question: the options of one question have the same number; no two
            questions of a row have.
        reads: the texts as a model in training reads them, if `texts` leave
            out what decides: which of two words is meant, what is asked.
        answer: what a model writes that chooses this option: "choice2", a name.
        several: any number of the question's options may be right; a model writes
            those that are, each on a line of its own.
    """

    texts: Mapping[str, str]
    label: str = ""
    cues: Mapping[str, Cue] = field(default_factory=lambda: MappingProxyType({}))
    question: int = 0
    reads: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    answer: str = ""
    several: bool = False
