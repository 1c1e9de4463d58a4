"""The committed rows of a run, searchable for what a candidate nearly repeats."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING
from unicodedata import normalize
from zlib import crc32

import numpy as np

from targen_core.tasks.words import normalized
from targen_standard.filters.likeness import KEYS, Index, check_sum, first_alike, keys_of

if TYPE_CHECKING:
    from targen_core.dataset.model import Dataset

# Of an entry: its form, the check sums of its label and of what was written with symbols, and the
# bytes of seed, text and written; its keys, that of the whole last.
_HEAD, _KEYS = struct.Struct("<BIIHII"), struct.Struct(f"<{KEYS + 1}I")
_BEGUN = _HEAD.size + _KEYS.size
_FORM, _APART = 1, 128  # `_APART` is added if the generated part is not the whole text
_SEED, _TEXT, _WRITTEN = range(3)
_LIGHT = dict.fromkeys(map(ord, ",;\"'“”„«»‘’`"))  # with spaces, what makes no other text, anywhere


class NearDuplicates:
    """Committed rows, searchable by likeness.

    Rows of different seeds are compared on their whole text. Rows of one seed are compared on the
    generated part, since they share the rest by design. A task may name another thing than the seed
    (`Texts.dedup_among`).

    Rows with different labels are alike only if what is compared is the same. One word or symbol
    may decide between labels, but the same text with two labels is a contradiction.
    """

    def __init__(self, threshold: float) -> None:
        """Filter at `threshold` (0 to 100; 0 turns the filter off)."""
        self.threshold = threshold
        self._index = Index()
        # The seed, text and generated part of each row. As strings, they would take 150 bytes more.
        self._bytes = bytearray()
        self._ends = array("Q", [0])
        self._forms = bytearray()
        # Check sums, since each row that is met is asked for its own. Labels with the same one
        # count as one label.
        self._seeds, self._labels, self._symbols = array("I"), array("I"), array("I")
        # What was looked for is most often added next.
        self._last = ("", "", "", "", [0] * (KEYS + 1))

    def find(self, seed: str, text: str, written: str, label: str = "") -> int | None:
        """The number of the committed row that this one nearly repeats, or None.

        It is the first of those compared that are alike.
        """
        if not self._forms:
            return None
        said = written
        _, _, text, written, keys = self._look(text, written)
        others = self._index.find(keys, keys[-1:])
        of_seed, seeds = _encoded(seed), self._seeds
        checked = crc32(of_seed)
        siblings = [
            row for row in others if seeds[row] == checked and self._string(row, _SEED) == of_seed
        ]
        if siblings:
            others = sorted({*others}.difference(siblings))
        found = []
        of_label, labels = check_sum(label), self._labels
        for mine, rows, which in ((text, others, _TEXT), (written, siblings, _WRITTEN)):
            same = [row for row in rows if labels[row] == of_label]
            theirs = [_decoded(self._string(row, which)) for row in same]
            place = first_alike(mine, theirs, self.threshold)
            if place is not None:
                found.append(same[place])
            if len(same) < len(rows):
                encoded = _encoded(mine)
                equal = [row for row in rows if self._string(row, which) == encoded]
                symbols = _with_symbols(said) if equal else 0
                found += [row for row in equal if self._symbols[row] == symbols]
        return min(found, default=None)

    def has_label(self, row: int, label: str) -> bool:
        """Return whether a committed row has this label."""
        return self._labels[row] == check_sum(label)

    def add(self, seed: str, text: str, written: str, label: str = "") -> bytes:
        """Index a committed row; return its data for `restore`, or b"" if the filter is off."""
        if not self.threshold:
            return b""
        symbols = _with_symbols(written)
        _, _, text, written, keys = self._look(text, written)
        self._index.add(len(self._forms), keys)
        # Most tasks' generators write the whole row: one text, kept once.
        form = _FORM | (_APART if written != text else 0)
        strings = [_encoded(each) for each in (seed, text, written if written != text else "")]
        sizes, joined = [*map(len, strings)], b"".join(strings)
        of_label = check_sum(label)
        self._append(form, of_label, symbols, joined, *sizes)
        return _HEAD.pack(form, of_label, symbols, *sizes) + _KEYS.pack(*keys) + joined

    def restore(self, entries: Iterable[bytes]) -> None:
        """Add the rows of what `add` returned in an earlier index, in order.

        Raises ValueError if one is not from `add`.
        """
        if not self.threshold:
            return
        keys: list[bytes] = []
        first = len(self._forms)
        for entry in entries:
            try:
                form, label, symbols, seed, text, written = _HEAD.unpack_from(entry)
                cuts = _BEGUN, _BEGUN + seed, _BEGUN + seed + text, _BEGUN + seed + text + written
                if form & ~_APART != _FORM or cuts[-1] != len(entry):
                    raise ValueError(f"form {form}, {len(entry)} bytes")
                if not entry[_BEGUN:].isascii():
                    for begun, ended in pairwise(cuts):
                        _decoded(entry[begun:ended])  # or a later `find` could fail
            except (struct.error, ValueError) as error:
                raise ValueError(f"not an entry of the near-duplicate index: {error}") from error
            self._append(form, label, symbols, entry[_BEGUN:], seed, text, written)
            keys.append(entry[_HEAD.size : _BEGUN])
        self._index.extend(first, np.frombuffer(b"".join(keys), "<u4").reshape(-1, KEYS + 1))

    def _append(
        self,
        form: int,
        label: int,
        symbols: int,
        strings: bytes,
        seed: int,
        text: int,
        written: int,
    ) -> None:
        """Add a row's strings, which are of these sizes."""
        end = len(self._bytes) + seed + text
        self._bytes += strings
        self._ends.extend((end - text, end, end + written))
        self._forms.append(form)
        self._seeds.append(crc32(strings[:seed]))
        self._labels.append(label)
        self._symbols.append(symbols)

    def _string(self, row: int, which: int) -> bytearray:
        if which == _WRITTEN and not self._forms[row] & _APART:
            which = _TEXT
        at = 3 * row + which
        return self._bytes[self._ends[at] : self._ends[at + 1]]

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


def _with_symbols(text: str) -> int:
    """Return the check sum of a text with its symbols, which may decide between labels."""
    plain = "".join(normalize("NFKC", text).casefold().split()).translate(_LIGHT).rstrip(".!?…")
    return crc32(_encoded(plain))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decoded(text: bytes | bytearray) -> str:
    return text.decode("utf-8", "surrogatepass")


def repeats(dataset: Dataset, other: Dataset, similarity: float = 90.0) -> dict[int, int]:
    """Find rows that are, or nearly are, rows of another dataset, whatever their labels.

    Rows are compared as within a run (`near_duplicates`): ignoring case and punctuation, based
    on the share of letters that an edit keeps.

    Args:
        dataset: the rows to look at.
        other: rows of the same columns, such as a test set.
        similarity: the minimum similarity, 0 to 100; at 100, rows are the same except for case
            and punctuation.

    Returns:
        A mapping from the index of a row to the index of the first similar row of `other`, both
        from 0.
    """
    known = NearDuplicates(similarity)
    for at, texts in enumerate(other.texts):
        text = "\n".join(texts)
        known.add(f"other {at}", text, text)
    found: dict[int, int] = {}
    for at, texts in enumerate(dataset.texts):
        text = "\n".join(texts)
        there = known.find(f"row {at}", text, text)
        if there is not None:
            found[at] = there
    return found
