"""All rows of the datasets that are read, in a temporary file, ready to be filtered and sorted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from typing import Any

from targen_review.rows import ReviewData, ReviewRow
from targen_review.view.pairing import Keys


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of rows, by a column of theirs; of equals the earlier row comes first.

    Attributes:
        column: of `rows`; "" for the order of the data.
        descending: whether the highest value comes first. Rows without one come last.
    """

    column: str = ""
    descending: bool = False

    def of_rows(self) -> str:
        """As SQLite says it."""
        return self._by(self.column, "at")

    def of_pairs(self) -> str:
        """The same, by that row of a pair that comes first."""
        return self._by(f"{'max' if self.descending else 'min'}({self.column})", "pair")

    def _by(self, value: str, place: str) -> str:
        if not self.column:
            return place
        return f"{value}{' DESC' if self.descending else ''} NULLS LAST, {place}"


SORTS = {
    "original order": Sort(),
    "longest": Sort("length", True),
    "shortest": Sort("length"),
    "most alike": Sort("likeness", True),
    "least alike": Sort("likeness"),
    "hardest": Sort("pvi"),
    "easiest": Sort("pvi", True),
}
"""How rows can be sorted."""

_BATCH = 1000
_MAX_CHOICES = 200
_COLUMNS = ("data", "label", "generated", "outcome", "drawn")


@dataclass(frozen=True, slots=True)
class Query:
    """The rows to show, and their order.

    Attributes:
        text: part of a text, in any case; "" for anything.
        choices: column -> the value that it must have; columns are those of `Catalogue.choices`.
        sort: one of `SORTS`.
        paired: whether rows of two datasets that belong together share a place in the list. The
            place is listed if one of the two matches.
    """

    text: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    sort: str = "original order"
    paired: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A row in the list of all.

    Attributes:
        at: its place, from 1.
        data: the name of its dataset.
        row: the row.
        likeness: the similarity to the most similar row of its dataset; None while unknown.
        pvi: its pointwise V-information, in bits; None if it was not measured.
    """

    at: int
    data: str
    row: ReviewRow
    likeness: float | None
    pvi: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """Where a dataset lies in the list of all rows: places from 1; its rejects follow its rows."""

    data: str
    rows: range
    rejects: range


class Catalogue:
    """Rows and rejects of datasets, in a private temporary file that is removed with the process.

    It may be asked from several threads.

    Attributes:
        parts: where each dataset lies.
        choices: column -> the values by which rows can be chosen; only if there are several.
        keys: by what the rows of two datasets are paired.
    """

    def __init__(self, data: Sequence[ReviewData], *, key: str = "") -> None:
        """Read everything once.

        Args:
            data: the datasets.
            key: the column that pairs rows of two datasets; by default the one that `pairing`
                finds.

        Raises:
            TargenError: it cannot be read.
            UsageError: no row has the column `key`.
        """
        self._database = sqlite3.connect("", check_same_thread=False)
        self._lock = Lock()
        self._counts: dict[tuple[str, ...], int] = {}  # of the last queries
        self._database.execute("PRAGMA cache_size = -4096")
        self._database.execute(
            "CREATE TABLE rows (at INTEGER PRIMARY KEY, pair INTEGER, data TEXT, label TEXT, "
            "generated TEXT, outcome TEXT, length INTEGER, likeness REAL, pvi REAL)"
        )
        # Apart, so that choosing and sorting does not read them.
        self._database.execute("CREATE TABLE texts (at INTEGER PRIMARY KEY, text TEXT)")
        self._database.execute("CREATE TABLE bodies (at INTEGER PRIMARY KEY, raw TEXT)")
        self._database.execute("CREATE TABLE drawn (at INTEGER, value TEXT)")
        self.keys = Keys(self._database, data, key)
        self.parts: list[Part] = []
        with self._database:
            at = 1
            for each in data:
                first_reject = self._take(each, each.rows(), at)
                end = self._take(each, each.rejects(), first_reject)
                self.parts.append(
                    Part(each.name, range(at, first_reject), range(first_reject, end))
                )
                at = end
            self._database.execute("CREATE INDEX by_drawn ON drawn (value, at)")
            self.keys.pair()
            self._database.execute("CREATE INDEX by_pair ON rows (pair)")
        self.choices = {
            name: values
            for name, query in (
                ("data", "SELECT DISTINCT data FROM rows"),
                ("label", "SELECT DISTINCT label FROM rows ORDER BY 1"),
                ("generated", "SELECT DISTINCT generated FROM rows ORDER BY 1"),
                ("outcome", "SELECT DISTINCT outcome FROM rows ORDER BY outcome != 'row', 1"),
                ("drawn", "SELECT DISTINCT value FROM drawn ORDER BY 1"),
            )
            if 1 < len(values := self._values(query)) <= _MAX_CHOICES
        }

    def __len__(self) -> int:
        return self.parts[-1].rejects.stop - 1 if self.parts else 0

    def count(self, query: Query) -> int:
        """Return how many places a query gives."""
        where, values = self._where(query)
        what = "count(DISTINCT pair)" if query.paired else "count(*)"
        asked = f"SELECT {what} FROM rows{where}", *values  # noqa: S608
        if asked not in self._counts:  # else each page would look through all texts twice
            if len(self._counts) > 1:  # two columns have a count each
                self._counts.clear()
            self._counts[asked] = int(self._ask(asked[0], values)[0][0])
        return self._counts[asked]

    def places(self, query: Query, start: int, count: int) -> list[int]:
        """Some of the places of a query: of rows, or of the first row of each pair."""
        where, values = self._where(query)
        order = SORTS.get(query.sort, SORTS["original order"])
        if query.paired:
            chosen = f"SELECT pair FROM rows{where} GROUP BY pair ORDER BY {order.of_pairs()}"  # noqa: S608
        else:
            chosen = f"SELECT at FROM rows{where} ORDER BY {order.of_rows()}"  # noqa: S608
        records = self._ask(f"{chosen} LIMIT ? OFFSET ?", [*values, count, start])
        return [at for (at,) in records]

    def rows(self, query: Query, start: int, count: int) -> list[Entry]:
        """Some of the rows of a query."""
        return self.entries(self.places(query, start, count))

    def entries(self, places: Sequence[int]) -> list[Entry]:
        """The rows at places, in their order, without places that do not exist."""
        found = {entry.at: entry for entry in self._entries(f"at IN ({_marks(places)})", places)}
        return [found[at] for at in places if at in found]

    def pairs(self, places: Sequence[int]) -> list[dict[str, Entry]]:
        """The pairs of places: dataset -> its row of the pair; one of the two may lack."""
        found: dict[int, dict[str, Entry]] = {at: {} for at in places}
        records = self._ask(
            f"SELECT at, pair FROM rows WHERE pair IN ({_marks(places)})",  # noqa: S608
            places,
        )
        pair_of = dict(records)
        for entry in self.entries(list(pair_of)):
            found[pair_of[entry.at]][entry.data] = entry
        return [found[at] for at in places]

    def find(self, at: int) -> Entry | None:
        """Return the row at a place, or None."""
        return next(iter(self.entries([at])), None) if at < 1 << 63 else None

    def partner(self, at: int) -> Entry | None:
        """Return the matching row of the other dataset, or None."""
        records = self._ask(
            "SELECT other.at FROM rows JOIN rows AS other USING (pair) "
            "WHERE rows.at = ? AND other.at != rows.at",
            [at],
        )
        return self.find(records[0][0]) if records else None

    def texts(self) -> Iterator[str]:
        """The texts of each row together, in the order of places."""
        for start in range(1, len(self) + 1, _BATCH):
            query = "SELECT raw FROM bodies WHERE at >= ? AND at < ? ORDER BY at"
            for (raw,) in self._ask(query, [start, start + _BATCH]):
                yield "\n".join(json.loads(raw)["fields"].values())

    def enter(self, column: str, values: Iterable[tuple[int, float]]) -> None:
        """Note what was measured, `likeness` or `pvi`: places, and the value of each."""
        assert column in ("likeness", "pvi")
        records = [(value, at) for at, value in values]
        with self._lock, self._database:
            self._database.executemany(f"UPDATE rows SET {column} = ? WHERE at = ?", records)  # noqa: S608

    def known(self, column: str) -> dict[str, int]:
        """By dataset, the number of rows whose `likeness` or `pvi` is known."""
        assert column in ("likeness", "pvi")
        return dict(self._ask(f"SELECT data, count({column}) FROM rows GROUP BY data", []))  # noqa: S608

    def labels(self, part: Part) -> list[str]:
        """Return the labels of a dataset's rows, in order; "" for a row without one."""
        query = "SELECT label FROM rows WHERE at >= ? AND at < ? ORDER BY at"
        return [label for (label,) in self._ask(query, [part.rows.start, part.rows.stop])]

    def close(self) -> None:
        """Give the file up."""
        with self._lock:
            self._database.close()

    def _take(self, data: ReviewData, rows: Iterable[ReviewRow], at: int) -> int:
        """Enter rows from a place on; the place after them."""
        numbered = enumerate(rows, at)
        while batch := list(islice(numbered, _BATCH)):
            records = [_record(at, data, row) for at, row in batch]
            self._database.executemany("INSERT INTO rows VALUES (?,?,?,?,?,?,?,NULL,NULL)", records)
            self._database.executemany(
                "INSERT INTO texts VALUES (?,?)", [(at, _folded(row)) for at, row in batch]
            )
            self._database.executemany(
                "INSERT INTO bodies VALUES (?,?)",
                [(at, json.dumps(row.raw, default=str)) for at, row in batch],
            )
            self._database.executemany(
                "INSERT INTO drawn VALUES (?,?)",
                [
                    (at, f"{name}: {value}")
                    for at, row in batch
                    for name, value in row.drawn.items()
                ],
            )
            self.keys.take(data, batch)
            at += len(batch)
        return at

    def _entries(self, where: str, values: Sequence[int]) -> Iterator[Entry]:
        records = self._ask(
            f"SELECT at, data, raw, likeness, pvi FROM rows JOIN bodies USING (at) WHERE {where}",  # noqa: S608
            values,
        )
        for at, data, raw, likeness, pvi in records:
            yield Entry(at, data, ReviewRow.of(json.loads(raw)), likeness, pvi)

    def _ask(self, query: str, values: Sequence[Any]) -> list[Any]:
        with self._lock:
            return self._database.execute(query, values).fetchall()

    def _values(self, query: str) -> list[str]:
        return [value for (value,) in self._ask(f"{query} LIMIT {_MAX_CHOICES + 2}", []) if value]

    def _where(self, query: Query) -> tuple[str, list[str]]:
        """The condition of a query: names of columns are ours, values are bound."""
        parts, values = [], []
        for name, value in query.choices.items():
            if not value or name not in _COLUMNS:
                continue
            if name == "drawn":
                parts.append("at IN (SELECT at FROM drawn WHERE value = ?)")
            else:
                parts.append(f"{name} = ?")
            values.append(value)
        if query.text:
            parts.append("at IN (SELECT at FROM texts WHERE instr(text, ?))")
            values.append(query.text.casefold())
        return (f" WHERE {' AND '.join(parts)}" if parts else ""), values


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))


def _record(at: int, data: ReviewData, row: ReviewRow) -> tuple[object, ...]:
    outcome = "row" if row.official else row.reason.partition(":")[0] or row.verdict
    length = sum(map(len, row.fields.values()))
    return at, at, data.name, row.label or "", row.before or row.intended, outcome, length


def _folded(row: ReviewRow) -> str:
    """Return the texts as searched."""
    text = "\n".join(row.fields.values())
    return text.casefold().encode("utf-8", "replace").decode()
