"""The committed rows of a run, searchable for what a candidate nearly repeats."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from targen_core.tasks.checks import normalized
from targen_standard.filters.likeness import KEYS, Index, first_alike, keys_of, whole_key

__all__ = ["NearDuplicates"]

# Of an entry: its form and the bytes of seed, text and written; its keys, that of the whole last.
_HEAD, _KEYS = struct.Struct("<BHII"), struct.Struct(f"<{KEYS + 1}I")
_BEGUN = _HEAD.size + _KEYS.size
_FORM = 2
_KINDS = 32  # into which letters are counted
_AT_ONCE = 256  # texts whose letters are


class _Rows:
    """The text, seed and what was written of each row, in one string: a tuple takes half more."""

    def __init__(self) -> None:
        self._strings: list[str] = []  # a text, the written text if it is not part of it, its seed
        self._seeds = array("I")  # check sums
        self._begun, self._ended = array("I"), array("I")  # what was written, in the string
        self.letters = array("I")  # of each text
        self._counts = bytearray()  # of the kinds of letters in it, as far as they were needed

    def __len__(self) -> int:
        return len(self._strings)

    def append(self, seed: str, text: str, written: str) -> None:
        begun = text.find(written)
        if begun < 0:
            begun = len(text)
        ended = begun + len(written)
        self._strings.append(text + (written if ended > len(text) else "") + seed)
        self._seeds.append(_sum(seed))
        self._begun.append(begun)
        self._ended.append(ended)
        self.letters.append(len(text))

    def texts(self, numbers: Iterable[int]) -> list[str]:
        strings, letters = self._strings, self.letters
        return [strings[number][: letters[number]] for number in numbers]

    def written(self, numbers: Iterable[int]) -> list[str]:
        strings, begun, ended = self._strings, self._begun, self._ended
        return [strings[number][begun[number] : ended[number]] for number in numbers]

    def may_be_alike(self, text: str, numbers: NDArray[np.int64], threshold: float) -> list[int]:
        """Those of some rows whose letters do not show that they are less alike.

        Each edit adds or removes one letter. To look at these takes a tenth of a comparison.
        """
        rows = len(self)
        for start in range(len(self._counts) // _KINDS, rows, _AT_ONCE):
            texts = self.texts(range(start, min(start + _AT_ONCE, rows)))
            self._counts += _counted(texts).tobytes()
        theirs = np.frombuffer(self._counts, np.uint8).reshape(-1, _KINDS).take(numbers, axis=0)
        edits = np.add.reduce(np.abs(theirs - _counted([text]).astype(np.int16)), axis=1)
        letters = np.frombuffer(self.letters, np.uint32).take(numbers) + len(text)
        may: list[int] = numbers[edits <= letters * (1 - threshold / 100) + 1].tolist()
        return may

    def seed(self, number: int) -> str:
        return self._strings[number][max(self.letters[number], self._ended[number]) :]

    def siblings(self, seed: str, numbers: NDArray[np.int64]) -> list[int]:
        """Those of some rows that have this seed."""
        these = numbers[np.frombuffer(self._seeds, np.uint32).take(numbers) == _sum(seed)]
        return [each for each in these.tolist() if self.seed(each) == seed]


def _sum(seed: str) -> int:
    return crc32(seed.encode("utf-8", "surrogatepass"))


def _counted(texts: Sequence[str]) -> NDArray[np.uint8]:
    """The letters of each kind in some texts, up to 255."""
    encoded = "".join(texts).encode("utf-32-le", "surrogatepass")
    kinds = np.frombuffer(encoded, np.uint32) % _KINDS
    if len(texts) > 1:
        first = np.arange(len(texts), dtype=np.uint32) * _KINDS  # of each text
        kinds += first.repeat([*map(len, texts)])
    counts = np.bincount(kinds, minlength=_KINDS * len(texts))
    return np.minimum(counts, 255).astype(np.uint8).reshape(-1, _KINDS)


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
        self._rows = _Rows()
        # What was looked for is most often added next.
        self._last = ("", "", "", "", [0] * (KEYS + 1))

    def find(self, seed: str, text: str, written: str) -> int | None:
        """The number of the committed row that this one nearly repeats, or None.

        It is the first of those compared that are alike.
        """
        rows = self._rows
        if not len(rows):
            return None
        _, _, text, written, keys = self._look(text, written)
        met = np.array(self._index.find(keys, keys[-1:]), np.int64)
        if not len(met):
            return None
        siblings = rows.siblings(seed, met)
        others = rows.may_be_alike(text, met, self.threshold)
        if siblings:
            others = sorted({*others} - {*siblings})
        found = [
            numbers[place]
            for text, numbers, theirs in (
                (text, others, rows.texts(others)),
                (written, siblings, rows.written(siblings)),
            )
            if (place := first_alike(text, theirs, self.threshold)) is not None
        ]
        return min(found, default=None)

    def add(self, seed: str, text: str, written: str) -> bytes:
        """Index a committed row; return its data for `restore`, or b"" if the filter is off."""
        if not self.threshold:
            return b""
        _, _, text, written, keys = self._look(text, written)
        self._index.add(len(self._rows), keys)
        self._rows.append(seed, text, written)
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
        first = len(self._rows)
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
            self._rows.append(seed, text, written if form & 128 else text)
            keys.append(entry[_HEAD.size : _BEGUN])
        self._index.extend(first, np.frombuffer(b"".join(keys), "<u4").reshape(-1, KEYS + 1))

    def _look(self, text: str, written: str) -> tuple[str, str, str, str, list[int]]:
        """Return both texts, unchanged and normalised, and the keys."""
        if self._last[:2] != (text, written):
            whole = normalized(text)
            self._last = (
                text,
                written,
                whole,
                whole if written == text else normalized(written),
                [*keys_of(whole), whole_key(whole)],
            )
        return self._last
