"""The near-duplicate filter: is a candidate almost a row that is there?

Committed rows are indexed by banded MinHash over character shingles (Broder
1997; banding as in Leskovec, Rajaraman and Ullman, Mining of Massive Datasets,
section 3.4); only the few rows that share a band are compared exactly, by
normalised indel similarity, 0 to 100.
"""

from __future__ import annotations

from rapidfuzz import fuzz
from rensa import RMinHash, RMinHashLSH

from targen_core.tasks.checks import normalised

__all__ = ["NearDuplicates"]

# 24 bands of 3: a pair of similarity 90 is found with a probability of 0.84
# where its edits are spread as widely as can be, and of over 0.99 where they
# are whole words. About one unlike text in sixteen is compared for it.
_BANDS = 24
_HASHES = 72
_SHINGLE = 4


class NearDuplicates:
    """Committed rows, searchable by likeness.

    Rows of different seeds are compared on their whole text; rows that share
    a seed on what the generator wrote, since they share the rest by design.
    """

    def __init__(self, threshold: float) -> None:
        """Filter at `threshold` (0 to 100; 0 turns the filter off)."""
        self.threshold = threshold
        self._index = RMinHashLSH(threshold=0.5, num_perm=_HASHES, num_bands=_BANDS)
        self._rows: list[tuple[str, str, str]] = []
        self._last = ("", _sketch(""))  # what was looked for is most often added next

    def find(self, seed: str, text: str, written: str) -> int | None:
        """The number of the committed row that this one nearly repeats, or None."""
        if not self.threshold:
            return None
        text, written = normalised(text), normalised(written)
        for number in sorted(self._index.query(self._sketch_of(text))):
            other_seed, other_text, other_written = self._rows[number]
            pair = (written, other_written) if seed == other_seed else (text, other_text)
            if fuzz.ratio(*pair, score_cutoff=self.threshold):
                return int(number)
        return None

    def add(self, seed: str, text: str, written: str) -> None:
        """Index a committed row."""
        if self.threshold:
            text, written = normalised(text), normalised(written)
            self._index.insert(len(self._rows), self._sketch_of(text))
            # Most tasks' generators write the whole row: one text, kept once.
            self._rows.append((seed, text, text if written == text else written))

    def _sketch_of(self, text: str) -> RMinHash:
        if self._last[0] != text:
            self._last = (text, _sketch(text))
        return self._last[1]


def _sketch(text: str) -> RMinHash:
    sketch = RMinHash(num_perm=_HASHES, seed=1)
    last = max(1, len(text) - _SHINGLE + 1)
    sketch.update([text[start : start + _SHINGLE] for start in range(last)])
    return sketch
