"""`targen show`: rows, rejects, and where one is from, through the command."""

from __future__ import annotations

import json

import pytest

from ...runs import records


@pytest.fixture
def run(finished):
    """A run with 20 rows and some rejects."""
    return finished("rte", "-n", 20, "--seed", 1, "-o", "refusal_rate=0.2")


@pytest.fixture
def shown(works):
    """All that `targen show run` has with these options."""

    def read(options=""):
        return [
            json.loads(line) for line in works(f"show run {options} -n 0 --json").out.splitlines()
        ]

    return read


def test_a_label_and_a_reason_choose(works, run, shown):
    assert [one["official"][0] for one in shown()] == records(run, "dataset.jsonl")
    some = shown("--label entailment")
    assert len(some) >= 10
    assert all("entailment" in (row["label"], row["intended"]) for row in some)
    rejects = records(run, "rejects.jsonl")
    assert shown("--rejected") == rejects
    reason = next(record["reason"] for record in rejects if record.get("stage"))
    assert shown(f"--reason {reason}") == [r for r in rejects if r["reason"] == reason]
    refused = works("show run --reason refusal -n 0").out
    assert "null" not in refused and "(no instance)" in refused


def test_a_row_is_shown_with_all_that_made_it(works, run):
    record = records(run)[4]
    shown = works("show run 4")
    assert "targen trace run 4" in shown.err
    assert record["id"] in shown.out and record["above"][0] in shown.out
    assert record["seed"]["premise"] in shown.out
    facts = works("show run 4 --json").json
    assert [call["key"] for call in facts["calls"]] == record["calls"]
    for call in facts["calls"]:
        assert call["place"] in shown.out
        assert " ".join(call["text"].split())[:200] in " ".join(shown.out.split())
    assert works("show", run, record["id"], "--json").json == facts
    (run / "journal").write_bytes(b"nothing\n" + b"00000000 {}\n")
    works("show run 0")  # what is left is shown
