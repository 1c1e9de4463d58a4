"""A check and a filter: what refuses rows of any task, chosen by `--check` and `--filter`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from targen_core import Rejected
from targen_core.engine.filters import Candidate, Filter, Refusal
from targen_core.plugins.configurable import Configurable
from targen_core.tasks.fields import as_lines
from targen_core.tasks.words import normalized


def no_placeholder(instance: BaseModel, seed: object) -> None:
    """Reject a row that contains a placeholder in brackets.

    Raises:
        Rejected: `placeholder`.
    """
    text = as_lines(instance.model_dump(exclude={"label"}))
    if "[" in text and "]" in text:
        raise Rejected("placeholder", "it contains a placeholder in brackets")


class FirstWordsOptions(BaseModel):
    """Options of the filter `first-words`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: int = Field(default=3, ge=1, le=20, description="number of words in an opening")
    most: int = Field(default=2, ge=1, description="maximum number of rows with the same opening")


class FirstWords(Filter):
    """Rejects rows that begin like several others."""

    def __init__(self, options: FirstWordsOptions) -> None:
        self._options = options
        self._rows: Counter[str] = Counter()

    def find(self, candidate: Candidate) -> Refusal | None:
        """Reject a row if enough rows have the same opening."""
        opening = self._opening(candidate)
        if self._rows[opening] < self._options.most:
            return None
        return Refusal("same-opening", f"{self._rows[opening]} rows begin with {opening!r}")

    def add(self, accepted: Candidate) -> bytes:
        """Count a row, and return its opening, which is stored for resuming."""
        opening = self._opening(accepted)
        self._rows[opening] += 1
        return opening.encode()

    def restore(self, entries: Sequence[bytes]) -> None:
        """Count the rows accepted before the run was resumed."""
        self._rows.update(entry.decode() for entry in entries)

    def _opening(self, candidate: Candidate) -> str:
        return " ".join(normalized(candidate.written).split()[: self._options.words])


FIRST_WORDS = Configurable(FirstWordsOptions, FirstWords)
