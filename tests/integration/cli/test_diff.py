"""`targen diff`: what differs between two runs, through the command."""

from __future__ import annotations

import pytest

from ...files import changed
from ...runs import journal, write_journal


@pytest.fixture
def generate(finished, mail_file):
    """A run of a task in a file."""
    return lambda out: finished("mail.yaml", "-n", 12, out=out)


def test_rows_and_candidates_are_compared_by_text_and_id(works, generate):
    generate("a")
    with changed(generate("b") / "dataset.jsonl") as rows:
        rows[0]["label"] = "order" if rows[0]["label"] == "refund" else "refund"
        rows[1]["text"] = "Something else altogether, of which nobody has ever spoken in any way."
        rows[2]["text"] += " Oh"
    result = works("diff a b --json").json
    assert result["rows"] == {"same": 9, "relabelled": 1, "near": 1, "left": 1, "right": 1}
    kinds = {example["kind"]: example for example in result["examples"]}
    assert kinds["near"]["left"][0] == kinds["near"]["right"][0] == 2
    assert kinds["right"]["right"][1]["text"] == rows[1]["text"]
    assert result["rewritten"] == 2 and not result["verdicts"]
    printed = works("diff a b").out
    assert "+ row 1" in printed and rows[1]["text"] in printed


def test_candidates_of_another_seed_are_not_the_same_ones(works, generate):
    generate("a")
    works("generate mail.yaml -n 12 -b scripted -q --seed 2 --out b")
    result = works("diff a b --json").json
    assert result["candidates"]["both"] == 0 < result["candidates"]["left"]
    assert not (result["verdicts"] or result["changed"] or result["rewritten"])
    assert "share no calls, so candidates with the same id" in works("diff a b").out


def test_another_reply_under_the_same_key_is_said_loudly(targen, works, generate):
    generate("a")
    replies = journal(generate("b"))
    replies[-1]["text"] = "quite another reply"
    write_journal("b", replies)
    compared = works("diff a b").out
    assert "DIFFERENT REPLIES TO THE SAME CALL: 1 call" in compared
    assert replies[-1]["place"] in compared and "quite another reply" in compared
    assert targen("diff a b --exit-code").code == 1


def test_corrections_are_compared_with_corrections_alone(refuses, generate, works):
    generate("a")
    for name in ("blind", "vote"):
        words = f"--task mail.yaml -b scripted -q --corrector {name} --out {name}"
        works(f"correct a/dataset.jsonl {words}")
    result = works("diff blind vote --json").json
    assert result["candidates"] == {"left": 12, "right": 12, "both": 12}
    assert any(change["name"] == "corrector" for change in result["asked"])
    assert not {"status", "seconds"} & {each["name"] for each in result["figures"]}
    refuses("diff a blind", "blind is a correction, but a is a run")
