"""(1) What rows have, what step 3 aims at, and what step 4 finds."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from targen_standard.task_files.model import Declaration
from targen_standard.task_files.outputs import Output, OutputType, Target


class Grades(BaseModel):
    """What stands below `output:`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    grades: dict[str, str] = Field(
        alias="my-demo",
        min_length=2,
        description="grade -> what makes a row one, in order",
    )


class Grade(Output):
    """A grade in the column `grade`."""

    def __init__(self, spec: Grades) -> None:
        """Keep the grades of a file."""
        self._spec, self._order = spec, tuple(spec.grades)
        self.columns = self.answer = {"grade": Literal[self._order]}
        self.answer_form = {"grade": self._order[0]}
        scale = [f"- {name}: {meaning}" for name, meaning in spec.grades.items()]
        self.instructions = "\n".join(["Give the row a grade:", *scale])

    def label_of(self, row: Mapping[str, Any]) -> str:
        """Rows are counted by their grade."""
        return str(row["grade"])

    def target(self, label: str, rng: random.Random) -> Target:
        """What the prompt of step 3 says."""
        return Target(f"The grade {label}: {self._spec.grades[label]}")

    def read(self, label: str, target: Target, reply: Mapping[str, Any]) -> Mapping[str, Any]:
        """The row that a reply of step 3 holds: its texts, and the column."""
        return {**reply, "grade": label}

    def judged(
        self, row: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """The column as step 4 sees it."""
        return {"grade": answers[0]["grade"]}

    def agrees(self, row: Mapping[str, Any], judged: Mapping[str, Any]) -> bool:
        """A row keeps its grade if step 4's is next to it."""
        one, other = (self._order.index(each["grade"]) for each in (row, judged))
        return abs(one - other) <= 1

    def as_text(self, row: Mapping[str, Any]) -> str:
        """The output as text."""
        return str(row["grade"])

    def made_up(
        self, label: str, target: Target, texts: Mapping[str, Any], rng: random.Random
    ) -> Mapping[str, Any]:
        """A reply of step 3 in a dry run."""
        return texts

    def solved(self, label: str, shown: str, rng: random.Random) -> Mapping[str, Any]:
        """A reply of step 4 in a dry run."""
        return {"grade": label}


def _output(spec: Grades, declaration: Declaration) -> Grade:
    return Grade(spec)


OUTPUT: OutputType[Grades] = OutputType(
    summary="a grade from a scale",
    spec=Grades,
    labels=lambda spec: spec.grades,
    output=_output,
)
