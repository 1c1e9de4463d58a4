"""The interface of metrics: their input and their findings."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from targen_cli.findings import Cell, Estimate, Excerpt, Findings, Plot, Table
from targen_core import Task

__all__ = [
    "Cell",
    "Corpus",
    "Estimate",
    "Excerpt",
    "Findings",
    "Metric",
    "MetricOptions",
    "Plot",
    "Study",
    "Table",
]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A dataset as metrics see it.

    Attributes:
        name: its name in tables and plots, unique in a study.
        rows: the rows as their file holds them, in order.
        fields: names of the texts of a row, such as "premise" or "target.span1_text".
        texts: of each row, the text of each field; "" if the row lacks it.
        labels: of each row, its label's name, or "" if it has none.
        intended: of each row, the label that was asked for; empty if a file holds no second column
            of labels.
        rendered: the text of each row that a model would see, with the words of the template around
            the fields.
        task: whose rows they are, where that is known and installed.
        run: the run directory that they are from, where they are.
        notes: what a reader must know of how it was read.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]
    fields: tuple[str, ...]
    texts: Sequence[tuple[str, ...]]
    labels: Sequence[str]
    rendered: Sequence[str]
    intended: Sequence[str] = ()
    task: Task[Any, Any] | None = None
    run: Path | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels that occur: those of the task in its order, then others."""
        used = set(self.labels) - {""}
        known = [label.name for label in self.task.labels] if self.task else []
        first = [name for name in known if name in used]
        return (*first, *sorted(used - set(first)))


@dataclass(frozen=True, slots=True)
class Study:
    """The input of a metric.

    Attributes:
        corpora: the datasets, at least one, each with at least one row.
        reference: what they are compared with, or None.
        seed: random seed; use `rng`.
    """

    corpora: tuple[Corpus, ...]
    reference: Corpus | None = None
    seed: int = 0

    @property
    def everything(self) -> tuple[Corpus, ...]:
        """The datasets, followed by the reference."""
        return (*self.corpora, *((self.reference,) if self.reference is not None else ()))

    def rng(self, purpose: str) -> random.Random:
        """A random generator for one purpose, independent of whatever else was drawn."""
        return random.Random(f"{self.seed}/{purpose}")


class MetricOptions(BaseModel):
    """Options of a metric: a subclass's fields are what `-o METRIC.KEY=VALUE` sets."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Measures datasets, by themselves and against a reference.

    Attributes:
        title: heading of its part of the report.
        measure: `measure(study, options)` returns the findings; it imports heavy packages inside.
            It raises `ModuleNotFoundError` for a missing package and
            `targen_core.errors.UsageError` for another missing thing, such as a model. Both are
            reported, and the other metrics continue. Missing traits of the data are a note, not an
            error.
        options: their class; `options` of `measure` is one of them.
        extra: the distribution's extra for packages that `measure` imports in addition to its own
            dependencies, or "".
        order: its place in the report, the lowest first.
        summary: one line for people.
    """

    title: str
    measure: Callable[[Study, Any], Findings]
    options: type[MetricOptions] = MetricOptions
    extra: str = ""
    order: int = 100
    summary: str = ""
