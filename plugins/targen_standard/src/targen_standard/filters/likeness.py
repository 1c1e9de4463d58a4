"""Find texts that are nearly alike, in one way for all filters.

Each text has a few keys: MinHash sketches of its runs of four letters (Broder, SEQUENCES 1997),
combined in threes (Indyk and Motwani, STOC 1998). Two texts that share a key are then compared
exactly, so a key by itself has no effect. Keys follow from a text and the numbers below. They are
the same in every process, on every machine and with every version of a library.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Collection, Generator, Iterator, Sequence
from itertools import chain
from typing import TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from rapidfuzz.distance import LCSseq

from targen_core.tasks.words import PER_DENSE

_U32 = np.uint32

_RUN = (
    4  # letters: of fewer, texts of other contents share too many; of more, an edit hits too many
)
_HASHES = 24  # of which each run has a value, and each text the lowest
_BANDS = 24
KEYS = _BANDS
"""Keys of a text."""

_MOST = 256  # rows under one key, and rows compared
_BY_CHANCE = 32  # of them that share a single key: among many rows, most are not alike
_PART = 64  # more keys wait to be sorted where there are more: this part of all
_PLACE = 0xFFFFFFFF  # below a row or its number, in one integer
_LOWER = 0 if sys.byteorder == "little" else 1  # half of a cell, where its row is
_HALF, _ROW = np.uint64(32), np.uint64(_PLACE)
_BLOCK = 1 << 13  # runs that are hashed together: what a processor's cache holds

_LONG = 256  # letters; in longer texts, comparing the beginnings first is quicker
_SHORT = 40  # characters of a text in which one other word makes another text
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")  # kana, Chinese, Hangul
_SMALL = frozenset("a an the am is are was were be been being do does did has have had".split())


def odd(count: int, seed: int) -> NDArray[np.uint32]:
    """Multipliers without a pattern: the high halves of a linear congruential sequence (Knuth)."""
    made = []
    for _ in range(count):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        made.append(seed >> 32 | 1)
    return np.array(made, _U32)


_LETTERS = odd(_RUN, 99)
_FIRST, _ODD, _SECOND = map(_U32, (15, 0x2C1B3C6D, 12))
_MULTIPLIERS = odd(_HASHES, 7)[:, np.newaxis]
# Each hash is in three bands, which finds nearly as much as three hashes per band.
_TAKEN = (np.arange(_BANDS)[:, np.newaxis] + np.array([0, 3, 11])) % _HASHES
_MIXED = np.zeros((_BANDS, _HASHES), _U32)
np.put_along_axis(_MIXED, _TAKEN, odd(3 * _BANDS, 1234).reshape(_BANDS, 3), axis=1)


def keys_of(text: str) -> list[int]:
    """The keys of a normalised text: `KEYS` of 32 bits."""
    encoded = text.ljust(_RUN, "\0").encode("utf-32-le", "surrogatepass")
    letters = np.frombuffer(encoded, _U32)
    runs = np.correlate(letters, _LETTERS)
    runs ^= runs >> _FIRST  # else neighbours in the alphabet have neighbouring values
    runs *= _ODD
    runs ^= runs >> _SECOND
    lowest = np.minimum.reduce(runs[:_BLOCK] * _MULTIPLIERS, axis=1)
    for at in range(_BLOCK, len(runs), _BLOCK):
        more = np.minimum.reduce(runs[at : at + _BLOCK] * _MULTIPLIERS, axis=1)
        np.minimum(lowest, more, out=lowest)
    keys: list[int] = _MIXED.dot(lowest).tolist()
    return keys


def check_sum(text: str) -> int:
    """Return a text's CRC32, the key under which the very same text is always found."""
    return crc32(text.encode("utf-8", "surrogatepass"))


def alike(one: str, other: str, threshold: float) -> bool:
    """Return whether normalised texts are alike: by letters, and short ones also by their words.

    In texts of under 40 characters, letters do not show how much a word changes. For example, "what
    does fbi stand for" and "what does ibm stand for" are 91 alike. So only small words may differ
    in these. A Chinese, Japanese or Korean character counts as three.
    """
    if not fuzz.ratio(one, other, score_cutoff=threshold):
        return False
    return not (_is_short(one) and _is_short(other)) or _words(one) == _words(other)


def first_alike(one: str, others: Sequence[str], threshold: float) -> int | None:
    """The place of the first of several texts that is `alike`, or None."""
    if not others:
        return None
    # Most texts that meet are not alike, and comparing them in one call takes half the time.
    if len(one) < _LONG:
        near = process.extract_iter(one, others, scorer=fuzz.ratio, score_cutoff=threshold)
    else:
        near = _begun_alike(one, others, threshold)
    return next((place for _, _, place in near if alike(one, others[place], threshold)), None)


def pairs_alike(texts: Sequence[str], threshold: float) -> Iterator[tuple[str, str]]:
    """Yield pairs of different normalised texts that are `alike`, whatever their order."""
    different = sorted({*texts})
    index = Index()
    for number, text in enumerate(different):
        keys = [*keys_of(text), check_sum(text)]
        for other in map(different.__getitem__, index.find(keys)):
            if alike(text, other, threshold):
                yield other, text
        index.add(number, keys)


def _begun_alike(
    one: str, others: Sequence[str], threshold: float
) -> Generator[tuple[str, float, int], None, None]:
    """Those of several texts whose beginnings do not show that they are less alike, by place.

    If two texts are alike, the letters that both have in this order make up at least
    `threshold` of both. So the first `common` of them are in beginnings whose lengths follow from
    how many other letters each text may have. To compare these takes a fifth of the time.
    """
    share = threshold / 200  # of the letters of both
    least = int(len(one) * share / (1 - share))  # of `one`, if no letter is only in the other
    common = least // 4
    begun = one[: common + len(one) - least + 1]
    most = common + 1 - share * len(one)
    beginnings = [other[: int(most + (1 - share) * len(other))] for other in others]
    return process.extract_iter(begun, beginnings, scorer=LCSseq.similarity, score_cutoff=common)


def _is_short(text: str) -> bool:
    return len(text) < _SHORT and len(text) + (PER_DENSE - 1) * len(_DENSE.findall(text)) < _SHORT


def _words(text: str) -> list[str]:
    return [word for word in text.split(" ") if word not in _SMALL]


_Rows: TypeAlias = "list[int] | NDArray[np.uint32]"


class Index:
    """The numbers of rows, by their keys.

    A row has 25 keys, and a key takes 80 bytes in a dictionary. So only those of the last rows are
    in one. All others are cells of 8 bytes in a sorted array, where they take longer to find: a
    key, and below it a row.
    """

    def __init__(self, few: int = 1 << 20) -> None:
        """Move keys from the dictionary to the array when there are more than so `few`.

        Half as many are enough once there is an array: a search of both takes no longer then.
        """
        self._few = few
        # Most keys are of one row: no list for those.
        self._last: dict[int, int | list[int]] = {}
        self._waiting = 0  # keys of the rows in it
        self._cells = np.zeros(0, np.uint64)

    def add(self, number: int, keys: Collection[int]) -> None:
        """Enter a row under its keys; `number` is greater than those before."""
        rows = self._last
        for key in keys:
            there = rows.setdefault(key, number)
            if there is number:
                continue
            if isinstance(there, int):
                rows[key] = [there, number]
            elif len(there) < _MOST and there[-1] != number:
                there.append(number)
        self._waiting += len(keys)
        few = self._few // 2 if len(self._cells) else self._few
        if self._waiting > few + len(self._cells) // _PART:
            pairs = ((key, at) for key, row in rows.items() for at in _listed(row))
            self._settle(np.fromiter((key << 32 | at for key, at in pairs), np.uint64))
            rows.clear()
            self._waiting = 0

    def extend(self, number: int, keys: NDArray[np.uint32]) -> None:
        """Enter many rows, from `number` on: one in each line of `keys`."""
        rows = np.arange(number, number + len(keys), dtype=np.uint64)[:, np.newaxis]
        self._settle((keys.astype(np.uint64) << _HALF | rows).ravel())

    def _settle(self, cells: NDArray[np.uint64]) -> None:
        """Add the cells of later rows, at most `_MOST` for each key."""
        cells.sort()
        cells = cells[np.diff(cells, prepend=~cells[:1]) > 0]  # a row once under each key
        lowest = cells & ~_ROW
        begun = np.flatnonzero(np.diff(lowest, prepend=~lowest[:1]))  # of each key
        places = begun.copy()
        met, first, ends = self._under(lowest[begun])
        places[met] -= ends - first  # behind those that are there
        rank = np.arange(len(cells)) - np.repeat(places, np.diff(begun, append=len(cells)))
        cells = cells[rank < _MOST]
        size = len(self._cells)
        self._cells.resize(size + len(cells), refcheck=False)  # in place: only one copy exists
        self._cells[size:] = cells
        self._cells.sort(kind="stable")  # merges two sorted runs

    def find(self, keys: Sequence[int], surely: Sequence[int] = ()) -> list[int]:
        """The rows to compare, ascending: those that share most keys, and all under `surely`.

        If several share as many, those that were met first. `surely` are some of the keys.
        """
        met = self._met(keys)
        rows: set[int] = set()
        if sum(map(len, met.values())) <= 2 * _MOST:
            parts = (part if isinstance(part, list) else part.tolist() for part in met.values())
            times = Counter(chain.from_iterable(parts))
            rows.update(row for row, count in times.items() if count > 1)
            for row in times:
                if len(rows) >= _BY_CHANCE:
                    break
                rows.add(row)
        else:  # the same for many rows, in a third of the time
            found = np.concatenate([*met.values()], dtype=np.int64)
            # A stable sort merges sorted runs.
            pairs = np.sort(found << 32 | np.arange(len(found)), kind="stable")
            begun = np.flatnonzero(np.diff(pairs >> 32, prepend=-1))  # of each row
            rank = (pairs[begun] & _PLACE) - (np.diff(begun, append=len(found)) << 32)
            shared = rank[rank < -1 << 32]  # by several keys
            first = np.sort(shared if len(shared) >= _BY_CHANCE else rank)
            first = first[: max(_BY_CHANCE, min(len(shared), _MOST))]
            rows.update(found[first & _PLACE].tolist())
        for key in surely:
            rows.update(map(int, met.get(key, ())))
        return sorted(rows)

    def _met(self, keys: Sequence[int]) -> dict[int, _Rows]:
        """The rows under each key that has any, in their order."""
        last, settled = self._last.get, self._settled(keys)
        if not settled:
            return {key: _listed(row) for key in keys if (row := last(key)) is not None}
        met: dict[int, _Rows] = {}
        for key in keys:
            there, row = settled.get(key), last(key)
            if there is not None:
                met[key] = there
                if row is not None and len(there) < _MOST:
                    met[key] = [*there.tolist(), *_listed(row)][:_MOST]
            elif row is not None:
                met[key] = _listed(row)
        return met

    def _settled(self, keys: Sequence[int]) -> dict[int, NDArray[np.uint32]]:
        """The rows in cells under these keys; most keys have none."""
        if not len(self._cells):
            return {}
        met, first, ends = self._under(np.array(keys, np.uint64) << _HALF)
        rows = self._cells.view(_U32)[_LOWER::2]
        return {
            keys[place]: rows[begun:ended]
            for place, begun, ended in zip(met.tolist(), first, ends, strict=True)
        }

    def _under(self, lowest: NDArray[np.uint64]) -> tuple[NDArray[np.intp], ...]:
        """Which keys have cells, by the lowest each may have, and where these begin and end."""
        cells = self._cells
        first = cells.searchsorted(lowest)
        met = first[:0]
        if len(cells):
            met = np.flatnonzero(cells.take(first, mode="clip") - lowest <= _ROW)
        first = first[met]
        ends = cells.searchsorted(lowest[met] | _ROW, "right") if len(met) else first
        return met, first, ends


def _listed(rows: int | list[int]) -> list[int]:
    return [rows] if isinstance(rows, int) else rows
