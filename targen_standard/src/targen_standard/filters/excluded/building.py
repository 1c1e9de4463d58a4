"""Building an index from a stream of rows: first their texts, then what they are found by."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from targen_standard.filters.excluded.comparing import GRAM, RUN
from targen_standard.filters.excluded.files import (
    FORMAT,
    PRINT,
    RUN_KEYS,
    key_print,
    mapped,
    parts,
    record,
)
from targen_standard.filters.excluded.hashing import BITS, Keys, Places, Texts

__all__ = ["build_index"]

_U64 = np.uint64
_LETTERS = {0: 5, 30_000: 6, 200_000: 7}  # of a run, from so many rows on
_PAIR_KEYS = 2  # under which a row is entered, as under runs of letters
_ROWS_OF_KEY = 32
_A_BUCKET = 8  # entries, on average
_BATCH = 4096  # rows
_PARTS_OF_TABLE = 64
_ENTRY = np.dtype([("key", "<u8"), ("row", "<u4")])


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
        bits = min(bits, BITS - PRINT)  # of more rows, from 27 million on, buckets hold more
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
            records = [record(row) for row in batch]
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
            laid = Texts(batch)
            bags.write(laid.bags().tobytes())
            made = _entries(laid, length, held)
            made["row"] += count
            entries += len(made)
            _scatter(made, parts)
            count += len(batch)
    return entries


def _written(folder: Path) -> Iterator[list[str]]:
    """The rows of an index, as comparisons see them."""
    starts = mapped(folder / "starts", "<u8")
    with open(folder / "texts", "rb") as texts:
        for at in range(0, len(starts) - 1, _BATCH):
            for size in np.diff(starts[at : at + _BATCH + 1]).tolist():
                yield [part.text for part in parts(texts.read(size))]


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


def _entries(texts: Texts, length: int, held: NDArray[np.int64]) -> NDArray[np.void]:
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
        _rarest(texts, runs[entered], spans[3].of[entered], rows[entered], RUN_KEYS, held),
        _rarest(texts, pairs, spans[4].of, texts.row_of(spans[4].of), _PAIR_KEYS, held),
    ]
    keys = np.concatenate([key for key, _ in made])
    entries = np.zeros(len(keys), _ENTRY)
    entries["key"], entries["row"] = keys, np.concatenate([row for _, row in made])
    return entries


def _winnowed(texts: Texts, keys: Keys, at: Places) -> tuple[Keys, Places]:
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
    texts: Texts,
    keys: Keys,
    at: Places,
    rows: Places,
    stretches: int,
    held: NDArray[np.int64],
) -> tuple[Keys, Places]:
    """From each stretch of a row the hash with the fewest entries, those to come among them."""
    if not len(keys):
        return keys, rows
    places = (keys >> _U64(BITS - 22)).astype(np.intp)
    often = held.take(places) + np.bincount(places, minlength=len(held)).take(places)
    begin = texts.starts.take(texts.first.take(rows))
    size = texts.ends.take(texts.first.take(rows + 1) - 1) + 1 - begin
    stretch = rows * stretches + (at - begin) * stretches // size
    first = np.flatnonzero(np.diff(stretch, prepend=-1))
    order = np.minimum(often, (1 << 21) - 1).astype(_U64) << _U64(BITS) | keys
    least = np.minimum.reduceat(order, first) & _U64((1 << BITS) - 1)
    held += np.bincount((least >> _U64(BITS - 22)).astype(np.intp), minlength=len(held))
    return least, rows.take(first)


def _scatter(entries: NDArray[np.void], parts: Sequence[BinaryIO]) -> None:
    """Write entries to the parts of the table that they belong to."""
    shift = BITS - (_PARTS_OF_TABLE - 1).bit_length()
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
            first = np.searchsorted((key >> _U64(BITS - bits)).astype(np.int64), bounds)
            table.write((first + written).astype("<u4").tobytes())
            prints.write(key_print(key, bits).astype("<u2").tobytes())
            rows.write(row.astype("<u4").tobytes())
            written += len(key)
        table.write(np.array([written], "<u4").tobytes())
