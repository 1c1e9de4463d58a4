"""(1) Which rows are refused because of others: here those that begin as three others do."""

from collections import Counter
from collections.abc import Sequence

from targen_core.engine.filters import Candidate, Filter, Refusal


class Openings(Filter):
    """Refuses rows that begin as three others do; each run makes its own."""

    def __init__(self) -> None:
        """Begin without rows."""
        self._rows: Counter[str] = Counter()

    def find(self, candidate: Candidate) -> Refusal | None:
        """Refuse a row if enough rows have its opening."""
        opening = _opening(candidate)
        known = self._rows[opening] >= 3
        return Refusal("same-opening", f"three rows begin with {opening!r}") if known else None

    def add(self, accepted: Candidate) -> bytes:
        """Count a row, and return its data for `restore` in another process."""
        self._rows[_opening(accepted)] += 1
        return _opening(accepted).encode()

    def restore(self, entries: Sequence[bytes]) -> None:
        """Count the rows of earlier processes."""
        self._rows.update(entry.decode() for entry in entries)


def _opening(candidate: Candidate) -> str:
    return " ".join(candidate.written.casefold().split()[:4])
