"""Tables keep to the window of a terminal, and to one line a row everywhere else."""

from __future__ import annotations

from typing import Any

import pytest

from targen_cli import report, tables

HEADS = ["step", "label", "calls", "cached", "input tokens"]
ROWS = [
    ("contexts", "-", "1", "0", "12,345"),
    ("generate", "a label of several words that is long", "1,200", "0", "7"),
]


@pytest.fixture
def window(monkeypatch):
    """Makes standard output a terminal of so many columns."""

    def make(columns: int) -> None:
        monkeypatch.setattr(tables, "_room", lambda: columns)

    return make


def printed(capsys: Any, *args: Any, **options: Any) -> list[str]:
    tables.print_table(*args, **options)
    lines: list[str] = capsys.readouterr().out.splitlines()
    return lines


def test_a_row_is_one_line_where_there_is_no_terminal(capsys):
    lines = printed(capsys, HEADS, [*ROWS, ("x" * 300, "y", "1", "0", "2")])
    assert len(lines) == 4
    assert lines[1].split() == ["contexts", "-", "1", "0", "12,345"]


def test_columns_that_say_nothing_are_left_out_where_that_is_allowed(capsys):
    lines = printed(capsys, HEADS, ROWS, optional=("cached", "calls"))
    assert lines[0].split("  ")[0] == "step"
    assert "cached" not in lines[0] and "calls" in lines[0]
    assert "cached" in printed(capsys, HEADS, ROWS)[0]


@pytest.mark.parametrize("columns", [30, 45, 60, 80, 120])
def test_no_line_is_wider_than_the_window_and_no_word_is_broken(capsys, window, columns):
    window(columns)
    lines = printed(capsys, HEADS, ROWS)
    assert max(map(len, lines)) <= columns
    words = " ".join(lines).split()
    for word in ("contexts", "12,345", "1,200", "several", "label"):
        assert any(word == each.strip(",") for each in words), (word, lines)


def test_wide_characters_are_counted_as_they_are_drawn(capsys):
    lines = printed(capsys, ["text", "n"], [("日本語", 1), ("abc", 2)])
    assert lines == ["text    n", "日本語  1", "abc     2"]


def test_a_window_too_narrow_for_columns_gets_a_paragraph_a_row(capsys, window):
    window(24)
    lines = printed(capsys, HEADS, ROWS)
    assert lines[0] == "contexts" and lines[1].startswith("    label -, calls 1")
    assert max(map(len, lines)) <= 24
    assert "cached 0" in " ".join(lines).replace("    ", "")
    assert "cached 0" not in " ".join(printed(capsys, HEADS, ROWS, sparse=True)).replace("    ", "")


def test_many_labels_have_a_line_each_and_steps_their_sums():
    names = [f"label{n}" for n in range(20)]
    flows = {
        name: {
            "judged": 3 * (name != "label7"),
            "accepted": {name: 1, "label0": 1},
            "surplus": {},
            "rejected": {"check": 1},
            "duplicate": 0,
        }
        for name in names[1:]
    }
    heads, rows = report.flow_table(flows, {name: name for name in names[1:]})
    assert heads == ["", "kept", "relabelled", "rejected", "surplus", "duplicate", "candidates"]
    assert rows[0] == ("label1", 1, 1, 1, 0, 0, 3)
    assert "label7" not in [row[0] for row in rows], "nothing was judged for it"
    places = [{"step": "generate", "label": name, "calls": 2, "dollars": 0.5} for name in names]
    assert report.by_step({"by_step": places}) == [
        {"step": "generate", "label": None, "calls": 40, "dollars": 10.0}
    ]
    assert report.by_step({"by_step": places[:3]}) == places[:3]
