"""Tables of a report for rows with an output: what they have, and what step 4 corrected."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from targen_core.cli.findings import Table
from targen_core.errors import TargenError
from targen_core.plugins.loader import load_registry
from targen_core.reading.lines import read_jsonl
from targen_core.runs.manifest import Manifest
from targen_core.runs.reporters import Reporter
from targen_core.runs.tasks import find_task
from targen_core.tasks.model import Task
from targen_standard.task_files.outputs import Output, output_in


class _Stored(BaseModel):
    """A table as a report has it."""

    model_config = ConfigDict(extra="ignore", strict=True)

    title: str
    columns: list[str]
    rows: list[list[str | int | float | None]]


class _Outputs(Reporter):
    def figures(
        self, report: Mapping[str, Any], folder: Path, task: Task[Any, Any] | None
    ) -> Mapping[str, Any]:
        """The section `output`, unless rows have one label each."""
        with contextlib.suppress(TargenError, OSError):  # an edited file: said when it is compared
            output = output_of_run(folder) if task is None else output_in(task)
            if output is None:
                return {}
            rows = islice(read_jsonl(folder / "dataset.jsonl"), sum(report["rows"].values()))
            records = read_jsonl(folder / "provenance.jsonl")
            noted = [
                (row, record.get("notes") or {}) for row, record in zip(rows, records, strict=False)
            ]
            seen = [(row, notes.get("before")) for row, notes in noted]
            tables = [*output.tables(seen, judged=bool(report.get("corrected")))]
            tables += _agreement([notes for _, notes in noted])
            return {
                "output": [
                    {
                        "title": table.title,
                        "columns": [*table.columns],
                        "rows": [[*row] for row in table.rows],
                    }
                    for table in tables
                ]
            }
        return {}

    def tables(self, report: Mapping[str, Any]) -> Sequence[Table]:
        """The tables of the section; empty without one."""
        try:
            read = [_Stored.model_validate(each) for each in report.get("output", ())]
        except (ValidationError, TypeError):
            return ()
        return [
            Table(each.title, tuple(each.columns), [*map(tuple, each.rows)])
            for each in read
            if all(len(row) == len(each.columns) for row in each.rows)
        ]


def _agreement(notes: Sequence[Mapping[str, Any]]) -> Sequence[Table]:
    """Count rows by how far step 4 agreed, if there are some with which it agreed in part."""
    partly = sum("judged" in each for each in notes)
    corrected = sum("before" in each for each in notes)
    counts = {"the same": len(notes) - partly - corrected, "nearly the same, so not taken": partly}
    counts["another one, which the row now has"] = corrected
    said = ("output of step 4", "rows")
    return [Table("Agreement with step 4", said, [*counts.items()])] if partly else []


def output_of_run(folder: Path) -> Output | None:
    """Return the output of a run's rows; None if they have one label each.

    The task is only read if a distribution with outputs made it.

    Raises:
        TargenError, OSError: the manifest or the task cannot be read.
    """
    registry = load_registry()
    manifest = Manifest.load(folder / "manifest.json")
    makers = {item.distribution for item in registry.all("output")}
    if makers.isdisjoint(manifest.lock.distributions):
        return None
    _, task = find_task(registry, manifest.task_name(folder), manifest.task.variants)
    return output_in(task)


OUTPUTS = _Outputs()
