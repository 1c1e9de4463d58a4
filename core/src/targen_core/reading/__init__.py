"""Bounded readers of JSON texts and of files of JSON lines. Others are in `targen_core.cli`.

Any file may come from a stranger. Each reader bounds the bytes, the depth and the number of
values. It makes plain values, and runs no code.
"""

from targen_core.reading.lines import json_line, read_jsonl
from targen_core.reading.values import (
    GivenTwice,
    Malformed,
    TooDeep,
    is_within,
    json_of,
)

__all__ = [
    "GivenTwice",
    "Malformed",
    "TooDeep",
    "is_within",
    "json_line",
    "json_of",
    "read_jsonl",
]
