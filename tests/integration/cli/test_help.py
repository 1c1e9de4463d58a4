"""The help of the command: it names every command, and what it shows works."""

from __future__ import annotations

import re

from targen_core.cli.commands import COMMANDS, GROUPS


def test_the_help_names_every_command(works):
    assert {*COMMANDS} <= {*re.findall(r"[\w-]+", works("--help").out)}


def test_a_group_s_name_may_come_before_its_command(works):
    others = works("--help").out.partition("Other commands")[2].replace("\n    ", " ")
    panels = (line.partition(":") for line in others.split("•"))
    groups = {panel.strip(): names.split(",") for panel, _, names in panels}
    for word, panel in GROUPS.items():
        name = groups[panel][0]
        assert works(f"{word} {name} --help").out == works(f"{name} --help").out


def test_what_it_starts_with_works_without_a_model(works):
    for line in re.findall(r"• targen (.+)", works("--help").out)[:4]:
        works(line)
