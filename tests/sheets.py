"""Sheets as people and programs fill them in."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping

from targen_core.cli.markup import sheet_cell

MARKDOWN_EMPTY = "````answer\n\n````"


def filled(sheet: str, answers: Mapping[str, str]) -> str:
    """Fill in a sheet of Markdown as a person does."""
    for key, text in answers.items():
        longest = max(map(len, re.findall("`+", text)), default=0)
        ticks = "`" * max(4, longest + 1)
        head, _, tail = sheet.partition(f"## Call {key}\n")
        tail = tail.replace(MARKDOWN_EMPTY, f"{ticks}answer\n{text}\n{ticks}", 1)
        sheet = f"{head}## Call {key}\n{tail}"
    return sheet


def filled_csv(sheet: str, answers: Mapping[str, str]) -> str:
    """Fill in a sheet of CSV as a program does that writes texts safely."""
    rows = list(csv.DictReader(io.StringIO(sheet, newline="")))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {"answer": sheet_cell(answers.get(row["custom_id"], ""))})
    return out.getvalue()
