"""The near-duplicate filter: is a candidate almost a row that is there?

A row is entered in a table under a few of its features: runs of five letters
and, for rows that are made alike, pairs and threes of words. It takes those
whose buckets hold the fewest rows, from all along its text, so that every
stretch that an edit spares leads to it. A candidate looks under all its
features (asymmetric signatures: Qin et al., TODS 38(3), 2013). Buckets hold
sixteen rows at most. Of those that stand there under the same features, the ones
met most often are looked at: where they have letters enough in common, in whatever
order, they are compared exactly, by normalised indel similarity, 0 to 100. Of more
than sixteen a sketch of all their runs of letters says which. So a look costs the
same with a hundred rows and with a hundred thousand, however alike they are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate, combinations, islice, pairwise
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from targen_core.tasks.checks import normalized

__all__ = ["NearDuplicates", "seed_sum"]

_U32 = np.uint32
_U64 = np.uint64
Hashes = NDArray[np.uint32]

_RUN = 5  # letters of a feature: the most that scattered edits leave whole often enough
_RUNS = 512  # of a row; of a longer one a part that its hashes choose
_WORDS = 16  # of a row that are combined: its pairs are 120, its threes 560
_USUAL = 4  # a word in one row of so many, or more, tells rows apart too little

_KEYS = 24  # under which a row is entered
_WIDTH = 16  # rows of a bucket
_FILL = 10  # keys a bucket, on average, before their number doubles

_AT_ONCE = 8192  # rows that are entered together
_POOL = 512  # rows met most often, whose sketches are looked at
_COMPARED = 16  # of these, compared exactly
_FEW = 128  # whose letters are looked at before their sketches: of more it takes longer
_SKETCH = 8  # words of 64 bits
_SHIFT = 23  # of a hash to a place in them
_BAG = 32  # places in which letters are counted, up to 255: each of a to z has its own

# Multipliers of the letters of a run, of words that are combined, and of long texts' choice.
_LETTERS = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1], _U32)
_FIRST, _SECOND, _THIRD, _THIN = (
    _U32(odd) for odd in (0x8DA6B343, 0xD8163841, 0xCB1AB31F, 0xB5297A4D)
)


class _Combinations:
    """Places of the words of pairs and threes, for texts of so many words."""

    def __init__(self, words: int) -> None:
        self.left, self.right = np.triu_indices(words, 1)
        threes = np.array([*combinations(range(words), 3)], np.intp).reshape(-1, 3)
        first, second, self.third = threes.T.copy()
        self.pair = first * (2 * words - first - 1) // 2 + second - first - 1


_COMBINATIONS = [_Combinations(words) for words in range(_WORDS + 1)]
_ONES = np.ones(_BAG, np.float32)
_PLACES = np.arange(1 << 10)  # more than rows that may be met under all their keys but one

_HEAD = struct.Struct("<BHII")  # of an entry: its form, and bytes of seed, text, written
_FORM = 1
_BODY = 4 * _KEYS + 8 * _SKETCH


class NearDuplicates:
    """Committed rows, searchable by likeness.

    Rows of different seeds are compared on their whole text; rows that share
    a seed on what the generator wrote, since they share the rest by design.
    A task may name another thing than the seed (`Texts.dedup_among`).
    """

    def __init__(self, threshold: float) -> None:
        """Filter at `threshold` (0 to 100; 0 turns the filter off)."""
        self.threshold = threshold
        self._apart = 1 - threshold / 100
        self.compared = 0  # texts, since this index was made
        self._seeds: list[str] = []
        self._texts: list[str] = []
        self._written: dict[int, str] = {}  # of rows where it is not the text
        self._keys = np.zeros((1024, _KEYS), _U32)  # of each row, 0 for none
        self._sketches = np.zeros((1024, _SKETCH), _U64)
        self._sizes = np.zeros(1024, np.float32)  # bits that are set in them
        self._bags = np.zeros((1024, _BAG), np.uint8)
        self._lengths = np.zeros(1024, np.float32)
        self._seeded = np.zeros(1024, _U32)
        self._held = 0  # keys of all rows
        self._seen = np.zeros(1 << 16, _U32)  # rows that each word stands in, by its hash
        self._bits = 0
        self._under: Hashes  # buckets, of the keys under which rows are entered,
        self._rows: NDArray[np.uint32]  # and of those rows' numbers
        self._counts: NDArray[np.uint8]
        self._lay_out(12)
        self._last = _Looked("", "")  # what was looked for is most often added next

    def find(self, seed: str, text: str, written: str) -> int | None:
        """The number of the committed row that this one nearly repeats, or None.

        It is the first of those compared that are alike.
        """
        if not self._texts:
            return None
        looked = self._look(text, written)
        for number in self._candidates(seed, looked):
            self.compared += 1
            mine, theirs = looked.text, self._texts[number]
            if seed == self._seeds[number]:
                mine, theirs = looked.written, self._written.get(number, theirs)
            if fuzz.ratio(mine, theirs, score_cutoff=self.threshold):
                return number
        return None

    def add(self, seed: str, text: str, written: str) -> None:
        """Index a committed row."""
        if not self.threshold:
            return
        looked = self._look(text, written)
        number = len(self._texts)
        keys = self._choose(looked)
        self._make_room(number + 1)
        self._keys[number, : len(keys)] = keys
        self._sketches[number] = looked.sketch
        self._sizes[number] = looked.size
        self._bags[number] = looked.bag
        self._lengths[number] = len(looked.text)
        self._seeded[number] = seed_sum(seed)
        self._keep(seed, looked.text, looked.written)
        np.add.at(self._seen, looked.words >> _U32(16), 1)
        down = 32 - self._bits
        # Through views of memory, single values are written in a third of the time.
        counts, under, rows = (
            table.reshape(-1).data for table in (self._counts, self._under, self._rows)
        )
        for key in keys:
            bucket = key >> down
            place = counts[bucket]
            if place < _WIDTH:
                under[bucket * _WIDTH + place] = key
                rows[bucket * _WIDTH + place] = number
                counts[bucket] = place + 1
        self._held += len(keys)
        if self._held > _FILL << self._bits:
            self._lay_out(self._bits + 1)

    def entry(self) -> bytes:
        """What `restore` needs of the row that was added last; empty where the filter is off."""
        if not self._texts:
            return b""
        number = len(self._texts) - 1
        text = self._texts[number]
        seed, body, written = (
            part.encode("utf-8", "surrogatepass")
            for part in (self._seeds[number], text, self._written.get(number, ""))
        )
        # A row that wrote nothing is not one that wrote its whole text.
        form = _FORM | (number in self._written) << 7
        head = _HEAD.pack(form, len(seed), len(body), len(written))
        index = self._keys[number].tobytes() + self._sketches[number].tobytes()
        return b"".join((head, index, seed, body, written))

    def restore(self, entries: Iterable[bytes]) -> None:
        """Add the rows of an earlier index's entries, in order, as `add` did.

        Raises ValueError where one is not what `entry` gives.
        """
        if not self.threshold:
            return
        first = len(self._texts)
        entries = iter(entries)
        while some := [*islice(entries, _AT_ONCE)]:
            self._take_back(some)
        self._held += int(np.count_nonzero(self._keys[first : len(self._texts)]))
        bits = self._bits
        while self._held > _FILL << bits:
            bits += 1
        if bits > self._bits:
            self._lay_out(bits)
        else:
            self._enter(first, len(self._texts))

    def _take_back(self, entries: list[bytes]) -> None:
        """Keep what entries tell of their rows."""
        start = len(self._texts)
        index = bytearray()
        for entry in entries:
            try:
                form, *sizes = _HEAD.unpack_from(entry)
                cuts = [*accumulate(sizes, initial=_HEAD.size + _BODY)]
                if form & 127 != _FORM or cuts[-1] != len(entry):
                    raise ValueError(f"form {form}, {len(entry)} bytes")
                seed, text, written = (
                    entry[begun:ended].decode("utf-8", "surrogatepass")
                    for begun, ended in pairwise(cuts)
                )
            except (struct.error, ValueError) as error:
                raise ValueError(f"not an entry of the near-duplicate index: {error}") from error
            index += entry[_HEAD.size : _HEAD.size + _BODY]
            self._keep(seed, text, written if form & 128 else text)
        self._make_room(len(self._texts))
        self._count_letters(start)
        rows = np.frombuffer(index, np.uint8).reshape(-1, _BODY)
        at = slice(start, len(self._texts))
        self._keys[at].view(np.uint8)[:] = rows[:, : 4 * _KEYS]
        self._sketches[at].view(np.uint8)[:] = rows[:, 4 * _KEYS :]
        self._sizes[at] = np.bitwise_count(self._sketches[at]).sum(axis=1)

    def _look(self, text: str, written: str) -> _Looked:
        if self._last.raw != (text, written):
            self._last = _Looked(text, written)
        return self._last

    def _candidates(self, seed: str, looked: _Looked) -> list[int]:
        """Numbers of the rows to compare, ascending: at most `_COMPARED`."""
        asked = np.concatenate((looked.asked, self._combined(looked)))
        buckets = asked >> self._down
        places = (self._under.take(buckets, axis=0) == asked[:, np.newaxis]).ravel().nonzero()[0]
        met = self._rows.take(buckets, axis=0).ravel().take(places)
        met.sort()
        numbers = _met_most(met)
        if len(numbers) > _FEW:
            numbers = self._nearest(looked, numbers)
        numbers = numbers[self._may_be_alike(seed, looked, numbers)]
        if len(numbers) > _COMPARED:
            numbers = self._nearest(looked, numbers)
        rows: list[int] = numbers.tolist()
        return rows

    def _nearest(self, looked: _Looked, numbers: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Those to compare, by their sketches; of equals the later ones."""
        shared = np.bitwise_count(self._sketches.take(numbers, axis=0) & looked.sketch)
        alike = shared.astype(np.float32) @ _ONES[:_SKETCH]
        alike /= self._sizes.take(numbers) + looked.size
        # The bits of positive floats are in their order.
        ranks = alike.view(np.int32).astype(np.int64) << 10 | _PLACES[: len(alike)]
        ranks.partition(len(ranks) - _COMPARED)
        nearest: NDArray[np.uint32] = numbers.take(ranks[-_COMPARED:] & _PLACES[-1])
        nearest.sort()
        return nearest

    def _may_be_alike(
        self, seed: str, looked: _Looked, numbers: NDArray[np.uint32]
    ) -> NDArray[np.bool_]:
        """Which rows share letters enough with a text, or its seed.

        Each letter that they do not share is an edit: none is left out that is alike.
        """
        bags = self._bags.take(numbers, axis=0)
        alone = np.maximum(bags, looked.bag) - np.minimum(bags, looked.bag)
        edits = (self._lengths.take(numbers) + len(looked.text)) * self._apart + 1
        alike: NDArray[np.bool_] = alone.astype(np.float32) @ _ONES <= edits
        alike |= self._seeded.take(numbers) == seed_sum(seed)
        return alike

    def _combined(self, looked: _Looked) -> Hashes:
        """Features of a text's less usual words: their pairs, and threes of full pairs."""
        rows = len(self._texts)
        if looked.combined is not None and looked.rows == rows:
            return looked.combined
        words = looked.words
        usual = max(rows, 64) // _USUAL
        words = words[self._seen.take(words >> _U32(16)) <= usual][:_WORDS]
        of = _COMBINATIONS[len(words)]
        pairs = (words.take(of.left) * _FIRST + words.take(of.right)) * _SECOND | _U32(1)
        full = self._counts.take(pairs >> self._down) == _WIDTH
        if full.any():
            threes = np.flatnonzero(full.take(of.pair))
            more = (
                pairs.take(of.pair.take(threes)) + words.take(of.third.take(threes))
            ) * _THIRD | _U32(1)
            pairs = np.concatenate((pairs, more))
        looked.combined, looked.rows = pairs, rows
        return pairs

    def _choose(self, looked: _Looked) -> list[int]:
        """Features whose buckets hold the fewest rows, one from each stretch of them first."""
        runs, combined = looked.runs, self._combined(looked)
        features = np.concatenate((runs, combined))
        held = self._counts.take(features >> self._down)
        order = held.astype(_U64) << _U64(32) | features
        chosen = np.minimum.reduceat(order, _stretches(len(runs), len(combined))).tolist()
        full = _WIDTH << 32
        rarest = {key & 0xFFFFFFFF for key in chosen if key < full}
        if len(rarest) < _KEYS:
            if len(order) > 2 * _KEYS:
                order = np.partition(order, 2 * _KEYS)[: 2 * _KEYS]
            order.sort()
            for key in order.tolist():
                if len(rarest) == _KEYS or key >= full:
                    break
                rarest.add(key & 0xFFFFFFFF)
        return sorted(rarest)

    def _keep(self, seed: str, text: str, written: str) -> None:
        if written != text:
            self._written[len(self._texts)] = written
        self._seeds.append(seed)
        self._texts.append(text)

    def _count_letters(self, start: int) -> None:
        """Count the letters of the texts from `start` on, and their words as seen, all at once."""
        texts = self._texts[start:]
        letters = _letters("\n".join(texts))
        runs = _runs(letters)
        lengths = np.array([len(text) for text in texts])
        ends = np.cumsum(lengths + 1) - 1
        begin = np.flatnonzero(letters[: len(runs) - 1] == 32) + 1
        of = np.searchsorted(ends, begin)
        begin, of = (array[begin + _RUN <= ends[of]] for array in (begin, of))
        each = of.astype(_U64) << _U64(32) | runs[begin]
        each.sort()
        np.add.at(self._seen, each[_changes(each)].astype(_U32) >> _U32(16), 1)
        at = slice(start, len(self._texts))
        self._lengths[at] = lengths
        self._seeded[at] = [seed_sum(seed) for seed in self._seeds[start:]]
        for row, end, length in zip(self._bags[at], ends, lengths, strict=True):
            row[:] = _bag(letters[end - length : end])

    def _make_room(self, rows: int) -> None:
        room = len(self._keys)
        while room < rows:
            room += room // 2
        if room > len(self._keys):
            for name in ("_keys", "_sketches", "_sizes", "_bags", "_lengths", "_seeded"):
                table = getattr(self, name)
                setattr(self, name, _longer(table, room))

    def _lay_out(self, bits: int) -> None:
        """Begin a table of 2 ** bits buckets, and enter all rows."""
        self._bits = bits
        self._down = _U32(32 - bits)  # from a key to its bucket
        self._under = np.zeros((1 << bits, _WIDTH), _U32)
        self._rows = np.zeros((1 << bits, _WIDTH), _U32)
        self._counts = np.zeros(1 << bits, np.uint8)
        self._enter(0, len(self._texts))

    def _enter(self, first: int, last: int) -> None:
        """Enter rows in the table under their keys, as one by one would."""
        for start in range(first, last, _AT_ONCE):
            keys = self._keys[start : min(start + _AT_ONCE, last)]
            numbers, places = np.nonzero(keys)
            keys = keys[numbers, places]
            entered = keys >> self._down
            order = np.argsort(entered, kind="stable")
            entered = entered.take(order)
            begun = np.flatnonzero(_changes(entered))
            held = np.diff(begun, append=len(entered))
            before = np.repeat(self._counts[entered[begun]] - (held.cumsum() - held), held)
            slots = before + np.arange(len(entered))
            fit = np.flatnonzero(slots < _WIDTH)
            entered, slots, order = entered.take(fit), slots.take(fit), order.take(fit)
            self._under[entered, slots] = keys.take(order)
            self._rows[entered, slots] = start + numbers.take(order)
            np.add.at(self._counts, entered, 1)


class _Looked:
    """A row as it is looked for: normalised, with its features and its sketch."""

    __slots__ = (
        "asked", "bag", "combined", "raw", "rows", "runs", "size", "sketch", "text", "words",
        "written"
    )  # fmt: skip

    def __init__(self, text: str, written: str) -> None:
        self.raw = (text, written)
        self.text = normalized(text)
        # Most tasks' generators write the whole row: one text, kept once.
        self.written = self.text if written == text else normalized(written)
        letters = _letters(self.text)
        self.bag = _bag(letters[: len(self.text)])
        self.runs = self.asked = _runs(letters)
        self.words = _words(letters, self.runs)
        self.combined: Hashes | None = None  # of an index of so many rows
        self.rows = 0
        if len(self.runs) > _RUNS:
            self.runs = self.asked = _distinct(self.runs)
        if len(self.runs) > _RUNS:
            # A candidate asks for more than its own part: what is alike may be longer.
            cutoff = (_RUNS << 16) // len(self.runs)
            choice = self.runs * _THIN >> _U32(16)
            self.asked = self.runs[choice < cutoff * 5 // 4]
            self.runs = self.runs[choice < cutoff]
        bits = np.zeros(64 * _SKETCH, np.uint8)
        bits[self.runs >> _U32(_SHIFT)] = 1
        self.sketch = np.packbits(bits).view(_U64)
        self.size = int(np.count_nonzero(bits))


@lru_cache(1024)
def _stretches(runs: int, combined: int) -> NDArray[np.intp]:
    """Where each stretch of so many runs, and then of combined words, begins."""
    half = np.arange(_KEYS // 2)
    begun = half * runs // len(half)
    if combined:
        begun = np.concatenate((begun, half * combined // len(half) + runs))
    return begun


def _letters(text: str) -> Hashes:
    return np.frombuffer(text.ljust(_RUN, "\0").encode("utf-32-le", "surrogatepass"), _U32)


def seed_sum(seed: str) -> int:
    """The 32 bits that stand for a seed's id where rows of one seed are told apart from others."""
    return crc32(seed.encode("utf-8", "surrogatepass"))


def _bag(letters: Hashes) -> NDArray[np.uint8]:
    """How often letters of each place stand there."""
    counts = np.bincount(letters & _U32(_BAG - 1), minlength=_BAG)
    return np.minimum(counts, 255).astype(np.uint8)


def _longer(table: NDArray[Any], rows: int) -> NDArray[Any]:
    return np.concatenate((table, np.zeros((rows - len(table), *table.shape[1:]), table.dtype)))


def _runs(letters: Hashes) -> Hashes:
    """Hashes of every run of five letters, in order: odd, and best in their higher bits."""
    return np.correlate(letters, _LETTERS) | _U32(1)


def _words(letters: Hashes, runs: Hashes) -> Hashes:
    """Of the runs with which words begin, but for the first: each once, ascending."""
    starts = runs.take((letters[: len(runs) - 1] == 32).nonzero()[0] + 1)
    starts.sort()
    words: Hashes = starts.take(_changes(starts).nonzero()[0])
    return words


def _distinct(runs: Hashes) -> Hashes:
    """Each once, where it stands first: a text that repeats itself has few."""
    first = np.unique(runs, return_index=True)[1]
    first.sort()
    distinct: Hashes = runs.take(first)
    return distinct


def _changes(ordered: NDArray[np.unsignedinteger]) -> NDArray[np.bool_]:
    """Where each value stands first."""
    first = np.empty(len(ordered), np.bool_)
    first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def _met_most(met: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Of rows in order, each as often as it was met: at most `_POOL` of those met most often."""
    first = _changes(met).nonzero()[0]
    if len(first) > _POOL:
        often = np.diff(first, append=len(met))
        counts = np.bincount(np.minimum(often, _KEYS - 1), minlength=_KEYS)
        met_so_often = counts[::-1].cumsum()[::-1]
        times = 1 + np.count_nonzero(met_so_often[1 : _KEYS - 1] > _POOL)
        first = first.take((often >= times).nonzero()[0])
    numbers: NDArray[np.uint32] = met.take(first)
    return numbers
