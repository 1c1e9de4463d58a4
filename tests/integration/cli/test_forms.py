"""Every command on a dataset takes every form of it, and says the same words of each."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from targen_core import read_dataset

COMMANDS = {
    "validate": "",
    "export": "--out made.jsonl",
    "correct": "-b scripted -q --out judged",
    "analyze": "--metric labels --out analysed -q",
}


@pytest.fixture
def forms(works, finished, monkeypatch):
    """A run in every form, by its path; whose task must be named."""
    monkeypatch.setenv("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    importlib.import_module("datasets").disable_progress_bars()
    finished("rte", "-n", 8, out="runs/mine")
    for form in ("jsonl", "csv", "hf"):
        works(f"export runs/mine --as {form} --out mine.{form}")
    works("correct runs/mine -b scripted -q --out corrected")
    read_dataset("runs/mine").to_hf().save_to_disk("saved")
    (path,) = Path("mine.hf").glob("data/*.parquet")
    path.rename("mine.parquet")
    Path("mine.hf/data/part-0.parquet").write_bytes(Path("mine.parquet").read_bytes())
    whose = dict.fromkeys(
        ["mine.jsonl", "mine.csv", "mine.parquet", "mine.hf", "saved"], "--task rte"
    )
    return {"runs/mine": "", "corrected": "", **whose}


def test_every_command_takes_every_form(forms, works, refuses):
    for command, options in COMMANDS.items():
        for source, whose in forms.items():
            works(f"{command} {source} {whose} {options}")
            for made in ("made.jsonl", "judged", "analysed"):
                if Path(made).exists():
                    Path(made).rename(f"{made}-{source.replace('/', '-')}")
    for command in ("validate", "export", "correct"):
        options = COMMANDS[command]
        said = "error: mine.csv does not state which task its rows belong to"
        refuses(f"{command} mine.csv {options}", said, "--task NAME")
        said = "runs/mine already states the task of its rows:"
        refuses(f"{command} runs/mine --task cb {options}", said)


def test_another_encoding(refuses, works):
    row = {"premise": "Caf\u00e9 noir.", "hypothesis": "Coffee.", "label": "entailment", "idx": 0}
    Path("mine.jsonl").write_text(json.dumps(row, ensure_ascii=False), encoding="latin-1")
    export = "export mine.jsonl --task rte --out made.jsonl"
    said = "mine.jsonl, line 1 does not fit the task rte: byte 0xe9 is not valid UTF-8"
    refuses(export, said, "--encoding NAME; NAME is the encoding in which")
    works(f"{export} --encoding latin-1")
    Path("odd.csv").write_text("premise,hypothesis,label\nCafé,x,maybe\n", encoding="latin-1")
    odd = "odd.csv --task rte --encoding latin-1"
    refuses(f"export {odd} --out odd.jsonl", "'maybe' is not", f": targen validate {odd}")
    assert json.loads(Path("made.jsonl").read_text()) == row


def test_correct_goes_on_with_the_variant_of_a_run(works, finished):
    finished("rte", "-n", 4, "--variant", "paper", out="runs/mine")
    assert works("correct runs/mine -b scripted -q --json").json["variants"] == ["paper"]
    assert Path("runs/mine-corrected/dataset.jsonl").exists()
