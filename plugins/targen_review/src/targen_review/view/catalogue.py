"""All rows of the datasets that are read, in a temporary file, ready to be filtered and sorted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from targen_review.rows import ReviewData, ReviewRow

__all__ = ["SORTS", "Catalogue", "Query"]

SORTS = {"as they are": "at", "longest": "length DESC, at", "shortest": "length, at"}
"""How rows can be sorted -> how SQLite says it."""

_BATCH = 1000
_MAX_CHOICES = 200


@dataclass(frozen=True, slots=True)
class Query:
    """What of the rows is shown.

    Attributes:
        text: what stands in a text, whatever the case; "" for anything.
        choices: column -> the value that it must have; columns are those of `Catalogue.choices`.
        sort: one of `SORTS`.
    """

    text: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    sort: str = "as they are"


class Catalogue:
    """Rows and rejects of datasets, in a private temporary file that goes with the process."""

    def __init__(self, data: Sequence[ReviewData]) -> None:
        """Read everything once.

        Raises:
            TargenError: it cannot be read.
        """
        self._database = sqlite3.connect("")
        self._database.execute("PRAGMA cache_size = -4096")
        self._database.execute(
            "CREATE TABLE rows (at INTEGER PRIMARY KEY, data TEXT, label TEXT, generated TEXT, "
            "outcome TEXT, length INTEGER, text TEXT)"
        )
        # Apart, so that choosing and sorting does not read them.
        self._database.execute("CREATE TABLE bodies (at INTEGER PRIMARY KEY, raw TEXT)")
        self._database.execute("CREATE TABLE drawn (at INTEGER, value TEXT)")
        pairs = ((each, row) for each in data for row in chain(each.rows(), each.rejects()))
        numbered = enumerate(pairs, 1)
        with self._database:
            while batch := list(islice(numbered, _BATCH)):
                self._database.executemany(
                    "INSERT INTO rows VALUES (?,?,?,?,?,?,?)", map(_record, batch)
                )
                self._database.executemany("INSERT INTO bodies VALUES (?,?)", map(_body, batch))
                self._database.executemany("INSERT INTO drawn VALUES (?,?)", _drawn(batch))
            self._database.execute("CREATE INDEX by_drawn ON drawn (value, at)")
            self._database.execute("CREATE INDEX by_length ON rows (length, at)")
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
        """Column -> the values that rows can be chosen by; only where there is a choice."""

    def count(self, query: Query) -> int:
        """How many rows a query gives."""
        where, values = self._where(query)
        return int(
            self._database.execute(f"SELECT count(*) FROM rows{where}", values).fetchone()[0]  # noqa: S608
        )

    def rows(self, query: Query, start: int, count: int) -> Iterator[tuple[int, str, ReviewRow]]:
        """Some of the rows of a query: place from 1, dataset, row."""
        where, values = self._where(query)
        order = SORTS.get(query.sort, "at")
        records = self._database.execute(
            f"SELECT at, data, raw FROM (SELECT at, data, length FROM rows{where} "  # noqa: S608
            f"ORDER BY {order} LIMIT ? OFFSET ?) JOIN bodies USING (at) ORDER BY {order}",
            [*values, count, start],
        )
        for at, data, raw in records:
            yield at, data, ReviewRow.of(json.loads(raw))

    def find(self, at: int) -> tuple[str, ReviewRow] | None:
        """The dataset and the row of a place; None where there is none."""
        if at >= 1 << 63:  # more than SQLite can count to
            return None
        records = self._database.execute(
            "SELECT data, raw FROM rows JOIN bodies USING (at) WHERE at = ?", (at,)
        ).fetchone()
        return None if records is None else (records[0], ReviewRow.of(json.loads(records[1])))

    def close(self) -> None:
        """Give the file up."""
        self._database.close()

    def _values(self, query: str) -> list[str]:
        records = self._database.execute(f"{query} LIMIT {_MAX_CHOICES + 2}")
        return [value for (value,) in records if value]

    def _where(self, query: Query) -> tuple[str, list[str]]:
        """The condition of a query: names of columns are ours, values are bound."""
        parts, values = [], []
        for name, value in query.choices.items():
            if not value or name not in self.choices:
                continue
            if name == "drawn":
                parts.append("at IN (SELECT at FROM drawn WHERE value = ?)")
            else:
                parts.append(f"{name} = ?")
            values.append(value)
        if query.text:
            parts.append("instr(text, ?)")
            values.append(query.text.casefold())
        return (f" WHERE {' AND '.join(parts)}" if parts else ""), values


def _record(numbered: tuple[int, tuple[ReviewData, ReviewRow]]) -> tuple[object, ...]:
    at, (data, row) = numbered
    text = "\n".join(row.fields.values())
    outcome = "row" if row.official else row.reason.partition(":")[0] or row.verdict
    safe = text.casefold().encode("utf-8", "replace").decode()
    label = row.label or ""
    return at, data.name, label, row.before or row.intended, outcome, len(text), safe


def _body(numbered: tuple[int, tuple[ReviewData, ReviewRow]]) -> tuple[int, str]:
    at, (_, row) = numbered
    return at, json.dumps(row.raw, default=str)


def _drawn(
    batch: Sequence[tuple[int, tuple[ReviewData, ReviewRow]]],
) -> Iterator[tuple[int, str]]:
    for at, (_, row) in batch:
        for name, value in row.drawn.items():
            yield at, f"{name}: {value}"
