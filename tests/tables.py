"""Tables in tests: a line per case, with bars between its cells."""

from __future__ import annotations

from pathlib import Path


def table(text: str, columns: int = 3) -> list[tuple[str, ...]]:
    r"""Return the cells of each line: empty where a line has fewer.

    `#` at its beginning makes a line a comment, and `\n` in a cell is the end of a line.
    """
    lines = [line.strip() for line in text.splitlines()]
    rows = [f"{line} ".split("| ") for line in lines if line and not line.startswith("#")]
    assert all(len(row) <= columns for row in rows), "a cell contains a bar"
    cells = ([*row, *[""] * (columns - len(row))] for row in rows)
    return [tuple(cell.strip().replace("\\n", "\n") for cell in row) for row in cells]


def mistakes(name: str, columns: int = 3) -> list[tuple[str, ...]]:
    """Return the cells of a table of mistakes: what is wrong, the error and the hint.

    What is typed has the exit code 2, and 1 if it begins with a 1.
    """
    folder = Path(__file__).parent / "integration/cli/mistakes"
    return table((folder / f"{name}.txt").read_text(encoding="utf-8"), columns)
