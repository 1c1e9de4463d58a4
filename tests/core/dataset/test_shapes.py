"""Shapes in which people have labels: chats, records of tools, stars, lists, switches."""

from __future__ import annotations

import json

import pytest

import targen_core as tg

ROWS = [("Cold fish.", "negative"), ("Kind people.", "positive")]
TASKS = {
    "mood": "labels: {positive: glad, negative: sorry}",
    "stars": "labels: {'1': one, '5': five}",
    "topics": "output: {labels: {refund: money, delay: late}, several: true}",
}


def turns(text, label):
    return [{"role": "system", "content": "Judge."}, *said("role", "content", text, label)]


def said(who, what, text, label, names=("user", "assistant")):
    return [{who: names[0], what: text}, {who: names[1], what: label}]


SHAPES = {  # name: task, content, and the labels of its two rows
    "openai.jsonl": ("mood", [{"messages": turns(*row)} for row in ROWS], None),
    "sharegpt.json": (
        "mood",
        [{"conversations": said("from", "value", *row, ("human", "gpt"))} for row in ROWS],
        None,
    ),
    "alpaca.json": ("mood", [{"instruction": "?", "input": t, "output": x} for t, x in ROWS], None),
    "completion.jsonl": ("mood", [{"prompt": t, "completion": f" {x}"} for t, x in ROWS], None),
    "argilla.json": (
        "mood",
        [{"fields": {"text": t}, "responses": {"mood": [{"value": x}]}} for t, x in ROWS],
        None,
    ),
    "argilla-1.json": (
        "mood",
        [{"fields": {"text": t}, "responses": [{"values": {"m": {"value": x}}}]} for t, x in ROWS],
        None,
    ),
    "stars.csv": ("stars", "review,rating\nCold fish.,1 star\nKind people.,5/5\n", ["1", "5"]),
    "signs.csv": ("stars", "review,rating\nCold fish.,★\nKind people.,★★★★★\n", ["1", "5"]),
    "missing.csv": ("mood", "text,label\nCold fish.,N/A\nKind people.,unlabeled\n", [None, None]),
    "bars.csv": (
        "topics",
        "text,labels\nCold fish.,refund|delay\nKind people.,\n",
        [["refund", "delay"], []],
    ),
    "python.csv": (
        "topics",
        "text,labels\nCold fish.,\"['refund', 'delay']\"\nKind people.,[]\n",
        [["refund", "delay"], []],
    ),
    "switches.csv": (
        "topics",
        "text,refund,delay\nCold fish.,1,1\nKind people.,0,0\n",
        [["refund", "delay"], []],
    ),
}


@pytest.mark.whole  # several labels are another distribution's
@pytest.mark.parametrize("name", SHAPES)
def test_rows_are_those_that_the_owner_means(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    task, content, labels = SHAPES[name]
    (tmp_path / "task.yaml").write_text(f"description: Texts.\n{TASKS[task]}\n")
    if name.endswith(".jsonl"):
        content = "".join(f"{json.dumps(row)}\n" for row in content)
    (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    rows = tg.read_dataset(name, "./task.yaml")
    column = "labels" if task == "topics" else "label"
    expected = [x for _, x in ROWS] if labels is None else labels
    assert [row["text"] for row in rows] == [text for text, _ in ROWS]
    assert [row.get(column) for row in rows] == expected
