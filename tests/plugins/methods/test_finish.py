"""`targen finish`: what methods make of the rows of their runs, by the options of the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.files import lines

Targen = Callable[..., Any]

NEXT = "supergen has not selected or weighted these rows yet; next: targen finish run"


def supergen(targen: Targen, mail: Path, *more: str) -> Any:
    start = ("method", "supergen", str(mail), "-n", "12", "-b", "scripted", "--out", "run")
    return targen(*start, "--set", "ratio=3", *more)


def test_a_run_says_what_is_next_and_is_finished_by_its_own_options(targen, refuses, works, mail):
    made = supergen(targen, mail)
    assert (made.code, NEXT in made.err) == (0, True), made.err
    assert made.out.splitlines()[-1].startswith("run/dataset.jsonl; ")
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
    refuses("select run --ratio 3", "", "--force replaces")

    more = targen("resume", "run", "-n", "24")
    assert (more.code, NEXT in more.err) == (0, True), more.err
    refuses("finish run", "", "--force replaces")
    done = works("finish", "run", "--force")
    assert done.out.splitlines()[1].split() == ["loan", "12", "4", "4.0"]
    assert len(lines("run-finished/dataset.jsonl")) == 8
    assert {path.name for path in Path().iterdir()} >= {"run", "run-finished", "run-best"}
    assert not [path for path in Path().iterdir() if path.name.startswith(".run")]


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
