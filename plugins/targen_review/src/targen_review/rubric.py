"""Rubrics: the grades that a row can get, and what each of them says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from targen_core.errors import UsageError
from targen_core.reading.typed import read_yaml
from targen_core.text import refused

_MAX_BYTES = 1 << 20

Effect = Literal["stays", "changes", "leaves"]
"""The effect of `targen review apply` on a row: keep it, change its label or texts, or leave it
out."""


class GradeMeaning(BaseModel):
    """One grade of a rubric.

    Attributes:
        letter: the key that gives it, a letter or a digit; stored in upper case.
        title: a few words.
        meaning: when a row gets it.
        acceptable: whether a row of this grade is good enough to train on.
        effect: what `targen review apply` does with a row of this grade. "changes": it gets the
            label that the rater gives, and leaves if they give none. If None, the row stays, except
            under the worst grade of the rubric, unless that is acceptable.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    letter: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]$", to_upper=True)]
    title: Annotated[str, Field(min_length=1, max_length=80)]
    meaning: Annotated[str, Field(max_length=1000)] = ""
    acceptable: bool
    effect: Effect | None = None


class Rubric(BaseModel):
    """A question to raters, and the grades that answer it, from the best to the worst.

    Attributes:
        name: what it is called in reports.
        question: what a person decides about a row, in a sentence.
        grades: from the best to the worst, two to nine, each with a letter of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    question: Annotated[str, Field(max_length=500)] = ""
    grades: Annotated[tuple[GradeMeaning, ...], Field(min_length=2, max_length=9)]

    @model_validator(mode="after")
    def _distinct(self) -> Rubric:
        letters = [grade.letter for grade in self.grades]
        if len(set(letters)) < len(letters):
            raise ValueError(f"each grade needs its own letter, but these are {letters}")
        return self

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters, from the best grade to the worst."""
        return tuple(grade.letter for grade in self.grades)

    @property
    def is_of_labels(self) -> bool:
        """Return whether a grade rejects the label, so that a new one is needed."""
        return any(grade.effect == "changes" for grade in self.grades)

    def word(self, letter: str | None) -> str:
        """Return a grade as reports write it: its letter, or its title if it is of labels."""
        if not self.is_of_labels:
            return letter or ""
        return next((grade.title for grade in self.grades if grade.letter == letter), letter or "")

    def letter_for(self, effect: Effect) -> str:
        """Return the letter of the first grade with an effect."""
        return next(grade.letter for grade in self.grades if grade.effect == effect)

    def effect_of(self, letter: str | None) -> Effect:
        """Return what `targen review apply` does with a row of this grade."""
        grade = next((each for each in self.grades if each.letter == letter), None)
        if grade is None:
            return "stays"
        if grade.effect is not None:
            return grade.effect
        return "leaves" if grade == self.grades[-1] and not grade.acceptable else "stays"

    @property
    def acceptable(self) -> frozenset[str]:
        """The letters of the grades that are good enough."""
        return frozenset(grade.letter for grade in self.grades if grade.acceptable)


NAMES = ("labels", "outputs", "paper")
"""The rubrics that `--rubric` knows by name."""


def named_rubric(name: str) -> Rubric:
    """Return the rubric of a name, or the one in a YAML file: `name`, `question` and `grades`.

    Raises:
        UsageError: it cannot be read, or is not a rubric.
    """
    path = Path(__file__).with_name("rubrics") / f"{name}.yaml" if name in NAMES else Path(name)
    values = read_yaml(path, _MAX_BYTES, texts=True)  # a grade may be called 1 or true
    try:
        return Rubric.model_validate(values)
    except ValidationError as error:
        raise UsageError(
            f"{name} is not a rubric: {refused(error)}",
            hint="it needs name, question and grades; each grade has letter, title, meaning, and "
            "acceptable: true or false",
        ) from error


LABELS, OUTPUTS, PAPER = map(named_rubric, NAMES)
