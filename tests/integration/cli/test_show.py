"""`targen show`: rows, rejects, and where one is from, through the command."""

from __future__ import annotations

import json

import pytest

from ...runs import records


@pytest.fixture
def run(finished):
    """A run with 20 rows and some rejects."""
    return finished("rte", "-n", 20, "--seed", 1, "-o", "refusal_rate=0.2")


def test_the_first_rows_are_shown_with_their_labels(works, run):
    shown = works("show", run, "-n", 3)
    for row in records(run, "dataset.jsonl")[:3]:
        assert f"{row['idx']}  {row['label']}" in shown.out
        assert row["premise"] in shown.out and row["hypothesis"] in shown.out
    assert "--limit 0" in shown.err


def test_a_label_and_a_reason_choose(targen, run):
    every = [json.loads(line) for line in targen("show", run, "-n", 0, "--json").out.splitlines()]
    assert [one["official"][0] for one in every] == records(run, "dataset.jsonl")
    some = targen("show", run, "--label", "entailment", "-n", 0, "--json").out.splitlines()
    assert len(some) >= 10
    assert all("entailment" in (r["label"], r["intended"]) for r in map(json.loads, some))

    rejects = records(run, "rejects.jsonl")
    shown = targen("show", run, "--rejected", "-n", 0, "--json").out.splitlines()
    assert [json.loads(line) for line in shown] == rejects
    reason = next(record["reason"] for record in rejects if record.get("stage"))
    some = targen("show", run, "--reason", reason, "-n", 0, "--json").out.splitlines()
    assert [json.loads(line) for line in some] == [r for r in rejects if r["reason"] == reason]


def test_rows_that_step_4_changed_are_listed_with_their_earlier_labels(finished, targen, works):
    run = finished("rte", "-n", 20, "--corrector", "blind")
    made = records(run, "provenance.jsonl")
    changed = [record for record in made if record["label"] != record["intended"]]
    assert 0 < len(changed) < len(made)
    shown = targen("show", run, "--changed", "-n", 0, "--json").out.splitlines()
    assert [json.loads(line)["id"] for line in shown] == [record["id"] for record in changed]
    first = changed[0]
    title = f"{first['idx']}  {first['label']}  was {first['intended']}\n"
    assert works("show", run, "--changed").out.startswith(title)


def test_a_row_is_shown_with_all_that_made_it(targen, run):
    record = records(run, "provenance.jsonl")[4]
    shown = targen("show", run, "4")
    assert "targen trace run 4" in shown.err
    assert shown.code == 0
    assert record["id"] in shown.out and record["above"][0] in shown.out
    assert record["seed"]["premise"] in shown.out
    facts = targen("show", run, "4", "--json").json
    assert [call["key"] for call in facts["calls"]] == record["calls"]
    for call in facts["calls"]:
        assert call["place"] in shown.out
        assert " ".join(call["text"].split())[:200] in " ".join(shown.out.split())
    by_id = targen("show", run, record["id"], "--json").json
    assert by_id == facts


def test_rows_of_a_pair_are_shown_together(targen, works):
    works("generate", "axg", "-n", 8, "-b", "scripted", "-q", "--out", "run")
    first, second = records("run", "dataset.jsonl")[2:4]
    for row in ("2", "3"):
        shown = targen("show", "run", row).out
        assert first["hypothesis"] in shown and second["hypothesis"] in shown


def test_a_damaged_journal_leaves_the_row_to_be_shown(works, run):
    (run / "journal").write_bytes(b"nothing\n" + b"00000000 {}\n")
    works("show", run, "0")


def test_a_reject_without_an_instance_says_so_in_words(targen, run):
    shown = targen("show", run, "--reason", "refusal", "-n", 0)
    assert "null" not in shown.out and "(no instance)" in shown.out
