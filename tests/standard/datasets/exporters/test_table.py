"""CSV as RFC 4180 has it, read back with the csv module."""

from __future__ import annotations

import csv

from targen_standard.exporting import table

CSV = table.CSV.make(table.CsvOptions())


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


def test_what_is_no_text_is_json_and_what_is_not_there_is_empty(dataset, tmp_path):
    rows = [
        {"idx": 0, "label": True, "version": 1.1, "spans": [{"start": 0}], "note": None},
        {"idx": 1, "label": False, "of": {"text": "é"}, "word": ""},
    ]
    CSV.write(dataset(rows), tmp_path / "out.csv")
    first, second = _read(tmp_path / "out.csv")
    told = {"idx": "0", "label": "true", "version": "1.1", "spans": '[{"start": 0}]'}
    assert first == told | dict.fromkeys(("note", "of", "word"), "")
    told = {"idx": "1", "label": "false", "of": '{"text": "é"}'}
    assert second == told | dict.fromkeys(("version", "spans", "note", "word"), "")


def test_one_column_of_nothing_is_still_a_row(dataset, tmp_path):
    CSV.write(dataset([{"text": ""}, {"text": "a"}]), tmp_path / "out.csv")
    assert _read(tmp_path / "out.csv") == [{"text": ""}, {"text": "a"}]
