"""Weighed rows: a folder whose rows count more or less in training, and what made them so.

```text
runs/rte-0-sungen/
  weighing.json      the task, the rows by digest, what weighed them, and what came of it
  dataset.jsonl      the rows
  provenance.jsonl   for rows that belong together one record: `weight`, and where they are from
  task.json, task.py a copy of the task, where it was in a file
```
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from targen_core.cli.outputs import check_free, new_folder, put_folder
from targen_core.dataset.model import Dataset
from targen_core.errors import RunDirectoryError, UsageError
from targen_core.origin import is_file, order_of
from targen_core.outputs import write_file
from targen_core.runs.files import read_json, require_format
from targen_core.tasks.model import Task
from targen_core.text import plural, refused

if TYPE_CHECKING:
    from targen_core.task_files import TaskFile

FILE = "weighing.json"
_FORMAT = 1
_COLUMN = "weight"
_MOST = 1e9  # of a weight: sums of more would soon be no numbers


class Weighing(BaseModel):
    """The content of `weighing.json`.

    Attributes:
        task: the id of the rows' task, "" if unknown. For a task in a file it is the name of the
            copy in the folder, such as `task.json` or `task.py:NAME`.
        variants: of that task.
        rows: the digest of the rows (`Dataset.digest`), which tells them from others.
        made: the source of the weights: its name, version and options, and the rows.
        report: the result in figures.
    """

    model_config = ConfigDict(frozen=True)

    format: int = _FORMAT
    task: str = ""
    variants: tuple[str, ...] = ()
    rows: str
    made: Mapping[str, Any] = {}
    report: Mapping[str, Any] = {}


def checked_weights(weights: Iterable[Any], whose: str) -> list[float]:
    """Weights as numbers, each seen to be one.

    Args:
        weights: what should be numbers from 0 to a billion.
        whose: of what, for people.

    Raises:
        UsageError: naming the place of the first that cannot be a weight; or all are 0.
    """
    known: list[float] = []
    for number, weight in enumerate(weights, 1):
        is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not is_number or not 0 <= weight <= _MOST:
            huge = is_number and weight > _MOST
            said = "over a billion" if huge else json.dumps(weight, default=str)[:40]
            raise UsageError(
                f"{whose}: weight {number:,} is {said}",
                hint="a weight must be from 0 to a billion: with 1, a row counts once; with 0, "
                "not at all",
            )
        known.append(float(weight))
    if known and not any(known):
        raise UsageError(
            f"{whose}: all weights are 0, so no rows would count",
            hint="choose a different way to weight the rows",
        )
    return known


def read_weighing(folder: Path) -> Weighing:
    """Read the `weighing.json` of a folder.

    Raises:
        RunConflict: another version of targen wrote it.
        RunDirectoryError: it cannot be read, or says something else.
    """
    try:
        raw = read_json(folder / FILE)
        require_format(folder, raw, _FORMAT)
        return Weighing.model_validate(raw)
    except (FileNotFoundError, ValidationError) as error:
        why = refused(error) if isinstance(error, ValidationError) else "it does not exist"
        raise RunDirectoryError(f"{folder / FILE} cannot be read: {why}") from error


def weighed(dataset: Dataset, weighing: Weighing) -> Dataset:
    """The rows that were read of a folder, with the weights that its provenance has.

    Raises:
        UsageError: the weights belong to other rows, or are invalid.
    """
    records = list(dataset.provenance)
    size = dataset.task.rows_per_instance
    if dataset.digest != weighing.rows or len(records) * size != len(dataset):
        raise UsageError(
            f"{dataset.name}: its weights do not match the rows in {dataset.source} "
            f"({plural(len(records) * size, 'weight')}, {plural(len(dataset), 'row')})",
            hint="the rows or the task have changed since they were weighted; weight them again "
            "with targen reweigh",
        )
    weights = checked_weights((record.get("weight") for record in records), dataset.name)
    return replace(dataset, weights=[weight for weight in weights for _ in range(size)])


def with_weights(dataset: Dataset) -> Dataset:
    """The rows with how much each counts in a column `weight`, for other tools.

    They may be no rows of the task any more: its schema decides about unknown columns.

    Raises:
        UsageError: they have no weights, or a column of that name.
    """
    if not dataset.weights:
        raise UsageError(
            f"{dataset.name} has no weights",
            hint="to add weights, use targen reweigh or targen finish",
        )
    if any(_COLUMN in row for row in dataset.rows):
        raise UsageError(f"{dataset.name} already has a column {_COLUMN}")
    rows = [
        {**row, _COLUMN: weight} for row, weight in zip(dataset.rows, dataset.weights, strict=True)
    ]
    return replace(dataset, rows=rows)


def has_weight(row: Mapping[str, Any], task: Task[Any, Any]) -> bool:
    """Return whether a row has the column of `with_weights`."""
    return _COLUMN in row and _COLUMN not in task.schema.model_fields


def write_weighed(
    out: Path,
    dataset: Dataset,
    records: Sequence[Mapping[str, Any]],
    *,
    task: str | TaskFile,
    variants: Sequence[str] = (),
    made: Mapping[str, Any],
    report: Mapping[str, Any],
    force: bool = False,
) -> Path:
    """Write a folder of weighted rows, whole or not at all, and return it.

    Args:
        out: the folder.
        dataset: the rows, with their weights.
        records: one for rows that belong together: their source, and the reason for their weight.
        task: the id of their task, or its file, which is copied to the folder; "" if unknown, so
            that readers must name it. `task_of_rows` knows that of a run's rows.
        variants: of the task.
        made: what made the weights.
        report: the result in figures.
        force: replace what an earlier weighing left there.

    Raises:
        UsageError: `force` does not replace what `out` contains, the weights are invalid, or the
            task's file contains no task.
        RunDirectoryError: the operating system refuses.
    """
    from targen_core.task_files import note_own_copy, task_file

    check_free(out, "weighted rows", FILE, force=force)
    weights = checked_weights(dataset.weights, dataset.name)[:: dataset.task.rows_per_instance]
    beside = out.with_name(f".{out.name}.part")
    lines = [{**record, "weight": weight} for record, weight in zip(records, weights, strict=True)]
    whose = task_file(order_of(task)) if isinstance(task, str) and is_file(task) else task
    weighing = Weighing(
        task=whose if isinstance(whose, str) else whose.copy,
        variants=tuple(variants),
        rows=dataset.digest,
        made=made,
        report=report,
    )
    with new_folder(beside):
        write_file(beside / "dataset.jsonl", _lines(dataset.rows))
        write_file(beside / "provenance.jsonl", _lines(lines))
        write_file(beside / FILE, weighing.model_dump_json(indent=2) + "\n")
        if not isinstance(whose, str):
            note_own_copy(write_file(beside / whose.copy.partition(":")[0], whose.text))
        put_folder(beside, out)
    return out


def _lines(records: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
