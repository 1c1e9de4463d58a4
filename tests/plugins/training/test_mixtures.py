"""One model for several tasks, and rows that are read as instructions."""

from __future__ import annotations

import json
from pathlib import Path

from tests.files import write_lines


def test_one_model_for_two_tasks_whose_rows_are_read_as_instructions(refuses, works, mood):
    mood("train.jsonl", 60)
    mood("test.jsonl", 20, seed=1)
    Path("kind.yaml").write_text(
        "description: A thing.\nlabels:\n  praise: it is a boat\n  blame: it is none\n"
    )
    kinds = [
        {"text": f"{thing} number {at}.", "label": label, "idx": at}
        for at, (thing, label) in enumerate([("A boat", "praise"), ("A lamp", "blame")] * 20)
    ]
    write_lines("kinds.jsonl", kinds)
    train = ("train", "mood.yaml=train.jsonl", "./kind.yaml=kinds.jsonl", "--out", "m")
    made = works(*train, "--style", "instructions")
    assert "100 decisions of mood+kind" in made.out
    facts = json.loads(Path("m/model.json").read_text())
    assert facts["style"] == "instructions"
    assert facts["labels"] == ["mood/praise", "mood/blame", "kind/praise", "kind/blame"]
    for task, data in (("mood.yaml", "test.jsonl"), ("kind.yaml", "kinds.jsonl")):
        measured = works("evaluate", "m", data, "--task", task, "--json")
        assert measured.json["figures"]["accuracy"]["value"] == 1.0
        assert set(measured.json["labels"]) == {"praise", "blame"}
    Path("third.yaml").write_text(Path("mood.yaml").read_text())
    said = "was trained on rows of mood+kind, not of third"
    refuses("evaluate m test.jsonl --task third.yaml", said)
