"""One model for several tasks, and rows that are read as instructions."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from targen_training.mixtures import mixed
from targen_training.trainers import Decision
from tests.files import write_lines


def rows(task, count):
    return [Decision({"text": f"{task} {at}"}, ("a", "b")[at % 2], at) for at in range(count)]


@pytest.mark.parametrize(
    ("mix", "temperature", "shares"),
    [
        ("proportional", 2.0, (90, 10)),
        ("equal", 2.0, (50, 50)),
        ("temperature", 2.0, (75, 25)),  # the square roots of 90 and 10 are as 3 to 1
        ("temperature", 1.0, (90, 10)),
    ],
)
def test_rows_of_each_task_by_mix(mix, temperature, shares):
    known = {"large": rows("large", 90), "small": rows("small", 10)}
    drawn = mixed(known, mix, temperature=temperature, seed=0)
    counts = Counter(decision.label.partition("/")[0] for decision in drawn)
    assert (counts["large"], counts["small"]) == shares
    # A small task's rows come as often as each other, give or take one.
    small = Counter(d.texts["text"] for d in drawn if d.label.startswith("small/"))
    assert len(small) == 10 and max(small.values()) - min(small.values()) <= 1
    large = Counter(d.texts["text"] for d in drawn if d.label.startswith("large/"))
    assert max(large.values()) == 1
    assert drawn == mixed(known, mix, temperature=temperature, seed=0)
    assert mix == "proportional" or drawn != mixed(known, "equal", temperature=1.0, seed=1)


def test_options_of_a_question_stay_together():
    options = [
        Decision({"o": str(o)}, "right", row, option=str(o)) for row in range(9) for o in (0, 1)
    ]
    drawn = mixed({"large": rows("large", 40), "few": options}, "equal", temperature=2, seed=0)
    seen = Counter(d.row for d in drawn if d.label == "few/right")
    assert all(count % 2 == 0 for count in seen.values())


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
    made = works(*train, "--mix", "equal", "--style", "instructions")
    assert "100 decisions of mood+kind, mixed: equal" in made.out
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
