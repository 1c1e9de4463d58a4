"""Replies of the model; the order of fields is that of its reasoning."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

Action = Literal["create", "expand", "combine", "input", "output", "skip"]
"""The six actions that a plan may consist of (DataTune, appendix A.3)."""


class Expansion(BaseModel):
    """A task in more detail."""

    description: str


class Choice(BaseModel):
    """Datasets that suit a task, the best first; none is a legal answer."""

    reasoning: str
    datasets: list[str]


class ColumnChoice(BaseModel):
    """The part of each column of a dataset in a task."""

    reasoning: str
    input: list[str]
    output: list[str]
    irrelevant: list[str]
    ambiguous: list[str]


class PlanStep(BaseModel):
    """One step of a plan."""

    action: Action
    instruction: str


class PlanReply(BaseModel):
    """A plan."""

    steps: list[PlanStep]


class Transformed(BaseModel):
    """A row of the task, or why there is none: input and output are null then."""

    working: str
    input: str | None
    output: str | None
    reason: str


class Written(BaseModel):
    """A row of the task that was made from no other."""

    working: str
    input: str
    output: str
