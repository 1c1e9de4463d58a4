"""`targen compare-methods`: methods side by side, by the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.files import lines, write_lines

from ...runs import journal, report
from ...tables import table

pytestmark = [
    pytest.mark.whole,  # analysis and training are plugins of their own
    pytest.mark.usefixtures("few_samples"),
]


@pytest.fixture
def start(mail):
    """A command that compares two methods."""
    line = ("compare-methods", mail, "--methods", "targen,claims", "-b", "scripted")
    return (*line, "--out", "out", "--json")


@pytest.fixture
def held(finished, mail):
    """Rows by other seeds."""

    def make(seed: int) -> str:
        run = Path(f"held-{seed}")
        if not run.exists():
            finished(mail, "-n", 20, "--seed", seed, out=run)
        return str(run / "dataset.jsonl")

    return make


def test_equal_rows_are_measured_alike(works, start, held):
    more = ("--test", held(8), "--original", held(9), "--repeats", "2")
    ways = works(*start, "-n", "12", *more).json["ways"]
    assert [way["name"] for way in ways] == ["targen", "claims"]
    for way in ways:
        assert way["rows"] == way["requested"] == 12
        assert way["calls"] >= 3
        assert {"hd-d", "self-BLEU", "leakage"} <= way["figures"].keys()
        judged = report(Path("out/judged", way["name"]))
        assert way["right"] == judged["as_given"]["right"] / 12
        assert 0 < way["right"] < 1  # the scripted judge guesses
        assert 0 <= way["trained"]["tfidf"]["value"] <= 1
        total = report(Path("out/runs", way["name"]))["usage"]["total"]
        assert way["tokens"] == sum(total[key] for key in total if key.endswith("put_tokens"))
    page = Path("out/results.html").read_text()
    assert "analysis/report.html" in page
    assert "training/results.html" in page
    assert "| claims | 12 |" in Path("out/results.md").read_text()


def test_the_same_again_asks_nothing_and_says_the_same(refuses, works, start):
    first = works(*start, "-n", "4").json
    times = {path: path.stat().st_mtime_ns for path in Path("out").rglob("journal")}
    assert works(*start, "-n", "4").json == first
    assert times == {path: path.stat().st_mtime_ns for path in Path("out").rglob("journal")}
    refuses((*start, "-n", "9"), "a different comparison")
    refuses((*start, "-n", "4", "--set", "claims.claims=5"), "with different options")


def test_equal_dollars_end_each_method_where_they_are_spent(works, start):
    prices = ("-o", "price_in=1", "-o", "price_out=2")
    ways = works(*start, "--cost-each", "0.02", "--no-judge", *prices).json["ways"]
    assert all(0 < way["dollars"] <= 0.02 for way in ways)
    assert len({way["rows"] for way in ways}) > 1
    assert {way["requested"] for way in ways} == {None}


REFUSED = """
    --methods targen -b scripted | -n 100
    --methods targen,targen -n 4 | twice
    --methods nothing -n 4 | nothing
    --methods , -n 4 | no methods or data to compare
    --data rows.jsonl | for example --data ours=
    --methods claims,selfinstruct -n 4 --settings papr | mean paper?
    --data a=x --data a=y | --data contains a twice
    --data a/b=x | use letters
    --methods targen -n 4 --data targen=x | choose a different name
    --methods claims -n 4 --set claims=3 | does not name a method
    --methods targen -n 4 -b scripted --test no.jsonl | no.jsonl
    --methods targen -n 4 -b scripted --original no.jsonl | no.jsonl
    --methods targen -n 4 -b scripted --data a=no.jsonl | no.jsonl
    --methods targen,zerogen -n 4 --given mail.yaml | none of the methods use given
    --methods coda -n 4 | method coda needs rows
    --methods claims -n 4 --set zero.claims=3 | zero is not one of the methods
    --methods claims -n 4 --set claims.claim=3 | no option 'claim'
    --methods targen -n 4 -b scripted --out mine | does not contain a comparison
    --methods coda -n 4 -b scripted --given g.jsonl --test g.jsonl | 4 of 4 given rows are also in
    --methods targen --cost-each 1 -b scripted | scripted costs nothing
    --methods targen --cost-each 1 -b scripted | price_in
    --methods attrprompt,supergen -n 4 -b claude/m | token probabilities
"""


@pytest.mark.parametrize(("words", "said"), table(REFUSED, 2))
def test_what_makes_no_sense_is_refused(refuses, mail, words, said, monkeypatch):
    if "claude" in words:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
    labels = ("loan", "room")
    write_lines("g.jsonl", [{"text": f"Is {at} late?", "label": labels[at % 2]} for at in range(4)])
    write_lines("mine/letter.txt", ["mine"])
    assert said in refuses(f"compare-methods {mail} --out out {words}", "").err


def test_methods_that_choose_or_weigh_rows_are_measured_by_these(works, mail, held, monkeypatch):
    monkeypatch.setenv("TARGEN_BACKEND", "scripted")  # the user's own default
    start = ("compare-methods", mail, "--methods", "zerogen,supergen,sungen", "--json")
    how = ("-n", "24", "--out", "out", "--test", held(8), "--repeats", "2")
    own = ("--set", "supergen.ratio=3", "--set", "sungen.iterations=2")
    done = works(*start, *how, *own)
    made, best, weighed = done.json["ways"]
    assert [way["rows"] for way in (made, best, weighed)] == [24, 24, 24]
    assert best["calls"] > 2 * made["calls"]
    run = lines("out/runs/supergen/provenance.jsonl")
    kept = lines("out/finished/supergen/provenance.jsonl")
    assert (len(run), len(kept)) == (72, 24)
    scores = sorted(record["notes"]["score"] for record in run if "/loan/" in record["id"])
    lowest = min(record["notes"]["score"] for record in kept if "/loan/" in record["id"])
    assert lowest == scores[-12]
    weights = lines("out/finished/sungen/provenance.jsonl")
    assert len({record["weight"] for record in weights}) > 1
    assert works(*start, *how, *own).json == done.json


PRICED = ("-o", "price_in=10", "-o", "price_out=20", "-o", "max_tokens=300", "--concurrency", "1")


def billed(folder: str) -> float:
    """Dollars in all journals of a comparison, read by hand."""
    records = [each for path in Path(folder).rglob("journal") for each in journal(path.parent)]
    return sum(record["cost"] for record in records if not record.get("cached"))


def test_the_cap_is_for_runs_and_judge_together_and_the_table_shows_both(targen, works, mail):
    start = ("compare-methods", mail, "--methods", "targen", "-b", "scripted", "-n", "16", *PRICED)
    whole = works(*start, "--out", "whole")
    paid = json.loads(Path("whole/results.json").read_text())
    (way,) = paid["ways"]
    assert way["judge_dollars"] > 0
    assert paid["billed"]["dollars"] == pytest.approx(billed("whole"), abs=1e-6)
    assert paid["billed"]["dollars"] == pytest.approx(way["dollars"] + way["judge_dollars"])
    assert f"billed: ${paid['billed']['dollars']:.4f} (" in whole.out
    assert f"{way['judge_dollars']:.4f}" in whole.out

    # It pays for the rows, and for half of the judgement.
    cap = way["dollars"] + way["judge_dollars"] / 2
    for _ in range(2):
        works(*start, "--max-cost", cap, "--no-judge", "--out", "out")
        short = targen(*start, "--max-cost", cap, "--out", "out")
        assert short.code == 1
        assert f"of ${cap:.4f} spent by the command's runs" in short.err
        assert "try: run the same command again with a larger --max-cost" in short.err
        assert way["dollars"] <= billed("out") <= cap
    judged = journal("out/judged/targen")
    assert judged
    works(*start, "--max-cost", 5, "--out", "out")
    assert journal("out/judged/targen")[: len(judged)] == judged
    assert billed("out") == pytest.approx(billed("whole"))
