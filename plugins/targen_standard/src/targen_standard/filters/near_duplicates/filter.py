"""The near-duplicate filter as runs and merges use it."""

from __future__ import annotations

from collections.abc import Sequence

from targen_core.engine.filters import Candidate, Filter, Refusal
from targen_standard.filters.near_duplicates.index import NearDuplicates


class NearDuplicateFilter(Filter):
    """Refuses candidates that nearly repeat a row of their label, or equal one of another."""

    precedence = -10
    across_runs = True

    def __init__(self, threshold: float) -> None:
        """Refuse from this similarity on (0 to 100; 0 is off)."""
        self.threshold = threshold
        self._rows = NearDuplicates(threshold)

    def find(self, candidate: Candidate) -> Refusal | None:
        """See `Filter.find`."""
        label = candidate.label
        row = self._rows.find(candidate.among, candidate.text, candidate.written, label)
        if row is None:
            return None
        detail = f"nearly repeats accepted instance {row}"
        if not self._rows.has_label(row, label):
            detail = f"repeats accepted instance {row}, which has a different label"
        return Refusal("duplicate", detail, "duplicate")

    def add(self, accepted: Candidate) -> bytes:
        """See `Filter.add`."""
        return self._rows.add(accepted.among, accepted.text, accepted.written, accepted.label)

    def restore(self, entries: Sequence[bytes]) -> None:
        """See `Filter.restore`."""
        self._rows.restore(entries)
