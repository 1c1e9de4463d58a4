"""Tables on standard output: one line a row in a pipe, no wider than the window on a terminal."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.display.terminal import folded, room_of, width_of
from targen_core.text import json_safe, printable

if TYPE_CHECKING:
    from rich.console import Console

_GAP = 2  # spaces between columns
_INDENT = 4  # of what does not fit into columns
_NOTHING = ("", "-", "?", "0", "0.00", "0.0000")  # cells of an optional column without information

_Cells = list[list[str]]


def print_table(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    optional: Collection[str] = (),
    spaced: bool = False,
    sparse: bool = False,
) -> None:
    """Print aligned columns; numbers to the right.

    In a pipe each row is one line, easy to grep. On a terminal that is too narrow texts are wrapped
    between words; where not even that fits, each row becomes a paragraph. `optional` names columns
    that are left out if all their cells are empty; with `spaced`, wrapped rows are separated by
    blank lines. The paragraphs of a `sparse` table leave out its zeros.
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
    widths = [max(map(width_of, column)) for column in zip(heads, *cells, strict=True)]
    room = _room()
    if room is None or sum(widths) + _GAP * (len(widths) - 1) <= room:
        _print_lines([heads, *cells], widths, right)
        return
    fitting = _fitted([heads, *cells], widths, room)
    if fitting is not None:
        _print_wrapped(heads, cells, fitting, right, room, spaced=spaced)
    else:
        said = [
            [first, *("" if sparse and c == "0" else c for c in rest)] for first, *rest in cells
        ]
        _print_paragraphs(heads, said, room)


def _room() -> int | None:
    """Return the columns of the terminal; None if standard output is not one."""
    return room_of(sys.stdout)


def _print_lines(table: _Cells, widths: Sequence[int], right: Sequence[bool]) -> None:
    for row in table:
        cells = []
        for cell, width, flush in zip(row, widths, right, strict=True):
            space = " " * (width - width_of(cell))
            cells.append(space + cell if flush else cell + space)
        print((" " * _GAP).join(cells).rstrip())


def _fitted(table: _Cells, requested: Sequence[int], room: int) -> list[int] | None:
    """Widths that fit and break no word, or None; what is left goes to the longest texts."""
    widths = [
        max((width_of(word) for cell in column for word in cell.split()), default=0)
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
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="", leading=spaced
    )
    for name, width, flush in zip(heads, widths, right, strict=True):
        table.add_column(Text(name), width=width, justify="right" if flush else "left")
    for row in cells:
        table.add_row(*map(Text, row))
    console(room).print(table)


def _print_paragraphs(heads: Sequence[str], cells: _Cells, room: int) -> None:
    """Each row by itself: its first cell, and below it what the others say, with their names."""
    for first, *others in cells:
        print(first)
        said = [f"{n} {cell}" for n, cell in zip(heads[1:], others, strict=True) if cell]
        print(folded(f"{' ' * _INDENT}{', '.join(said) or '-'}", room))


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a value for programs: the same JSON whatever the output's encoding can hold."""
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    print(json_safe(json.dumps(value, indent=indent, ensure_ascii=plain)))


def print_files(*files: Path, **facts: Any) -> None:
    """Print, for programs, the files that a command wrote, and facts such as how many rows."""
    print_json({**facts, "files": [str(path) for path in files]})


class _Kept(io.StringIO):
    """Output that a program keeps as text, with any character."""

    encoding = "utf-8"


def printed(say: Callable[[], object]) -> str:
    """Return the text that a function prints, without colours."""
    with contextlib.redirect_stdout(_Kept()) as text:
        say()
    return text.getvalue().rstrip("\n")


def console(width: int | None = None) -> Console:
    """Return a console for styled text on standard output."""
    from rich.console import Console

    return Console(
        width=width,
        color_system=None if isinstance(sys.stdout, _Kept) else "auto",
        force_jupyter=False,  # in a notebook, Rich would display each line instead of printing it
        highlight=False,
        markup=False,
        emoji=False,
    )


def duration(seconds: float) -> str:
    """Return `42 s`, `3 min 20 s`, `2 h 5 min`: how long something took."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"
