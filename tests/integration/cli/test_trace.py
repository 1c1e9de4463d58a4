"""`targen trace`: all that a row came from, and what rests on a call, through the command."""

from __future__ import annotations

import shutil

import pytest

from ...runs import journal, records, write_journal


@pytest.fixture
def run(finished):
    """A run with 12 rows and some rejects."""
    return finished("rte", "-n", 12, "--seed", 1, "-o", "refusal_rate=0.2")


@pytest.fixture
def mails(finished, mail_file):
    """A run of a task in a file."""
    return finished("mail.yaml", "-n", 6, out="mails")


@pytest.mark.whole
def test_a_reject_is_traced_by_its_id(run, works):
    record = next(r for r in records(run, "rejects.jsonl") if r.get("stage"))
    traced = works("trace", run, record["id"]).out
    assert f"{record['verdict']} by {record['stage']}" in traced and record["reason"] in traced
    calls = works("trace", run, record["id"], "--json").json["calls"]
    assert all(call["messages"] for call in calls)


def test_a_call_leads_back_to_the_rows_that_rest_on_it(works, refuses, mails):
    made = records(mails)
    key = made[0]["calls"][0]
    line = f"trace mails --call {key[:8]}"
    back = works(f"{line} --json").json
    assert back["call"]["key"] == key
    those = [r["id"] for r in made if key in r["calls"]]
    assert [each["id"] for each in back["resting"] if each["verdict"] == "accepted"] == those
    text = works(line)
    assert f"{len(those)} rows" in text.out and "a row's origin" in text.err
    replies = journal(mails)
    (call,) = [reply for reply in replies if reply["key"] == key]
    other = key[:31] + ("0" if key[31:] != "0" else "1")
    write_journal(mails, [*replies, call | {"key": other}])
    assert "more digits" in refuses(line, "2 calls").err


def test_a_row_of_a_correction_is_traced(mails, works):
    shutil.copy(mails / "dataset.jsonl", "data.jsonl")
    words = "--task mail.yaml --corrector vote -b scripted -q --out corrected"
    works(f"correct data.jsonl {words}")
    traced = works("trace corrected correct/0 --json").json
    changes = records("corrected", "changes.jsonl")
    assert [call["key"] for call in traced["calls"]] == changes[0]["calls"]
    assert all(call["messages"] for call in traced["calls"])
    assert traced["made_by"]["corrector"] == "targen-standard:vote"
    assert "verdict" in works("trace corrected 0").out


def test_a_repaired_reply_is_one_call_asked_twice(works, mails):
    works("generate mail.yaml -n 12 -b scripted -q --variant paper -o garbage_rate=0.3 --out run")
    calls = [(n, call) for n in range(12) for call in works(f"trace run {n} --json").json["calls"]]
    number, repaired = next((n, call) for n, call in calls if call["attempt"] == 2)
    assert "could not be used" in repaired["messages"][-1]["content"]
    said = "sent again, because the previous reply was unusable"
    assert said in works(f"trace run {number}").out
