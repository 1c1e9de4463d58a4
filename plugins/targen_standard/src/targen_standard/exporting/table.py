"""CSV (RFC 4180): one table, for spreadsheets and data frames."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from targen_core.cli.markup import csv_cell
from targen_core.dataset.model import Dataset
from targen_core.plugins.configurable import Configurable
from targen_standard.exporting.model import Exporter


def columns(dataset: Dataset) -> list[str]:
    """All columns of the rows, in the order in which they first occur."""
    return list(dict.fromkeys(name for row in dataset.own_rows for name in row))


class CsvOptions(BaseModel):
    """Options of `csv`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delimiter: Literal[",", ";", "tab"] = Field(
        default=",", description="the separator between cells: a comma, a semicolon or a tab"
    )


def _exporter(options: CsvOptions) -> Exporter:
    delimiter = options.delimiter.replace("tab", "\t")

    def write(dataset: Dataset, out: Path) -> None:
        header = columns(dataset)
        with open(out, "w", encoding="utf-8", newline="") as file:
            # \r\n after each row, quotes if they are needed
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerow(map(csv_cell, header))
            for row in dataset.own_rows:
                writer.writerow([csv_cell(row.get(name)) for name in header])

    return Exporter(
        write=write,
        suffix=".csv",
        summary="a table; nested values as JSON",
        columns=True,
    )


CSV = Configurable(CsvOptions, _exporter)
