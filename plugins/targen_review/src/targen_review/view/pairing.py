"""Match the rows of two datasets: before and after, or two answers to one seed.

Rows are the same by id, as people's changes keep the ids of the run. Or they have the same texts,
as after correction, or the same seed. The key that pairs the most rows counts, if it pairs at least
half of the smaller dataset. Where several rows have one key, the first is paired with the first.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from targen_core.errors import UsageError
from targen_core.tasks.fields import named
from targen_core.text import plural
from targen_review.rows import ReviewData, ReviewRow

_WORDS = {"id": "their ids", "texts": "their texts", "seed": "their seeds"}
"""Kinds of keys, the surest first -> their names."""

_LEAST = 0.5  # of the rows of the smaller dataset


class Keys:
    """Ways to pair rows, and the one that is used.

    Attributes:
        name: the key by which they are paired: `id`, `texts`, `seed`, or the requested column; ""
            for unpaired rows.
        pairs: how many pairs there are.
    """

    def __init__(self, database: sqlite3.Connection, data: Sequence[ReviewData], key: str) -> None:
        """Prepare the table of keys, if there are two datasets."""
        self.name = ""
        self.pairs = 0
        self._database = database
        self._names = [each.name for each in data]
        self._asked = key
        # Ids of two runs are alike because runs count alike; one that was made of the other keeps
        # them, and says so.
        self._with_ids = sum(each.has_origin and each.source.run is None for each in data) == 1
        database.execute("CREATE TABLE keys (at INTEGER, data TEXT, kind TEXT, key INTEGER)")

    @property
    def words(self) -> str:
        """The same, for people."""
        if not self.name:
            return "The two datasets do not share a key, so each is shown in its own order."
        what = f"the column {self.name}" if self._asked else _WORDS[self.name]
        return f"{plural(self.pairs, 'pair')} of rows, matched by {what}."

    def take(self, data: ReviewData, rows: Iterable[tuple[int, ReviewRow]]) -> None:
        """Note the keys of rows with their places."""
        if len(self._names) != 2:
            return
        records = [
            (at, data.name, kind, _hash(value))
            for at, row in rows
            for kind, value in self._keys(row)
        ]
        self._database.executemany("INSERT INTO keys VALUES (?,?,?,?)", records)

    def pair(self) -> None:
        """Choose a key, and give paired rows the place of the first dataset's as their `pair`.

        Raises:
            UsageError: no row of one dataset has the column that was asked for.
        """
        if len(self._names) != 2:
            return
        best: list[tuple[int, int]] = []
        for kind in (self._asked,) if self._asked else tuple(_WORDS):
            found = self._joined(kind)
            if len(found) > len(best):
                self.name, best = kind, found
        if self._asked:
            self.name = self._asked
            self._require()
        else:
            sizes = dict(self._database.execute("SELECT data, count(*) FROM rows GROUP BY data"))
            smaller = min(sizes.get(name, 0) for name in self._names)
            if len(best) < max(1, _LEAST * smaller):
                self.name, best = "", []
        self.pairs = len(best)
        self._database.executemany("UPDATE rows SET pair = ? WHERE at = ?", best)
        self._database.execute("DROP TABLE keys")

    def _keys(self, row: ReviewRow) -> Iterable[tuple[str, object]]:
        if self._asked:
            values = [value for of in row.official[:1] for value in named(of, self._asked)]
            if not values and self._asked in row.fields:  # of a reject
                values = [row.fields[self._asked]]
            if values and values != [None]:
                yield self._asked, values
            return
        if self._with_ids:
            yield "id", row.id
        if any(row.fields.values()):
            yield "texts", dict(row.fields)
        if row.seed is not None:
            yield "seed", [row.seed, row.intended]

    def _joined(self, kind: str) -> list[tuple[int, int]]:
        """(place of the first dataset, place of the second) of rows with the same key."""
        query = (
            "WITH own AS (SELECT at, data, key, row_number() OVER "
            "(PARTITION BY data, key ORDER BY at) AS n FROM keys WHERE kind = ?) "
            "SELECT one.at, other.at FROM own AS one JOIN own AS other USING (key, n) "
            "WHERE one.data = ? AND other.data = ?"
        )
        return self._database.execute(query, (kind, *self._names)).fetchall()

    def _require(self) -> None:
        there = {name for (name,) in self._database.execute("SELECT DISTINCT data FROM keys")}
        if lacking := next((name for name in self._names if name not in there), ""):
            raise UsageError(
                f"none of the rows of {lacking} have a column {self._asked!r}",
                hint="pass a column of both datasets with --key",
            )


def _hash(value: object) -> int:
    """63 bits of a value."""
    text = json.dumps(value, sort_keys=True, default=str).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest()) >> 1
