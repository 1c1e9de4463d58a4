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


class Reason(BaseModel):
    """A reason why a row is not better, which a rater gives with one key.

    Attributes:
        key: the letter that gives it and takes it back; stored in upper case.
        name: a few words; what grades, reports and files call it.
        meaning: when a row has it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]$", to_upper=True)]
    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\s;,][^\n;,]*$")]
    meaning: Annotated[str, Field(max_length=1000)] = ""


class Rubric(BaseModel):
    """Questions to raters: grades from the best to the worst, and reasons for them.

    Attributes:
        name: what it is called in reports.
        question: what a person decides about a row, in a sentence.
        grades: from the best to the worst, two to nine, each with a letter of its own.
        reasons: what a rater may add to a grade, any number of them, at most twelve to choose from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    question: Annotated[str, Field(max_length=500)] = ""
    grades: Annotated[tuple[GradeMeaning, ...], Field(min_length=2, max_length=9)]
    reasons: Annotated[tuple[Reason, ...], Field(max_length=12)] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Rubric:
        letters = [grade.letter for grade in self.grades]
        if len(set(letters)) < len(letters):
            raise ValueError(f"each grade needs its own letter, but these are {letters}")
        keys = [reason.key for reason in self.reasons]
        if len({*letters, *keys}) < len(letters) + len(keys):
            raise ValueError(
                f"each reason needs its own key, but these are {keys}, and the grades are {letters}"
            )
        names = [reason.name for reason in self.reasons]
        if len(set(names)) < len(names):
            raise ValueError(f"each reason needs its own name, but these are {names}")
        return self

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters, from the best grade to the worst."""
        return tuple(grade.letter for grade in self.grades)

    @property
    def keys(self) -> frozenset[str]:
        """Return the unique keys of grades and reasons on the page."""
        return frozenset((*self.letters, *(reason.key for reason in self.reasons)))

    @property
    def reason_names(self) -> tuple[str, ...]:
        """The names of the reasons, in their order."""
        return tuple(reason.name for reason in self.reasons)

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


PAPER = Rubric(
    name="paper",
    question="Does the row do what its task asks, and is this its label?",
    grades=(
        GradeMeaning(
            letter="A",
            title="right",
            meaning="It does what the task asks, and the label is right.",
            acceptable=True,
        ),
        GradeMeaning(
            letter="B",
            title="weak",
            meaning="It is a row of the task, but too easy, gives its label away, or only nearly "
            "fits the label.",
            acceptable=True,
        ),
        GradeMeaning(
            letter="C",
            title="a minor part is missing",
            meaning="A part that the task can do without is missing or wrong.",
            acceptable=False,
        ),
        GradeMeaning(
            letter="D",
            title="an essential part is missing",
            meaning="A part without which it is no row of the task is missing or wrong.",
            acceptable=False,
        ),
    ),
)
"""The four grades of the paper's human evaluation (appendix H), in our own words."""

LABELS = Rubric(
    name="labels",
    question="Is this the right label for this text?",
    grades=(
        GradeMeaning(
            letter="R",
            title="right",
            meaning="The text is fine, and the label is right.",
            acceptable=True,
            effect="stays",
        ),
        GradeMeaning(
            letter="W",
            title="wrong label",
            meaning="The text is fine, and another label is right.",
            acceptable=False,
            effect="changes",
        ),
        GradeMeaning(
            letter="B",
            title="bad text",
            meaning="The text should not be in the dataset, whatever its label.",
            acceptable=False,
            effect="leaves",
        ),
    ),
)
"""The default question about rows of a task with a closed set of labels."""

OUTPUTS = Rubric(
    name="outputs",
    question="Is the text fine, and is all that the row says of it right and complete?",
    grades=(
        LABELS.grades[0].model_copy(
            update={"meaning": "The text is fine, and so is all that the row says of it."}
        ),
        LABELS.grades[1].model_copy(
            update={
                "title": "wrong",
                "meaning": "The text is fine, and something else is right: mark or choose it.",
            }
        ),
        LABELS.grades[2].model_copy(
            update={"meaning": "The text should not be in the dataset, whatever is said of it."}
        ),
    ),
)
"""The default question about rows with an output in place of one label."""

NAMED = {rubric.name: rubric for rubric in (LABELS, OUTPUTS, PAPER)}
"""The rubrics that `--rubric` knows by name."""


def named_rubric(asked: str) -> Rubric:
    """Return the rubric of a name, or the one in a file.

    Raises:
        UsageError: it is neither.
    """
    return NAMED[asked] if asked in NAMED else read_rubric(Path(asked))


def read_rubric(path: Path) -> Rubric:
    """The rubric in a YAML file: `name`, `question`, `grades` and `reasons`.

    One that has reasons and no grades has the paper's.

    Raises:
        UsageError: it cannot be read, or is not a rubric.
    """
    values = read_yaml(path, _MAX_BYTES, texts=True)  # a grade may be called 1 or true
    if not isinstance(values, dict):
        raise UsageError(f"{path} is not a rubric", hint="it needs name, question and grades")
    if "reasons" in values and "grades" not in values:
        values = {"question": PAPER.question, **values, "grades": PAPER.grades}
    try:
        return Rubric.model_validate(values)
    except ValidationError as error:
        raise UsageError(
            f"{path} is not a rubric: {refused(error)}",
            hint="each grade has letter, title, meaning, and acceptable: true or false; each "
            "reason has key, name and meaning",
        ) from error
