"""Several labels of each row: multi-label classification."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from targen_core.cli.findings import Table
from targen_core.errors import Rejected
from targen_core.tasks.parts import RIGHT, WRONG, Case
from targen_core.tasks.replies import one_of
from targen_core.text import plural
from targen_outputs.counting import Seen, by_name, shared_out
from targen_outputs.plans import InSets
from targen_outputs.sets import IN_ORDER, NONE, Members, label_for, members_of
from targen_standard.task_files.outputs import Output, OutputType, Question, Row, Target

_MOST_PLANNED = 5  # labels of a row, to which a writer can still do justice


class Labels(InSets):
    """`output:` with several labels of each row."""

    without: ClassVar[str] = "none of the labels applies"

    labels: Members = Field(description="label → the definition of its rows")
    several: bool = Field(
        default=False,
        description="`true` allows several labels per row; for one, use `labels` without `output`",
    )
    per_row: Annotated[
        tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1, le=50)]], IN_ORDER
    ] = Field(default=(0, 2), description="minimum and maximum number of labels per row")

    @property
    def names(self) -> tuple[str, ...]:
        """The labels."""
        return tuple(self.labels)

    @property
    def definitions(self) -> Mapping[str, str]:
        """The definition of each label."""
        return self.labels

    @property
    def sizes(self) -> tuple[int, int]:
        """Fewest and most labels of a row."""
        return self.per_row

    @property
    def planned_sizes(self) -> tuple[int, int]:
        """Fewest and most labels of the sets that a plan has by default."""
        low, high = self.per_row
        return low, max(low, min(high, _MOST_PLANNED))

    @model_validator(mode="after")
    def _fits(self) -> Labels:
        if not self.several:
            raise ValueError(
                "several: set several: true; for one label per row, define labels at the top level "
                "of the file, without output"
            )
        if self.per_row[0] > len(self.labels):
            raise ValueError(f"per_row: there are only {len(self.labels)} labels")
        return self


class LabelsOutput(Output):
    """Any number of labels of a row, within bounds, in a column `labels`."""

    def __init__(self, spec: Labels) -> None:
        self._spec = spec
        names = self._names = spec.names
        self._sets = spec.sets
        self.columns = {"labels": list[Literal[names]]}  # type: ignore[valid-type]
        low, high = spec.per_row
        # A maximum is not told: if a text has more labels, step 4 must not drop some of them.
        most: dict[str, Any] = {"maxItems": high} if low == high else {}
        of = Field(json_schema_extra={"minItems": low, **most})
        one = one_of(names)
        self.answer = {"labels": Annotated[list[one], of]}  # type: ignore[valid-type]
        allowed = _allowed(low, high)
        self.answer_form = {"labels": ["...", "..."]}
        self.label_says = f"The label says which of these apply to a row: {', '.join(names)}."
        defined = [f"- {name}: {text.strip()}" for name, text in spec.labels.items()]
        self.how = "\n".join(["These labels may apply to a row:", *defined, ""])
        self.instructions = "\n".join(
            [f"Decide of each of these labels whether it is right; {allowed}:", *defined]
        )

    def label_of(self, row: Row) -> str:
        """Return the set of labels, as rows are counted."""
        return label_for(row["labels"], self._sets)

    def check(self, row: Row) -> None:
        """Check that no label occurs twice."""
        if len({*row["labels"]}) < len(row["labels"]):
            raise ValueError("`labels` contains a label twice")

    def target(self, label: str, rng: random.Random) -> Target:
        """Return the labels of a set, by their names."""
        wanted = members_of(label, self._names)
        if not wanted:
            return Target("None of the labels applies to it.")
        apply = "applies" if len(wanted) == 1 else "apply"
        return Target(f"{' and '.join(wanted)} {apply} to it, and no other label does.")

    def read(self, label: str, target: Target, reply: Row) -> Row:
        """Return the texts with the labels that were aimed at."""
        return {**reply, "labels": list(members_of(label, self._names))}

    def judged(self, row: Row, answers: Sequence[Row]) -> Row:
        """Return the labels that step 4 finds, in the order of the file."""
        found = [name for name in self._names if name in answers[0]["labels"]]
        low, high = self._spec.per_row
        if len(found) < low or len(found) > high == low:
            reason = "too-few-labels" if len(found) < low else "too-many-labels"
            allowed = f"{low}" if low == high else f"at least {low}"
            has = plural(len(found), "label")
            raise Rejected(reason, f"`labels` contains {has} instead of {allowed}")
        return {"labels": found}

    def as_text(self, row: Row) -> str:
        """Return the labels, with commas."""
        return ", ".join(row["labels"]) or NONE

    def questions(self, row: Row) -> Sequence[Question]:
        """Ask which labels are right."""
        value, meanings = row["labels"], self._spec.labels
        asked = Question(
            name="labels", kind="several", value=value, options=self._names, meanings=meanings
        )
        return [asked]

    def cases(self, row: Row, texts: Mapping[str, str]) -> Sequence[Case]:
        """Return one decision for each label."""
        return [
            Case(
                texts=texts,
                label=RIGHT if name in row["labels"] else WRONG,
                answer=name,
                reads={"label": name, **texts},
                several=True,
            )
            for name in self._names
        ]

    def tables(self, rows: Seen, *, judged: bool) -> Sequence[Table]:
        """Count rows by label, with what step 4 found, and by their number of labels."""
        pairs = [
            (row["labels"] if before is None else before.split(", "), row["labels"])
            for row, before in rows
        ]
        return [
            by_name("Labels", "label", self._names, pairs, judged=judged),
            shared_out("Labels of a row", "labels", [len(after) for _, after in pairs]),
        ]

    def made_up(self, label: str, target: Target, texts: Row, rng: random.Random) -> Row:
        """Return the texts unchanged."""
        return texts

    def solved(self, label: str, shown: str, rng: random.Random) -> Row:
        """Return the labels of the set."""
        return {"labels": list(members_of(label, self._names))}


def _allowed(low: int, high: int) -> str:
    """Return how many labels may be right, for the prompt of step 4."""
    if not low:
        return "there may be none"
    return f"{'exactly' if low == high else 'at least'} {low} {'is' if low == 1 else 'are'}"


LABELS: OutputType[Any] = OutputType(
    summary="any number of labels per row",
    spec=Labels,
    labels=Labels.planned,
    output=lambda spec, declaration: LabelsOutput(spec),
    label_named=Labels.label_named,
    other_label=Labels.definition_of,
    presets=lambda spec: spec.presets,
)
