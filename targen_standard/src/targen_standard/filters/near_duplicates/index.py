"""The committed rows of a run, searchable for what a candidate nearly repeats."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from itertools import accumulate, pairwise

import numpy as np

from targen_core.tasks.checks import normalized
from targen_standard.filters.likeness import KEYS, Index, check_sum, first_alike, keys_of

# Of an entry: its form and the bytes of seed, text and written; its keys, that of the whole last.
_HEAD, _KEYS = struct.Struct("<BHII"), struct.Struct(f"<{KEYS + 1}I")
_BEGUN = _HEAD.size + _KEYS.size
_FORM = 2


class NearDuplicates:
    """Committed rows, searchable by likeness.

    Rows of different seeds are compared on their whole text. Rows of one seed are compared on the
    generated part, since they share the rest by design. A task may name another thing than the seed
    (`Texts.dedup_among`).
    """

    def __init__(self, threshold: float) -> None:
        """Filter at `threshold` (0 to 100; 0 turns the filter off)."""
        self.threshold = threshold
        self._index = Index()
        self._seeds: list[str] = []
        self._texts: list[str] = []
        self._written: list[str] = []  # mostly the very same strings
        # What was looked for is most often added next.
        self._last = ("", "", "", "", [0] * (KEYS + 1))

    def find(self, seed: str, text: str, written: str) -> int | None:
        """The number of the committed row that this one nearly repeats, or None.

        It is the first of those compared that are alike.
        """
        if not self._seeds:
            return None
        _, _, text, written, keys = self._look(text, written)
        others = self._index.find(keys, keys[-1:])
        siblings = [row for row in others if self._seeds[row] == seed]
        if siblings:
            others = [row for row in others if self._seeds[row] != seed]
        found = [
            rows[place]
            for mine, rows, theirs in (
                (text, others, self._texts),
                (written, siblings, self._written),
            )
            if (place := first_alike(mine, [theirs[row] for row in rows], self.threshold))
            is not None
        ]
        return min(found, default=None)

    def add(self, seed: str, text: str, written: str) -> bytes:
        """Index a committed row; return its data for `restore`, or b"" if the filter is off."""
        if not self.threshold:
            return b""
        _, _, text, written, keys = self._look(text, written)
        self._index.add(len(self._seeds), keys)
        self._append(seed, text, written)
        # Most tasks' generators write the whole row: one text, kept once.
        form = _FORM | (written != text) << 7
        parts = [
            part.encode("utf-8", "surrogatepass")
            for part in (seed, text, written if written != text else "")
        ]
        return b"".join((_HEAD.pack(form, *map(len, parts)), _KEYS.pack(*keys), *parts))

    def restore(self, entries: Iterable[bytes]) -> None:
        """Add the rows of what `add` returned in an earlier index, in order.

        Raises ValueError if one is not from `add`.
        """
        if not self.threshold:
            return
        keys: list[bytes] = []
        first = len(self._seeds)
        for entry in entries:
            try:
                form, *sizes = _HEAD.unpack_from(entry)
                cuts = [*accumulate(sizes, initial=_BEGUN)]
                if form & 127 != _FORM or cuts[-1] != len(entry):
                    raise ValueError(f"form {form}, {len(entry)} bytes")
                seed, text, written = (
                    entry[begun:ended].decode("utf-8", "surrogatepass")
                    for begun, ended in pairwise(cuts)
                )
            except (struct.error, ValueError) as error:
                raise ValueError(f"not an entry of the near-duplicate index: {error}") from error
            self._append(seed, text, written if form & 128 else text)
            keys.append(entry[_HEAD.size : _BEGUN])
        self._index.extend(first, np.frombuffer(b"".join(keys), "<u4").reshape(-1, KEYS + 1))

    def _append(self, seed: str, text: str, written: str) -> None:
        self._seeds.append(seed)
        self._texts.append(text)
        self._written.append(written)

    def _look(self, text: str, written: str) -> tuple[str, str, str, str, list[int]]:
        """Return both texts, unchanged and normalised, and the keys."""
        if self._last[:2] != (text, written):
            whole = normalized(text)
            self._last = (
                text,
                written,
                whole,
                whole if written == text else normalized(written),
                [*keys_of(whole), check_sum(whole)],
            )
        return self._last
