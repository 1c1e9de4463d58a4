"""One bounded reader per format: JSON and JSONL. Others are in `targen_cli`.

Any file may come from a stranger. Each reader takes only a regular file and bounds its bytes, its
depth and what it expands to. It makes plain values and arrays of numbers, and runs no code. It
raises `UnreadableFile` with the file and, if known, the line.

Functions that end in `_of` take text or bytes that were read already, and raise `Malformed`.
"""

from targen_core.reading.lines import json_line, read_jsonl
from targen_core.reading.values import (
    GivenTwice,
    Malformed,
    TooDeep,
    is_within,
    json_of,
    read_json,
    read_text,
)

__all__ = [
    "GivenTwice",
    "Malformed",
    "TooDeep",
    "is_within",
    "json_line",
    "json_of",
    "read_json",
    "read_jsonl",
    "read_text",
]
