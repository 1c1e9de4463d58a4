"""`targen generate --exclude`: rows that must not be there, in whatever form they come."""

from __future__ import annotations

from pathlib import Path

import pytest

from targen_core.folders import cache_folder

from ...files import write_lines
from ...runs import records


def text_of(name):
    return Path(name).read_text(encoding="utf-8")


@pytest.fixture
def test_set(finished, rows):
    """Rows that the scripted model would write again, in test.jsonl, and a run without them."""
    finished("rte", "-n", 8, out="first")
    write_lines("test.jsonl", rows("first")[:4])


def test_a_run_holds_no_row_of_it_and_says_so(rte, targen, rows, test_set):
    assert rte("-n", "12", "--exclude", "test.jsonl", "--out", "run").code == 0
    premises = {row["premise"] for row in rows("first")[:4]}
    assert not premises & {row["premise"] for row in rows("run")}
    (excluded,) = targen("report run --json").json["excluded"]
    assert (excluded["source"], excluded["rows"]) == ("test.jsonl", 4)
    assert excluded["columns"] == ["premise", "hypothesis"]
    assert excluded["refused"]["exact"] == 4
    assert excluded["digest"] in text_of("run/README.md")
    refused = [r for r in records("run", "rejects.jsonl") if r["reason"] == "excluded-exact"]
    assert {one["notes"]["excluded_row"] for one in refused} == {1, 2, 3, 4}
    assert {one["notes"]["excluded_source"] for one in refused} == {"test.jsonl"}
    # Of what is excluded, the run has its name and digest.
    assert str(Path.cwd()) not in text_of("run/manifest.json") + text_of("run/report.json")
    assert not (cache_folder() / "excluded").exists()


def test_resume_finds_the_very_file_where_it_is_now(
    rte, works, refuses, targen, test_set, monkeypatch, tmp_path_factory
):
    assert rte("-n", "6", "--exclude", "test.jsonl", "--out", "run").code == 0
    resume = "resume run -n 8 -q"
    said = "run was not started with first excluded"
    refuses(f"{resume} --exclude test.jsonl --exclude first", said)
    refuses("resume first -n 9 -q --exclude test.jsonl", "first excludes no datasets")
    whole = Path("test.jsonl").rename("moved.jsonl")
    refuses(resume, "there is no file test.jsonl", "targen resume run --exclude SOURCE")
    Path("test.jsonl").write_text(whole.read_text().splitlines()[0] + "\n")
    hint = "restore the file; or give the new path"
    done = refuses(resume, "run excludes test.jsonl with 4 rows (digest ", hint)
    assert ", not test.jsonl with 1 row (digest " in done.err
    with monkeypatch.context() as elsewhere:  # nobody reads a file for someone else's run unasked
        elsewhere.setenv("TARGEN_CONFIG_DIR", str(tmp_path_factory.mktemp("another")))
        said = "this run excludes test.jsonl, but targen did not start it here"
        refuses(resume, said, "targen resume run --exclude test.jsonl")
    works(f"{resume} --exclude moved.jsonl")
    works("resume run -n 10 -q")
    (excluded,) = targen("report run --json").json["excluded"]
    assert excluded["source"] == "test.jsonl"


def test_a_run_does_not_exclude_itself(refuses, test_set):
    said = "--exclude: ./first/dataset.jsonl is this run itself"
    refuses("generate rte -b scripted -n 12 --exclude ./first/dataset.jsonl --out first", said)
