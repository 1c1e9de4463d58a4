"""Rows that nearly repeat one that the user gave: a model knows many published ones by heart."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from targen_core import Rejected
from targen_core.tasks.words import normalized
from targen_standard.checks.copies import similarity
from targen_standard.methods.columns import Columns

_ALIKE = 90.0  # of 100, from which on two texts are nearly the same


class Copies:
    """Given rows, by the columns before their last text."""

    def __init__(self, columns: Columns, rows: Sequence[BaseModel]) -> None:
        """For rows of the columns, each with its label."""
        self._columns = columns
        self._last: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        for row in rows:
            self._last.setdefault(self._first(row), []).append(self._end(row))

    def _first(self, row: BaseModel) -> tuple[str, ...]:
        values = self._columns.of_row(row)
        return tuple(normalized(values[name]) for name in self._columns.first)

    def _end(self, row: BaseModel) -> tuple[str, str]:
        text = self._columns.of_row(row)[self._columns.last]
        return self._columns.task.label_of(row) or "", normalized(text)

    def refuse(self, row: BaseModel) -> None:
        """Check that a row is not a given one.

        It counts as one if its texts are the same except for case and punctuation. So does a row of
        the same label if its last text is a near-duplicate.

        Raises:
            Rejected: `copied`.
        """
        label, text = self._end(row)
        for known, other in self._last.get(self._first(row), ()):
            if text == other or (known == label and similarity(text, other) >= _ALIKE):
                raise Rejected("copied", f"it nearly repeats a given row: {other[:200]!r}")
