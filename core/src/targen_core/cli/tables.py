"""Plain tables on standard output: nothing to import, easy to grep."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from targen_core.text import json_safe, printable

__all__ = ["print_json", "print_table"]


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns; numbers to the right. Each row stays one line."""
    table = [[printable(str(cell), lines=False) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(header), *table]) for i in range(len(header))]
    right = [
        all(row[i].replace(",", "").replace(".", "").lstrip("-$").isdigit() for row in table)
        and bool(table)
        for i in range(len(header))
    ]
    for row in [list(header), *table]:
        cells = (
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        )
        print("  ".join(cells).rstrip())


def print_json(value: Any) -> None:
    """Print a value for programs: the same JSON whatever the output's encoding can hold."""
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    print(json_safe(json.dumps(value, indent=2, ensure_ascii=plain)))
