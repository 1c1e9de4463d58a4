"""What stands where in the help, and what an option that there is not was meant to be."""

from __future__ import annotations

import re

from targen_cli.commands import COMMANDS, PANELS


def panels(text):
    """The rows of each panel, by its title."""
    actual, rows = {}, []
    for line in text.splitlines():
        if title := re.match("[╭+]─ (.*?) ─", line):
            rows = actual[title[1]] = []
        elif row := re.match(r"│ \*? *(\S+)", line):
            rows.append(row[1])
    return actual


def test_the_help_begins_with_what_makes_a_dataset(targen):
    shown = panels(targen("--help").out)
    assert [*shown] == ["Options", *PANELS, "What is installed"]
    assert shown["Make a dataset"][:2] == ["generate", "preview"]
    assert all(name.startswith("list-") for name in shown["What is installed"])
    assert {*COMMANDS} <= {name for rows in shown.values() for name in rows}


def test_ten_options_of_generate_come_before_all_others(targen):
    shown = panels(targen("generate", "--help").out)
    assert [*shown][:2] == ["Arguments", "Options"]
    first = "--number --label --variant --backend --model --out --seed --max-cost --dry-run --yes"
    assert [row for row in shown["Options"] if row[0] == "-"] == [*first.split(), "--help"]
