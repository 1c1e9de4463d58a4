"""Tables on standard output: one line a row in a pipe, no wider than the window on a terminal."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterable, Sequence
from typing import Any, TextIO

from targen_core.text import json_safe, printable

__all__ = ["print_json", "print_table", "print_text"]

_GAP = 2  # spaces between columns
_INDENT = 4  # of what does not fit into columns
_NOTHING = ("", "-", "?", "0", "0.00", "0.0000")  # cells of an optional column that say nothing

_Cells = list[list[str]]


def print_table(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    optional: Collection[str] = (),
    spaced: bool = False,
) -> None:
    """Print aligned columns; numbers to the right.

    In a pipe each row is one line, easy to grep. On a terminal that is too
    narrow texts are wrapped between words; where not even that fits, each row
    becomes a paragraph. `optional` names columns that are left out where no
    cell of them says anything; with `spaced` rows that are wrapped stand apart.
    """
    cells = [[printable(str(cell), lines=False) for cell in row] for row in rows]
    kept = [
        at
        for at, name in enumerate(header)
        if name not in optional or any(row[at] not in _NOTHING for row in cells)
    ]
    heads = [header[at] for at in kept]
    cells = [[row[at] for at in kept] for row in cells]
    right = [
        all(row[at].replace(",", "").replace(".", "").lstrip("-$").isdigit() for row in cells)
        and bool(cells)
        for at in range(len(heads))
    ]
    widths = [max(map(_width, column)) for column in zip(heads, *cells, strict=True)]
    room = _room()
    if room is None or sum(widths) + _GAP * (len(widths) - 1) <= room:
        _print_lines([heads, *cells], widths, right)
        return
    fitting = _fitted([heads, *cells], widths, room)
    if fitting is not None:
        _print_wrapped(heads, cells, fitting, right, room, spaced=spaced)
    else:
        _print_paragraphs(heads, cells, room)


def _room(file: TextIO | None = None) -> int | None:
    """Columns of the terminal; None where a stream, by default standard output, is none."""
    stream = file or sys.stdout
    if stream is None or not stream.isatty():
        return None
    return shutil.get_terminal_size().columns or None


def _width(text: str) -> int:
    """Columns that a text takes; those of Chinese are two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _print_lines(table: _Cells, widths: Sequence[int], right: Sequence[bool]) -> None:
    for row in table:
        cells = (
            " " * (width - _width(cell)) + cell if flush else cell + " " * (width - _width(cell))
            for cell, width, flush in zip(row, widths, right, strict=True)
        )
        print((" " * _GAP).join(cells).rstrip())


def _fitted(table: _Cells, requested: Sequence[int], room: int) -> list[int] | None:
    """Widths that fit and break no word, or None; what is left goes to the longest texts."""
    widths = [
        max((_width(word) for cell in column for word in cell.split()), default=0)
        for column in zip(*table, strict=True)
    ]
    left = room - sum(widths) - _GAP * (len(widths) - 1)
    if left < 0:
        return None
    growing = [at for at, width in enumerate(widths) if width < requested[at]]
    while left > 0 and growing:
        each = max(1, left // len(growing))
        for at in growing:
            more = min(each, requested[at] - widths[at], left)
            widths[at] += more
            left -= more
        growing = [at for at in growing if widths[at] < requested[at]]
    return widths


def _print_wrapped(
    heads: Sequence[str],
    cells: _Cells,
    widths: Sequence[int],
    right: Sequence[bool],
    room: int,
    *,
    spaced: bool,
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="", leading=spaced
    )
    for name, width, flush in zip(heads, widths, right, strict=True):
        table.add_column(Text(name), width=width, justify="right" if flush else "left")
    for row in cells:
        table.add_row(*map(Text, row))
    Console(highlight=False, width=room).print(table)


def _print_paragraphs(heads: Sequence[str], cells: _Cells, room: int) -> None:
    """Each row by itself: its first cell, and below it what the others say, with their names."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, width=room)
    for first, *others in cells:
        console.print(Text(first), soft_wrap=True)
        said = [f"{n} {cell}" for n, cell in zip(heads[1:], others, strict=True)]
        said = [words for words in said if words.rpartition(" ")[2] not in ("", "0")]
        for line in Text(", ".join(said)).wrap(console, max(1, room - _INDENT)):
            console.print(Text(" " * _INDENT + line.plain.rstrip()), soft_wrap=True)


def print_text(text: str, *, file: TextIO | None = None) -> None:
    """Print words, on standard output by default; on a terminal they are wrapped between them."""
    room = _room(file)
    for line in text.split("\n"):
        if room is not None and len(line) > room:
            line = textwrap.fill(line, room, break_long_words=False, break_on_hyphens=False)
        print(line, file=file)


def print_json(value: Any) -> None:
    """Print a value for programs: the same JSON whatever the output's encoding can hold."""
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    print(json_safe(json.dumps(value, indent=2, ensure_ascii=plain)))
