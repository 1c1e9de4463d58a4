"""Tables of a run's report: what rows have, and how far step 4 agreed with their aim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from statistics import fmean

from targen_core.cli.findings import Cell, Table
from targen_standard.task_files.outputs import Row

Seen = Sequence[tuple[Row, str | None]]
"""Each row, and the text of what it had before step 4 corrected it; None if it did not."""


def by_name(
    title: str,
    first: str,
    names: Sequence[str],
    pairs: Sequence[tuple[Collection[str], Collection[str]]],
    *,
    judged: bool,
) -> Table:
    """Count what rows have by name, and what step 4 found, missed and added.

    Args:
        title: of the table.
        first: what the names are.
        names: in their order.
        pairs: of each row, the names that were aimed at, and those that it has.
        judged: whether there was a step 4.
    """
    rows: list[tuple[Cell, ...]] = []
    for name in names:
        had = sum(name in before for before, _ in pairs)
        has = sum(name in after for _, after in pairs)
        found = sum(name in before and name in after for before, after in pairs)
        rows.append((name, has, *((found, had - found, has - found) if judged else ())))
    return Table(title, (first, "rows", *(("found", "missed", "added") if judged else ())), rows)


def counted(
    title: str,
    first: str,
    names: Sequence[str],
    rows: Seen,
    *,
    name_of: Callable[[Row], str],
    mean_of: Mapping[str, Callable[[Row], float]],
    corrected: str = "",
) -> Table:
    """Count rows by name, with means of what they have, and those that step 4 corrected.

    Args:
        title: of the table.
        first: what the names are.
        names: in their order.
        rows: the rows.
        name_of: the name of a row.
        mean_of: figures of a row by the heads of their columns.
        corrected: head of the column of corrected rows; "" without a step 4.
    """
    cells: list[tuple[Cell, ...]] = []
    for name in names:
        mine = [(row, before) for row, before in rows if name_of(row) == name]
        means = [
            round(fmean(map(figure, [row for row, _ in mine])), 2) if mine else None
            for figure in mean_of.values()
        ]
        changed = sum(before is not None for _, before in mine)
        cells.append((name, len(mine), *means, *([changed] if corrected else ())))
    columns = (first, "rows", *mean_of, *([corrected] if corrected else ()))
    return Table(title, columns, cells)


def shared_out(title: str, first: str, values: Sequence[str | int]) -> Table:
    """Count how often each value occurs."""
    counts = Counter(values)
    return Table(title, (first, "rows"), [(value, counts[value]) for value in sorted(counts)])
