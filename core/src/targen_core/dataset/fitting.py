"""The columns of rows, compared with those of a task that has the same name as theirs."""

from __future__ import annotations

from typing import Any

from targen_core.errors import UsageError
from targen_core.tasks.model import Task


def require_texts(place: str, own: Task[Any, Any], task: Task[Any, Any]) -> None:
    """Refuse rows without the text columns of a task that has the same name as theirs.

    Args:
        place: where the rows are.
        own: the task that they record.
        task: the task that is to read them.

    Raises:
        UsageError: they lack one of its text columns.
    """
    columns, needed = own.schema.model_fields, task.schema.model_fields
    wanted = dict.fromkeys(path.partition(".")[0] for path in task.fields)
    lacking = [name for name in wanted if name not in columns and needed[name].is_required()]
    if lacking:
        raise UsageError(
            f"{place} has the columns {', '.join(columns)}, but the task {task.name} has "
            f"{', '.join(needed)}: the rows have no {', '.join(lacking)}",
            hint="export the rows as JSONL, rename their columns, and pass them with --task; "
            "for a new run, list the same columns under fields:",
        )
