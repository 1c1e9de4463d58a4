"""What stands where in the help, and what an option that there is not was meant to be."""

from __future__ import annotations

import re

from targen_cli.commands import COMMANDS, EVERYDAY, FIRST_PANEL, GROUPS


def panels(text):
    """The rows of each panel, by its title."""
    actual = {}
    for line in text.splitlines():
        if title := re.match("[╭+]─ (.*?) ─", line):
            rows = actual[title[1]] = []
        elif row := re.match(r"│ \*? *(\S+)", line):
            rows.append(row[1])
    return actual


def test_the_help_explains_the_first_commands_and_names_all_others(targen):
    text = targen("--help").out
    shown = panels(text)
    assert [*shown] == ["Options", FIRST_PANEL]
    assert shown[FIRST_PANEL] == [name for name in EVERYDAY if name in shown[FIRST_PANEL]]
    assert {*COMMANDS} <= {*shown[FIRST_PANEL], *re.findall(r"[\w-]+", text.split("Other")[1])}


def test_a_group_s_name_may_come_before_its_command(works):
    others = works("--help").out.partition("Other commands")[2].replace("\n    ", " ")
    panels = (line.partition(":") for line in others.split("•"))
    groups = {panel.strip(): names.split(",") for panel, _, names in panels}
    for word, panel in GROUPS.items():
        for name in groups[panel][:2]:
            assert works(f"{word} {name} --help").out == works(f"{name} --help").out


def test_what_it_starts_with_works_without_a_model(works):
    for line in re.findall(r"• targen (.+)", works("--help").out)[:4]:
        works(line)


def test_ten_options_of_generate_come_before_all_others(targen):
    shown = panels(targen("generate --help").out)
    assert [*shown][:2] == ["Arguments", "Options"]
    first = "--number --label --variant --backend --model --out --seed --max-cost --dry-run --yes"
    assert [row for row in shown["Options"] if row[0] == "-"] == [*first.split(), "--help"]
