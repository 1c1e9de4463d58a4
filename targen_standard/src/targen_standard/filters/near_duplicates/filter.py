"""The near-duplicate filter as runs and merges use it."""

from __future__ import annotations

from collections.abc import Sequence

from targen_core.engine.filters import Candidate, Filter, Refusal
from targen_standard.filters.near_duplicates.index import NearDuplicates


class NearDuplicateFilter(Filter):
    """Refuses candidates that nearly repeat a row of their label, or equal one of another."""

    precedence = -10
    across_runs = True
    version = 3  # 2: by keys of a text, and short texts by their words; 3: by label

    def __init__(self, threshold: float, *, by_label: bool = True) -> None:
        """Refuse from this similarity on (0 to 100; 0 is off), as version 2 unless `by_label`."""
        self.threshold = threshold
        self._by_label = by_label
        if not by_label:
            self.version = 2
        self._rows = NearDuplicates(threshold)

    def earlier(self, version: int) -> Filter:
        """See `Filter.earlier`."""
        return self if version > 2 else NearDuplicateFilter(self.threshold, by_label=False)

    def find(self, candidate: Candidate) -> Refusal | None:
        """See `Filter.find`."""
        label = self._label(candidate)
        row = self._rows.find(candidate.among, candidate.text, candidate.written, label)
        if row is None:
            return None
        detail = f"nearly repeats accepted instance {row}"
        if not self._rows.has_label(row, label):
            detail = f"repeats accepted instance {row}, which has a different label"
        return Refusal("duplicate", detail, "duplicate")

    def add(self, accepted: Candidate) -> bytes:
        """See `Filter.add`."""
        label = self._label(accepted)
        return self._rows.add(accepted.among, accepted.text, accepted.written, label)

    def restore(self, entries: Sequence[bytes]) -> None:
        """See `Filter.restore`."""
        self._rows.restore(entries)

    def _label(self, candidate: Candidate) -> str:
        """Return the label, without which all rows are compared alike."""
        return candidate.label if self._by_label else ""
