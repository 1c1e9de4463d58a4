"""Decisions of an official row, and clues that could give them away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Cue = tuple[float, ...] | str
"""A shallow property: numbers, or a word for its value."""

RIGHT, WRONG = "right", "wrong"
"""The labels of options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One decision of a row: its label, or whether an option is right.

    All cases of a task have the same texts and cues, by name.

    Attributes:
        texts: the texts to read, by name: "premise", "hypothesis".
        label: the right decision; "" means the row's own label. For an option, `RIGHT` or `WRONG`.
        cues: clues, by name, that might reveal the label to a model that does not solve the task,
            such as position, count or kind. The name should fit "from NAME, a classifier predicts
            90% of the labels". Length, words and overlap are always tested.
        question: the question's number; the options of one question have the same number.
        reads: the texts that a model reads in training, if `texts` omit something decisive, such as
            which of two words is meant.
        answer: what a model writes to choose this option, such as "choice2" or a name.
        several: whether any number of the question's options may be right. If so, a model writes
            each right option on its own line.
    """

    texts: Mapping[str, str]
    label: str = ""
    cues: Mapping[str, Cue] = field(default_factory=lambda: MappingProxyType({}))
    question: int = 0
    reads: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    answer: str = ""
    several: bool = False
