"""`targen finish`: what methods make of the rows of their runs, by the options of the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from targen_core import load_registry
from targen_standard.finishing.api import rows_to_make
from tests.files import lines

Targen = Callable[..., Any]

NEXT = "supergen has not selected or weighted these rows yet; next: targen finish run"


def supergen(targen: Targen, mail: Path, *more: str) -> Any:
    start = ("method", "supergen", str(mail), "-n", "12", "-b", "scripted", "--out", "run")
    return targen(*start, "--set", "ratio=3", *more)


def test_a_run_says_what_is_next_and_is_finished_by_its_own_options(targen, works, mail):
    made = supergen(targen, mail)
    assert (made.code, NEXT in made.err) == (0, True), made.err
    assert made.out.splitlines()[-1] == "run/dataset.jsonl"
    mail.rename("moved.yaml")
    done = works("finish", "run", "--json")
    labels = {name: (of["made"], of["kept"]) for name, of in done.json["labels"].items()}
    assert labels == {"loan": (6, 2), "room": (6, 2)}
    assert done.json["out"] == "run-finished"
    whose = json.loads(Path("run-finished/task.json").read_text())
    assert whose["name"] == "mail" and [*whose["labels"]] == ["loan", "room"]
    best = Path("run-finished/dataset.jsonl").read_bytes()
    chosen = works("select", "run", "--ratio", "3", "--json").json["labels"]
    assert {name: (of["made"], of["kept"]) for name, of in chosen.items()} == labels
    assert Path("run-best/dataset.jsonl").read_bytes() == best
    there = targen("select", "run", "--ratio", "3")
    assert (there.code, "--force replaces" in there.err) == (2, True)

    more = targen("resume", "run", "-n", "24")
    assert (more.code, NEXT in more.err) == (0, True), more.err
    again = targen("finish", "run")
    assert again.code == 2 and "--force replaces" in again.err
    assert Path("run-finished/dataset.jsonl").read_bytes() == best
    done = targen("finish", "run", "--force")
    assert done.code == 0 and done.out.splitlines()[1].split() == ["loan", "12", "4", "4.0"]
    assert len(lines("run-finished/dataset.jsonl")) == 8
    assert {path.name for path in Path().iterdir()} >= {"run", "run-finished", "run-best"}
    assert not [path for path in Path().iterdir() if path.name.startswith(".run")]


def test_a_run_that_was_stopped_says_how_to_have_the_other_rows(targen, works, mail):
    made = supergen(targen, mail, "--max-tokens", "4000")
    rows = len(lines("run/dataset.jsonl"))
    assert made.code == 1 and 0 < rows < 12, made.err
    done = works("finish", "run")
    assert f"note: run has {rows} of 12 rows; targen resume run generates the others" in done.err


@pytest.mark.whole  # what weighs is of another distribution
def test_weights_are_what_the_run_asked_for(targen, works, mail):
    start = ("method", "sungen", str(mail), "-n", "24", "-b", "scripted", "-q", "--out", "run")
    made = targen(*start, "--set", "iterations=2", "--set", "balance=false")
    assert (made.code, made.err) == (0, "")  # quiet
    done = works("finish", "run", "--out", "weighed")
    options = json.loads(Path("weighed/weighing.json").read_text())["made"]["options"]
    assert (options["iterations"], options["balance"]) == (2, False)
    kept = lines("weighed/provenance.jsonl")
    total = sum(record["weight"] for record in kept)
    shown = sum(float(line.split()[3]) for line in done.out.splitlines()[1:3])
    assert len(kept) == 24 and shown == pytest.approx(total, abs=0.11)


@pytest.mark.whole
def test_rows_that_cannot_be_weighed_leave_nothing(targen, mail):
    targen("method", "sungen", str(mail), "-n", "4", "-b", "scripted", "-q", "--out", "run")
    done = targen("finish", "run")
    assert done.code == 2 and "Traceback" not in done.err
    assert "run has 4 labelled rows: too few to weigh" in done.err
    assert [path.name for path in Path().iterdir() if "finished" in path.name] == []


def test_what_has_nothing_to_finish_says_so(targen, mail):
    for name in ("zerogen", "targen"):
        how = ("generate",) if name == "targen" else ("method", name)
        start = (*how, str(mail), "-n", "4", "-b", "scripted", "--out", name)
        made = targen(*start)
        assert made.code == 0 and "next" not in made.err
    raw = targen("finish", "zerogen")
    assert raw.code == 2 and "zerogen takes rows as they are made" in raw.err
    plain = targen("finish", "targen")
    assert plain.code == 2 and "no method made targen" in plain.err
    supergen(targen, mail, "-q")
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine")
    mine = targen("finish", "run", "--out", "mine", "--force")
    assert mine.code == 2 and "contains something other than weighted rows" in mine.err
    assert targen("finish", "nowhere").code == 2
    row = targen("finish", "run/dataset.jsonl")
    assert row.code == 2 and "is a file, not a run directory" in row.err
    assert "try: run" in row.err


def test_as_many_of_each_label_are_made_as_its_share_takes(mail, tmp_path):
    """20 rows of three labels are 7, 7 and 6, five times as many each: not a third of 100."""
    path = tmp_path / "many.yaml"
    path.write_text(f"method: {{use: supergen, task: {mail}, options: {{ratio: 5}}}}")
    assert rows_to_make(str(path), 5, load_registry()) == {"loan": 15, "room": 10}
    path.write_text(f"method: {{use: zerogen, task: {mail}}}")
    assert rows_to_make(str(path), 5, load_registry()) is None
    assert rows_to_make(str(mail), 5, load_registry()) is None
