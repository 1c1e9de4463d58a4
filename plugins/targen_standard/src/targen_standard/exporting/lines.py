"""One JSON object a line: official rows, and instructions in two forms."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_standard.datasets.weighing import has_weight
from targen_standard.exporting.conversations import conversations
from targen_standard.exporting.model import Exporter


def _write(records: Iterable[Mapping[str, Any]], out: Path, *, ascii_only: bool = False) -> None:
    with open(out, "w", encoding="utf-8", newline="\n") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=ascii_only, allow_nan=False) + "\n")


def _official(dataset: Dataset, out: Path) -> None:
    r"""The official file: ASCII, other characters as \u escapes, as the originals have it."""
    join = dataset.task.pack
    joins = dataset.task.rows.pack is not None
    if joins and any(has_weight(row, dataset.task) for row in dataset.rows):
        raise UsageError(
            f"the official file of {dataset.task.name} combines rows whose weights may differ",
            hint="use --as csv, parquet or hf to keep them separate",
        )
    rows = join(dataset.rows) if join is not None and not dataset.columns else dataset.own_rows
    _write(rows, out, ascii_only=True)


def _instructions(dataset: Dataset, out: Path) -> None:
    """Prompt and completion, which read as one text when they are put together."""
    _write(
        ({"prompt": talk.prompt, "completion": talk.completion} for talk in conversations(dataset)),
        out,
    )


def _openai(dataset: Dataset, out: Path) -> None:
    """The messages of one conversation a line, the last the assistant's."""
    _write(
        (
            {"messages": [{"role": m.role, "content": m.content} for m in talk.messages]}
            for talk in conversations(dataset)
        ),
        out,
    )


JSONL = Exporter(
    write=_official, suffix=".jsonl", summary="the task's official format", columns=True
)
INSTRUCTIONS = Exporter(write=_instructions, suffix=".jsonl", summary="prompt and completion")
OPENAI = Exporter(write=_openai, suffix=".jsonl", summary="messages for fine-tuning a chat model")
