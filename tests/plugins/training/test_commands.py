"""`targen train`, `evaluate` and `predict`, on rows that the tests make."""

from __future__ import annotations

import csv
import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from targen_training.api import predict
from tests.files import lines, write_lines


@pytest.mark.usefixtures("trained")
def test_a_model_knows_the_task_of_its_file(refuses, works, monkeypatch, tmp_path_factory):
    Path("other.yaml").write_text(Path("mood.yaml").read_text() + "name: other\n")
    labels = {"praise": "speaks well of the thing", "blame": "speaks ill of the thing"}
    Path("coded.py").write_text(
        "from targen_standard.task_files.model import Declaration\n"
        f"TASK = Declaration(description='A sentence.', labels={labels}).task(name='coded')\n"
    )
    works("train", "train.jsonl", "--task", "./coded.py:TASK", "--out", "coded")
    both = ("./mood.yaml=train.jsonl", "./other.yaml=train.jsonl")
    works("train", *both, "--out", "both")
    Path("mood.yaml").unlink()
    works("evaluate", "m", "test.jsonl")
    works("evaluate", "coded", "test.jsonl")
    works("evaluate", "both", "test.jsonl", "--task", "other")
    refuses("evaluate both test.jsonl", "", "--task NAME")
    monkeypatch.setenv("TARGEN_CONFIG_DIR", str(tmp_path_factory.mktemp("another")))
    refuses("evaluate coded test.jsonl", "contains code, but targen did not write it here")


@pytest.mark.usefixtures("trained")
def test_predictions_are_written_as_the_file_is_named(works):
    for name in ("said.jsonl", "said.CSV"):
        works("evaluate", "m", "test.jsonl", "--out", name)
    with open("said.CSV", encoding="utf-8", newline="") as file:
        read = [*csv.DictReader(file)]
    for row, each in zip(lines("said.jsonl"), read, strict=True):
        assert (each["row"], each["predicted"]) == (str(row["row"]), row["predicted"])
        assert json.loads(each["scores"]) == row["scores"]


@pytest.mark.usefixtures("trained")
def test_the_labels_of_new_rows_are_predicted(works, refuses):
    new = [{"id": f"A{n}", "text": row["text"]} for n, row in enumerate(lines("test.jsonl"))]
    write_lines("new.jsonl", [*new, {"id": "empty", "text": ""}])
    write_lines("bare.jsonl", new)
    refuses("evaluate m bare.jsonl", "", "targen predict m bare.jsonl --out FILE.csv")
    done = works("predict", "m", "new.jsonl", "--out", "said.csv")
    assert done.out == "40 rows; predicted praise 20, blame 20\nsaid.csv\n"
    assert "line 41: text: it is empty" in done.err
    with open("said.csv", encoding="utf-8", newline="") as file:
        said = [*csv.DictReader(file)]
    for row, right, each in zip(new, lines("test.jsonl"), said, strict=True):
        assert {"id": each["id"], "text": each["text"]} == row
        assert each["predicted"] == right["label"] and 0.5 < float(each["score"]) <= 1
    again = predict("m", "new.jsonl")
    assert [row["predicted"] for row in again] == [row["predicted"] for row in said]
    refuses("predict m said.csv --out again.csv", "said already has a column predicted")


@pytest.mark.usefixtures("trained")
def test_rows_that_were_learned_from_are_counted(targen):
    both = [*lines("train.jsonl")[:7], *lines("test.jsonl")]
    both[0]["text"] = both[0]["text"].upper()  # case does not hide it
    write_lines("both.jsonl", [{**row, "idx": idx} for idx, row in enumerate(both)])
    measured = targen("evaluate", "m", "both.jsonl", "--task", "mood.yaml", "--json")
    assert measured.json["seen_in_training"] == 7
    assert "the training data contained 7 of 47 rows" in measured.err


def damaged(path):
    path.write_bytes(b'{"format": 1}')


def a_fifo(path):
    path.unlink()
    os.mkfifo(path)


def a_link_out(path):
    path.rename("elsewhere")
    path.symlink_to(Path("elsewhere").resolve())


def deep(path):
    path.write_text("[" * 200_000)


def a_shape_of_its_own(path):
    head = "{'descr': '<u8', 'fortran_order': False, 'shape': (99999999999,), }\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())


def an_archive_of_zeros(path):
    with path.open("wb") as file:
        np.savez_compressed(file, weights=np.zeros((2, 8 << 20)))  # 128 MiB in 128 KiB


FILES = ("model.json", "seen.npy", "model/words.json", "model/numbers.npz")


@pytest.mark.parametrize(
    ("name", "damage", "why"),
    [
        *((name, damaged, "m does not contain a model") for name in FILES[:2]),
        ("model/words.json", damaged, "m/model does not contain a tfidf model"),
        *((name, a_fifo, "FIFO") for name in FILES),
        *((name, a_link_out, "it is a link") for name in FILES),
        ("model.json", deep, "nested more than 64 levels"),
        ("model/words.json", deep, "nested more than 64 levels"),
        ("seen.npy", a_shape_of_its_own, "its array does not have the declared shape"),
        ("model/numbers.npz", an_archive_of_zeros, "it unpacks to more than"),
    ],
)
@pytest.mark.usefixtures("trained")
def test_a_stranger_s_model_is_plain_files_that_take_no_more_than_they_explain(
    refuses, name, damage, why
):
    damage(Path("m", name))
    refuses("evaluate m train.jsonl --task mood.yaml", why)


@pytest.mark.usefixtures("trained")
def test_an_earlier_model_is_replaced_on_demand_alone(refuses, works):
    def kept():
        stat = Path("m/model.json").stat()
        return stat.st_ino, stat.st_mtime_ns

    train = ("train", "train.jsonl", "--task", "mood.yaml", "--out", "m")
    before = kept()
    works(*train)  # the same training: its model is kept
    assert kept() == before
    refuses((*train, "--seed", 3), "", "--force")
    works(*train, "--force", "--seed", 3)
    assert json.loads(Path("m/model.json").read_text())["seed"] == 3
    there = {path.name for path in Path().iterdir()} - {"cache", "config"}
    assert there == {"m", "mood.yaml", "test.jsonl", "train.jsonl"}


# --- evaluate --harness, with a stand-in for lm-evaluation-harness ---
