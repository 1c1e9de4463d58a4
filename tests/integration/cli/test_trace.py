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
