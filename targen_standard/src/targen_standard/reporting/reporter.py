"""The reporter of every run: its card, the figures of its texts, and possible problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from targen_core.runs.folder.reporters import CARD, Concern, Ended, Reporter
from targen_core.tasks.model import Task
from targen_standard.reporting.card import dataset_card
from targen_standard.reporting.concerns import concerns, text_figures
from targen_standard.reporting.refusals import refusal_notes

__all__ = ["STANDARD"]


class _Standard(Reporter):
    def figures(
        self, report: Mapping[str, Any], folder: Path, task: Task[Any, Any] | None
    ) -> Mapping[str, Any]:
        """The figures of the rows' texts."""
        return {"texts": text_figures(folder / "dataset.jsonl", sum(report["rows"].values()))}

    def notes(self, run: Ended) -> Sequence[str]:
        """Checks that refused many candidates."""
        return refusal_notes(run.report, run.folder / "rejects.jsonl", run.file)

    def concerns(self, report: Mapping[str, Any], folder: Path | None) -> Sequence[Concern]:
        """Return concerns from the figures."""
        return concerns(report, folder)

    def files(self, run: Ended) -> Mapping[str, str]:
        """The dataset card."""
        return {CARD: dataset_card(run.task, run.manifest, run.report, run.sample)}


STANDARD = _Standard()
