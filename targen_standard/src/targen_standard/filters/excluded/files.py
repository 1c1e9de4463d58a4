"""The files of an index: what both who builds it and who looks into it must agree on."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_standard.filters.excluded.comparing import Part, plain_words, text_sum
from targen_standard.filters.excluded.hashing import BITS, Keys

__all__ = ["FORMAT", "PRINT", "RUN_KEYS", "key_print", "mapped", "parts", "read_at", "record"]

FORMAT = 2
"""Of an index's files: what is built otherwise has another number."""

PRINT = 16
"""Bits of a hash that stand in a bucket, behind those that choose it."""

RUN_KEYS = 16
"""Runs of letters under which a row is entered, one from each stretch of it."""

_U64 = np.uint64


def record(row: Sequence[str]) -> bytes:
    """A row as it is read back: a line for each text, with the sum of it as it was."""
    lines = (f"{text_sum(text):08x}{plain_words(text)}\n" for text in row)
    return "".join(lines).encode("utf-8", "surrogatepass")


def parts(record: bytes) -> list[Part]:
    """The texts of a record that have words."""
    lines = record.decode("utf-8", "surrogatepass").split("\n")
    return [Part(text, int(line[:8], 16)) for line in lines if (text := line[8:])]


def key_print(keys: Keys, bits: int) -> Keys:
    """Sixteen bits of a hash, behind those that choose its bucket."""
    return keys >> _U64(BITS - bits - PRINT) & _U64((1 << PRINT) - 1)


def mapped(path: Path, kind: str) -> NDArray[Any]:
    """A file of numbers of one kind, as an array that is not loaded."""
    if not path.stat().st_size:
        return np.zeros(0, kind)
    return np.asarray(np.memmap(path, kind, "r"))


def read_at(file: int, begin: int, size: int) -> bytes:
    """So many bytes of a file, wherever others read in it."""
    if sys.platform != "win32":
        return os.pread(file, size, begin)
    os.lseek(file, begin, os.SEEK_SET)
    return os.read(file, size)
