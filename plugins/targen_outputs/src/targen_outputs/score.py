"""A score: a number on a scale, some of whose points are described."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, model_validator

from targen_core.cli.findings import Table
from targen_core.errors import Rejected, UsageError
from targen_outputs.counting import Seen, counted
from targen_standard.task_files.model import Declaration
from targen_standard.task_files.outputs import Output, OutputType, Question, Row, Target

_DIGITS = 6  # of a score, behind the point: what binary fractions cannot say is rounded
_MOST_BINS_OFF = 2  # bins by which step 4 may move a score without changing the row
_MOST_POINTS = 10_000  # of a scale


class Score(BaseModel):
    """`output:` with a score."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    score: dict[float, Annotated[str, Field(min_length=1)]] = Field(
        min_length=2,
        description="point of the scale → its meaning; the first and last are the scale's ends",
    )
    bins: Annotated[int, Field(ge=1, le=100)] = Field(
        default=5, description="number of equal parts of the scale, by which rows are counted"
    )
    step: Annotated[float, Field(gt=0)] = Field(
        default=0.1, description="distance between adjacent scores, counted from the lower end"
    )
    tolerance: Annotated[float, Field(ge=0)] = Field(
        default=0.5,
        description="maximum difference between step 4's score and the row's score for which the "
        "row keeps its score",
    )

    @model_validator(mode="after")
    def _fits(self) -> Score:
        if not all(map(math.isfinite, self.score)):
            raise ValueError("score: each point must be a finite number")
        low, high = self.ends
        if high - low > _MOST_POINTS * self.step:
            raise ValueError(
                f"step: the scale would have more than {_MOST_POINTS:,} scores; use a larger step"
            )
        if self.tolerance >= high - low:
            raise ValueError(
                f"tolerance: {self.tolerance:g} covers the whole scale, so any score would be "
                f"accepted; use a value below {high - low:g}"
            )
        for number in range(self.bins):
            if not self.points(number):
                first, last = self.edges(number)
                raise ValueError(
                    f"bins: no score lies between {first:g} and {last:g}, in steps of "
                    f"{self.step:g}; use fewer bins, or a smaller step"
                )
        width = (high - low) / self.bins
        if self.tolerance > _MOST_BINS_OFF * width:
            most = math.floor(_MOST_BINS_OFF * (high - low) / self.tolerance)
            raise ValueError(
                f"bins: each is {width:g} wide, but scores {self.tolerance:g} apart count as the "
                f"same; use at most {most}, or a smaller tolerance"
            )
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest score."""
        return min(self.score), max(self.score)

    def edges(self, number: int) -> tuple[float, float]:
        """Where a bin begins and ends."""
        low, high = self.ends
        width = (high - low) / self.bins
        first, last = low + number * width, low + (number + 1) * width
        return round(first, _DIGITS), round(last, _DIGITS)

    def points(self, number: int) -> list[int]:
        """The scores in a bin, as multiples of `step` above the lower end."""
        every = range(self.points_above(self.ends[1]) + 1)
        return [point for point in every if self.bin_of(self.at(point)) == number]

    def at(self, point: int) -> float:
        """The score of a multiple of `step`."""
        return round(self.ends[0] + point * self.step, _DIGITS)

    @property
    def nearest_step(self) -> float:
        """The step nearest to this one that divides the scale; exact, so that it can be typed."""
        low, high = self.ends
        many = range(1, round((high - low) / self.step) * 2 + 2)
        able = [n for n in many if math.isclose(round((high - low) / n, 2) * n, high - low)]
        steps = [(high - low) / n for n in able] or [high - low]
        return min(steps, key=lambda step: abs(step - self.step))

    def points_above(self, score: float) -> int:
        """The last multiple of `step` that is not above a score."""
        return math.floor(round((score - self.ends[0]) / self.step, _DIGITS))

    def nearest(self, score: float, then: float) -> float:
        """The nearest score of the scale, and if two are as near, the one nearer to `then`."""
        point, last = self.points_above(score), self.points_above(self.ends[1])
        around = (self.at(point), self.at(min(point + 1, last)), *self.score)
        return min(around, key=lambda one: (round(abs(one - score), _DIGITS), abs(one - then)))

    def bin_of(self, score: float) -> int:
        """The bin that a score is in; the edge between two is in the upper one."""
        low, high = self.ends
        at = math.floor(round((score - low) * self.bins / (high - low), _DIGITS))
        return min(at, self.bins - 1)

    def between(self, score: float) -> str:
        """Name the described points on both sides of a score; "" at a described point."""
        below = max(point for point in self.score if point <= score)
        above = min(point for point in self.score if point >= score)
        if below == above:
            return ""
        nearer = below if score - below < above - score else above
        even = math.isclose(score - below, above - score)
        where = "halfway" if even else f"nearer to {nearer:g}"
        return f": between {below:g} and {above:g}, {where}"

    def name(self, number: int) -> str:
        """Return what a bin is called: by its ends, or by the only score in it."""
        points = self.points(number)
        if len(points) == 1:
            return f"{self.at(points[0]):g}"
        first, last = self.edges(number)
        return f"{first:g} to {last:g}"

    @property
    def described(self) -> str:
        """The points of the scale, line by line."""
        return "\n".join(
            f"- {point:g}: {self.score[point].strip()}" for point in sorted(self.score)
        )


class ScoreOutput(Output):
    """A number within a range, in a column `score`."""

    def __init__(self, spec: Score, *, whole: bool) -> None:
        self._spec = spec
        low, high = spec.ends
        self._names = [spec.name(number) for number in range(spec.bins)]
        number: Any = Annotated[float, Field(ge=low, le=high)]
        if whole:  # a user's own rows may have others, so the type remains
            number = Annotated[number, PlainSerializer(_shortest, return_type=int | float)]
        self.columns = {"score": number}
        self.answer = {"score": float}
        # Any number in the form draws replies towards it, and an end does so most.
        self.answer_form = {"score": spec.at(round((high - low) / spec.step / 2))}
        scale = f"from {low:g} to {high:g}, in steps of {spec.step:g}:\n{spec.described}"
        self.label_says = f"The label is a score from {low:g} to {high:g}."
        self.how = f"Each row has a score {scale}\n"
        self.instructions = f"Give the row a score {scale}"

    def label_of(self, row: Row) -> str:
        """Return the bin of a row's score."""
        return self._names[self._spec.bin_of(row["score"])]

    def target(self, label: str, rng: random.Random) -> Target:
        """Return a score within a bin, with the described points that it lies between."""
        score = self._spec.at(rng.choice(self._spec.points(self._names.index(label))))
        return Target(f"Its score is {score:g}{self._spec.between(score)}.", score)

    def read(self, label: str, target: Target, reply: Row) -> Row:
        """Return the texts with the score that was aimed at."""
        return {**reply, "score": target.value}

    def judged(self, row: Row, answers: Sequence[Row]) -> Row:
        """Return the score that step 4 gives, or the nearest on the scale."""
        score, (low, high) = answers[0]["score"], self._spec.ends
        if not low <= score <= high:
            raise Rejected("out-of-range", f"the score {score:g} is not from {low:g} to {high:g}")
        return {"score": self._spec.nearest(score, row["score"])}

    def agrees(self, row: Row, judged: Row) -> bool:
        """Return whether both scores are near enough to each other."""
        apart = abs(row["score"] - judged["score"])
        return bool(round(apart, _DIGITS) <= self._spec.tolerance)

    def as_text(self, row: Row) -> str:
        """Return the score."""
        return f"{row['score']:g}"

    def questions(self, row: Row) -> Sequence[Question]:
        """Ask for the score."""
        scale = (*self._spec.ends, self._spec.step)
        meanings = {f"{point:g}": text for point, text in sorted(self._spec.score.items())}
        value = row["score"]
        return [Question(name="score", kind="number", value=value, scale=scale, meanings=meanings)]

    def tables(self, rows: Seen, *, judged: bool) -> Sequence[Table]:
        """Count rows by part of the scale, with their mean score and those that step 4 moved."""
        return [
            counted(
                *("Scores", "score", self._names, rows),
                name_of=self.label_of,
                mean_of={"mean": lambda row: float(row["score"])},
                corrected="corrected" if judged else "",
            )
        ]

    def made_up(self, label: str, target: Target, texts: Row, rng: random.Random) -> Row:
        """Return the texts unchanged."""
        return texts

    def solved(self, label: str, shown: str, rng: random.Random) -> Row:
        """Return a score within the bin."""
        return {"score": self._spec.at(rng.choice(self._spec.points(self._names.index(label))))}


def _shortest(score: float) -> int | float:
    """3 instead of 3.0."""
    return int(score) if score.is_integer() else score


def _output(spec: Score, declaration: Declaration) -> ScoreOutput:
    low, high = spec.ends
    if spec.at(spec.points_above(high)) != high:
        hint = f"step: {spec.nearest_step:g}"
        raise UsageError(
            f"step: steps of {spec.step:g} from {low:g} do not reach {high:g}", hint=hint
        )
    whole = all(number.is_integer() for number in (spec.step, *spec.score))
    return ScoreOutput(spec, whole=whole)


def _labels(spec: Score) -> Mapping[str, str]:
    names = map(spec.name, range(spec.bins))
    described = {f"{point:g}": meaning.strip() for point, meaning in spec.score.items()}
    return {name: described.get(name, f"a score {name}") for name in names}


SCORE: OutputType[Any] = OutputType(
    summary="a number on a scale whose points are described",
    spec=Score,
    labels=_labels,
    output=_output,
)
