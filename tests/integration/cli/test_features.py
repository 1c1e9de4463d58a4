"""What holds for every run: each feature goes the same ways to the same bytes."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from ...runs import OUTPUTS, manifest, outputs, records, report
from ...tables import table

pytestmark = pytest.mark.whole  # the tasks of SuperGLUE

LABELS = """
description: Claims about short passages.
labels: {yes: the passage supports the claim, no: the passage does not support it}
fields: {claim: the claim}
"""
FILES = {
    "sets.yaml": LABELS,
    "judged.yaml": f"{LABELS}branches: {{claim: {{judged: true, definition: a claim}}}}\n",
    "fine.yaml": LABELS
    + "branches:\n  yes: in other words\n  against: {label: no, definition: the contrary}\n"
    "  open: {label: no, definition: the passage is silent on it}\n",
    "mine.txt": "".join(f"a town by the river {n}\n" for n in range(30)),
    "test.jsonl": json.dumps({"premise": "It rained all day.", "hypothesis": "It did."}) + "\n",
}
FEATURES = """
    plain | rte
    pairs | axg
    contrast sets | sets.yaml -o max_tokens=100
    given up and asked again | rte -o garbage_rate=0.2 -o refusal_rate=0.1
    options of every step | rte -o correct.temperature=0.2 -o top_p=0.9 -o seeds.batch=3 -o contexts.batch=4 --balance intended --seed 5 --near-duplicates 80 --contexts-limit 7
    a backend for a step | rte --backend-for contexts=canned -o contexts.tone=brisk
    a variant | cb --variant paper
    without step 4 | copa --no-correct
    answers of a passage | record
    a vote | wsc --corrector vote
    options of an answer | multirc
    contexts of one's own | rte --contexts mine.txt
    contexts of another plugin | rte --contexts-from businesses
    a branch without a label | claims.py:ONE
    finer branches | claims.py:FINER
    a branch that is judged | judged.yaml --corrector blind
    branches of a file | fine.yaml --corrector blind
    token probabilities | scored.py:TASK
    a step of its own | steps.py -o passages.batch=2
    dimensions of the task | varied.py
    dimensions that are typed | rte --no-dimensions --dimension length=short,long --dimension contexts.word=@words
    rows that are excluded | rte --exclude test.jsonl
    rows that are too near | rte --max-cosine 0.4 --embedder words
    first words | rte --filter first-words
    models that work elsewhere | rte --executor beside
"""  # noqa: E501


@pytest.fixture(autouse=True)
def _files(own_tasks):
    for name, text in FILES.items():
        Path(name).write_text(text)


def files(run):
    """All of a run but its report, which counts what was asked since."""
    return {p.name: p.read_bytes() for p in Path(run).iterdir() if p.name != "report.json"}


def used(run):
    total = report(run)["usage"]["total"]
    return total["input_tokens"] + total["output_tokens"], total["dollars"]


@pytest.mark.parametrize(("name", "line"), table(FEATURES, 2))
def test_every_way_leads_to_the_same_rows(name, line, targen, silent, rows):
    def go(words, *more, code=0):
        done = targen(*words.split(), *more)
        assert done.code == code, done.err
        return done

    begin = f"generate {line} -n 8 -b scripted -q --no-cache -o price_in=10 -o price_out=30"
    elsewhere = " --executor beside" if "--executor" in line else ""
    go(f"{begin} --out whole")

    # Quotas are exact, and one figure is told everywhere.
    made = report("whole")
    assert made["status"] == "complete" and made["rows"] == made["requested"]
    assert sum(made["rows"].values()) == 8
    if {row.get("label") for row in rows("whole")} <= made["rows"].keys():
        assert Counter(row["label"] for row in rows("whole")) == made["rows"]
    assert go("report whole --json").json == {**made, "concerns": []}
    go("export whole --as csv --out rows.csv")
    with open("rows.csv", encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(rows("whole"))

    # A run that is complete is left as it is by whoever resumes it.
    before = files("whole")
    go(f"resume whole -q{elsewhere}")
    assert files("whole") == before

    # A cap is hard, and what it stops goes on, whatever a kill took away.
    tokens, dollars = used("whole")
    caps = (
        ("--max-tokens", tokens, int(0.75 * tokens)),
        ("--max-cost", dollars, round(0.75 * dollars, 6)),
    )
    cap, most, given = caps[len(name) % 2]  # both take the same way: every other feature has it
    stopped = go(f"{begin} --out cut --concurrency 3", cap, given, code=1)
    assert (
        "budget exhausted" in stopped.err
        and f"{cap} " in stopped.err.partition("targen resume cut")[2]
    )
    assert used("cut")[cap == "--max-cost"] <= given
    Path("cut/report.json").unlink()
    for file in OUTPUTS:
        os.truncate(f"cut/{file}", Path(f"cut/{file}").stat().st_size // 2)
    killed = go("report cut --json").json
    assert killed["status"] == "unfinished" and sum(killed["rows"].values()) < 8
    go(f"resume cut --no-cache -q{elsewhere}", cap, 100 * most)
    assert outputs("cut") == outputs("whole")

    # A run that grows keeps its rows and its options, whatever befell it before.
    then, locked = outputs("whole"), manifest("whole")
    go(f"resume cut -n 12 -q{elsewhere}")
    go(f"resume whole -n 12 -q --verify{elsewhere}")
    assert outputs("cut") == outputs("whole")
    go("diff whole cut --exit-code")
    assert [now[: len(old)] for now, old in zip(outputs("whole"), then, strict=True)] == then
    grown = manifest("whole")
    assert len(grown.pop("extensions")) == 1 and locked.pop("extensions") == []
    assert grown == locked

    # Every row leads to its calls and to what was sent.
    last = len(rows("whole")) - 1
    traced = go(f"trace whole {last} --json").json
    assert traced["record"] in records("whole") and not traced["problem"]
    assert [call["key"] for call in traced["calls"]] == traced["record"]["calls"]
    assert all(call["messages"] for call in traced["calls"])
    shown = go(f"show whole {last} --json").json
    assert {call["key"] for call in shown["calls"]} == {c["key"] for c in traced["calls"]}
    text = go(f"trace whole {last} --full").out
    asked = traced["calls"][-1]["messages"][-1]["content"].split("\n")
    assert all(said.strip() in text for said in asked)

    # It is made again from its journal alone.
    silent()
    said = go("replay whole --out again").out
    assert "replayed without making any calls" in said and "changed: nothing" in said
    assert outputs("again") == outputs("whole")
    assert report("again")["replay"] == {"of": "whole", "changed": [], "needed": [], "waiting": 0}
    assert report("again")["usage"]["total"]["calls"] == 0
    assert not Path("again/pending.jsonl").exists()
