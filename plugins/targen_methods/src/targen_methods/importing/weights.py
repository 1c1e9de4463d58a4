"""Weights that authors' code left next to their rows, such as SunGen's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core.dataset.source import open_source
from targen_core.errors import UsageError
from targen_core.plain import digest_of
from targen_core.reading.arrays import read_array
from targen_core.text import plural
from targen_methods.importing.reading import refuse_binary
from targen_standard.datasets.weighing import checked_weights

_MOST = 2_000_000  # weights, each kept with its place


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of a file's rows.

    Attributes:
        known: the number of a row, or its `idx` -> its weight, 0 or more.
        made: where they are from, for the record.
    """

    known: Mapping[str, float]
    made: Mapping[str, Any]

    def of(self, number: int, row: Mapping[str, Any]) -> float:
        """The weight of a row, by its `idx` or else by its number in the file, from 0.

        Raises:
            UsageError: the row has no weight.
        """
        key = str(row.get("idx", number))
        if key not in self.known:
            raise UsageError(
                f"no weight for the row {key} among {plural(len(self.known), 'weight')}",
                hint="give one weight per row of the file, by idx or in the same order",
            )
        return self.known[key]

    def check(self, rows: int) -> None:
        """Check that there are as many as the file has rows.

        Raises:
            UsageError: there are not.
        """
        if rows != len(self.known):
            raise UsageError(
                f"{plural(len(self.known), 'weight')} for {plural(rows, 'row')}: the weights "
                "belong to different rows",
                hint="give one weight per row of the file, by idx or in the same order",
            )


def read_weights(file: Path, *, logits: bool = False) -> Weights:
    """Weights of a file: `.npy`, or lines of JSON with `weight`, and `idx` where rows have one.

    Args:
        file: where they are.
        logits: whether they are SunGen's free parameters, whose sigmoid is the weight.

    Raises:
        UsageError: the file cannot be read, or holds something else; a pickle is not read.
    """
    refuse_binary(file)
    if file.suffix == ".npy":
        values = {str(at): value for at, value in enumerate(_array(file))}
    else:
        values = {}
        for at, record in enumerate(open_source(file).rows()):
            key = str(record.get("idx", at))
            if key in values:
                raise UsageError(f"{file} has two weights for the row {key}")
            values[key] = record.get("weight")
            if len(values) > _MOST:
                raise UsageError(f"{file} contains more than {_MOST:,} weights")
    if logits:
        values = {key: _sigmoid(value) for key, value in values.items()}
    weights = checked_weights(values.values(), str(file))
    made = {
        "by": "file",
        "file": file.name.encode("utf-8", "replace").decode(),
        "sha256": digest_of(file),
        "logits": logits,
    }
    return Weights(dict(zip(values, weights, strict=True)), made)


def _array(file: Path) -> list[Any]:
    numbers = read_array(file)
    if numbers.ndim != 1 or numbers.dtype.kind not in "fiu":
        raise UsageError(f"{file} is not a list of numbers", hint="give one number per row")
    if len(numbers) > _MOST:
        raise UsageError(f"{file} contains {len(numbers):,} weights, more than {_MOST:,}")
    values: list[Any] = numbers.tolist()
    return values


def _sigmoid(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return value  # which is then refused, by its place
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0
