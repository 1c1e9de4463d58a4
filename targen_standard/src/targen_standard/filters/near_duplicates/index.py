"""The committed rows of a run, searchable for what a candidate nearly repeats."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from targen_core.tasks.checks import normalized
from targen_standard.filters.likeness import KEYS, Index, first_alike, keys_of, whole_key

__all__ = ["NearDuplicates"]

# Of an entry: its form, the bytes of seed, text and written, and its keys, that of the whole last.
_HEAD = struct.Struct(f"<BHII{KEYS + 1}I")
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
        self._rows: list[tuple[str, str, str]] = []  # the seed, text and what was written of each
        self._last = (
            "",
            "",
            "",
            "",
            [0] * (KEYS + 1),
        )  # what was looked for is most often added next

    def find(self, seed: str, text: str, written: str) -> int | None:
        """The number of the committed row that this one nearly repeats, or None.

        It is the first of those compared that are alike.
        """
        if not self._rows:
            return None
        _, _, text, written, keys = self._look(text, written)
        # Most that meet by chance have other lengths: to look at these costs less than a call.
        most = len(text) * (200 - self.threshold) / self.threshold + 1
        least = len(text) ** 2 / most - 1
        siblings: list[int] = []
        others: list[int] = []
        for number in self._index.find(keys, keys[-1:]):
            its_seed, its_text, _ = self._rows[number]
            if seed == its_seed:
                siblings.append(number)
            elif least <= len(its_text) <= most:
                others.append(number)
        found = (self._first(text, others, 1), self._first(written, siblings, 2))
        return min((number for number in found if number is not None), default=None)

    def _first(self, text: str, numbers: Sequence[int], part: int) -> int | None:
        """The first of some rows whose text at `part` is like this one."""
        place = first_alike(text, [self._rows[number][part] for number in numbers], self.threshold)
        return None if place is None else numbers[place]

    def add(self, seed: str, text: str, written: str) -> bytes:
        """Index a committed row; return its data for `restore`, or b"" if the filter is off."""
        if not self.threshold:
            return b""
        _, _, text, written, keys = self._look(text, written)
        self._enter(seed, text, written, keys)
        # Most tasks' generators write the whole row: one text, kept once.
        form = _FORM | (written != text) << 7
        parts = [
            part.encode("utf-8", "surrogatepass")
            for part in (seed, text, written if written != text else "")
        ]
        return b"".join((_HEAD.pack(form, *map(len, parts), *keys), *parts))

    def restore(self, entries: Iterable[bytes]) -> None:
        """Add the rows of what `add` returned in an earlier index, in order.

        Raises ValueError where one is not from `add`.
        """
        if not self.threshold:
            return
        for entry in entries:
            try:
                form, *sizes = _HEAD.unpack_from(entry)
                cuts = [*accumulate(sizes[:3], initial=_HEAD.size)]
                if form & 127 != _FORM or cuts[-1] != len(entry):
                    raise ValueError(f"form {form}, {len(entry)} bytes")
                seed, text, written = (
                    entry[begun:ended].decode("utf-8", "surrogatepass")
                    for begun, ended in pairwise(cuts)
                )
            except (struct.error, ValueError) as error:
                raise ValueError(f"not an entry of the near-duplicate index: {error}") from error
            self._enter(seed, text, written if form & 128 else text, sizes[3:])

    def _look(self, text: str, written: str) -> tuple[str, str, str, str, list[int]]:
        """Both texts as they are, both normalised, and the keys."""
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

    def _enter(self, seed: str, text: str, written: str, keys: Iterable[int]) -> None:
        self._index.add(len(self._rows), keys)
        self._rows.append((seed, text, written))
