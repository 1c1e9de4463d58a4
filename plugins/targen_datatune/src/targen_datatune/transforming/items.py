"""Items of the lists of DataTune, and replies of a model."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from targen_datatune.retrieval import DatasetEntry

OF_ENTRY = {
    *("name", "configuration", "split", "revision"),
    *("license", "catalogue", "location"),
}
"""Fields of a source that are those of its entry."""


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Item):
    """A dataset that was chosen, and why.

    Attributes:
        dataset: the id of its entry, whose fields `OF_ENTRY` it has also.
        license: "" if unknown.
        votes: draws that named it, of how many.
        problem: why it cannot be used, or "".
    """

    dataset: str
    name: str
    configuration: str = ""
    split: str = ""
    revision: str
    license: str = ""
    votes: str = ""
    catalogue: str = ""
    location: str = ""
    description: str = ""
    problem: str = ""

    @property
    def entry(self) -> DatasetEntry:
        """Return the entry for which its catalogue gives rows."""
        return DatasetEntry(id=self.dataset, **self.model_dump(include=OF_ENTRY))


class Plan(_Item):
    """The way from the rows of one dataset to rows of the task.

    Attributes:
        columns: those that the model is shown: relevant ones, and those that may be.
        input: columns that inputs are made of.
        output: the column that outputs are made of, if there is one.
        steps: the plan, a line for each action.
        order: seeds the order in which rows are taken.
    """

    columns: tuple[str, ...]
    input: tuple[str, ...] = ()
    output: str = ""
    steps: tuple[str, ...]
    order: str

    @property
    def text(self) -> str:
        """Return the plan as shown."""
        return "\n".join(f"{number}. {step}" for number, step in enumerate(self.steps, 1))


class SourceRow(_Item):
    """One row of a dataset: its number there, from 0, and the cells that the model is shown."""

    row: int
    cells: dict[str, Any]


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
    """A row of the task, or the reason why input and output are null."""

    working: str
    input: str | None
    output: str | None
    reason: str


class Written(BaseModel):
    """A row of the task that was made from no other."""

    working: str
    input: str
    output: str
