"""The README.md of a dataset folder: front matter with types and counts, then the card."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from targen_core.dataset.kinds import Classes, Kind, Many, Record, Scalar
from targen_core.dataset.model import Dataset
from targen_core.runs.card import front_matter, size_category
from targen_core.text import markdown

__all__ = ["hub_card"]

_FRONT = re.compile(r"\A---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)
_KEY = re.compile(r"^(?=[A-Za-z_])", re.MULTILINE)


def hub_card(dataset: Dataset, kinds: Mapping[str, Kind], *, in_memory: int, on_disk: int) -> str:
    """The card of a dataset in one Parquet file.

    Keys of the card's front matter are kept, but for those that speak of the
    files. `in_memory` and `on_disk` are the bytes of the rows.
    """
    match = _FRONT.match(dataset.card)
    front = {part.partition(":")[0]: part for part in _KEY.split(match[1]) if part} if match else {}
    rows = len(dataset.rows)
    own: dict[str, Any] = {
        "pretty_name": dataset.name,
        "license": "unknown",
        "size_categories": [size_category(rows)],
        "configs": [
            {"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*"}]}
        ],
        "dataset_info": {
            "features": [{"name": name, **_simple(kind)} for name, kind in kinds.items()],
            "splits": [{"name": "train", "num_bytes": in_memory, "num_examples": rows}],
            "download_size": on_disk,
            "dataset_size": in_memory,
        },
    }
    if any(isinstance(kind, Classes) for kind in kinds.values()):
        own["task_categories"] = ["text-classification"]
    for key in ("size_categories", "configs", "dataset_info"):
        front.pop(key, None)
    for key, value in own.items():
        front.setdefault(key, front_matter({key: value}))
    body = dataset.card[match.end() :] if match else dataset.card
    task = dataset.task
    body = body.strip() or f"# {task.summary}\n\n{task.description}"
    return f"---\n{''.join(front.values())}---\n\n{body}\n{_columns(kinds)}"


def _columns(kinds: Mapping[str, Kind]) -> str:
    """What a reader of the Parquet file has to know."""
    lines = ["", "## Columns of the Parquet file", "", "| column | type |", "|---|---|"]
    for name, kind in kinds.items():
        text = markdown(json.dumps(_words(kind), ensure_ascii=False).replace('"', ""))
        lines.append(f"| `{name}` | {text} |")
    lines += [
        "",
        "`README.md` and `data/` are the whole export; other files that this card names are in the",
        "run directory that the rows come from.",
        "",
    ]
    return "\n".join(lines)


def _words(kind: Kind) -> Any:
    if isinstance(kind, Scalar):
        return kind.dtype
    if isinstance(kind, Classes):
        return ", ".join(f"{number} {name}" for number, name in enumerate(kind.names))
    if isinstance(kind, Many):
        return [_words(kind.item)]
    return {name: _words(part) for name, part in kind.fields.items()}


def _simple(kind: Kind) -> dict[str, Any]:
    """A kind as the `dataset_info` of a card has it."""
    if isinstance(kind, Scalar):
        return {"dtype": kind.dtype}
    if isinstance(kind, Classes):
        names = {str(number): name for number, name in enumerate(kind.names)}
        return {"dtype": {"class_label": {"names": names}}}
    if isinstance(kind, Record):
        parts = [{"name": name, **_simple(part)} for name, part in kind.fields.items()]
        return {"struct": parts}
    item = _simple(kind.item)
    return {"list": item.get("struct", item) if isinstance(kind.item, Record) else item}
