"""The near-duplicate filter: is a candidate almost a row that is there?

Committed rows are indexed by banded MinHash over character shingles (Broder
1997; banding as in Leskovec, Rajaraman and Ullman, Mining of Massive Datasets,
section 3.4). Of the rows that share a band, those whose sketches are far apart
(b-bit minwise hashing, Li and König 2010) are left out, and the few others are
compared exactly, by normalised indel similarity, 0 to 100.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from struct import unpack_from

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

# Bits, of 576, in which the low bytes of two sketches differ at most: hashes
# that are not the same differ in four of a byte's eight bits. Texts that share
# under a quarter of their shingles lie beyond it, pairs of similarity 90 share
# two fifths at least.
_FAR = 222


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
        self._low_bytes: list[int] = []
        self._last = _Looked("", "")  # what was looked for is most often added next

    def find(self, seed: str, text: str, written: str) -> int | None:
        """The number of the committed row that this one nearly repeats, or None."""
        if not self.threshold:
            return None
        looked = self._look(text, written)
        mine, theirs = looked.low_bytes, self._low_bytes
        found = self._index.query(looked.sketch)
        for number in sorted([n for n in found if (mine ^ theirs[n]).bit_count() <= _FAR]):
            other_seed, other_text, other_written = self._rows[number]
            same = seed == other_seed
            pair = (looked.written, other_written) if same else (looked.text, other_text)
            if fuzz.ratio(*pair, score_cutoff=self.threshold):
                return int(number)
        return None

    def add(self, seed: str, text: str, written: str) -> None:
        """Index a committed row."""
        if self.threshold:
            looked = self._look(text, written)
            self._index.insert(len(self._rows), looked.sketch)
            self._low_bytes.append(looked.low_bytes)
            self._rows.append((seed, looked.text, looked.written))

    def entry(self) -> bytes:
        """What `restore` needs of the row that was added last; empty where the filter is off."""
        if not self._rows:
            return b""
        return zlib.compress(json.dumps(self._rows[-1]).encode(), 1)

    def restore(self, entries: Iterable[bytes]) -> None:
        """Add the rows of an earlier index's entries, in order, as `add` did.

        Raises ValueError where one is not what `entry` gives.
        """
        for entry in entries:
            if self.threshold:
                try:
                    seed, text, written = json.loads(zlib.decompress(entry))
                except zlib.error as error:
                    raise ValueError(f"not an entry of the index: {error}") from error
                self.add(seed, text, written)

    def _look(self, text: str, written: str) -> _Looked:
        if self._last.raw != (text, written):
            self._last = _Looked(text, written)
        return self._last


class _Looked:
    """A row as it is looked for: normalised and sketched."""

    __slots__ = ("low_bytes", "raw", "sketch", "text", "written")

    def __init__(self, text: str, written: str) -> None:
        self.raw = (text, written)
        self.text = normalised(text)
        # Most tasks' generators write the whole row: one text, kept once.
        self.written = self.text if written == text else normalised(written)
        self.sketch = RMinHash(num_perm=_HASHES, seed=1)
        self.sketch.update(_shingles(self.text))
        self.low_bytes = int.from_bytes(bytes([one & 255 for one in self.sketch.digest()]))


def _shingles(text: str) -> list[bytes]:
    """Every run of four letters, each letter four bytes: cut in C, from four beginnings."""
    size = 4 * _SHINGLE
    letters = text.encode("utf-32-le", "surrogatepass").ljust(size, b"\0")
    found: list[bytes] = []
    for start in range(0, size, 4):
        found += unpack_from(f"{size}s" * ((len(letters) - start) // size), letters, start)
    return found
