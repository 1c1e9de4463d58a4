"""Typed rows, trainers and options, for all commands of training."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core import Task
from targen_core.cli.completion import completer
from targen_core.errors import TargenError, UsageError
from targen_core.hints import command

if TYPE_CHECKING:
    from targen_core.api.request import TaskLike
    from targen_core.dataset.model import Dataset
    from targen_core.plugins.registry import Registry
    from targen_core.task_files import TaskFile
    from targen_standard.given import DataLike

_log = logging.getLogger("targen")

NAME_THE_TASK = "--task NAME, or a task file; see targen list-tasks"
"""The hint if the task of rows is unknown."""

TaskOption = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="NAME",
        help="The task of the rows; not needed for a run, which records it.",
        autocompletion=completer("task"),
    ),
]


def read_rows(
    registry: Registry,
    source: DataLike,
    task: TaskLike | None,
    usual: TaskLike | None = None,
    *,
    strict: bool = False,
    warns: bool = True,
    as_given: bool = False,
    only_texts: bool = False,
    encoding: str = "utf-8",
) -> Dataset:
    """Return rows, whose task is that of a run, or `task`, or else `usual`.

    With `as_given`, a run's rows become rows of `task` if it has the same name and labels. With
    `only_texts`, rows in a file need only the task's texts; their other columns remain as they are.

    Bad rows are left out, and a warning names them unless an earlier reading did. With `strict`
    they are an error, except known oddities of the original data: a figure on a part of the test
    rows would mislead.

    Raises:
        UsageError: there are no rows, their task is unknown, or one is invalid although all must be
            valid.
    """
    from targen_core import read_dataset
    from targen_core.api.run import Folder
    from targen_core.dataset.model import Dataset
    from targen_core.dataset.source import Source, open_source, require_one
    from targen_standard.given import left_out, task_of

    require_one(source)
    if isinstance(source, Folder | Dataset):
        own = source if isinstance(source, Dataset) else source.dataset
        if not own.rows:
            raise UsageError(f"{own.name} has no rows")
        return own
    opened: Any = source
    if isinstance(source, str | PathLike):
        opened = open_source(source, encoding=encoding)
    is_typed = isinstance(opened, Source)
    if not is_typed:
        source = "rows"
    knows = isinstance(opened, Source) and opened.task is not None
    task = usual if task is None and not knows else task
    if task is None and not knows:
        raise UsageError(
            f"{source} does not state which task its rows belong to",
            hint=NAME_THE_TASK,
        )
    whose = task_of(task)
    if only_texts and whose is not None and not knows:
        whose = _of_texts(whose if isinstance(whose, Task) else registry.get("task", whose))
    dataset = read_dataset(opened, whose, registry=registry, strict=False)
    words = {} if knows else {"task": dataset.task.name if isinstance(task, Task) else str(task)}
    words |= opened.options if isinstance(opened, Source) else {}
    listing = command("validate", source if is_typed else "ROWS", **words)
    said = left_out(dataset, opened)
    unknown = any(problem.left_out and not problem.known for problem in dataset.problems)
    if unknown and strict and dataset.rows:
        raise UsageError(
            said.replace(" skipped; ", " not scored; ", 1),
            hint=f"correct or remove these lines; run {listing} to list them all",
        )
    if said and warns:
        _log.warning("warning: %s", said)
    if not dataset.rows:
        columns = ", ".join(dataset.task.schema.model_fields)
        raise UsageError(
            f"{source} does not contain any rows of {dataset.task.name}",
            hint=f"the columns of {dataset.task.name} are {columns}; for details, run {listing}",
        )
    if as_given and knows and isinstance(whose, str):
        given = registry.get("task", whose)
        ours, theirs = (
            (of.name, [(label.name, label.official) for label in of.labels])
            for of in (given, dataset.task)
        )
        if ours == theirs:
            return replace(dataset, task=given)
    return dataset


def _of_texts(task: Task[Any, Any]) -> Task[Any, Any]:
    """Return a task whose rows need only their texts."""
    from pydantic import create_model

    texts = {path.partition(".")[0] for path in task.fields}
    columns: dict[str, Any] = {"idx": (Any, None)}
    columns |= {
        name: (info.annotation, info)
        for name, info in task.schema.model_fields.items()
        if name in texts
    }
    schema = create_model("Row", __config__=task.schema.model_config, **columns)
    rows = replace(
        task.rows,
        schema=schema,
        fields=task.fields,
        from_file=None,
        from_rows=lambda _: (),
    )
    return replace(task, rows=rows)


def names_its_task(source: str) -> bool:
    """Return whether a folder names the task of its rows, as runs and weighted rows do."""
    from targen_core.dataset.source import open_source

    try:
        return Path(source).is_dir() and open_source(source).task is not None
    except TargenError:  # a folder of something else
        return False


def file_of(source: DataLike, task: TaskLike | None, encoding: str = "utf-8") -> TaskFile | None:
    """Return the file of some rows' task, for the copy in a run; None if the task is installed."""
    from targen_core.api.run import Folder
    from targen_core.dataset.model import Dataset
    from targen_core.dataset.source import open_source
    from targen_core.origin import is_file, order_of
    from targen_core.task_files import task_file

    if isinstance(source, Folder):
        source = source.path
    if isinstance(source, Dataset) and source.run is not None:
        source = source.run
    name = task
    if isinstance(source, Dataset) and source.finds_task is not None:
        name = source.finds_task[0]
    if isinstance(source, str | PathLike):
        opened = open_source(source, encoding=encoding)
        name = task if opened.task is None else opened.task()
    if isinstance(name, PathLike):
        name = str(name)
    return task_file(order_of(name)) if isinstance(name, str) and is_file(name) else None


def chosen(option: str, text: str | None, known: Sequence[str], *, of: str, what: str) -> list[str]:
    """Return the names in an option's text, between commas; all `known` ones if it is not given.

    Args:
        option: the option, such as `--tasks`.
        text: its value.
        known: the names that there are.
        of: the beginning of the error about other names, such as "there is no arm".
        what: the names as the hint calls them, such as "arms".

    Raises:
        UsageError: a name is not known, or the text has none.
    """
    if text is None:
        return [*known]
    names = [name.strip() for name in text.split(",") if name.strip()]
    odd = [name for name in names if name not in known]
    if odd or not names:
        raise UsageError(
            f"{option}: {of} {', '.join(odd)}" if odd else f"{option} is empty",
            hint=f"{what}: {', '.join(known)}",
        )
    return names
