"""The example `targen-setfit`: a trainer as a third party writes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny import TASK, WORDS, tiny

pytest.importorskip("setfit")
pytest.importorskip("targen_setfit")


def test_few_rows_are_learned_and_nothing_is_a_pickle(works, targen, jsonl, tmp_path):
    (tmp_path / "mood.yaml").write_text(TASK)
    rows = [
        {"text": f"The {thing} is {word}.", "label": label, "idx": at}
        for at, (thing, (label, word)) in enumerate(
            (thing, (label, word))
            for thing in ("lamp", "boat", "song", "coat")
            for label, those in WORDS.items()
            for word in those
        )
    ]
    jsonl("train.jsonl", rows[:12])
    jsonl("test.jsonl", rows[12:])
    small = ("-o", f"model={tiny('encoder')}", "-o", "device=cpu", "-o", "learning_rate=1e-3")
    works("train", "train.jsonl", "--task", "mood.yaml", "--trainer", "setfit",
                  *small, "--out", "m")  # fmt: skip
    kept = {
        path.suffix
        for path in Path("m").rglob("*")
        if path.is_file() and path.name != ".signatures"
    }
    assert kept <= {".json", ".npy", ".npz", ".safetensors", ".md", ".txt", ".jinja"}
    measured = works("evaluate", "m", "test.jsonl", "--task", "mood.yaml", "--json")
    assert json.loads(measured.out)["figures"]["accuracy"]["value"] >= 0.9
    odd = targen("train", "train.jsonl", "--task", "mood.yaml", "--trainer", "setfit",
                 "-o", "model=nobody/nothing", "--out", "n")  # fmt: skip
    assert odd.code == 2 and "hf download nobody/nothing" in odd.err
