"""Files as their owner says that they are laid out: columns, labels, header, delimiter, quotes."""

from __future__ import annotations

import json

import pytest

import targen_core as tg
from targen_core.dataset.layout import layout_of, reading_as
from targen_core.errors import UsageError

TASK = "description: Reviews of food.\nlabels: {positive: glad, negative: sorry}\n"
ROWS = [("Cold fish.", "negative"), ("Kind people.", "positive")]


@pytest.fixture
def task(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "task.yaml").write_text(TASK)
    return "./task.yaml"


FILES = {  # name: content and how it is laid out
    "named.csv": (
        "v1,v2\nnegative,Cold fish.\npositive,Kind people.\n",
        {"map": "text=v2,label=v1"},
    ),
    "swapped.csv": (
        "text,label\nnegative,Cold fish.\npositive,Kind people.\n",
        {"map": {"text": "label", "label": "text"}},
    ),
    "numbers.csv": (
        "text,score\nCold fish.,0\nKind people.,1.0\n",
        {"label_map": "0=negative,1=positive"},
    ),
    "numbers.jsonl": (
        '{"said": "Cold fish.", "n": 0}\n{"said": "Kind people.", "n": 1}\n',
        {"map": "text=said,label=n", "label_map": {0: "negative", 1: "positive"}},
    ),
    "bare.csv": (
        "negative,Cold fish.,x\npositive,Kind people.,y\n",
        {"map": "text=2,label=1", "header": False},
    ),
    "pipes.txt": (
        "text|label\nCold fish.|negative\nKind people.|positive\n",
        {"delimiter": "pipe"},
    ),
    "quotes.csv": (
        'text;label\n"Cold fish.;negative\nKind people.;positive\n',
        {"quoting": "none", "delimiter": ";"},
    ),
    "splits.json": (
        json.dumps({n: [{"text": t, "label": x} for t, x in ROWS] for n in ("train", "test")}),
        {"from_split": "test"},
    ),
    "overflow.csv": ("label,text,,\nnegative,Cold fish.,,\npositive,Kind people.,and soup,\n", {}),
}


@pytest.mark.parametrize("name", FILES)
def test_rows_are_those_that_the_owner_means(name, task, tmp_path):
    content, said = FILES[name]
    (tmp_path / name).write_text(content)
    rows = tg.read_dataset(name, task, **said)
    expected = [(f'"{t}' if name == "quotes.csv" and t == "Cold fish." else t, x) for t, x in ROWS]
    assert [(row["text"], row["label"]) for row in rows] == expected


def test_a_task_file_says_it_for_its_own_files(task, tmp_path):
    data = "data: {map: {text: v2, label: v1}, label_map: {'0': negative, '1': positive}}\n"
    (tmp_path / "task.yaml").write_text(TASK + data)
    (tmp_path / "own.csv").write_text("v1,v2\n0,Cold fish.\n1,Kind people.\n")
    rows = tg.read_dataset("own.csv", task)
    assert [(row["text"], row["label"]) for row in rows] == ROWS


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"map": "text=v9"}, "has no column v9; the columns are v1, v2"),
        ({"map": "text"}, "does not have the form a=b,c=d"),
        ({"label_map": "0=no"}, "no column holds the values 0"),
        ({"delimiter": "ab"}, "a delimiter cannot be 'ab'"),
        ({"quoting": "odd"}, "quoting is 'odd'"),
    ],
)
def test_what_cannot_be_meant_is_refused(said, words, task, tmp_path):
    (tmp_path / "own.csv").write_text("v1,v2\nnegative,Cold fish.\n")
    with pytest.raises(UsageError) as caught:
        tg.read_dataset("own.csv", task, **said)
    assert words in str(caught.value) and caught.value.hint


def test_a_file_that_has_the_fields_stays_as_it_is_beside_one_that_is_mapped(task, tmp_path):
    (tmp_path / "ours.csv").write_text("text,label\nCold fish.,negative\n")
    with reading_as(layout_of("text=v2,label=v1")):
        assert tg.read_dataset("ours.csv", task)[0]["text"] == "Cold fish."
