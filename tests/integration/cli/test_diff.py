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


def test_another_reply_under_the_same_key_is_said_loudly(targen, works, generate):
    generate("a")
    replies = journal(generate("b"))
    replies[-1]["text"] = "quite another reply"
    write_journal("b", replies)
    compared = works("diff a b").out
    assert "DIFFERENT REPLIES TO THE SAME CALL: 1 call" in compared
    assert replies[-1]["place"] in compared and "quite another reply" in compared
    assert targen("diff a b --exit-code").code == 1
