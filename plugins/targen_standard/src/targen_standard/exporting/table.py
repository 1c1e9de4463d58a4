"""CSV (RFC 4180): one table, for spreadsheets and data frames.

Data leaves unchanged, even texts that a spreadsheet would compute as formulas: programs read most
of these files. The command warns of such cells, and `formulas=quote` makes them texts.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from targen_core.cli.markup import csv_cell, is_formula, sheet_cell
from targen_core.dataset.model import Dataset
from targen_core.plugins.configurable import Configurable
from targen_standard.exporting.model import Exporter


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


class CsvOptions(BaseModel):
    """Options of `csv`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delimiter: Literal[",", ";", "tab"] = Field(
        default=",", description="the separator between cells: a comma, a semicolon or a tab"
    )
    formulas: Literal["keep", "quote"] = Field(
        default="keep",
        description="cells that a spreadsheet would run as formulas: keep leaves them "
        "unchanged, quote puts an apostrophe before them",
    )


def _exporter(options: CsvOptions) -> Exporter:
    delimiter = options.delimiter.replace("tab", "\t")
    shown = _as_text if options.formulas == "quote" else str

    def write(dataset: Dataset, out: Path) -> None:
        header = columns(dataset)
        with open(out, "w", encoding="utf-8", newline="") as file:
            # \r\n after each row, quotes if they are needed
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerow([shown(name) for name in header])
            for row in dataset.rows:
                writer.writerow([shown(csv_cell(row.get(name))) for name in header])

    def note(dataset: Dataset) -> str:
        formulas = count_formulas(dataset) if options.formulas == "keep" else 0
        return (
            (
                "a spreadsheet may run cells that begin with =, +, -, @ or a tab as formulas "
                f"({formulas:,} here). Use -o csv.formulas=quote, or import the columns as text"
            )
            if formulas
            else ""
        )

    return Exporter(
        write=write,
        suffix=".csv",
        summary="a table; nested values as JSON",
        columns=True,
        note=note,
    )


def _as_text(cell: str) -> str:
    """Return a cell that a spreadsheet shows unchanged."""
    return cell if _is_number(cell) else sheet_cell(cell)


CSV = Configurable(CsvOptions, _exporter)
