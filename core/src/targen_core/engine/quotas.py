"""Quotas: how many rows of each label a run wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from targen_core.errors import UsageError
from targen_core.nearest import did_you_mean
from targen_core.tasks.model import Task

__all__ = ["check_quotas", "split_evenly"]


def split_evenly(rows: int, names: Sequence[str], unit: int = 1) -> dict[str, int]:
    """`rows` over `names`, in whole units, the remainder to the first names.

    Raises:
        UsageError: `rows` is not positive, or no multiple of `unit`.
    """
    if rows <= 0:
        raise UsageError(f"-n is {rows}; it must be at least {unit}")
    _check_unit("-n", rows, unit)
    each, rest = divmod(rows // unit, len(names))
    return {name: (each + (index < rest)) * unit for index, name in enumerate(names)}


def check_quotas(task: Task[Any, Any], quotas: Mapping[str, int]) -> dict[str, int]:
    """Quotas in the task's label order, labels left out as 0.

    Raises:
        UsageError: an unknown label, a negative count, a broken unit, or
            nothing wanted at all.
    """
    names = task.quota_names
    for name, rows in quotas.items():
        if name not in names:
            raise UsageError(
                f"task {task.name} has no label {name!r}",
                hint=did_you_mean(name, names, "its labels are"),
            )
        if rows < 0:
            raise UsageError(f"label {name} has a quota of {rows}; it must not be negative")
        _check_unit(f"label {name}", rows, task.unit)
    if not any(quotas.values()):
        raise UsageError("all quotas are 0: there is nothing to generate")
    return {name: quotas.get(name, 0) for name in names}


def _check_unit(what: str, rows: int, unit: int) -> None:
    if rows % unit:
        below = rows // unit * unit
        near = f"{below} or {below + unit}" if below else str(unit)
        raise UsageError(
            f"{what}: {rows} rows; rows of this task come in groups of {unit}", hint=f"use {near}"
        )
