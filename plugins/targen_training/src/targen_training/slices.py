"""Parts of a test set, by label, dataset or column, each with its figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from targen_core.cli.findings import Estimate
from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.hints import quoted
from targen_core.tasks.fields import text_at
from targen_training.scores import measured
from targen_training.trainers import Decision, TrainedOutput


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled rows of one or several datasets of a task.

    Attributes:
        datasets: where the rows are from.
        decisions: those of their rows that have a label; rows are counted on from one
            dataset to the next.
    """

    datasets: Sequence[Dataset]
    decisions: Sequence[Decision]

    @property
    def rows(self) -> list[tuple[str, Mapping[str, Any]]]:
        """All rows, each with the name of its dataset."""
        return [(dataset.name, row) for dataset in self.datasets for row in dataset.rows]


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the rows.

    Attributes:
        by: the property that divides the rows: "label", "dataset", a column.
        value: what these have in common.
        decisions: how many.
        figure: the main figure of only this part.
    """

    by: str
    value: str
    decisions: int
    figure: Estimate


def slices_of(
    test: Examples,
    scores: Sequence[Any],
    labels: Sequence[str],
    main: str,
    columns: Sequence[str] = (),
    output: TrainedOutput | None = None,
) -> Iterator[Slice]:
    """The figure `main` of each part of a test set; a label's is its recall.

    Parts are made by label, by dataset if there are several, and by `columns` of the rows.

    Raises:
        UsageError: the rows do not have this column.
    """
    ways = dict(_ways(test, columns))
    if output is not None:  # what rows are counted by says little of a figure of other things
        ways.pop("label", None)
    for by, values in ways.items():
        for value in sorted({*values}):
            places = [at for at, own in enumerate(values) if own == value]
            part = [test.decisions[at] for at in places]
            known = measured(part, [scores[at] for at in places], labels, output=output)
            name = main if main in known.measures else "accuracy"
            yield Slice(by, value, len(part), known.figures[name])


def _ways(test: Examples, columns: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Ways to tell decisions apart: a name, and a value for each."""
    decisions = test.decisions
    rows = test.rows
    if len({decision.question for decision in decisions}) == 1 == len(rows) / len(decisions):
        yield "label", [decision.label for decision in decisions]
    if len(test.datasets) > 1:
        yield "dataset", [rows[decision.row][0] for decision in decisions]
    for column in columns:
        texts = [_text(row, column) for _, row in rows]
        if not any(texts):
            raise UsageError(f"--by {quoted(column)}: the rows do not have this column")
        yield column, [texts[decision.row] for decision in decisions]


def _text(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    return str(value) if isinstance(value, str | int | float) else text_at(row, column)


def joined(datasets: Sequence[Dataset], parts: Sequence[Sequence[Decision]]) -> Examples:
    """Datasets as one test set; `parts` are the labelled decisions of each."""
    decisions: list[Decision] = []
    before = 0
    for dataset, part in zip(datasets, parts, strict=True):
        decisions += [replace(decision, row=before + decision.row) for decision in part]
        before += len(dataset)
    return Examples(datasets, decisions)
