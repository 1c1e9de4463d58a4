"""A COPA seed and row."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from targen_standard.checks.copies import is_copy
from targen_tasks_superglue.shared.fields import Text

Question = Literal["cause", "effect"]

ASKED: dict[Question, str] = {
    "cause": "What was the cause of this?",
    "effect": "What happened as a result?",
}
"""The words of each question after the premise, for a person or a model that solves the row."""

_LINK = re.compile(r"what (?:was|is) the (?:cause|result|effect)|what happened as a", re.IGNORECASE)


def asks_for_link(text: str) -> bool:
    """Return whether a text holds the question that the rendering puts after a premise."""
    return _LINK.search(text) is not None


class Event(BaseModel):
    """An instance seed: one short sentence about an event."""

    model_config = ConfigDict(frozen=True)

    event: str


class CopaRow(BaseModel):
    """A row in its official form, without `idx`; label 0 is choice 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    premise: Text
    choice1: Text
    choice2: Text
    question: Question
    label: Literal[0, 1]

    @field_validator("premise")
    @classmethod
    def _without_its_question(cls, premise: str) -> str:
        if asks_for_link(premise):
            raise ValueError("the premise contains the question, which has its own field")
        return premise

    @field_validator("label", mode="before")
    @classmethod
    def _a_number(cls, label: object) -> object:
        if isinstance(label, (bool, float)):
            raise ValueError(f"the label is {label!r}; it must be the number 0 or 1")
        return label

    @model_validator(mode="after")
    def _choices_differ(self) -> CopaRow:
        if is_copy(self.choice1, self.choice2):
            raise ValueError("the two choices are the same")
        return self

    @property
    def asked(self) -> str:
        """The premise with its question."""
        return f"{self.premise} {ASKED[self.question]}"
