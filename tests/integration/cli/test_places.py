"""Where a run goes that nobody named, and what is said where it cannot go."""

from __future__ import annotations

from pathlib import Path

from ...runs import manifest

RTE = ("generate", "rte", "-b", "scripted", "-q")
UNANSWERED = ("generate", "rte", "-b", "llama/m", "--base-url", "http://localhost/v1", "-n", 2)
"""With `--batch-offline` it creates a run and sends no calls."""


def test_a_first_try_without_an_answer_is_in_nobodys_way(rows, works):
    works(*UNANSWERED, "--batch-offline")
    assert Path("runs/rte-0/manifest.json").exists()
    result = works(*RTE, "-n", 4)
    assert result.err == "replaced the run in runs/rte-0, in which no call had been answered\n"
    assert len(rows("runs/rte-0")) == 4
    assert [path.name for path in Path("runs").iterdir()] == ["rte-0"]


def test_another_run_takes_the_next_number_and_is_found_there_again(works, rows):
    works(*RTE, "-n", 2)
    first = rows("runs/rte-0")
    other = (*RTE, "-n", 2, "-o", "generate.temperature=0.2")
    result = works(*other)
    (line,) = result.err.splitlines()
    assert line.startswith(
        "runs/rte-0 contains a different run, started with model scripted on backend "
    )
    assert "temperature=0.7" in line and "temperature=0.2" in line
    assert line.endswith("Writing this run to runs/rte-0-2")
    journal = Path("runs/rte-0-2/journal").read_bytes()
    works(*other)
    assert Path("runs/rte-0-2/journal").read_bytes() == journal
    works(*RTE, "-n", 2, "-o", "generate.temperature=0.3")
    assert manifest("runs/rte-0-3")["lock"]["steps"]["generate"]["params"]["temperature"] == 0.3
    assert rows("runs/rte-0") == first
    for typed, said in (
        ("--variant paper", "no variant; you asked for paper"),
        ("--no-correct", "corrector targen-core:meta; you asked for none"),
    ):
        assert f"started with {said}. Writing" in works(*RTE, "-n", 2, *typed.split()).err


def test_a_folder_of_something_else_is_passed_by(works):
    Path("runs/rte-0").mkdir(parents=True)
    Path("runs/rte-0/thesis.txt").write_text("years of work")
    result = works(*RTE, "-n", 2)
    assert result.err == "runs/rte-0 is not a run directory. Writing this run to runs/rte-0-2\n"


def test_a_run_that_gets_no_answer_to_a_larger_target_stays_as_it_was(targen, works):
    """A key that is missing is no reason to make a complete run an incomplete one."""
    works(*RTE, "-n", 2, "--out", "mine")
    files = ("manifest.json", "report.json", "README.md", "dataset.jsonl")
    before = [Path("mine", name).read_bytes() for name in files]
    assert targen("resume", "mine", "-n", 8, "-o", "down=true", "--max-outage", "0.01").code == 1
    assert [Path("mine", name).read_bytes() for name in files] == before
    works("resume", "mine", "-n", 8, "-q")


def test_a_suite_without_an_answer_leaves_nothing(targen, works):
    suite = ("generate", "--suite", "example", "-n", 2, "-b", "scripted", "-q")
    failed = targen(*suite, "-o", "unauthorized=true")
    assert (failed.code, failed.out, Path("runs").exists()) == (1, "", False)
    works(*suite)
