"""The help of the command: it names every command, and what it shows works."""

from __future__ import annotations

import re

from targen_core.cli.commands import COMMANDS


def test_the_help_names_every_command(works):
    assert {*COMMANDS} <= {*re.findall(r"[\w-]+", works("--help").out)}


def test_what_it_starts_with_works_without_a_model(works):
    for line in re.findall(r"• targen (.+)", works("--help").out)[:4]:
        works(line)
