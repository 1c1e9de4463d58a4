"""Runs as their files tell of them, read here by hand: a fault of a reader cannot hide."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from zlib import crc32

OUTPUTS = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")


def outputs(run: Path) -> dict[str, bytes]:
    """The bytes of what a run made."""
    return {name: (run / name).read_bytes() for name in OUTPUTS if (run / name).exists()}


def whole_records(run: Path) -> list[dict]:
    """The whole records of a run's journal; a torn last one is left out."""
    path = run / "journal"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    for line in lines:
        assert int(line[:8], 16) == crc32(line[9:]), f"{path}: a record with a wrong check sum"
    return [json.loads(line[9:]) for line in lines]


def assert_paid_once(run: Path, before: list[dict]) -> None:
    """That what was journaled `before` a fault is there still, and no call was asked twice."""
    records = whole_records(run)
    assert records[: len(before)] == before
    assert max(Counter(record["key"] for record in records if "key" in record).values()) == 1
