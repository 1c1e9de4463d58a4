"""Files of all kinds, good and bad."""

from __future__ import annotations

import pytest

from targen_analysis.corpus import Columns, read_corpus
from targen_analysis.texts import fill, values
from targen_core.errors import UsageError
from targen_core.plugins.registry import Registry
from targen_core.tasks.fields import text_at


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


def test_rows_of_several_shapes_are_read_and_told(jsonl):
    rows = [{"text": "one", "label": "a"}, {"review": "two"}, {"text": "  "}, {"other": 5}]
    data = read(jsonl("a.jsonl", rows))
    assert data.texts == [("one", ""), ("", "two")]
    assert data.labels == ["a", ""]
    assert "Left out 2 rows without text, of 4." in data.notes
    assert "Column review is missing in 1 of 2 rows." in data.notes


def test_paths_reach_through_objects_and_lists():
    row = {"a.b": "dotted", "qas": [{"q": "one", "n": 1}, {"q": "two"}], "x": {"y": ["p", "r"]}}
    assert text_at(row, "qas.q") == "one\ntwo"
    assert text_at(row, "x.y") == "p\nr"
    assert text_at(row, "x.none") == ""
    assert fill("Q: {qas.q} / {x.y:upper}.", row) == "Q: one\ntwo / P\nR."
    assert values("Q: {qas.q} / {x.y:upper}.", row) == "one\ntwo P\nR"
