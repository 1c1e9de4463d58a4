"""A person's own file with the changed cells of its rows, in its own form and columns."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from targen_core.dataset.layout import current
from targen_core.dataset.naming import plain_label
from targen_core.outputs import writing
from targen_core.plain import replace_plain
from targen_core.tasks.model import Task

Row = Mapping[str, Any]
Change = tuple[Row, Row | None]
"""A row of the file as a task has it, before and after; None if it was removed."""


def write_own_file(
    out: Path, source: str | Path, encoding: str, task: Task[Any, Any], changes: Sequence[Change]
) -> Path | None:
    """Write `source` with the changes into `out`, and return the new file.

    Cells without a change keep their bytes. Returns None unless the source is a file of CSV, TSV or
    JSON lines with exactly these rows, such as a run.
    """
    file = Path(source)
    if not file.is_file() or file.suffix.lower() not in (".csv", ".tsv", ".txt", ".jsonl"):
        return None
    columns = {**dict(task.rows.files.get("map", {})), **current().columns}
    content, made = file.read_bytes(), b""
    for each in (encoding, "utf-8", "cp1252", "latin-1"):
        try:
            made = _changed(content.decode(each), file.suffix, columns, changes).encode(each)
        except UnicodeError:
            continue
        if made:
            break
    if not made:
        return None
    path = out / file.name
    if path.exists() and file.name in ("dataset.jsonl", "changes.jsonl"):
        path = out / f"own-{file.name}"
    with writing(path, hint="--out FOLDER"):
        replace_plain(path, made)
    return path


def _changed(text: str, suffix: str, columns: Mapping[str, str], changes: Sequence[Change]) -> str:
    """Return a file's text with the changes, or "" if its rows are others."""
    if not changes:
        return ""
    if suffix.lower() == ".jsonl":
        return _in_lines(text, columns, changes) or ""
    made = (_in_cells(text, delimiter, columns, changes) for delimiter in "\t,;|")
    return next(filter(None, made), "")


def _found(
    rows: Sequence[Row], columns: Mapping[str, str], changes: Sequence[Change]
) -> dict[str, tuple[str, dict[Any, Any]]] | None:
    """Return the column of each changed field, and what it writes for each value.

    None if the rows are not those of the changes.
    """
    if len(rows) != len(changes):
        return None
    found = {}
    changed = {
        name: None
        for before, after in changes
        if after is not None
        for name in after
        if name in before and before[name] != after[name]
    }
    fields = {name: None for name, value in changes[0][0].items() if isinstance(value, str)}
    for field in {**changed, **fields}:
        befores = [before.get(field) for before, _ in changes]
        named = columns.get(field, field)
        names = [*dict.fromkeys((named, *rows[0]))]
        for name in (name for name in names if name in rows[0]):
            cells = [row.get(name) for row in rows]
            same = all(
                plain_label(c) == plain_label(b) for c, b in zip(cells, befores, strict=True)
            )
            pairs = {*zip(map(_key, cells), map(_key, befores), strict=True)}
            if same or (name == named and len(pairs) == len({cell for cell, _ in pairs})):
                spelled = {_key(b): c for c, b in reversed([*zip(cells, befores, strict=True)])}
                found[field] = (name, spelled)
                break
        else:
            if field in changed:
                return None
    return found or None


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _cells_of(
    change: Change, found: Mapping[str, tuple[str, dict[Any, Any]]]
) -> dict[str, Any] | None:
    """Return the new cells of a row by their columns; None if the row was removed."""
    before, after = change
    if after is None:
        return None
    return {
        column: spelled.get(_key(after[field]), after[field])
        for field, (column, spelled) in found.items()
        if field in after and after[field] != before.get(field)
    }


def _in_lines(text: str, columns: Mapping[str, str], changes: Sequence[Change]) -> str | None:
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    try:
        rows = [json.loads(line.removeprefix("\ufeff")) for line in lines if line.strip()]
    except ValueError:
        return None
    if not all(isinstance(row, dict) for row in rows):
        return None
    found = _found(rows, columns, changes)
    if found is None:
        return None
    made, at = [], -1
    for line in lines:
        at += bool(line.strip())
        cells = _cells_of(changes[at], found) if line.strip() else {}
        if cells:
            ascii_only = line.isascii() and "\\u" in line
            end = line[len(line.rstrip("\r\n")) :]
            line = json.dumps({**rows[at], **cells}, ensure_ascii=ascii_only) + end
        if cells is not None:
            made.append(line)
    return "".join(made)


def _in_cells(
    text: str, delimiter: str, columns: Mapping[str, str], changes: Sequence[Change]
) -> str | None:
    sign = re.escape(delimiter)
    cell = re.compile(
        rf'("[^"]*+(?:""[^"]*+)*+"(?={sign}|[\r\n]|\Z)|[^{sign}\r\n]*+)({sign}|\r\n|\r|\n|\Z)'
    )
    start = 1 if text.startswith("\ufeff") else 0
    if text.startswith("sep=", start):
        start = text.index("\n") + 1 if "\n" in text else len(text)
    records: list[list[tuple[str, str]]] = [[]]
    for match in cell.finditer(text, start):
        if match.start() == len(text) and not records[-1]:
            break
        records[-1].append((match[1], match[2]))
        if match[2] != delimiter:
            records.append([])
            if match.end() == len(text):
                break
    full = [record for record in records if any(value for value, _ in record)]
    head, start_row = [], 0
    if len(full) == len(changes) + 1:
        head, start_row = [_plain(value) for value, _ in full[0]], 1
    elif len(full) == len(changes):
        head = [str(number) for number, _ in enumerate(full[0], 1)]
    rows = [
        dict(zip(head, (_plain(value) for value, _ in record), strict=False))
        for record in full[start_row:]
    ]
    found = _found(rows, columns, changes) if rows else None
    if found is None:
        return None
    made, at = [text[:start]], -1 - start_row
    for record in records:
        counts = any(value for value, _ in record)
        at += counts
        cells = _cells_of(changes[at], found) if counts and at >= 0 else {}
        if cells is None:
            continue
        names = head + [""] * (len(record) - len(head))
        for name, (value, end) in zip(names, record, strict=False):
            new = _quoted(str(cells[name]), value, delimiter) if name in cells else value
            made.append(new + end)
    return "".join(made)


def _plain(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1].replace('""', '"') if is_quoted else value


def _quoted(new: str, old: str, delimiter: str) -> str:
    if old[:1] == '"' or any(sign in new for sign in (delimiter, '"', "\n", "\r")):
        return '"' + new.replace('"', '""') + '"'
    return new
