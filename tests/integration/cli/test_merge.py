"""`targen merge RUN...`: several runs of a task as one that stands alone."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from ...files import changed
from ...runs import journal, records, report, write_journal
from ...tables import mistakes


def unnumbered(run):
    """The rows of a run without their numbers, wherever these stand."""
    lines = (Path(run) / "dataset.jsonl").read_text().splitlines()
    return [re.sub(r'"(idx|pair_id)": \d+', "", line) for line in lines]


def content(run):
    return {path.name: path.read_bytes() for path in Path(run).iterdir() if path.is_file()}


@pytest.fixture
def make(works):
    """All shards of a run."""

    def run(task, rows, shards):
        for number in range(shards):
            works(f"generate {task} -n {rows} -b scripted -q --shard {number + 1}/{shards}")
        return sorted(Path("runs").iterdir())

    return run


@pytest.mark.parametrize("task", ["axg", "record"])
def test_shards_become_one_run_that_stands_alone(targen, make, task, works):
    runs = make(task, 20, 3)
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
    shown = targen("show all 1").out
    assert "\n  run            " in shown and "\nCalls\n" in shown
    traced = targen("trace all 1 --json").json
    assert all(call["messages"] for call in traced["calls"])
    for command in ("report all", "runs list .", "validate all", "export all"):
        works(command)
    assert f"| {task}-0-shard-1of3 | 0 |" in Path("all/README.md").read_text()


def test_what_lacks_is_said_with_the_command_that_gives_it(make, works, refuses):
    runs = make("rte", 8, 2)
    shutil.copytree(runs[0], "copy")
    # Each has rows that the other lacks; otherwise, one would be refused.
    works("resume", runs[0], "--label", "entailment=3", "-q")
    works("resume copy --label not_entailment=3 -q")

    def lacks(what, hint, *words):
        return refuses(("merge", *words, "-q"), what, hint, code=1, keeps=False)

    lacking = "label entailment has 5 of 7 rows; label not_entailment has 5 of 7 rows"
    lacks(lacking, "", *runs, "copy", "--out", "all")
    assert {one["detail"] for one in records("all", "rejects.jsonl")} == {
        "two of the merged runs have this candidate"
    }
    assert report("all")["status"] == "short"
    lacking = "label not_entailment has 2 of 4 rows: of 2 shards, these are missing: 2"
    hint = "generate those shards and merge them as well; then merge again into half"
    lacks(lacking, hint, runs[0], "--out", "half", "-n", "8")
    # What the error tells to type gives the rows that it lacked, no more.
    merge = ("merge", *runs, "copy", "--out", "all", "-q")
    told = refuses(merge, "", "targen resume ", code=1, keeps=False).err
    resume, _, rest = told.partition("try: targen ")[2].partition("; then merge again with ")
    works(*resume.split(), "-q")
    works(*merge, *rest.partition(" into ")[0].split())
    assert report("all")["requested"] == {"entailment": 7, "not_entailment": 7}


def test_contradictions_are_named_and_merged_only_if_asked(targen, make, works, refuses):
    first, _ = make("rte", 8, 2)
    shutil.copytree(first, "other")
    works("resume", first, "--label", "entailment=3", "-q")  # else one would be a copy
    works("resume other --label not_entailment=3 -q")
    line = f"merge {first} other --out all --near-duplicates 0"
    rows = Path("other/dataset.jsonl").read_bytes()
    with changed("other/dataset.jsonl") as lines:
        lines[0]["hypothesis"] = "A text that nobody else wrote, about nothing in particular."
    name = records(first)[0]["id"]
    refuses(line, f"have different rows for candidate {name}: candidates with the same seed")
    works(f"{line} --conflicting")
    assert sum(report("all")["rows"].values()) == 10
    first_reply, *others = journal("other")
    write_journal("other", [first_reply | {"text": f" {first_reply['text']}"}, *others])
    Path("other/dataset.jsonl").write_bytes(rows)
    refuses(line, "have different replies to the same call, contexts/0 (key ")
    works(f"{line} --conflicting")
    replies = {targen("show", "all", n, "--json").json["calls"][0]["text"] for n in (0, 1)}
    assert len(replies) == 2, "each row has its own run's reply"


def test_runs_that_are_not_merged(works, finished, refuses):
    finished("rte", "-n", 4, out="a")
    finished("cb", "-n", 6, out="b")
    finished("rte", "-n", 4, "--variant", "paper", out="c")
    finished("rte", "-n", 9, "--shard", "1/3", out="third")
    finished("rte", "-n", 8, "--shard", "2/4", out="fourth")
    shutil.copytree("a", "copy")
    shutil.copytree("a", "longer")
    works("resume longer -n 6 -q")
    works("merge", "a", "c", "--out", "x", "--conflicting", "-q")
    said = r"different versions of the task: (.+) in (.); (.+) in (.)\. This card"
    one, first, other, second = re.search(said, Path("x/README.md").read_text()).groups()
    versions = {first: one, second: other}  # digests of their settings decide which is first
    assert versions == {"a": "1", "c": "1, variant paper"}
    works("merge third fourth --out shards --conflicting")
    for line, error, hint in mistakes("merges"):
        refuses(f"merge {line}", error, hint)


def test_rows_that_one_of_the_runs_excludes_are_left_out_of_all(works, finished, refuses):
    finished("rte", "-n", 8, out="held")
    finished("rte", "-n", 8, "--exclude", "held", out="a")
    finished("rte", "-n", 8, out="b")
    merge = "merge a b -n 8 --near-duplicates 0 --out all -q"
    out = "a excludes held, but b does not: the merged rows might include rows from it"
    refuses(merge, out, "use --exclude held to leave out such rows, or --conflicting to keep them")
    refuses(f"{merge} --exclude a", out, "--exclude held")
    held = {*unnumbered("held")}
    done = works(f"{merge} --conflicting")
    assert "not all runs exclude held, so merged rows may repeat rows" in done.err, "even with -q"
    assert held & {*unnumbered("all")}
    works(f"{merge} --exclude held")
    assert not held & {*unnumbered("all")}
    (section,) = report("all")["excluded"]
    refused = [each for each in records("all", "rejects.jsonl") if each.get("run") == "b"]
    noted = [each for each in refused if each["reason"].startswith("excluded-")]
    assert section["source"] == "held"
    assert noted
    assert all(each["notes"]["excluded_source"] == "held" for each in noted)
    assert "as a row of these datasets:\n" in Path("all/README.md").read_text()
    works("merge a --out again -q --exclude held -n 2")
    works("generate rte -n 2 -b scripted --seed 7 --out other -q")
    works("merge a --out again -q --exclude other -n 2")
    assert {each["source"] for each in report("again")["excluded"]} == {"held", "other"}
