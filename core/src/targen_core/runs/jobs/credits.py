"""Credit for data that rows of a run were made from, with their licences."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from targen_core.errors import TargenError
from targen_core.reading.lines import read_jsonl
from targen_core.tasks.model import Task
from targen_core.tasks.parts import Credit
from targen_core.tasks.steps import ListStep

NEARLY_THE_SAME = 90
"""From how alike on, in percent, a row is counted as nearly the same as what it was made from."""


def sources_of(
    task: Task[Any, Any], provenance: Path, tasks: Mapping[str, Task[Any, Any]] | None = None
) -> list[dict[str, Any]]:
    """The data that the rows of a run were made from, with how many rows of each, most first.

    `tasks` are those of merged runs, by name, if they may differ.

    If a task notes the likeness of a row to its source (`like_source`, 0 to 100), rows that are
    nearly the same are also counted.

    The result is empty if no list of the task gives credit, or if `provenance` cannot be read.
    """
    of_run = tasks or {}
    if all(part.credit is None for each in (task, *of_run.values()) for part in each.chain):
        return []
    rows: Counter[Credit] = Counter()
    alike: Counter[Credit] = Counter()
    noted = False
    known: dict[tuple[int, str], Credit | None] = {}
    with contextlib.suppress(TargenError, OSError):
        for record in read_jsonl(provenance):
            items = [*record["above"], record["seed"]]
            chain = of_run.get(record.get("run", ""), task).chain_of(record["intended"])
            if len(items) != len(chain):  # seeds of the user's own
                continue
            for part, item in zip(chain, items, strict=True):
                if part.credit is None:
                    continue
                key = id(part), json.dumps(item, sort_keys=True)
                if key not in known:
                    known[key] = _credit(part, item)
                if (credit := known[key]) is not None:
                    rows[credit] += record["rows"]
                    like = (record.get("notes") or {}).get("like_source")
                    noted = noted or like is not None
                    if isinstance(like, int | float) and like >= NEARLY_THE_SAME:
                        alike[credit] += record["rows"]
    return [
        {**asdict(credit), "rows": count, **({"alike": alike[credit]} if noted else {})}
        for credit, count in rows.most_common()
    ]


def _credit(part: ListStep[Any], value: Any) -> Credit | None:
    assert part.credit is not None
    kind = part.item
    try:
        item = kind.model_validate(value) if issubclass(kind, BaseModel) else value
    except ValidationError:
        return None
    return part.credit(item)
