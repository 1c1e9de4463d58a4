"""The command as a whole: its help, its notes, the end of a run, and steps between commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from targen_core.cli.commands import COMMANDS

from ...mail import MAIL
from ...tables import table

TASK = """
description: Short remarks on the weather.
labels: {names}
"""


def test_the_help_names_every_command(works):
    assert {*COMMANDS} <= {*re.findall(r"[\w-]+", works("--help").out)}


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


NOTED = """
    --version | targen-tasks-superglue 0.
    preview rte -b scripted --variants default,paper | its replies are made up
    generate rte -n 2 -b scripted --out run | calls no model: its replies are made up
    generate rte -n 8 -b scripted --shard 1/2 --max-cost 1 | --max-cost applies only to this shard
    generate mail.yaml -n 1 -b scripted | note: 1 row for 2 labels: label "refund" gets no rows
    estimate given.yaml -n 100 -b scripted | Too few seeds: given.yaml provides 20
    generate mail.yaml -n 60 -b agent --variant paper --seeds towns.txt | too few seeds: towns
    describe claims.py:ONE | claim   determined by step 4
    describe claims.py:FINER | doubted
    generate varied.py -n 2 -b scripted --dimension lenght=mid | did you mean length?
    validate wide.csv --task rte | it has more than 10,000 columns
"""


@pytest.mark.parametrize(("line", "said"), table(NOTED, 2))
@pytest.mark.usefixtures("own_tasks")
def test_a_command_notes(line, said, targen):
    Path("mail.yaml").write_text(MAIL)
    Path("given.yaml").write_text(f"{MAIL}seeds: {{file: towns.txt}}\n")
    Path("towns.txt").write_text("".join(f"the town of Number{n}\n" for n in range(20)))
    Path("wide.csv").write_text(",".join(f"c{each}" for each in range(10_001)) + "\n")
    done = targen(line)
    assert said in done.out + done.err


def test_resume_grows_the_labels_that_it_names_and_keeps_the_others(finished, targen):
    finished("rte", "-n", 6)
    grown = targen("resume run --label entailment=5 -q --json")
    assert grown.json["rows"] == {"entailment": 5, "not_entailment": 3}
    left = "note: there were no calls left to make; targen resume run -n N, with a larger total"
    assert left not in grown.err
    assert left in targen("resume run").err
