"""The column that has the labels of a user's rows, whatever its name and their spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from targen_core.tasks.model import Task
from targen_core.text import composed

__all__ = ["label_column"]

_LABEL = ("label", "category", "intent", "class", "labels")


def plain_label(value: Any) -> str:
    """Return a label in the form in which it is compared."""
    return re.sub(r"[\W_]+", "_", composed(str(value)).casefold()).strip("_")


def known_labels(task: Task[Any, Any] | None) -> dict[str, str]:
    """Return the names of a task's labels by their names and official values as compared."""
    labels: dict[str, str] = {}
    for label in () if task is None else task.labels:
        labels.setdefault(plain_label(label.official), label.name)
    return labels | {plain_label(label.name): label.name for label in (task.labels if task else ())}


def said_in(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    return [row.get(name) for row in rows if row.get(name) not in (None, "")]


def label_column(task: Task[Any, Any] | None, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The column of the label: by its name, or the one most of whose values are labels."""
    names = dict.fromkeys(name for row in rows for name in row)
    if task is None:
        return next((name for name in _LABEL if name in names), None)
    labels = known_labels(task)
    if not labels:
        return None

    def share(name: str) -> float:
        said = said_in(rows, name)
        return sum(plain_label(value) in labels for value in said) / max(1, len(said))

    if "label" in names:
        return "label"
    called = [name for name in _LABEL if name in names and share(name)]
    others = [name for name in names if share(name) >= 0.5]
    return next(iter([*called, *others]), None)
