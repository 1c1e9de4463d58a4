"""The rows of a run in the label shares of labelled rows: `--shares-of`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from targen_core.api.request import as_path, given_as, options_of_rows
from targen_core.dataset.kept import file_of_rows
from targen_core.dataset.read import read_dataset
from targen_core.engine.quotas import Quotas
from targen_core.errors import UsageError
from targen_core.plugins.registry import Registry
from targen_core.tasks.model import Task
from targen_core.text import plural
from targen_core.wording import Blank, Option, Words

_log = logging.getLogger("targen")


def quotas_like(
    registry: Registry,
    task: Task[Any, Any],
    source: Any,
    n: int | None,
    *,
    other: object,
    given: Mapping[str, Any],
) -> Quotas:
    """Return `n` rows in the label shares of a dataset, or of the rows of an option.

    Args:
        registry: finds the dataset's task.
        task: whose labels they are.
        source: the dataset, or the name of an option that is a file of rows, such as "examples".
        n: how many rows.
        other: another way in which the number of rows was given, if it was.
        given: the options of the request, by name.

    Raises:
        UsageError: no number of rows, another way of numbering them, a dataset without labels, or
            one that lacks a label and has invalid rows.
    """
    if n is None or other:
        raise UsageError(
            Option("shares_of", "FILE")
            + " needs a single total number of rows, which it divides among the labels",
            hint="pass "
            + Option("n", 100)
            + " without "
            + Option("labels")
            + " or "
            + Option("preset"),
        )
    if isinstance(source, str) and source in options_of_rows():
        place, labels, bad = _of_option(registry, source, given.get(source), task)
    else:
        place, labels, bad = _of_dataset(registry, task, source)
    counts = {name: count for name, count in labels.items() if name in task.quota_names}
    if not counts:
        raise UsageError(
            place
            + f" does not contain any labelled rows of {task.name}{f'; {bad}' if bad else ''}",
            hint=f"the labels of {task.name} are: {', '.join(task.quota_names)}",
        )
    if lacking := [name for name in task.quota_names if name not in counts]:
        if bad:  # these may be the rows of that label, misspelt
            raise UsageError(
                place + f" has no rows with these labels: {', '.join(lacking)}; {bad}",
                hint=f"correct these rows: the labels of {task.name} are "
                + ", ".join(task.quota_names),
            )
        _log.warning(
            "%s has no rows with these labels, so targen will not generate any: %s",
            place,
            ", ".join(lacking),
        )
    if bad:
        _log.warning("%s: %s", place, bad)
    return Quotas.shared(n, counts, task)


def _of_option(
    registry: Registry, option: str, typed: Any, task: Task[Any, Any]
) -> tuple[Words, Mapping[str, int], str]:
    """Return the same as `_of_dataset` for the rows of an option, as typed, or as the task says.

    Raises:
        UsageError: neither names any.
    """
    said = (rows for key, rows in task.part_options.items() if key.rpartition(".")[2] == option)
    rows = next(said, None) if typed is None else typed
    if rows is None:
        raise UsageError(
            Option("shares_of", option) + " needs " + Option(option),
            hint="pass " + Option(option, Blank("FILE")),
        )
    with given_as(option):
        _, labels, bad = _of_dataset(registry, task, file_of_rows(rows))
    return Option("shares_of", option), labels, bad


def _of_dataset(
    registry: Registry, task: Task[Any, Any], source: Any
) -> tuple[Words, Mapping[str, int], str]:
    """Return what messages call a dataset, its rows by label, and which are not valid, or ""."""
    source = as_path(source) if isinstance(source, PathLike) else source
    with given_as("shares_of"):
        dataset = read_dataset(source, task, registry=registry, strict=False)
    place = f"{source}" if isinstance(source, str | Path) else "the given data"
    bad = [problem for problem in dataset.problems if problem.left_out]
    if not bad:
        return place, dataset.labels, ""
    rows = plural(len({problem.line for problem in bad}), "row")
    unit = "line" if isinstance(source, str | Path) else "row"
    said = f"{rows} not counted, such as {unit} {bad[0].line}: {bad[0].message}"
    return place, dataset.labels, said
