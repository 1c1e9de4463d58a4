"""(1) Which rows are refused because of other rows: here those that begin as several others do.

A filter remembers the rows so far. What looks at single rows is a check.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field
from targen_core.engine.filters import Candidate, Filter, Refusal
from targen_core.plugins.configurable import Configurable


class Options(BaseModel):
    """Options for `-o NAME.words=5`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: int = Field(default=4, ge=1, le=20, description="how many words an opening has")
    most: int = Field(default=3, ge=1, description="how many rows may begin with the same words")


class Openings(Filter):
    """Refuses rows that begin as several others do. Each run makes its own."""

    def __init__(self, options: Options) -> None:
        """Begin without rows."""
        self._options = options
        self._rows: Counter[str] = Counter()

    def find(self, candidate: Candidate) -> Refusal | None:
        """Refuse a row if enough rows have its opening."""
        opening = self._opening(candidate)
        if self._rows[opening] < self._options.most:
            return None
        return Refusal("same-opening", f"{self._rows[opening]} rows begin with {opening!r}")

    def add(self, accepted: Candidate) -> bytes:
        """Count a row, and return its data for `restore` in another process."""
        opening = self._opening(accepted)
        self._rows[opening] += 1
        return opening.encode()

    def restore(self, entries: Sequence[bytes]) -> None:
        """Count the rows of earlier processes."""
        self._rows.update(entry.decode() for entry in entries)

    def _opening(self, candidate: Candidate) -> str:
        return " ".join(candidate.written.casefold().split()[: self._options.words])


FILTER = Configurable(Options, Openings)
