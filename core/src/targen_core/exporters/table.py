"""CSV (RFC 4180): one table, for spreadsheets and data frames.

Data leaves unchanged, even texts that a spreadsheet would compute as formulas:
programs read most of these files. The command warns of such cells.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from targen_core.dataset.model import Dataset
from targen_core.exporters.model import Exporter
from targen_core.text import is_formula

__all__ = ["CSV", "columns", "count_formulas"]


def columns(dataset: Dataset) -> list[str]:
    """All columns of the rows, in the order in which they first occur."""
    return list(dict.fromkeys(name for row in dataset.rows for name in row))


def count_formulas(dataset: Dataset) -> int:
    """Return how many cells of the table a spreadsheet may compute; numbers are not counted."""
    cells = (cell for row in dataset.rows for cell in row.values())
    texts = (cell for cell in (*columns(dataset), *cells) if isinstance(cell, str))
    return sum(is_formula(text) and not _is_number(text) for text in texts)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _write(dataset: Dataset, out: Path) -> None:
    header = columns(dataset)
    with open(out, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)  # \r\n after each row, quotes where they are needed
        writer.writerow(header)
        for row in dataset.rows:
            writer.writerow([_cell(row.get(name)) for name in header])


def _cell(value: Any) -> str:
    """Texts as they are, nothing as an empty cell, all else as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


CSV = Exporter(write=_write, suffix=".csv", summary="a table; nested values as JSON", columns=True)
