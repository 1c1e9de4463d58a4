"""Looking into an index: does it hold what a candidate equals or nearly equals?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from targen_core.plain import refuse_special
from targen_core.reading import read_json
from targen_standard.filters.excluded.comparing import (
    SIMILARITY,
    TESTS,
    Compared,
    Part,
    plain_words,
    text_sum,
)
from targen_standard.filters.excluded.files import (
    FORMAT,
    RUN_KEYS,
    key_print,
    mapped,
    parts,
    read_at,
)
from targen_standard.filters.excluded.hashing import BAG, BITS, LONG, Texts

__all__ = ["ExclusionIndex", "Match"]

_U64 = np.uint64
_COMPARED_BY_LETTERS = 16
_COMPARED_BY_WORDS = 32


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
        about = read_json(folder / "index.json", inside=folder)
        if about.get("format") != FORMAT:
            raise ValueError(f"{folder} is an index of another format")
        self.rows, self._bits = int(about["rows"]), int(about["bits"])
        self._length = int(about["letters"])
        self._starts = mapped(folder / "starts", "<u8")
        self._table = mapped(folder / "table", "<u4")
        self._prints = mapped(folder / "prints", "<u2")
        self._rows = mapped(folder / "rows", "<u4")
        self._bags = mapped(folder / "bags", "u1").reshape(-1, BAG)
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
        parts = [Part(words, text_sum(text)) for text in texts if (words := plain_words(text))]
        if not parts:
            return None
        mine = Compared(parts, similarity, complete)
        by_words, by_letters = self._met(mine)
        best: tuple[int, int, bool] | None = None
        for row in by_words:
            if (verdict := mine.to(self._read_back(row))) is not None:
                found = verdict[0], row, verdict[1]
                best = found if best is None else min(best, found)
        for row in by_letters if best is None else ():
            if mine.is_like(self._read_back(row)):
                best = TESTS.index("similar"), row, True
                break
        if best is None:
            return None
        return Match(TESTS[best[0]], best[1] + 1, best[2])

    def _met(self, mine: Compared) -> tuple[list[int], list[int]]:
        """Rows to compare: those met under texts or runs of words, and those under letters."""
        texts = Texts([[part.text for part in mine.parts]])
        whole, alone, grams, pairs, runs = texts.keys(
            texts.whole(), texts.alone(), texts.grams(), texts.pairs(), texts.runs(self._length)
        )
        if len(runs) > LONG:
            runs = runs[texts.is_entered(runs, np.zeros(len(runs), np.intp), 1.25)]
        keys = np.concatenate((whole, alone, grams, pairs, runs))
        sizes = len(whole) + len(alone), len(grams), len(pairs) + len(runs)
        buckets = (keys >> _U64(BITS - self._bits)).astype(np.intp)
        begin = self._table.take(buckets).astype(np.intp)
        held = self._table.take(buckets + 1) - begin
        places = np.arange(held.sum()) + np.repeat(begin - (held.cumsum() - held), held)
        prints = np.repeat(key_print(keys, self._bits), held)
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
        likely = often >= (2 if len(runs) > 2 * RUN_KEYS else 1)
        rows, often = rows[likely], often[likely]
        alike = self._may_be_alike(rows, texts.bags()[0], mine)
        rows, often = rows[alike], often[alike]
        rows = rows[np.argsort(-often, kind="stable")][:_COMPARED_BY_LETTERS]
        return first, np.sort(rows).tolist()

    def _may_be_alike(
        self, rows: NDArray[Any], bag: NDArray[np.uint8], mine: Compared
    ) -> NDArray[np.bool_]:
        """Which rows share letters enough: each that they do not share is an edit."""
        bags = self._bags.take(rows, axis=0).astype(np.int16)
        edits = 2 * len(mine.whole) * (100 - mine.similarity) / mine.similarity + 1
        alike: NDArray[np.bool_] = np.abs(bags - bag).sum(axis=1) <= edits
        return alike

    def _read_back(self, row: int) -> list[Part]:
        self.read += 1
        begin, end = int(self._starts[row]), int(self._starts[row + 1])
        return parts(read_at(self._texts, begin, end - begin))


def _counted(met: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Each row that was met, ascending, and how often."""
    met = np.sort(met)
    begun = np.ones(len(met), np.bool_)
    np.not_equal(met[1:], met[:-1], out=begun[1:])
    first = begun.nonzero()[0]
    return met.take(first), np.diff(first, append=len(met))
