"""`targen generate --exclude`: rows that must not be there, in whatever form they come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from targen_core.folders import cache_folder

from ...tables import table


def text_of(name):
    return Path(name).read_text(encoding="utf-8")


@pytest.fixture
def test_set(rte, rows):
    """Rows that the scripted model would write again, in test.jsonl, and a run without them."""
    assert rte("-n", "8", "--out", "first").code == 0
    held = rows("first")[:4]
    Path("test.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in held))
    return held


def test_a_run_holds_no_row_of_it_and_says_so(rte, targen, rows, test_set):
    assert rte("-n", "12", "--exclude", "test.jsonl", "--out", "run").code == 0
    premises = {row["premise"] for row in test_set}
    assert not premises & {row["premise"] for row in rows("run")}
    (excluded,) = targen("report", "run", "--json").json["excluded"]
    assert (excluded["source"], excluded["rows"]) == ("test.jsonl", 4)
    assert excluded["columns"] == ["premise", "hypothesis"]
    assert excluded["refused"]["exact"] == 4
    shown = targen("report", "run").out
    assert "Excluded rows, by the test that found them" in shown
    assert "excluded-exact" in shown
    assert "test.jsonl" in text_of(targen("report", "run", "--html").out.strip())
    card = text_of("run/README.md")
    assert "No row is the same, or nearly the same, as a row of these datasets:" in card
    assert excluded["digest"] in card
    refused = [json.loads(line) for line in text_of("run/rejects.jsonl").splitlines()]
    refused = [one for one in refused if one["reason"] == "excluded-exact"]
    assert {one["notes"]["excluded_row"] for one in refused} == {1, 2, 3, 4}
    assert {one["notes"]["excluded_source"] for one in refused} == {"test.jsonl"}
    assert refused[0]["detail"] == "equal to row 1 of test.jsonl, which is excluded"
    # Of what is excluded, the run has its name and digest.
    assert str(Path.cwd()) not in text_of("run/manifest.json") + text_of("run/report.json")
    assert not (cache_folder() / "excluded").exists()


class TestResume:
    @pytest.fixture(autouse=True)
    def run(self, rte, test_set):
        assert rte("-n", "6", "--exclude", "test.jsonl", "--out", "run").code == 0

    def test_with_another_file_is_refused(self, targen):
        Path("test.jsonl").write_text(text_of("test.jsonl").splitlines()[0] + "\n")
        before = text_of("run/dataset.jsonl")
        result = targen("resume", "run", "-n", "8", "-q")
        assert result.code == 2
        assert "run excludes test.jsonl with 4 rows (digest " in result.err
        assert ", not test.jsonl with 1 row (digest " in result.err
        assert "restore the file; or give the new path" in result.err
        assert text_of("run/dataset.jsonl") == before

    def test_finds_a_file_where_it_is_now(self, targen, test_set, works, refuses):
        Path("test.jsonl").rename("moved.jsonl")
        refuses(
            "resume run -n 8 -q",
            "there is no file test.jsonl",
            "targen resume run --exclude SOURCE",
        )
        works("resume", "run", "-n", "8", "-q", "--exclude", "moved.jsonl")
        works("resume", "run", "-n", "10", "-q")
        assert {one["source"] for one in targen("report", "run", "--json").json["excluded"]} == {
            "test.jsonl"
        }

    def test_of_someone_elses_run_reads_no_file_unasked(self, refuses, monkeypatch):
        monkeypatch.setenv("TARGEN_CACHE_DIR", "another")
        refuses(
            "resume run -n 8 -q",
            "this run excludes test.jsonl, which has not been used on this machine",
            "targen resume run --exclude test.jsonl",
        )

    def test_excludes_nothing_more(self, refuses, rte):
        refuses(
            "resume run -n 8 -q --exclude test.jsonl --exclude first",
            "run was not started with first excluded",
        )
        refuses("resume first -n 9 -q --exclude test.jsonl", "first excludes no datasets")


EXCLUDED = """
    odd.jsonl |  | --exclude: odd.jsonl has no rows
    odd.jsonl | nothing | --exclude: odd.jsonl, line 1 is not a valid row
    odd.jsonl | {"text": "Hello there."} | columns are text; the task's are premise, hypothesis
    odd.jsonl | {"premise": 7, "label": "entailment"} | no text in any of the columns of rte
"""


@pytest.mark.parametrize(("name", "content", "words"), table(EXCLUDED))
def test_what_cannot_be_excluded(name, content, words, refuses):
    Path(name).write_text(f"{content}\n" if content else "")
    refuses(f"generate rte -n 2 -b scripted --exclude {name}", words)


def test_a_suite_refuses_what_a_later_task_cannot_exclude_before_it_begins(refuses):
    Path("pairs.jsonl").write_text('{"premise": "It rained all day.", "hypothesis": "It did."}\n')
    suite = "generate --suite superglue -b scripted -n 2 --out suite"
    refuses(f"{suite} --exclude pairs.jsonl", "columns are")
    assert not Path("suite").exists() or not any(Path("suite").iterdir())


def test_a_run_does_not_exclude_itself(rte, test_set):
    result = rte("-n", "12", "--exclude", "./first/dataset.jsonl", "--out", "first")
    assert result.code == 2
    assert "--exclude: ./first/dataset.jsonl is this run itself" in result.err
