"""What stands where in the help, and what an option that there is not was meant to be."""

from __future__ import annotations

import re

import pytest

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


@pytest.mark.parametrize(
    ("command", "option", "hint"),
    [
        ("generate", "--patience", "did you mean --max-outage?"),
        ("generate", "--contexts-share", "did you mean --contexts-fraction?"),
        ("validate", "--most", "did you mean --limit?"),
        ("generate", "--rows", "did you mean --number?"),
        ("generate", "--modle", "did you mean --model"),
        ("generate", "--temperature", "it is an option of the model: -o temperature=VALUE"),
        ("generate", "--api-key", "--key-file FILE"),
        ("runs", "--temperature", "targen runs --help"),
    ],
)
def test_an_option_that_there_is_not_gets_a_hint(targen, command, option, hint):
    result = targen(command, "x", option, "1")
    assert result.code == 2
    assert f"targen {command} has no option {option}" in result.err
    assert hint in result.err
