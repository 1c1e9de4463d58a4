"""The rows that people know these tasks by, where they lie on this machine."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ORIGINAL = Path(__file__).parents[3] / "shared" / "data" / "superglue"
needs_original = pytest.mark.skipif(
    not ORIGINAL.is_dir(), reason=f"the original data is not at {ORIGINAL}"
)
FOLDERS = {
    "axg": "AX-g",
    "boolq": "BoolQ",
    "cb": "CB",
    "copa": "COPA",
    "record": "ReCoRD",
    "rte": "RTE",
    "wic": "WiC",
    "wsc": "WSC",
}


@cache
def original(name: str, split: str) -> list[dict[str, Any]]:
    """The rows of a split; AX-g has one file."""
    file = "AX-g" if name == "axg" else split
    path = ORIGINAL / FOLDERS[name] / f"{file}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
