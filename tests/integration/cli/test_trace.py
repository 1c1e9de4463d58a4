"""`targen trace`: all that a row came from, and what rests on a call, through the command."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ...runs import journal, records, write_journal

REMARKS = "description: A remark.\nlabels:\n  good: it praises\n  bad: it blames\n"


@pytest.fixture
def run(finished):
    """A run with 12 rows and some rejects."""
    return finished("rte", "-n", 12, "--seed", 1, "-o", "refusal_rate=0.2")


@pytest.fixture
def remarks(finished):
    """A run of a task in a file."""
    Path("remarks.yaml").write_text(REMARKS)
    return finished("remarks.yaml", "-n", 6, out="remarks")


@pytest.mark.whole
def test_a_reject_is_traced_by_its_id(targen, run, works):
    record = next(r for r in records(run, "rejects.jsonl") if r.get("stage"))
    traced = works("trace", run, record["id"])
    assert f"{record['verdict']} by {record['stage']}" in traced.out
    assert record["reason"] in traced.out
    of_json = targen("trace", run, record["id"], "--json").json
    assert all(call["sent"] for call in of_json["calls"])


def test_a_prompt_that_changed_is_shown_as_it_is_today_and_said_so(targen, remarks):
    copy = next(path for path in remarks.iterdir() if path.name.startswith("task."))
    copy.write_text(copy.read_text().replace("it praises", "it flatters"))
    traced = targen("trace", remarks, "0")
    assert traced.code == 0 and "has changed since this run; prompts" in traced.err
    assert "the original prompt is not known" in traced.out and "it flatters" in traced.out
    calls = targen("trace", remarks, "0", "--json").json["calls"]
    assert not all(call["sent"] for call in calls)
    assert all(call["reply"] for call in calls)


def test_a_call_leads_back_to_the_rows_that_rest_on_it(targen, remarks):
    provenance = records(remarks, "provenance.jsonl")
    key = provenance[0]["calls"][0]
    back = targen("trace", remarks, "--call", key[:8], "--json").json
    assert back["call"]["key"] == key
    those = [r["id"] for r in provenance if key in r["calls"]]
    assert [each["id"] for each in back["resting"] if each["verdict"] == "accepted"] == those
    text = targen("trace", remarks, "--call", key[:8])
    assert f"{len(those)} rows" in text.out and "a row's origin" in text.err


def test_several_calls_with_one_beginning_are_named(targen, remarks):
    replies = journal(remarks)
    key = replies[-1]["key"]
    other = key[:31] + ("0" if key[31:] != "0" else "1")
    write_journal(remarks, [*replies, replies[-1] | {"key": other}])
    traced = targen("trace", remarks, "--call", key[:8])
    assert traced.code == 2 and "2 calls" in traced.err and "more digits" in traced.err


def test_a_row_of_a_correction_is_traced(targen, remarks, works):
    data = shutil.copy(remarks / "dataset.jsonl", "data.jsonl")
    words = ("--task", "remarks.yaml", "--corrector", "vote", "-b", "scripted", "-q")
    works("correct", data, *words, "--out", "corrected")
    changes = records("corrected", "changes.jsonl")
    traced = targen("trace", "corrected", "correct/0", "--json").json
    assert [call["key"] for call in traced["calls"]] == changes[0]["calls"]
    assert traced["made_by"]["corrector"] == "targen-core:vote"
    assert "verdict" in targen("trace", "corrected", "0").out


def test_a_repaired_reply_is_one_call_asked_twice(targen, works):
    Path("remarks.yaml").write_text(REMARKS)
    words = ("-b", "scripted", "-q", "--out", "run", "-o", "garbage_rate=0.3")
    works("generate", "remarks.yaml", "-n", 12, *words)
    for number in range(12):
        calls = targen("trace", "run", number, "--json").json["calls"]
        repaired = [call for call in calls if call["attempt"] == 2]
        if repaired:
            break
    assert repaired and "could not be used" in repaired[0]["messages"][-1]["content"]
    assert repaired[0]["sent"]
    assert (
        "sent again, because the previous reply was unusable" in targen("trace", "run", number).out
    )
