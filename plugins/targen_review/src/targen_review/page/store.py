"""The rows that a page shows, on disk: a hundred thousand of them take no room in memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from targen_review.rows import ReviewData, ReviewRow

_CACHE = -4096  # KiB of pages that SQLite keeps in memory


class RowStore:
    """Rows by their ids, in a private temporary file that is removed with the process."""

    def __init__(
        self, rows: Iterable[tuple[ReviewData, ReviewRow]], *, only: Iterable[str]
    ) -> None:
        """Read all rows once, and keep those whose ids are in `only`.

        Raises:
            TargenError: they cannot be read.
        """
        self._database = sqlite3.connect("")  # a file that has no name, and ends with us
        self._database.execute(f"PRAGMA cache_size = {_CACHE}")
        self._database.execute(
            "CREATE TABLE rows (id TEXT PRIMARY KEY, data TEXT, digest TEXT, number INTEGER, "
            "raw TEXT) WITHOUT ROWID"
        )
        records = (
            (each.name, row.digest, row.number, json.dumps(row.raw, default=str), row.id)
            for each, row in rows
        )
        with self._database:
            # The ids first, so that rows without such an id have no line to update.
            self._database.executemany(
                "INSERT OR IGNORE INTO rows (id) VALUES (?)", ((each,) for each in only)
            )
            self._database.executemany(
                "UPDATE rows SET data = ?, digest = ?, number = ?, raw = ? WHERE id = ?", records
            )
            self._count = self._database.execute(
                "SELECT count(*) FROM rows WHERE raw IS NOT NULL"
            ).fetchone()[0]

    def find(self, row: str) -> tuple[str, ReviewRow] | None:
        """The name of a row's dataset, and the row; None if the data has it no more."""
        record = self._database.execute(
            "SELECT data, raw FROM rows WHERE id = ? AND raw IS NOT NULL", (row,)
        ).fetchone()
        return None if record is None else (record[0], ReviewRow.of(json.loads(record[1])))

    def id_of(self, data: str, number: int) -> str | None:
        """The id of what has a row of this number; None if it is not here."""
        record = self._database.execute(
            "SELECT id, number FROM rows WHERE data = ? AND number <= ? "
            "ORDER BY number DESC LIMIT 1",
            (data, number),
        ).fetchone()
        found = None if record is None else self.find(record[0])
        if found is None or number >= record[1] + len(found[1].official):
            return None
        return str(record[0])

    def digest(self, row: str) -> str | None:
        """The digest of a row; None if the data has it no more."""
        record = self._database.execute(
            "SELECT digest FROM rows WHERE id = ? AND raw IS NOT NULL", (row,)
        ).fetchone()
        return None if record is None else str(record[0])

    def __len__(self) -> int:
        return int(self._count)

    def close(self) -> None:
        """Give the file up."""
        self._database.close()
