"""The exclusion filter: does a candidate hold, or nearly hold, a row that must not be there?

The rows of an excluded dataset lie in files of an index, which are mapped and not loaded: each
row's texts as comparisons see them, and a table from hashes to the numbers of rows. A row is
entered under a hash of its whole and of each of its texts; under hashes of runs of eight words,
chosen by winnowing (Schleimer et al., SIGMOD 2003), so that every run of thirteen that two texts
share leads from one to the other; and under some of its rarest runs of letters and pairs of
words, from all along its text, which those who edit it would have to hit. These runs are longer
among more rows: short ones survive more edits, but lead to too many rows there. A candidate looks
under all of its own. What it meets is read back and compared exactly, so a hash alone refuses
nothing.

Hashes depend on the texts alone: on no process, machine or order of sources.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from weakref import finalize
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from targen_core.engine.filters import Candidate, Filter, Refusal
from targen_core.errors import TargenError
from targen_core.plain import refuse_special
from targen_core.tasks.prompt import texts_in

__all__ = [
    "COVERED",
    "FORMAT",
    "GRAM",
    "MIN_ALONE",
    "REASONS",
    "RUN",
    "SIMILARITY",
    "Excluded",
    "ExclusionFilter",
    "ExclusionIndex",
    "Match",
    "build_index",
    "plain_words",
    "texts_of",
]

FORMAT = 2
"""Of an index's files: what is built otherwise has another number."""

GRAM = 8
"""Words of a run that counts as shared."""

RUN = 13
"""Words of a shared run that says by itself that a text was taken over, as in GPT-3's test."""

COVERED = 0.5
"""Share of the words of an excluded text in a shared run from which on it was taken over."""

MIN_ALONE = 5
"""Words of a text that counts without the rest of its row: labels and single words do not."""

SIMILARITY = 90.0
"""From how alike on a row is refused where the near-duplicate filter, which says it, is off."""

REASONS = {
    "exact": "excluded-exact",
    "normalized": "excluded-normalized",
    "8-gram": "excluded-8-gram",
    "similar": "excluded-similar",
}
"""By the name of each test, the strictest first, the reason that it gives."""

_TESTS = tuple(REASONS)
_NO_TEXT = frozenset({"idx", "label"})
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_WORD = re.compile(r"[^\W_]+")
# Scripts that put no space between words: Thai and Lao, Burmese, Khmer, kana, Chinese characters.
_UNSPACED = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x30FF),
    (0x3400, 0x9FFF),
)
_UNSPACED_WORD = 2  # of their letters
_UNSPACED_LETTER = re.compile(f"[{''.join(f'{chr(a)}-{chr(b)}' for a, b in _UNSPACED)}]")

_U64 = np.uint64
_BITS = 42  # of a hash
_LETTERS = {0: 5, 30_000: 6, 200_000: 7}  # of a run, from so many rows on
_RUN_KEYS, _PAIR_KEYS = 16, 2  # under which a row is entered, one from each stretch of it
_WINDOW = RUN - GRAM + 1  # runs of eight words, of which one is chosen
_LONG = 512  # runs of letters, of which all are looked at
_ROWS_OF_KEY = 32
_A_BUCKET = 8  # entries, on average
_BATCH = 4096  # rows
_PARTS_OF_TABLE = 64
_BAG = 16  # places in which a row's letters are counted, up to 255
_COMPARED = 16
_COMPARED_BY_WORDS = 32

_BASE = 0x9E3779B97F4A7C15 | 1
_TEXT, _GRAM, _LETTER_RUN, _PAIR = (
    _U64(salt) for salt in (0x2545F491, 0x9FB21C65, 0xD6E8FEB8, 0xA0761D64)
)
_ENTRY = np.dtype([("key", "<u8"), ("row", "<u4")])

_Keys = NDArray[np.uint64]
_Places = NDArray[np.intp]


def plain_words(text: str) -> str:
    """The words of a text as the tests compare them, single-spaced.

    Letters and digits, after Unicode's compatibility composition (NFKC) and case folding;
    invisible letters are left out, and whatever else stands between words parts them.
    """
    folded = text.lower()
    if not text.isascii():
        folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    return " ".join(_WORD.findall(folded))


def texts_of(row: Mapping[str, Any], columns: Iterable[str]) -> dict[str, list[str]]:
    """The texts of a row by column, those in lists and objects too; no label and no number."""
    found: dict[str, list[str]] = {}
    for name in columns:
        leaves = () if name in _NO_TEXT else texts_in(row.get(name))
        texts = [text for text in leaves if text.strip()]
        if texts:
            found[name] = texts
    return found


@dataclass(frozen=True, slots=True)
class Match:
    """What a candidate is too near to.

    Attributes:
        test: the strictest test that finds it: "exact", "normalized", "8-gram" or "similar".
        row: the number of the excluded row, from 1.
        whole: whether it is the whole row, and not one of its texts.
    """

    test: str
    row: int
    whole: bool


class _Spans(NamedTuple):
    """Stretches of letters: where they begin and end, the salt of their hashes, and what of."""

    begin: _Places
    end: _Places
    salt: np.uint64
    of: _Places


class _Texts:
    """Texts of some rows with the places of their words, as one array of letters.

    Attributes:
        first: of each row, the number of its first text; shape (rows + 1,).
    """

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        parts = [part for row in rows for part in row]
        counts = np.array([len(row) for row in rows], np.intp)
        self.first = np.concatenate(([0], counts.cumsum()))
        joined = "\n".join(parts).encode("utf-32-le", "surrogatepass")
        self.letters = np.frombuffer(joined, "<u4").astype(_U64)
        self.lengths = np.array([len(part) for part in parts], np.intp)
        self.ends = (self.lengths + 1).cumsum() - 1
        self.starts = self.ends - self.lengths
        size = len(self.letters)
        self._powers, self._inverse = _powers(size)
        self._sums = np.zeros(size + 1, _U64)
        np.cumsum(self.letters * self._powers, out=self._sums[1:])
        apart = (self.letters == 10) | (self.letters == 32)
        begins = ~apart
        begins[1:] &= apart[:-1]
        self.words = begins.nonzero()[0]
        self.word_ends = np.append(self.words[1:] - 1, size)
        self.part_of_word = np.searchsorted(self.starts, self.words, "right") - 1
        self.sizes = np.bincount(self.part_of_word, minlength=len(parts))  # in words

    def keys(self, *spans: _Spans) -> list[_Keys]:
        """The hashes of stretches of letters, of 42 bits: an array for each kind."""
        begin = np.concatenate([span.begin for span in spans])
        end = np.concatenate([span.end for span in spans])
        sizes = [len(span.begin) for span in spans]
        value = (self._sums.take(end) - self._sums.take(begin)) * self._inverse.take(begin)
        value ^= np.repeat(np.array([span.salt for span in spans], _U64), sizes)
        value *= _U64(0xFF51AFD7ED558CCD)
        value ^= value >> _U64(33)
        value *= _U64(0xC4CEB9FE1A85EC53)
        value ^= value >> _U64(29)
        value *= _U64(_BASE)
        value >>= _U64(64 - _BITS)
        cuts = np.cumsum([0, *sizes]).tolist()
        return [value[one:two] for one, two in pairwise(cuts)]

    def whole(self) -> _Spans:
        """Each row that has texts, by its number."""
        rows = (self.first[1:] > self.first[:-1]).nonzero()[0]
        begin, last = self.first.take(rows), self.first.take(rows + 1) - 1
        return _Spans(self.starts.take(begin), self.ends.take(last), _TEXT, rows)

    def alone(self) -> _Spans:
        """Each text that counts alone, by its number."""
        words = self.sizes
        if len(self.letters) and int(self.letters.max()) >= _UNSPACED[0][0]:
            letters = np.zeros(len(self.letters) + 1, np.int64)
            for low, high in _UNSPACED:
                letters[1:] += (self.letters >= low) & (self.letters <= high)
            letters.cumsum(out=letters)
            unspaced = letters.take(self.ends) - letters.take(self.starts)
            words = words + unspaced // _UNSPACED_WORD
        parts = (words >= MIN_ALONE).nonzero()[0]
        return _Spans(self.starts.take(parts), self.ends.take(parts), _TEXT, parts)

    def grams(self) -> _Spans:
        """Each run of eight words of one text, by the word that it begins with."""
        at = np.arange(max(0, len(self.words) - GRAM + 1))
        if len(self.lengths) > 1:
            at = at[self.part_of_word.take(at) == self.part_of_word.take(at + GRAM - 1)]
        return _Spans(self.words.take(at), self.word_ends.take(at + GRAM - 1), _GRAM, at)

    def runs(self, length: int) -> _Spans:
        """Each run of so many letters of one text."""
        at = np.arange(max(0, len(self.letters) - length + 1))
        if len(self.lengths) > 1:
            ends = np.repeat(self.ends, self.lengths + 1)[: len(at)]
            at = at[at + length <= ends]
        return _Spans(at, at + length, _LETTER_RUN, at)

    def pairs(self) -> _Spans:
        """Each pair of neighbouring words of one text."""
        at = (self.part_of_word[1:] == self.part_of_word[:-1]).nonzero()[0]
        begin = self.words.take(at)
        return _Spans(begin, self.word_ends.take(at + 1), _PAIR, begin)

    def is_entered(self, keys: _Keys, rows: _Places, more: float) -> NDArray[np.bool_]:
        """Which runs are looked at: of long rows a part that their hashes choose.

        A candidate looks at `more` of its own than of a row are entered: it may be longer.
        """
        counts = np.bincount(rows, minlength=len(self.first) - 1)
        limits = np.minimum((_LONG << 16) / np.maximum(counts, 1) * more, 1 << 16)
        entered: NDArray[np.bool_] = (keys & _U64(0xFFFF)) < limits.take(rows)
        return entered

    def bags(self) -> NDArray[np.uint8]:
        """How often letters of each place stand in each row; shape (rows, 16)."""
        parts = np.repeat(np.arange(len(self.ends)), self.lengths + 1)[: len(self.letters)]
        rows = np.searchsorted(self.first, parts, "right") - 1
        letters = np.where(self.letters == 10, 32, self.letters).astype(np.intp)
        size = (len(self.first) - 1) * _BAG
        counts = np.bincount(rows * _BAG + letters % _BAG, minlength=size)
        return np.minimum(counts, 255).astype(np.uint8).reshape(-1, _BAG)

    def row_of(self, at: _Places) -> _Places:
        """The rows in which letters stand."""
        parts = np.searchsorted(self.starts, at, "right") - 1
        return np.searchsorted(self.first, parts, "right") - 1


_known_powers: tuple[_Keys, _Keys] = np.ones(1, _U64), np.ones(1, _U64)


def _powers(size: int) -> tuple[_Keys, _Keys]:
    """The powers of the base, and those of its inverse, modulo 2 ** 64."""
    global _known_powers
    if len(_known_powers[0]) < size:
        room = max(1 << 12, 1 << (size - 1).bit_length())
        pair = []
        for base in (_BASE, pow(_BASE, -1, 1 << 64)):
            powers = np.full(room, base, _U64)
            powers[0] = 1
            pair.append(np.cumprod(powers, dtype=_U64))
        _known_powers = pair[0], pair[1]
    return _known_powers[0][:size], _known_powers[1]


# --- building -------------------------------------------------------------


def build_index(rows: Iterable[Sequence[str]], folder: Path) -> None:
    """Write the files of an index into a folder that is not there; `rows` give their texts.

    It takes memory for a few thousand rows at a time, whatever their number.

    Raises:
        OSError: the files cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name[:16]}-", dir=folder.parent))
    try:
        count = _write_texts(rows, made)
        length = max(letters for least, letters in _LETTERS.items() if count >= least)
        entries = _write_entries(made, length)
        bits = max(8, (max(1, entries) // _A_BUCKET).bit_length())
        _write_table(made, bits)
        about = {"format": FORMAT, "rows": count, "letters": length, "bits": bits}
        (made / "index.json").write_text(json.dumps(about), encoding="utf-8")
        try:
            made.replace(folder)
        except OSError:
            if not (folder / "index.json").exists():  # else another process was quicker
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _write_texts(rows: Iterable[Sequence[str]], folder: Path) -> int:
    """Write the texts of rows, and where each row begins; how many rows there are."""
    count = end = 0
    with open(folder / "texts", "wb") as texts, open(folder / "starts", "wb") as starts:
        starts.write(np.zeros(1, "<u8").tobytes())
        for batch in _batches(rows):
            records = [_record(row) for row in batch]
            texts.writelines(records)
            ends = end + np.cumsum([len(record) for record in records])
            starts.write(ends.astype("<u8").tobytes())
            end = int(ends[-1])
            count += len(batch)
    return count


def _write_entries(folder: Path, length: int) -> int:
    """Write the entries of the texts in parts of the table, and the bags; how many entries."""
    held = np.zeros(1 << 22, np.int64)  # entries under runs and pairs, by their hash
    entries = count = 0
    with ExitStack() as stack:
        bags = stack.enter_context(open(folder / "bags", "wb"))
        parts = [
            stack.enter_context(open(folder / f"entries-{part}", "wb"))
            for part in range(_PARTS_OF_TABLE)
        ]
        for batch in _batches(_written(folder)):
            laid = _Texts(batch)
            bags.write(laid.bags().tobytes())
            made = _entries(laid, length, held)
            made["row"] += count
            entries += len(made)
            _scatter(made, parts)
            count += len(batch)
    return entries


def _written(folder: Path) -> Iterator[list[str]]:
    """The rows of an index, as comparisons see them."""
    starts = _mapped(folder / "starts", "<u8")
    with open(folder / "texts", "rb") as texts:
        for at in range(0, len(starts) - 1, _BATCH):
            for size in np.diff(starts[at : at + _BATCH + 1]).tolist():
                yield [part.text for part in _parts(texts.read(size))]


def _batches(rows: Iterable[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    """Rows together, at most so many and of so many letters."""
    batch: list[Sequence[str]] = []
    letters = 0
    for row in rows:
        batch.append(row)
        letters += sum(map(len, row))
        if len(batch) == _BATCH or letters >= _BATCH << 7:
            yield batch
            batch, letters = [], 0
    if batch:
        yield batch


def _record(row: Sequence[str]) -> bytes:
    """A row as it is read back: a line for each text, with the sum of it as it was."""
    lines = (f"{_sum(text):08x}{plain_words(text)}\n" for text in row)
    return "".join(lines).encode("utf-8", "surrogatepass")


def _parts(record: bytes) -> list[_Part]:
    """The texts of a record that have words."""
    lines = record.decode("utf-8", "surrogatepass").split("\n")
    return [_Part(text, int(line[:8], 16)) for line in lines if (text := line[8:])]


def _sum(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"))


def _entries(texts: _Texts, length: int, held: NDArray[np.int64]) -> NDArray[np.void]:
    """The entries of some rows, numbered from 0; `held` counts those of all rows."""
    spans = texts.whole(), texts.alone(), texts.grams(), texts.runs(length), texts.pairs()
    whole, alone, grams, runs, pairs = texts.keys(*spans)
    of = np.searchsorted(texts.first, spans[1].of, "right") - 1
    several = np.diff(texts.first)[of] > 1
    rows = texts.row_of(spans[3].of)
    entered = texts.is_entered(runs, rows, 1.0)
    made = [
        (whole, spans[0].of),
        (alone[several], of[several]),
        _winnowed(texts, grams, spans[2].of),
        _rarest(texts, runs[entered], spans[3].of[entered], rows[entered], _RUN_KEYS, held),
        _rarest(texts, pairs, spans[4].of, texts.row_of(spans[4].of), _PAIR_KEYS, held),
    ]
    keys = np.concatenate([key for key, _ in made])
    entries = np.zeros(len(keys), _ENTRY)
    entries["key"], entries["row"] = keys, np.concatenate([row for _, row in made])
    return entries


def _winnowed(texts: _Texts, keys: _Keys, at: _Places) -> tuple[_Keys, _Places]:
    """Of neighbouring runs of eight words the least: one at least of each run that refuses."""
    part = texts.part_of_word.take(at)
    longest = np.clip((texts.sizes + 1) // 2, GRAM, RUN).take(part) - GRAM + 1
    chosen = longest == 1
    for window in range(2, RUN - GRAM + 2):
        last = len(keys) - window
        if last < 0:
            break
        inside = (part[: last + 1] == part[window - 1 :]) & (longest[: last + 1] == window)
        begin = inside.nonzero()[0]
        windows = np.lib.stride_tricks.sliding_window_view(keys, window)
        chosen[begin + windows[begin].argmin(axis=1)] = True
    rows = np.searchsorted(texts.first, part[chosen], "right") - 1
    return keys[chosen], rows


def _rarest(
    texts: _Texts,
    keys: _Keys,
    at: _Places,
    rows: _Places,
    stretches: int,
    held: NDArray[np.int64],
) -> tuple[_Keys, _Places]:
    """From each stretch of a row the hash with the fewest entries, those to come among them."""
    if not len(keys):
        return keys, rows
    places = (keys >> _U64(_BITS - 22)).astype(np.intp)
    often = held.take(places) + np.bincount(places, minlength=len(held)).take(places)
    begin = texts.starts.take(texts.first.take(rows))
    size = texts.ends.take(texts.first.take(rows + 1) - 1) + 1 - begin
    stretch = rows * stretches + (at - begin) * stretches // size
    first = np.flatnonzero(np.diff(stretch, prepend=-1))
    order = np.minimum(often, (1 << 21) - 1).astype(_U64) << _U64(_BITS) | keys
    least = np.minimum.reduceat(order, first) & _U64((1 << _BITS) - 1)
    held += np.bincount((least >> _U64(_BITS - 22)).astype(np.intp), minlength=len(held))
    return least, rows.take(first)


def _scatter(entries: NDArray[np.void], parts: Sequence[BinaryIO]) -> None:
    """Write entries to the parts of the table that they belong to."""
    shift = _BITS - (_PARTS_OF_TABLE - 1).bit_length()
    of = (entries["key"] >> _U64(shift)).astype(np.intp)
    order = np.argsort(of, kind="stable")
    bounds = np.searchsorted(of.take(order), np.arange(_PARTS_OF_TABLE + 1))
    ordered = entries.take(order)
    for part, file in enumerate(parts):
        file.write(ordered[bounds[part] : bounds[part + 1]].tobytes())


def _write_table(folder: Path, bits: int) -> None:
    """Turn entries into the table: for each bucket the prints of its hashes, and their rows."""
    written = 0
    with (
        open(folder / "table", "wb") as table,
        open(folder / "prints", "wb") as prints,
        open(folder / "rows", "wb") as rows,
    ):
        for part in range(_PARTS_OF_TABLE):
            path = folder / f"entries-{part}"
            entries = np.fromfile(path, _ENTRY)
            path.unlink()
            entries = entries[np.lexsort((entries["row"], entries["key"]))]
            key, row = entries["key"], entries["row"]
            new = np.ones(len(key), np.bool_)
            new[1:] = (key[1:] != key[:-1]) | (row[1:] != row[:-1])
            key, row = key[new], row[new]
            place = np.arange(len(key))
            begun = np.ones(len(key), np.bool_)
            begun[1:] = key[1:] != key[:-1]
            place -= np.maximum.accumulate(np.where(begun, place, 0))
            key, row = key[place < _ROWS_OF_KEY], row[place < _ROWS_OF_KEY]
            own = 1 << bits >> (_PARTS_OF_TABLE - 1).bit_length()
            bounds = np.arange(part * own, (part + 1) * own)
            first = np.searchsorted((key >> _U64(_BITS - bits)).astype(np.int64), bounds)
            table.write((first + written).astype("<u4").tobytes())
            prints.write(_print(key, bits).astype("<u2").tobytes())
            rows.write(row.astype("<u4").tobytes())
            written += len(key)
        table.write(np.array([written], "<u4").tobytes())


def _print(keys: _Keys, bits: int) -> _Keys:
    """Sixteen bits of a hash, behind those that choose its bucket."""
    return keys >> _U64(_BITS - bits - 16) & _U64(0xFFFF)


# --- looking --------------------------------------------------------------


class ExclusionIndex:
    """The rows of one excluded dataset, searchable for what equals or nearly equals one.

    Attributes:
        rows: how many there are.
        read: rows that were read back to compare them, since the index was opened.
        close: closes its files; it finds nothing after that.
    """

    def __init__(self, folder: Path) -> None:
        """Open the files that `build_index` wrote.

        Raises:
            OSError: they cannot be read.
            ValueError: they are not such files.
        """
        for path in folder.iterdir():
            refuse_special(path)  # a FIFO would hold up the run that looks into its cache
        about = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        if about.get("format") != FORMAT:
            raise ValueError(f"{folder} is an index of another format")
        self.rows, self._bits = int(about["rows"]), int(about["bits"])
        self._length = int(about["letters"])
        self._starts = _mapped(folder / "starts", "<u8")
        self._table = _mapped(folder / "table", "<u4")
        self._prints = _mapped(folder / "prints", "<u2")
        self._rows = _mapped(folder / "rows", "<u4")
        self._bags = _mapped(folder / "bags", "u1").reshape(-1, _BAG)
        sizes = len(self._starts) - 1, len(self._bags), len(self._table) - 1
        if sizes != (self.rows, self.rows, 1 << self._bits) or len(self._prints) != len(self._rows):
            raise ValueError(f"{folder} holds no whole index")
        if int(self._table[-1]) != len(self._rows):
            raise ValueError(f"{folder} holds no whole index")
        self._texts = os.open(folder / "texts", os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self.close = finalize(self, os.close, self._texts)
        if os.fstat(self._texts).st_size != int(self._starts[-1]):
            self.close()
            raise ValueError(f"{folder} holds no whole index")
        self.read = 0

    def find(
        self, texts: Sequence[str], *, similarity: float = SIMILARITY, complete: bool = True
    ) -> Match | None:
        """The excluded row that one with these texts equals or nearly equals, or None.

        Of several it is one of the strictest test, and then of the lowest number. Without
        `complete` the candidate has other texts, which were not compared: then a short one
        that is left over says nothing.
        """
        parts = [_Part(words, _sum(text)) for text in texts if (words := plain_words(text))]
        if not parts:
            return None
        mine = _Compared(parts, similarity, complete)
        by_words, by_letters = self._met(mine)
        best: tuple[int, int, bool] | None = None
        for row in by_words:
            if (verdict := mine.to(self._read_back(row))) is not None:
                found = verdict[0], row, verdict[1]
                best = found if best is None else min(best, found)
        for row in by_letters if best is None else ():
            if mine.is_like(self._read_back(row)):
                best = _TESTS.index("similar"), row, True
                break
        if best is None:
            return None
        return Match(_TESTS[best[0]], best[1] + 1, best[2])

    def _met(self, mine: _Compared) -> tuple[list[int], list[int]]:
        """Rows to compare: those met under texts or runs of words, and those under letters."""
        texts = _Texts([[part.text for part in mine.parts]])
        whole, alone, grams, pairs, runs = texts.keys(
            texts.whole(), texts.alone(), texts.grams(), texts.pairs(), texts.runs(self._length)
        )
        if len(runs) > _LONG:
            runs = runs[texts.is_entered(runs, np.zeros(len(runs), np.intp), 1.25)]
        keys = np.concatenate((whole, alone, grams, pairs, runs))
        sizes = len(whole) + len(alone), len(grams), len(pairs) + len(runs)
        buckets = (keys >> _U64(_BITS - self._bits)).astype(np.intp)
        begin = self._table.take(buckets).astype(np.intp)
        held = self._table.take(buckets + 1) - begin
        places = np.arange(held.sum()) + np.repeat(begin - (held.cumsum() - held), held)
        prints = np.repeat(_print(keys, self._bits), held)
        same = (self._prints.take(places) == prints).nonzero()[0]
        met = self._rows.take(places.take(same))
        # Entries are in the order of the kinds: texts, runs of words, and then what letters say.
        texts_end, words_end, _ = np.searchsorted(
            same, np.append(0, held.cumsum()).take(np.cumsum(sizes))
        ).tolist()
        surely, by_words = met[:texts_end], met[texts_end:words_end]
        rows, often = _counted(by_words)
        rows = rows[np.argsort(-often, kind="stable")][:_COMPARED_BY_WORDS]
        first = np.union1d(surely, rows).tolist()
        if not mine.counts:
            return first, []
        rows, often = _counted(met[words_end:])
        # Those that are alike meet under several, unless they have few.
        likely = often >= (2 if len(runs) > 2 * _RUN_KEYS else 1)
        rows, often = rows[likely], often[likely]
        alike = self._may_be_alike(rows, texts.bags()[0], mine)
        rows, often = rows[alike], often[alike]
        rows = rows[np.argsort(-often, kind="stable")][:_COMPARED]
        return first, np.sort(rows).tolist()

    def _may_be_alike(
        self, rows: NDArray[Any], bag: NDArray[np.uint8], mine: _Compared
    ) -> NDArray[np.bool_]:
        """Which rows share letters enough: each that they do not share is an edit."""
        bags = self._bags.take(rows, axis=0).astype(np.int16)
        edits = 2 * len(mine.whole) * (100 - mine.similarity) / mine.similarity + 1
        alike: NDArray[np.bool_] = np.abs(bags - bag).sum(axis=1) <= edits
        return alike

    def _read_back(self, row: int) -> list[_Part]:
        self.read += 1
        begin, end = int(self._starts[row]), int(self._starts[row + 1])
        return _parts(_read_at(self._texts, begin, end - begin))


def _counted(met: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Each row that was met, ascending, and how often."""
    met = np.sort(met)
    begun = np.ones(len(met), np.bool_)
    np.not_equal(met[1:], met[:-1], out=begun[1:])
    first = begun.nonzero()[0]
    return met.take(first), np.diff(first, append=len(met))


def _mapped(path: Path, kind: str) -> NDArray[Any]:
    if not path.stat().st_size:
        return np.zeros(0, kind)
    return np.asarray(np.memmap(path, kind, "r"))


def _read_at(file: int, begin: int, size: int) -> bytes:
    if sys.platform != "win32":
        return os.pread(file, size, begin)
    os.lseek(file, begin, os.SEEK_SET)
    return os.read(file, size)


@dataclass(frozen=True, slots=True)
class _Part:
    """A text as comparisons see it, and the sum of it as it was."""

    text: str
    sum: int

    @property
    def counts_alone(self) -> bool:
        words = self.text.count(" ") + 1
        if words < MIN_ALONE and not self.text.isascii():
            words += len(_UNSPACED_LETTER.findall(self.text)) // _UNSPACED_WORD
        return words >= MIN_ALONE


class _Compared:
    """A candidate's texts, to be compared with those of excluded rows.

    Attributes:
        parts: the texts.
        counts: whether they count as a whole, however short they are.
    """

    def __init__(self, parts: Sequence[_Part], similarity: float, complete: bool) -> None:
        self.parts = parts
        self.similarity = similarity
        self.whole = " ".join(part.text for part in parts)
        self.counts = complete or _Part(self.whole, 0).counts_alone

    def to(self, theirs: Sequence[_Part]) -> tuple[int, bool] | None:
        """The number of the strictest test that finds a row, and whether as a whole; or None."""
        if self.counts and self.whole == " ".join(part.text for part in theirs):
            same = [part.sum for part in self.parts] == [part.sum for part in theirs]
            return (0 if same else 1), True
        known: dict[str, set[int]] = {}
        for part in theirs:
            if part.counts_alone:
                known.setdefault(part.text, set()).add(part.sum)
        if equal := [part for part in self.parts if part.text in known]:
            return (0 if any(part.sum in known[part.text] for part in equal) else 1), False
        if any(_shares_words(runs, part.text) for part in theirs for runs in self._runs if runs):
            return 2, False
        return (3, True) if self.is_like(theirs) else None

    def is_like(self, theirs: Sequence[_Part]) -> bool:
        """Whether the whole rows are as alike as the near-duplicate filter's must not be."""
        other = " ".join(part.text for part in theirs)
        return self.counts and fuzz.ratio(self.whole, other, score_cutoff=self.similarity) > 0

    @cached_property
    def _runs(self) -> list[set[tuple[str, ...]]]:
        """The runs of eight words of each text."""
        return [set(_runs_of_words(part.text)) for part in self.parts]


def _runs_of_words(text: str) -> Iterator[tuple[str, ...]]:
    words = text.split(" ")
    return (tuple(words[at : at + GRAM]) for at in range(len(words) - GRAM + 1))


def _shares_words(runs: Set[tuple[str, ...]], excluded: str) -> bool:
    """Whether a text with these runs of words holds so much of an excluded one as to be from it."""
    length = longest = 0
    for run in _runs_of_words(excluded):
        length = (length + 1 if length else GRAM) if run in runs else 0
        longest = max(longest, length)
    return longest >= min(RUN, max(GRAM, COVERED * (excluded.count(" ") + 1)))


# --- the filter -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Excluded:
    """An excluded dataset as the filter sees it.

    Attributes:
        name: what it is called.
        columns: those of its columns that are compared.
        index: its rows.
    """

    name: str
    columns: tuple[str, ...]
    index: ExclusionIndex


class ExclusionFilter(Filter):
    """Refuses candidates one of whose rows equals or nearly equals an excluded one."""

    def __init__(self, sources: Sequence[Excluded], similarity: float) -> None:
        """Refuse what any of `sources` holds; of 0, `similarity` is `SIMILARITY`."""
        self._sources = tuple(sources)
        self._similarity = similarity or SIMILARITY

    def find(self, candidate: Candidate) -> Refusal | None:
        """See `Filter.find`: the first source of those whose strictest test refuses it."""
        nearest: tuple[int, Match, Excluded] | None = None
        for row in candidate.rows():
            for source in self._sources:
                match = self._match(row, source)
                if match is None:
                    continue
                rank = _TESTS.index(match.test)
                if nearest is None or rank < nearest[0]:
                    nearest = rank, match, source
        if nearest is None:
            return None
        _, match, source = nearest
        return Refusal(
            REASONS[match.test],
            f"{_WORDS[match.test, match.whole]} row {match.row:,} of {source.name}, which is "
            "excluded",
            facts={"excluded_source": source.name, "excluded_row": match.row},
        )

    def _match(self, row: Mapping[str, Any], source: Excluded) -> Match | None:
        found = texts_of(row, row)
        texts = [text for name in source.columns for text in found.pop(name, ())]
        try:
            return source.index.find(texts, similarity=self._similarity, complete=not found)
        except OSError as error:
            raise TargenError(
                f"the index of {source.name}, which is excluded, cannot be read: {error.strerror}"
            ) from error


_WORDS = {
    ("exact", True): "equal to",
    ("exact", False): "holds a text of",
    ("normalized", True): "equal, but for case, punctuation and spaces, to",
    ("normalized", False): "holds, but for case, punctuation and spaces, a text of",
    ("8-gram", False): "shares runs of words with",
    ("similar", True): "nearly equal to",
}
