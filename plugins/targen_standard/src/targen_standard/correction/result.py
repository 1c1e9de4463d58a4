"""The result of `correct`: the rows, every verdict, and the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from targen_core.api.report import LabelReport, UsageReport, labels_of
from targen_core.api.run import Folder
from targen_core.dataset.model import Dataset
from targen_core.dataset.source import RecordsOf, open_source
from targen_core.plugins.register import MEMORY
from targen_core.plugins.registry import Registry
from targen_core.reading.lines import read_jsonl
from targen_core.runs.reporters import card_in
from targen_core.runs.tasks import find_task
from targen_core.tasks.model import Task


@dataclass(frozen=True, slots=True)
class CorrectionReport:
    """A dataset with the verdicts of a corrector.

    Attributes:
        task: the task's full id.
        corrector: the corrector's.
        model: the model's name, or "".
        instances: the instances.
        kept: how many of these were not rejected.
        unjudged: how many of these could not be judged and keep their label, by reason.
        accuracy_before: the fraction of labels, as shown, that equal those of the data.
        accuracy_after: the same for the final labels; None if no instance was kept.
        labels: what became of the instances of each label that was shown.
        usage: calls, tokens and cost.
        raw: the whole of `report.json`.
    """

    task: str
    corrector: str
    model: str
    instances: int
    kept: int
    accuracy_before: float
    accuracy_after: float | None
    labels: Mapping[str, LabelReport]
    usage: UsageReport
    raw: Mapping[str, Any] = field(repr=False, compare=False)
    unjudged: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> CorrectionReport:
        """From the content of `report.json`."""
        names = "task corrector model instances kept accuracy_before accuracy_after".split()
        return cls(
            **{name: raw[name] for name in names},
            labels=labels_of(raw),
            usage=UsageReport.of(raw["usage"]),
            raw=raw,
            unjudged=raw.get("unjudged", {}),
        )

    @property
    def cost(self) -> float | None:
        """Cost of the calls in dollars; None if a price is unknown."""
        return self.usage.cost

    @property
    def summary(self) -> str:
        """The report in one line."""
        after = "" if self.accuracy_after is None else f", {self.accuracy_after:.1%} after"
        lost = sum(self.unjudged.values())
        lacking = f" ({lost:,} not judged)" if lost else ""
        return (
            f"{self.kept:,} of {self.instances:,} kept by {self.corrector}{lacking}; labels that "
            f"agree with the data: {self.accuracy_before:.1%} before{after}, {self.usage.summary}"
        )

    def __repr__(self) -> str:
        return f"<CorrectionReport of {self.task}: {self.summary}>"

    def _repr_html_(self) -> str:
        from targen_core.pages import table

        ends = list(dict.fromkeys(end for label in self.labels.values() for end in label.accepted))
        rows = [
            (name, *(label.accepted.get(end, 0) for end in ends), sum(label.rejected.values()))
            for name, label in self.labels.items()
        ]
        return table(f"{self.task}: {self.summary}", ("label shown", *ends, "rejected"), rows)


class Corrected(Folder[CorrectionReport]):
    """A corrected dataset: its directory, its report, and the rows that were kept.

    It is the sequence of its rows, each with its final label.

    Attributes:
        path: the directory.
        report: what the corrector did.
        dataset: the rows with their task.
        task: the task of the rows, with its variants.
        registry: finds it, if it has a name.
    """

    def __init__(
        self, path: Path, report: CorrectionReport, task: Task[Any, Any], registry: Registry
    ) -> None:
        super().__init__(path, report)
        self.__dict__["task"] = task
        self.registry = registry

    @cached_property
    def task(self) -> Task[Any, Any]:
        """The task of the rows, found again after unpickling."""
        name, variants = self.finds_task or (self.report.task, self.report.raw["variants"])
        return find_task(self.registry, name, variants)[1]

    @cached_property
    def dataset(self) -> Dataset:
        """The rows with their task, read on first access."""
        file, origins = self.path / "dataset.jsonl", self.path / "provenance.jsonl"
        return Dataset(
            self.path.name,
            self.task,
            open_source(self.path).rows(self.task),
            card_in(self.path),
            source=str(file),
            provenance=RecordsOf(origins) if origins.exists() else (),
        )

    @property
    def finds_task(self) -> tuple[str, Sequence[str]] | None:  # type: ignore[override]
        """Its task by name, or the copy of its file; None for an object, which no name finds."""
        find = open_source(self.path).task
        if find is None or self.report.task.startswith(f"{MEMORY}:"):
            return None
        return find(), self.report.raw["variants"]

    @property
    def changes(self) -> Iterator[dict[str, Any]]:
        """The verdict on each instance: the label shown, the final one, and why."""
        return read_jsonl(self.path / "changes.jsonl")
