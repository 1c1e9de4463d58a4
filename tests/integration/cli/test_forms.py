"""Every command on a dataset takes every form of it, and says the same words of each."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from targen_core import read_dataset

FORMS = ("run", "corrected", "jsonl", "csv", "parquet", "hf", "saved")
COMMANDS = {
    "validate": (),
    "export": ("--out", "made.jsonl"),
    "correct": ("-b", "scripted", "-q", "--out", "judged"),
    "analyze": ("--metric", "labels", "--out", "analysed", "-q"),
}


@pytest.fixture
def forms(works, monkeypatch):
    """A run in every form, by the name of the form; those that do not know their task."""
    monkeypatch.setenv("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    importlib.import_module("datasets").disable_progress_bars()
    works("generate rte -n 8 -b scripted -q --out runs/mine")
    for form in ("jsonl", "csv", "hf"):
        works("export", "runs/mine", "--as", form, "--out", f"mine.{form}")
    works("correct runs/mine -b scripted -q --out corrected")
    read_dataset("runs/mine").to_hf().save_to_disk("saved")
    (path,) = Path("mine.hf").glob("data/*.parquet")
    path.rename("mine.parquet")
    Path("mine.hf/data/part-0.parquet").write_bytes(Path("mine.parquet").read_bytes())
    places = ["runs/mine", "corrected", "mine.jsonl", "mine.csv", "mine.parquet", "mine.hf"]
    return dict(zip(FORMS, [*places, "saved"], strict=True))


def test_every_command_takes_every_form(forms, targen, works, refuses):
    for command, options in COMMANDS.items():
        for form, source in forms.items():
            whose = () if form in ("run", "corrected") else ("--task", "rte")
            works(command, source, *whose, *options)
            for made in ("made.jsonl", "judged", "analysed"):
                if Path(made).exists():
                    Path(made).rename(f"{made}-{form}")
    for command in ("validate", "export", "correct"):
        unnamed = targen(command, "mine.csv", *COMMANDS[command])
        said = "error: mine.csv does not state which task its rows belong to\n"
        assert (unnamed.code, unnamed.err.startswith(said)) == (2, True)
        assert "--task NAME" in unnamed.err
        other = (command, "runs/mine", "--task", "cb", *COMMANDS[command])
        refuses(other, "runs/mine already states the task of its rows:")


def test_another_encoding(targen, works):
    row = {"premise": "Caf\u00e9 noir.", "hypothesis": "Coffee.", "label": "entailment", "idx": 0}
    Path("mine.jsonl").write_text(json.dumps(row, ensure_ascii=False), encoding="latin-1")
    done = targen("export", "mine.jsonl", "--task", "rte", "--out", "made.jsonl")
    assert "mine.jsonl, line 1 does not fit the task rte: byte 0xe9 is not valid UTF-8" in done.err
    assert "iconv -f cp1252 -t utf-8 mine.jsonl > utf-8-mine.jsonl" in done.err
    options = ("--task", "rte", "--encoding", "latin-1", "--out", "made.jsonl")
    works("export", "mine.jsonl", *options)
    assert json.loads(Path("made.jsonl").read_text()) == row


def test_correct_goes_on_with_the_variant_of_a_run(works):
    works(*"generate rte -n 4 -b scripted -q --variant paper --out runs/mine".split())
    done = works("correct", "runs/mine", "-b", "scripted", "-q", "--json")
    assert done.json["variants"] == ["paper"]
    assert Path("runs/mine-corrected/dataset.jsonl").exists()
