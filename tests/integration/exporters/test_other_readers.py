"""Exports of lines and of a table, as `datasets` and pandas read them."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from targen_core import Label
from targen_standard.exporting import table
from targen_standard.exporting.lines import INSTRUCTIONS, JSONL, OPENAI

CSV = table.CSV.make(table.CsvOptions())

ROWS = [
    {"text": "a, “b”\nc", "note": "=1+1", "label": "yes", "of": {"n": [1]}, "idx": 0},
    {"text": 'say "no"\r\n', "note": "", "label": "no", "of": {"n": []}, "idx": 1},
]


@pytest.fixture
def made(dataset):
    return dataset(ROWS, Label("yes"), Label("no"))


def test_pandas_reads_the_table(made, tmp_path):
    CSV.write(made, tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    assert list(table.columns) == ["text", "note", "label", "of", "idx"]
    assert table["text"].tolist() == [row["text"] for row in ROWS]
    assert table["note"].tolist() == ["=1+1", ""]
    assert table["idx"].tolist() == [0, 1]
    assert [json.loads(cell) for cell in table["of"]] == [row["of"] for row in ROWS]


@pytest.mark.parametrize("exporter", [JSONL, INSTRUCTIONS, OPENAI])
def test_datasets_reads_the_lines(exporter, made, datasets, tmp_path):
    path = tmp_path / "out.jsonl"
    exporter.write(made, path)
    dataset = datasets.load_dataset(
        "json", data_files=str(path), split="train", cache_dir=str(tmp_path / "hf")
    )
    assert dataset.to_list() == [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_datasets_reads_the_table(made, datasets, tmp_path):
    CSV.write(made, tmp_path / "out.csv")
    dataset = datasets.load_dataset(
        "csv", data_files=str(tmp_path / "out.csv"), split="train", cache_dir=str(tmp_path / "hf")
    )
    assert dataset["text"][:] == [row["text"] for row in ROWS]
    assert dataset["label"][:] == ["yes", "no"]
