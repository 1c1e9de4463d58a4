"""The interface of metrics: their input and their findings."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from targen_core import Task
from targen_core.cli.findings import Findings
from targen_core.dataset.model import Dataset


@dataclass(frozen=True, slots=True)
class Corpus:
    """A dataset as metrics see it.

    Attributes:
        name: its name in tables and plots, unique in a study.
        rows: the rows of the file, in order.
        fields: the names of the texts in a row, such as "premise" or "target.span1_text".
        texts: for each row, the text of each field; "" if the row lacks it.
        labels: for each row, the name of its label, or "".
        intended: for each row, the label that was requested; empty if the file does not have a
            second column of labels.
        rendered: for each row, the text that a model would see, including the template.
        task: the task of the rows, if it is known and installed.
        run: the run directory that the rows come from, if any.
        notes: what a reader must know about how the dataset was read.
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

    def __reduce__(self) -> tuple[Any, ...]:
        """All but the task, which is code: a dataset keeps where to find it again.

        Python 3.11.2 replaces a `__getstate__` of dataclasses with slots by its own.
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        of = None if self.task is None else Dataset(self.name, self.task, [], run=self.run)
        return _unpickled, ({**values, "task": of},)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels that occur: those of the task in its order, then others."""
        used = set(self.labels) - {""}
        known = [label.name for label in self.task.labels] if self.task else []
        first = [name for name in known if name in used]
        return (*first, *sorted(used - set(first)))


def _unpickled(values: Mapping[str, Any]) -> Corpus:
    of: Dataset | None = values["task"]
    return Corpus(**{**values, "task": None if of is None else of.task})


@dataclass(frozen=True, slots=True)
class Study:
    """The input of a metric.

    Attributes:
        corpora: the datasets, at least one, each with at least one row.
        reference: the dataset that the corpora are compared with, or None.
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
        title: the heading of the metric's section of the report.
        measure: `measure(study, options)` returns the findings. Import heavy packages inside it. If
            a package is missing, it raises `ModuleNotFoundError`; for a missing model or similar,
            it raises a `targen_core.errors.UsageError`. Both are reported, and other metrics
            continue. For unsuitable data, it returns a note and does not raise an error.
        options: the class of the `options` that `measure` receives.
        extra: the extra of the metric's distribution that installs what `measure` imports, or "".
        order: the metric's position in the report, lowest first.
        summary: a one-line summary for people.
        needs: an option that has no default but must be passed, as an example: "model=NAME".
    """

    title: str
    measure: Callable[[Study, Any], Findings]
    options: type[MetricOptions] = MetricOptions
    extra: str = ""
    order: int = 100
    summary: str = ""
    needs: str = ""
