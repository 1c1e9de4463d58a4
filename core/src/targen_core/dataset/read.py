"""`read_dataset`, and the rows of programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from os import PathLike
from typing import Any

from targen_core.api.kinds import exported
from targen_core.dataset.model import Dataset
from targen_core.plugins.registry import Registry
from targen_core.task_files import SavedTask
from targen_core.tasks.model import Task


@exported
def read_dataset(
    source: Any,
    task: Task[Any, Any] | SavedTask | PathLike[str] | str | None = None,
    *,
    variants: Sequence[str] = (),
    registry: Registry | None = None,
    encoding: str = "utf-8",
    strict: bool = True,
    map: Mapping[str, str] | str = "",
    label_map: Mapping[Any, str] | str = "",
    header: bool = True,
    delimiter: str = "",
    quoting: str = "",
    from_split: str = "",
) -> Dataset:
    """Read a dataset in any form, as official rows of its task.

    Each row is validated strictly against the task's schema: `"true"` is not a boolean. Rows keep
    columns that the task does not have, except in a run, where these are errors. If the first row
    of a file has no `idx` and the schema needs a number, rows are numbered from 0. A run in
    progress is read at a single moment, so rows, card and report agree.

    Args:
        source: a run directory, an output of `targen correct` or `targen reweigh`, a file (.jsonl,
            .json, .csv or .parquet), or a folder that `targen export --as hf` or `datasets` saved.
            It may also be "hf:OWNER/NAME[:CONFIG[:SPLIT]]" of a hub, or rows: a `datasets.Dataset`,
            a data frame, mappings, a `Dataset`.
        task: the task of the rows: its name, its file, a `Task` or a `Declaration`. A run records
            its task.
        variants: variants of the task; a run also records these.
        registry: finds the task; by default what is installed.
        encoding: the encoding of text files without a byte order mark.
        strict: whether the first bad row is an error. Otherwise bad rows and the rows that belong
            with them are left out and listed in `Dataset.problems`. Other oddities, such as a
            repeated `idx`, are also listed there. Bad rows that the benchmark itself published
            (`Rows.oddities`) are left out and listed in either case.
        map: the column of each field in a file, such as `{"text": "v2", "label": "v1"}`.
        label_map: the label for each value, such as `{0: "negative", 1: "positive"}`.
        header: whether the first line of a table names its columns; otherwise these are 1, 2, ….
        delimiter: the sign between the cells of a table, or "tab"; by default, it is recognized.
        from_split: the split of a JSON file that has several.
        quoting: "none" if quotation marks belong to the texts, "double" if they enclose cells.

    Raises:
        UsageError: the dataset does not exist, has no rows or an invalid one; or the task is
            missing or not the run's.
        RunDirectoryError: the folder contains no dataset.
        UnknownName: the task is not installed.
        MissingDependency: the library that reads this form is not installed.
    """
    from targen_core.dataset import reading
    from targen_core.dataset.layout import Layout, layout_of, reading_as

    said = layout_of(
        map, label_map, header=header, delimiter=delimiter, quoting=quoting, from_split=from_split
    )
    with reading_as(said) if said != Layout() else nullcontext():
        dataset = reading.read_dataset(
            source, task, variants=variants, registry=registry, encoding=encoding, strict=strict
        )
    if dataset.run is None or dataset.run.is_absolute():
        return dataset
    return replace(dataset, run=dataset.run.absolute())  # a program may change its folder


def rows_in(source: Any) -> list[Mapping[str, Any]]:
    """Return the rows of a dataset unchanged, whatever their schema.

    Raises:
        UsageError: it is not a dataset, or has no rows.
        MissingDependency: what reads this form is not installed.
    """
    from targen_core.dataset.source import open_source

    return open_source(source).rows()
