"""`targen merge RUN...`: several runs of a task as one that stands alone."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from ...files import changed
from ...runs import journal, records, report, write_journal
from ...tables import table

PARTS = """
from dataclasses import replace

from targen_core import Part
from targen_testing.sample import SAMPLE

BRANCHES = {f"{part} {name}": name for part in ("one", "two") for name in SAMPLE.generators}
TASK = SAMPLE.replace(
    name="halves",
    contexts=None,
    generators={branch: SAMPLE.generators[name] for branch, name in BRANCHES.items()},
    branch_labels=BRANCHES,
    parts={
        part: Part(
            lists=(replace(SAMPLE.contexts, name=f"{part}_topics"),),
            branches=tuple(branch for branch in BRANCHES if branch.startswith(part)),
            share=0.5,
        )
        for part in ("one", "two")
    },
)
"""


def unnumbered(run):
    """The rows of a run without their numbers, wherever these stand."""
    lines = (Path(run) / "dataset.jsonl").read_text().splitlines()
    return [re.sub(r'"(idx|pair_id)": \d+', "", line) for line in lines]


def content(run):
    return {path.name: path.read_bytes() for path in Path(run).iterdir() if path.is_file()}


@pytest.fixture
def make(works):
    """A run, or all shards of one."""

    def run(task, rows, *args, shards=1, out=""):
        for number in range(shards):
            name = ("--out", out) if out else ()
            of = ("--shard", f"{number + 1}/{shards}")
            works("generate", task, "-n", rows, "-b", "scripted", "-q", *of, *name, *args)
        return sorted(Path("runs").iterdir()) if not out else [Path(out)]

    return run


@pytest.mark.parametrize("task", ["axg", "record"])
def test_shards_become_one_run_that_stands_alone(targen, make, task, works):
    runs = make(task, 20, shards=3)
    whole = {record["id"]: record for run in runs for record in records(run)}
    said = Counter(text for run in runs for text in unnumbered(run))
    done = targen("merge", *runs, "--out", "all")
    assert done.code in (0, 1), done.err
    if done.code:  # dry runs have few words
        assert "targen resume runs/" in done.err
    again = targen("merge", *reversed(runs), "--out", "again", "-q")
    assert (again.code, content("all") == content("again")) == (done.code, True)
    shutil.rmtree("runs")
    merged = records("all", "dataset.jsonl")
    assert [row["idx"] for row in merged] == list(range(len(merged)))
    assert not Counter(unnumbered("all")) - said
    assert sum(record["rows"] for record in records("all")) == len(merged)
    assert Counter(one["run"] for one in report("all")["merged"]).total() == 3
    for record in records("all"):
        assert {**record, "idx": 0, "run": 0} == {**whole[record["id"]], "idx": 0, "run": 0}
    shown = targen("show", "all", "1").out
    assert "\n  run            " in shown
    assert "\nCalls\n" in shown
    traced = json.loads(targen("trace", "all", "1", "--json").out)
    assert all(call["sent"] for call in traced["calls"]), "made again, with the keys of then"
    for command in (
        ("report", "all"),
        ("runs", "list", "."),
        ("validate", "all"),
        ("export", "all"),
    ):
        works(*command)
    assert f"| {task}-0-shard-1of3 | 0 |" in (Path("all") / "README.md").read_text()


def test_what_lacks_is_said_with_the_command_that_gives_it(targen, make, works, refuses):
    runs = make("rte", 8, shards=2)
    shutil.copytree(runs[0], "copy")
    refuses(
        ("merge", *runs, "copy", "--out", "all", "-q"),
        "label entailment has 4 of 6 rows; label not_entailment has 4 of 6 rows",
        code=1,
        keeps=False,
    )
    assert {one["detail"] for one in records("all", "rejects.jsonl")} == {
        "two of the merged runs have this candidate"
    }
    assert report("all")["status"] == "short"
    refuses(
        ("merge", runs[0], "--out", "half", "-q", "-n", "8"),
        "label not_entailment has 2 of 4 rows: of 2 shards, these are missing: 2",
        "generate those shards and merge them as well; then merge again into half",
        code=1,
        keeps=False,
    )
    done = targen("merge", *runs, "--out", "all", "-q", "-n", "10")
    assert done.code == 1
    command = done.err.partition("try: targen resume ")[2].partition(";")[0].split()
    works("resume", *command, "-q")
    done = targen("merge", *runs, "--out", "all", "-q", "-n", "10")
    assert (done.code, done.out.split()) == (0, ["all/dataset.jsonl"]), done.err


def test_shards_that_are_missing_are_named_in_the_report(targen, make, works):
    runs = make("rte", 9, shards=3)
    done = works("merge", *runs[:1], "--out", "part")
    assert done.out.splitlines()[0].endswith(": incomplete (2 of 3 shards missing)")
    assert report("part")["missing_shards"] == [{"count": 3, "missing": [2, 3]}]
    assert "Missing shards: 2, 3 (of 3)." in (Path("part") / "README.md").read_text()
    assert "(2 of 3 shards missing)" in targen("report", "part").out
    assert "incomplete" in targen("runs", "part").out
    works("report", "part", "--html")
    page = (Path("part") / "report.html").read_text()
    assert "Incomplete (2 of 3 shards missing): 3 of 3 rows." in page
    changed = report("part") | {"missing_shards": [{"count": 3, "missing": "all"}]}
    (Path("part") / "report.json").write_text(json.dumps(changed))
    refused = targen("report", "part")
    assert (refused.code, "missing_shards.0.missing" in refused.err) == (1, True), refused.err
    works("merge", *runs, "--out", "all", "-q")
    assert report("all")["missing_shards"] == []


def test_what_differs_in_several_steps_is_one_line(targen, make):
    make("rte", 4, out="a")
    make("rte", 4, "-o", "temperature=0.5", "-o", "garbage_rate=0.1", "--seed", 1, out="b")
    notes = [
        line.removeprefix("the runs differ in ")
        for line in targen("merge", "a", "b", "--out", "both").err.splitlines()
        if line.startswith("the runs differ in ")
    ]
    assert notes == [
        "temperature of contexts, seeds: 1.0 in a; 0.5 in b",
        "temperature of generate: 0.7 in a; 0.5 in b",
        "temperature of correct: 0.0 in a; 0.5 in b",
        "seed: 0 in a; 1 in b",
        "garbage_rate of contexts, seeds, generate, correct: none in a; 0.1 in b",
    ]


def test_contradictions_are_named_and_merged_only_if_asked(targen, make, works, refuses):
    first, _ = make("rte", 8, shards=2)
    shutil.copytree(first, "other")
    with changed("other/dataset.jsonl") as lines:
        lines[0]["hypothesis"] = "A text that nobody else wrote, about nothing in particular."
    done = targen("merge", first, "other", "--out", "all")
    name = records(first)[0]["id"]
    assert done.code == 2
    assert f"have different rows for candidate {name}: candidates with the same seed" in done.err
    works("merge", first, "other", "--out", "all", "--conflicting", "--near-duplicates", "0")
    assert sum(report("all")["rows"].values()) == 8
    first_reply, *others = journal("other")
    write_journal("other", [first_reply | {"text": f" {first_reply['text']}"}, *others])
    shutil.copy(first / "dataset.jsonl", "other/dataset.jsonl")
    refuses(
        f"merge {first} other --out all --near-duplicates 0",
        "have different replies to the same call, contexts/0 (key ",
    )
    works("merge", first, "other", "--out", "all", "--conflicting", "--near-duplicates", "0")
    replies = {
        json.loads(targen("show", "all", str(n), "--json").out)["calls"][0]["text"] for n in (0, 1)
    }
    assert len(replies) == 2, "each row has its own run's reply"


REFUSED = """
    a b --out y | have different tasks
    a c --out y | used different prompts or versions of | --conflicting
    a a --out y | a was passed twice
    a --out a | is one of the runs
    a | the merged run needs a folder; give --out | --out runs/merged
    x --out y | was itself merged from 2 runs
    a --out b | b contains a run
    a none --out y | no run directory none
    a --out y -n 4 --label entailment=2 | in only one way
    . --out y | only runs of the same task can be merged
"""


def test_runs_that_are_not_merged(works, finished, refuses):
    finished("rte", "-n", 4, out="a")
    finished("cb", "-n", 6, out="b")
    finished("rte", "-n", 4, "--variant", "paper", out="c")
    works("merge", "a", "c", "--out", "x", "--conflicting", "-q")
    for line, error, hint in table(REFUSED):
        refuses(f"merge {line}", error, hint)


def test_a_damaged_journal_is_named_and_odd_letters_are_none(targen, make, works):
    first, second = make("rte", 8, shards=2)
    path = first / "journal"
    reply, *others = journal(first)
    write_journal(first, [reply | {"text": f"\ud83d{reply['text']}"}, *others])
    whole = path.read_bytes()
    path.write_bytes(whole + b"torn")
    works("merge", first, second, "--out", "all", "-q")
    assert "\\ud83d" in Path("all/journal").read_text()
    path.write_bytes(whole.replace(b"contexts", b"kontexts", 1))
    done = targen("merge", first, second, "--out", "x")
    assert (done.code, "record 1 is damaged" in done.err) == (1, True), done.err
    assert not Path("x").exists()
    assert not list(Path().glob(".x.*"))


def test_a_merge_does_not_go_on_and_is_replaced_by_another(targen, make, works, refuses):
    runs = make("rte", 8, shards=2)
    works("merge", *runs, "--out", "all", "-q")
    refuses("resume all", "was merged from 2 runs", "targen merge RUN... --out all")
    assert targen("generate", "rte", "-n", "8", "-b", "scripted", "--out", "all").code == 2
    Path("all/notes").mkdir()
    Path("all/notes/mine.txt").write_text("kept")
    before = content("all")
    # As a process leaves them that was killed in its middle, and between two names.
    shutil.copytree("all", ".all.merging")
    Path(".all.merging/dataset.jsonl").write_text("torn")
    Path("all").rename(".all.before")
    works("merge", *runs, "--out", "all", "-q")
    assert content("all") == before
    assert Path("all/notes/mine.txt").read_text() == "kept"
    assert not list(Path().glob(".all.*"))


@pytest.mark.parametrize(("name", "text"), [("halves.py", PARTS), ("kinds.yaml", "")])
def test_tasks_of_files_and_of_parts_are_merged(targen, make, name, text, works):
    Path(name).write_text(
        text
        or "name: kinds\nsummary: Kinds of questions\ndescription: Questions that people ask.\n"
        "labels: {why: asks for a reason, when: asks for a time}\n"
    )
    runs = make(name, 12, shards=2)
    shutil.copytree(runs[0], "copy")
    works("merge", *runs, "--out", "all", "--near-duplicates", "0")
    shutil.rmtree("runs")
    assert len(records("all", "dataset.jsonl")) == 12
    if text:
        assert {one["rows"] for one in report("all")["parts"].values()} == {6}
    works("validate", "all")
    assert "generated for" in targen("show", "all", "3").out


def test_shards_that_divide_a_run_differently_are_refused(refuses, make, works):
    make("rte", 9, shards=3)
    for number in range(2, 4):
        shutil.rmtree(f"runs/rte-0-shard-{number}of3")
    works("generate", "rte", "-n", 8, "-b", "scripted", "-q", "--shard", "2/4")
    runs = sorted(Path("runs").iterdir())
    refuses(
        ("merge", *runs, "--out", "all"),
        "is shard 1/3 and runs/rte-0-shard-2of4 shard 2/4: they do not divide a run",
        "use --conflicting to merge them anyway",
    )
    works("merge", *runs, "--out", "all", "--conflicting")
