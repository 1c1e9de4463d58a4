"""`targen diff`: what differs between two runs, through the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...files import changed
from ...runs import journal, write_journal

REMARKS = "description: A remark.\nlabels:\n  good: it praises\n  bad: it blames\n"


@pytest.fixture
def generate(works):
    """A run of a task in a file, and its directory."""
    Path("remarks.yaml").write_text(REMARKS)

    def run(out: str, *words: object) -> Path:
        options = ("-b", "scripted", "-q", "--no-cache", "--out", out)
        works("generate", "remarks.yaml", "-n", 12, *options, *words)
        return Path(out)

    return run


def test_what_was_asked_otherwise_is_named(targen, generate):
    generate("a")
    Path("remarks.yaml").write_text(REMARKS.replace("it praises", "it praises warmly"))
    generate("b", "--corrector", "vote", "-o", "generate.temperature=0.3")
    asked = {change["name"]: change for change in targen("diff", "a", "b", "--json").json["asked"]}
    assert asked["steps.generate.params.temperature"]["right"] == 0.3
    assert asked["corrector"]["right"] == "targen-core:vote"
    assert any(name.startswith("task.prompts.") for name in asked)
    compared = targen("diff", "a", "b")
    assert compared.code == 0 and "the runs differ" in compared.out
    assert targen("diff", "a", "b", "--exit-code").code == 1


def test_rows_and_candidates_are_compared_by_text_and_id(targen, generate):
    run = generate("a")
    other = generate("b")
    with changed(other / "dataset.jsonl") as rows:
        rows[0]["label"] = "good" if rows[0]["label"] == "bad" else "bad"
        rows[1]["text"] = "Something else altogether, of which nobody has ever spoken in any way."
        rows[2]["text"] += " Oh"
    result = targen("diff", run, other, "--json").json
    assert result["rows"] == {"same": 9, "relabelled": 1, "near": 1, "left": 1, "right": 1}
    kinds = {example["kind"]: example for example in result["examples"]}
    assert kinds["near"]["left"][0] == kinds["near"]["right"][0] == 2
    assert kinds["right"]["right"][1]["text"] == rows[1]["text"]
    assert result["rewritten"] == 2 and not result["verdicts"]
    printed = targen("diff", run, other).out
    assert "+ row 1" in printed and rows[1]["text"] in printed


def test_another_reply_under_the_same_key_is_said_loudly(targen, generate):
    generate("a")
    other = generate("b")
    replies = journal(other)
    replies[-1]["text"] = "quite another reply"
    write_journal(other, replies)
    compared = targen("diff", "a", "b")
    assert "DIFFERENT REPLIES TO THE SAME CALL: 1 call" in compared.out
    assert replies[-1]["place"] in compared.out and "quite another reply" in compared.out
    assert targen("diff", "a", "b", "--exit-code").code == 1


def test_corrections_are_compared_with_corrections_alone(targen, generate, works):
    run = generate("a")
    words = ("--task", "remarks.yaml", "-b", "scripted", "-q")
    for name in ("blind", "vote"):
        works("correct", run / "dataset.jsonl", *words, "--corrector", name, "--out", name)
    result = works("diff", "blind", "vote", "--json")
    assert result.json["candidates"] == {"left": 12, "right": 12, "both": 12}
    assert any(change["name"] == "corrector" for change in result.json["asked"])
    assert not {"status", "seconds"} & {each["name"] for each in result.json["figures"]}
    mixed = targen("diff", "a", "blind")
    assert mixed.code == 2 and "blind is a correction, but a is a run" in mixed.err
