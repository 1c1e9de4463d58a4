"""Tables keep to the window of a terminal, and to one line a row everywhere else."""

from __future__ import annotations

from typing import Any

import pytest

from targen_core.cli import tables

HEADS = ["step", "label", "calls", "cached", "input tokens"]
ROWS = [
    ("contexts", "-", "1", "0", "12,345"),
    ("generate", "a label of several words that is long", "1,200", "0", "7"),
]


@pytest.fixture
def window(monkeypatch):
    """Makes standard output a terminal of so many columns."""
    return lambda columns: monkeypatch.setattr(tables, "_room", lambda: columns)


@pytest.fixture
def printed(capsys):
    """The lines of a table."""

    def lines(*args: Any, **options: Any) -> list[str]:
        tables.print_table(*args, **options)
        return capsys.readouterr().out.splitlines()

    return lines


def test_a_row_is_one_line_where_there_is_no_terminal(printed):
    lines = printed(HEADS, [*ROWS, ("x" * 300, "y", "1", "0", "2")])
    assert len(lines) == 4
    assert lines[1].split() == ["contexts", "-", "1", "0", "12,345"]
    lines = printed(["text", "n"], [("日本語", 1), ("abc", 2)])
    assert lines == ["text    n", "日本語  1", "abc     2"], "as wide as they are drawn"


@pytest.mark.parametrize("columns", [30, 45, 60, 80, 120])
def test_no_line_is_wider_than_the_window_and_no_word_is_broken(printed, window, columns):
    window(columns)
    lines = printed(HEADS, ROWS)
    assert max(map(len, lines)) <= columns
    words = {word.strip(",") for word in " ".join(lines).split()}
    assert words >= {"contexts", "12,345", "1,200", "several", "label"}
