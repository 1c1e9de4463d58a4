"""Files of all kinds, good and bad."""

from __future__ import annotations

import pytest

from targen_analysis.corpus import Columns, read_corpus
from targen_analysis.texts import excerpt, fill, values
from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.plugins.registry import Registry
from targen_core.tasks.fields import text_at
from targen_standard.task_files.model import Declaration
from targen_testing.sample import SAMPLE


def read(path, **options):
    columns = Columns(**{k: options.pop(k) for k in ("texts", "label", "intended") if k in options})
    return read_corpus(Registry(), path, columns=columns, **options)


def test_columns_of_text_are_found(jsonl):
    values = [("One thing.", "thing", 1), ("Two.", "it", True)]
    rows = [
        {"idx": 0, "id": f"r{n}", "premise": text, "n": 5, "target": {"span": span}, "label": n}
        for text, span, n in values
    ]
    data = read(jsonl("rows.jsonl", rows))
    assert data.fields == ("premise", "target.span")
    assert data.texts == [("One thing.", "thing"), ("Two.", "it")]
    assert data.labels == ["1", "true"]


def test_a_table_and_its_numbers(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text('review,stars,year\r\n"Good, really\nvery good",5,1999\r\nBad,1,2001\r\n')
    data = read(path, label="stars")
    assert (data.name, data.fields, data.labels) == ("reviews", ("review",), ["5", "1"])
    assert data.texts[0] == ("Good, really\nvery good",)


def test_a_byte_order_mark_or_the_user_says_the_encoding(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("text\ncafé noir\n".encode("utf-16"))
    assert read(path).texts == [("café noir",)]
    path.write_bytes("text\nplain\ncafé\n".encode("latin-1"))
    with pytest.raises(UsageError) as caught:
        read(path)
    assert str(caught.value) == f"{path}, line 3: byte 0xe9 is not valid UTF-8"
    assert "or run: iconv -f NAME -t " in caught.value.hint
    assert read(path, encoding="latin-1").texts[1] == ("café",)
    for wrong in ("klingon", "rot13", "undefined"):
        with pytest.raises(UsageError, match=f"unknown encoding '{wrong}'"):
            read(path, encoding=wrong)


def test_a_column_that_is_not_there(jsonl):
    path = jsonl("b.jsonl", [{"a": 1, "label": 2}])
    with pytest.raises(UsageError, match=f"{path} does not have a text column"):
        read(path)
    path = jsonl("a.jsonl", [{"text": "words", "label": "x"}])
    for columns in ({"texts": ("txt",)}, {"label": "lable"}):
        with pytest.raises(UsageError) as caught:
            read(path, **columns)
        assert "has no column" in str(caught.value)
        assert caught.value.hint == "its columns are: text, label"


def test_rows_of_several_shapes_are_read_and_told(jsonl):
    rows = [{"text": "one", "label": "a"}, {"review": "two"}, {"text": "  "}, {"other": 5}]
    data = read(jsonl("a.jsonl", rows))
    assert data.texts == [("one", ""), ("", "two")]
    assert data.labels == ["a", ""]
    assert "Left out 2 rows without text, of 4." in data.notes
    assert "Column review is missing in 1 of 2 rows." in data.notes


def test_odd_values(tmp_path):
    path = tmp_path / "odd.jsonl"
    odd = ['"half \\ud800 pair", "label": {"deep": 1}', 'null, "label": "a"', '3, "label": null']
    path.write_text("".join(f'{{"text": {each}, "more": [1, {{}}]}}\n' for each in odd))
    data = read(path)
    assert (data.texts, data.labels) == ([("half ? pair",), ("3",)], ["", ""])


def test_paths_reach_through_objects_and_lists():
    row = {"a.b": "dotted", "qas": [{"q": "one", "n": 1}, {"q": "two"}], "x": {"y": ["p", "r"]}}
    assert text_at(row, "qas.q") == "one\ntwo"
    assert text_at(row, "x.y") == "p\nr"
    assert text_at(row, "x.none") == ""
    assert fill("Q: {qas.q} / {x.y:upper}.", row) == "Q: one\ntwo / P\nR."
    assert values("Q: {qas.q} / {x.y:upper}.", row) == "one\ntwo P\nR"


def test_excerpts_are_short_whatever_the_text():
    assert excerpt(("a\n b", "c")) == "a b / c"
    long = excerpt(("word " * 1_000_000, "x"))
    assert len(long) < 220
    assert "…" in long


def test_the_column_whose_values_are_the_task_s_labels_is_the_label(tmp_path):
    task = tmp_path / "notes.yaml"
    task.write_text("description: Notes.\nlabels:\n  calm: all is well\n  alarm: it is not\n")
    path = tmp_path / "own.csv"
    path.write_text("text,kind\nAll is quiet.,calm\nFire!,alarm\nSmoke at the gate.,\n")
    known = Declaration.from_file(task).task(name="notes")
    data = read_corpus(Registry(), path, task=known)
    assert data.labels == ["calm", "alarm", ""]
    assert data.notes == ("The task's columns in this file: text: text, label: kind.",)
    path.write_text("text,kind\nAll is quiet.,calm\nFire!,to do\nSmoke.,to do\n")
    data = read_corpus(Registry(), path, task=known)
    assert data.notes == ("There is no column label, so all rows count as unlabelled.",)


def test_labels_that_the_task_does_not_have_are_named(jsonl):
    task = Declaration(
        name="mood", description="One.", labels={"fine": "glad", "sad": "not glad"}
    ).task()
    rows = [{"text": f"row {n}", "label": label} for n, label in enumerate(["Fine", "fine", "odd"])]
    said = "Rows with a label that mood does not have: 2, such as 'Fine'; did you mean fine?"
    assert said in read(jsonl("mood.jsonl", rows), task=task).notes


def test_rows_in_memory_are_read_as_a_file_of_them_is(jsonl):
    rows = [{"text": "glad, of course", "label": "good", "idx": 0}]
    data = read(Dataset("mine", SAMPLE, rows))
    assert (data.name, data.task, data.labels) == ("mine", SAMPLE, ["good"])
    assert data.texts == [("glad, of course",)]
    for source in (rows, iter(rows)):
        assert read(source, task=SAMPLE).rendered == ["glad, of course"]
