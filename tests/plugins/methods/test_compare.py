"""`targen compare-methods`: methods side by side, by the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.files import lines, write_lines

pytestmark = pytest.mark.whole  # analysis and training are plugins of their own

Targen = Callable[..., Any]

START = ("--methods", "targen,attrprompt,claims", "-b", "scripted", "--out", "out")


@pytest.fixture(autouse=True)
def _quick_estimates(monkeypatch):
    monkeypatch.setattr("targen_cli.estimating.SAMPLE", 4)
    monkeypatch.setattr("targen_cli.estimating._LONGEST", 20)


@pytest.fixture
def held(targen, mail):
    """Rows by other seeds."""

    def make(seed: int) -> str:
        start = ("generate", str(mail), "-n", "20", "-b", "scripted", "--seed", str(seed))
        assert targen(*start, "--out", f"held-{seed}", "-q").code == 0
        return f"held-{seed}/dataset.jsonl"

    return make


def test_equal_rows_are_measured_alike(works, mail, held):
    done = works("compare-methods", str(mail), *START, "-n", "12", "--test", held(8),
                  "--original", held(9), "--repeats", "2", "--json")  # fmt: skip
    ways = done.json["ways"]
    assert [way["name"] for way in ways] == ["targen", "attrprompt", "claims"]
    for way in ways:
        assert way["rows"] == way["requested"] == 12
        assert way["calls"] > 12
        assert {"hd-d", "self-BLEU", "leakage"} <= way["figures"].keys()
        judged = json.loads(Path("out/judged", way["name"], "report.json").read_text())
        assert way["right"] == judged["as_given"]["right"] / 12
        assert 0 < way["right"] < 1  # the scripted judge guesses
        assert 0 <= way["trained"]["tfidf"]["value"] <= 1
        run = json.loads(Path("out/runs", way["name"], "report.json").read_text())
        assert way["tokens"] == sum(
            run["usage"]["total"][name] for name in ("input_tokens", "output_tokens")
        )
    page = Path("out/results.html").read_text()
    assert "analysis/report.html" in page
    assert "training/results.html" in page
    assert "| attrprompt | 12 |" in Path("out/results.md").read_text()


def test_dollars_do_not_end_what_costs_nothing(targen, mail):
    done = targen("compare-methods", str(mail), *START, "--cost-each", "1")
    assert done.code == 2
    assert "scripted costs nothing" in done.err and "price_in" in done.err
    assert not Path("out/runs").exists()


def test_nothing_is_paid_before_each_method_can_be_done(targen, mail, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
    done = targen("compare-methods", str(mail), "--methods", "attrprompt,supergen", "-n", "4",
                  "-b", "claude/claude-haiku-4-5", "--out", "out")  # fmt: skip
    assert done.code == 2, done.err
    assert "token probabilities" in done.err
    assert not Path("out/runs").exists()


def test_models_are_not_tested_on_the_rows_that_are_given(targen, mail, held):
    start = ("compare-methods", str(mail), "--methods", "coda", "-b", "scripted", "-n", "4")
    done = targen(*start, "--given", held(8), "--test", held(8), "--out", "out")
    assert done.code == 2
    assert "20 of 20 given rows are also in --test" in done.err
    assert not Path("out").exists()


def test_the_same_again_asks_nothing_and_says_the_same(targen, mail):
    first = targen("compare-methods", str(mail), *START, "-n", "8", "--json")
    times = {path: path.stat().st_mtime_ns for path in Path("out").rglob("journal")}
    again = targen("compare-methods", str(mail), *START, "-n", "8", "--json")
    assert again.json == first.json
    assert times == {path: path.stat().st_mtime_ns for path in Path("out").rglob("journal")}
    other = targen("compare-methods", str(mail), *START, "-n", "9")
    assert other.code == 2
    assert "another comparison: its -n is 8, not 9" in other.err
    changed = targen(
        "compare-methods", str(mail), *START, "-n", "8", "--set", "attrprompt.values=5"
    )
    assert changed.code == 2
    assert "other options" in changed.err


@pytest.mark.parametrize("place", ["rows", "training"])
def test_ctrl_c_says_that_the_same_command_goes_on(targen, works, mail, held, monkeypatch, place):
    script = """
import os, pathlib, signal

def reply(request):
    if (at := pathlib.Path("stop")).exists() and request.origin.step == at.read_text():
        at.unlink()
        os.kill(os.getpid(), signal.SIGINT)
    return request.dry_run()
"""
    Path("stop.py").write_text(script)
    start = ("compare-methods", str(mail), "--methods", "targen", "-b", "scripted", "--out", "out")
    start = (*start, "--concurrency", "1", "--test", held(8), "--repeats", "2")
    how = ("-o", "script=stop.py:reply", "-o", "latency_ms=10", "-n", "8")

    def stopped(*args: Any, **keywords: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if place == "training":
            patched.setattr("targen_training.progress.cells_shown", stopped)
        else:
            Path("stop").write_text("generate")
        done = targen(*start, *how)
    assert done.code == 130, done.err
    assert "the same command continues" in done.err.splitlines()[-1]
    works(*start, *how)
    assert Path("out/results.html").exists()


def test_plugins_of_other_metrics_need_not_be_installed(works, mail, monkeypatch):
    monkeypatch.setenv("TARGEN_DISABLE_PLUGINS", "targen-review")
    done = works("compare-methods", str(mail), *START, "-n", "4", "--no-judge", "--json")
    assert all("hd-d" in way["figures"] for way in done.json["ways"])


def test_a_service_that_is_not_there_is_told_in_words_of_the_command(targen, mail):
    where = ("-b", "llama/m", "-o", "base_url=http://127.0.0.1:9/v1", "--out", "out")
    done = targen("compare-methods", str(mail), "--methods", "targen", "-n", "4", *where)
    assert done.code == 1
    assert done.err.rstrip().endswith("; the same command continues")
    assert "targen_core" not in done.err


def test_equal_dollars_end_each_method_where_they_are_spent(works, mail):
    done = works("compare-methods", str(mail), *START, "--cost-each", "0.02", "--no-judge",
                  "-o", "price_in=1", "-o", "price_out=2", "--json")  # fmt: skip
    ways = done.json["ways"]
    assert all(0 < way["dollars"] <= 0.02 for way in ways)
    assert len({way["rows"] for way in ways}) > 1
    assert {way["requested"] for way in ways} == {None}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--methods", "targen", "-b", "scripted"), "-n 100"),
        (("--methods", "targen,targen", "-n", "4"), "twice"),
        (("--methods", "nothing", "-n", "4"), "nothing"),
        (("--methods", ",", "-n", "4"), "the comparison is empty"),
        (("--data", "rows.jsonl"), "for example --data ours="),
        (("--methods", "claims,selfinstruct", "-n", "4", "--settings", "papr"), "mean paper?"),
        (("--data", "a=x", "--data", "a=y"), "two called a"),
        (("--data", "a/b=x"), "a name is of letters"),
        (("--methods", "targen", "-n", "4", "--data", "targen=x"), "choose another name"),
        (("--methods", "claims", "-n", "4", "--set", "claims=3"), "names no method"),
        (("--methods", "targen", "-n", "4", "-b", "scripted", "--test", "no.jsonl"), "no.jsonl"),
        (
            ("--methods", "targen", "-n", "4", "-b", "scripted", "--original", "no.jsonl"),
            "no.jsonl",
        ),
        (("--methods", "targen", "-n", "4", "-b", "scripted", "--data", "a=no.jsonl"), "no.jsonl"),
        (
            ("--methods", "targen,zerogen", "-n", "4", "--given", "mail.yaml"),
            "no method uses given",
        ),
        (("--methods", "coda", "-n", "4"), "starts from rows"),
        (("--methods", "claims", "-n", "4", "--set", "zero.claims=3"), "none of the methods"),
        (("--methods", "claims", "-n", "4", "--set", "claims.claim=3"), "no option 'claim'"),
    ],
)
def test_what_makes_no_sense_is_refused(targen, mail, words, said):
    done = targen("compare-methods", str(mail), *words, "--out", "out")
    assert (done.code, said in done.err) == (2, True), done.err
    assert not Path("out").exists()


def test_given_rows_go_to_the_methods_that_use_them(works, mail):
    rows = ({"text": f"The {word} is late.", "label": label} for word in ("atlas", "novel", "map")
            for label in ("loan", "room"))  # fmt: skip
    write_lines("rows.jsonl", rows)
    done = works("compare-methods", str(mail), "--methods", "coda,zerogen", "-n", "8", "--given",
                  "rows.jsonl", "--no-judge", "-b", "scripted", "--out", "out", "--json",
                  "--set", "coda.embedder=words")  # fmt: skip
    assert [way["rows"] for way in done.json["ways"]] == [8, 8]
    assert done.json["notes"][:2] == [
        "Rows were made by scripted with seed 0.",
        "Rows were given to coda alone.",
    ]


def test_another_folder_is_left_alone(targen, mail):
    Path("out").mkdir()
    Path("out/letter.txt").write_text("mine")
    done = targen("compare-methods", str(mail), *START, "-n", "4")
    assert (done.code, "does not contain a comparison" in done.err) == (2, True)


def test_methods_that_choose_or_weigh_rows_are_measured_by_these(
    targen, works, mail, held, monkeypatch
):
    monkeypatch.setenv("TARGEN_BACKEND", "scripted")  # the user's own default
    start = ("compare-methods", str(mail), "--methods", "zerogen,supergen,sungen", "--json")
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
    assert targen(*start, *how, *own).json == done.json


def test_rows_that_are_there_are_measured_beside(targen, works, mail, held):
    run = Path(held(3)).parent
    Path("plain.jsonl").write_text(Path(held(4)).read_text())
    how = (
        "--data",
        f"run={run}",
        "--data",
        "file=plain.jsonl",
        "--test",
        held(8),
        "--repeats",
        "2",
    )
    done = works("compare-methods", str(mail), *how, "--no-judge", "--out", "out", "--json")
    ran, file = done.json["ways"]
    report = json.loads((run / "report.json").read_text())["usage"]["total"]
    assert (ran["rows"], ran["calls"]) == (20, report["calls"] + report["cached"])
    assert (file["rows"], file["calls"], file["dollars"]) == (20, None, None)
    assert {*ran["trained"], *file["trained"]} == {"tfidf"}
    assert "unknown" in Path("out/results.md").read_text()
    more = ("-n", "8", *how[:4], "--no-judge", "--json", "--out", "both")
    beside = targen("compare-methods", str(mail), *START, *more)
    assert [way["rows"] for way in beside.json["ways"]] == [8, 8, 8, 20, 20]


def test_a_folder_called_like_the_task_hides_no_task(works):
    Path("rte").mkdir()
    works("method", "attrprompt", "rte", "-n", "4", "-b", "scripted", "--out", "rte/a", "-q")


PRICED = ("-o", "price_in=10", "-o", "price_out=20", "-o", "max_tokens=300", "--concurrency", "1")


def billed(folder: str) -> float:
    """Dollars in all journals of a comparison, read by hand."""
    journals = [path.read_bytes() for path in Path(folder).rglob("journal")]
    records = [json.loads(line[9:]) for text in journals for line in text.splitlines()]
    return sum(record["cost"] for record in records if not record.get("cached"))


def test_the_cap_is_for_runs_and_judge_together_and_the_table_shows_both(targen, works, mail):
    start = ("compare-methods", str(mail), "--methods", "targen", "-b", "scripted", "-n", "16")
    whole = works(*start, *PRICED, "--out", "whole")
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
        short = works(*start, *PRICED, "--max-cost", cap, "--no-judge", "--out", "out")
        short = targen(*start, *PRICED, "--max-cost", cap, "--out", "out")
        assert short.code == 1
        assert f"of ${cap:.4f} spent by all parts of the command" in short.err
        assert "try: run the same command again with a larger --max-cost" in short.err
        assert way["dollars"] <= billed("out") <= cap
    journal = Path("out/judged/targen/journal").read_bytes()
    assert journal
    works(*start, *PRICED, "--max-cost", 5, "--out", "out")
    assert Path("out/judged/targen/journal").read_bytes().startswith(journal)
    assert billed("out") == pytest.approx(billed("whole"))


def test_rows_that_were_judged_and_are_others_now_are_not_judged_in_silence(
    targen, works, mail, held
):
    Path("mine.jsonl").write_text(Path(held(3)).read_text())
    start = ("compare-methods", str(mail), "--data", "mine=mine.jsonl", "-b", "scripted")
    works(*start, "--out", "out")
    Path("mine.jsonl").write_text(Path(held(4)).read_text())
    changed = targen(*start, "--out", "out")
    assert changed.code == 2
    assert "the rows of mine were judged before and are others now" in changed.err
