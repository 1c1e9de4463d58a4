"""What a newcomer sees first: the help of a command, and the end of a run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TASK = """
description: Short remarks on the weather.
labels: {names}
"""


def options_in(text: str) -> set[str]:
    return {*re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", text)}


@pytest.mark.parametrize("command", ["generate", "preview", "resume", "estimate"])
def test_the_help_explains_few_options_and_names_all(works, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "60")
    short, whole = works(f"{command} --help").out, works(f"{command} --help-all").out
    for text in (short, whole):
        assert "…" not in text
        options = text.partition("\nOptions:\n")[2]
        assert max(map(len, options.splitlines())) <= 60
    explained = re.findall(r"^  (-\S.*)", short.partition("More options")[0], re.MULTILINE)
    assert len(explained) <= 15
    own = options_in(short.partition("More options")[2]) - {"--help-all"}
    assert own <= options_in(whole)
    assert re.findall(r"^(\S.*):$", whole, re.MULTILINE)[-1] != "Options"


@pytest.mark.parametrize("count", [2, 40])
def test_a_run_ends_with_few_lines(works, count):
    names = "".join(f"\n  kind{number}: weather of kind {number}" for number in range(count))
    Path("weather.yaml").write_text(TASK.format(names=names))
    made = works(f"generate weather.yaml -n {count} -b scripted --variant paper")
    lines = (made.out + made.err).strip().splitlines()
    assert len(lines) <= 15
    assert lines[0] == f"file:weather: complete, {count} rows"
    assert lines[1] == ("Rows: kind0 1, kind1 1" if count == 2 else "Rows: 1 of each of 40 labels")
    assert sum(line.startswith("  kind") for line in lines) == 2
    assert "next, type: targen show runs/weather-0" in lines
    assert "generate" in works("report runs/weather-0 --calls").out
