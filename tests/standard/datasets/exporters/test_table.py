"""CSV as RFC 4180 has it, read back with the csv module."""

from __future__ import annotations

import csv
import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from targen_core.cli.markup import sheet_cell
from targen_standard.exporting import table

CSV = table.CSV.make(table.CsvOptions())

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


def _read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_one_header_quotes_and_line_ends(dataset, tmp_path):
    CSV.write(dataset(), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes().decode() == (
        "first,second,label,idx\r\n"
        "start,begin,same,0\r\n"
        '"naïve, “so”","say ""no""\nor yes",other,1\r\n'
    )


@given(texts=st.lists(TEXTS, min_size=1, max_size=5))
@settings(max_examples=10)
@example(texts=["", " ", "\r", "\n", "\r\n", '"', '""', ",", "=1+1", "\u2028", "\ufeff"])
def test_any_text_survives_but_a_formula_gets_an_apostrophe(texts, dataset, tmp_path):
    rows = [{"text": text, "nested": [text], "idx": n} for n, text in enumerate(texts)]
    CSV.write(dataset(rows), tmp_path / "out.csv")
    written = _read(tmp_path / "out.csv")
    (tmp_path / "out.csv").unlink()
    assert [row["text"] for row in written] == [*map(sheet_cell, texts)]
    assert [json.loads(row["nested"]) for row in written] == [[text] for text in texts]
