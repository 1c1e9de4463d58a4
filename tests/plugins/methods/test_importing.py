"""`targen import-rows`: published formats become datasets; unusable rows are counted."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from targen_core import read_dataset
from tests.runs import records


def jsonl(path: str, rows: Iterable[Any]) -> str:
    """Write a file of lines; bytes are written unchanged."""
    lines = (row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
    Path(path).write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def imported(folder: str) -> list[dict[str, Any]]:
    return records(folder, "dataset.jsonl")


CXY = [
    {"C": "Hedgehogs sleep all winter.", "X": "Hedgehogs are asleep in winter.", "Y": 0},
    {"C": "Hedgehogs sleep all winter.", "X": "Hedgehogs hunt by day.", "Y": 1, "Prompt": "p3"},
]
SCORED = {"text1": "It rains.", "text2": "It is wet.", "label": "entailment", "score": -0.5}
BOOK, ROOM = {"input": "A book.", "output": "L"}, {"input": "A room.", "output": "R"}
SEED_TASK = {"id": "seed_task_0", "instruction": "Which?", "instances": [BOOK, ROOM]}
INSTRUCTED = "--columns text=input --labels L=loan,R=room"
WHICH = {"instruction": "Which?"}
BOTH = [("A book.", "loan"), ("A room.", "room")]
JOINED = "--columns text=instruction+input --labels L=loan"
DUE = [("Is it due?", "loan")]
TEXTS = [{"idx": at, "text": f"mail {at}", "label": label} for at, label in enumerate([0, "-", 1])]
NUMBERED = "--labels 0=loan,1=room"
ATTRIBUTED = [
    {"_id": 1, "text": "May we have a room?", "style": 1},
    {"_id": [0], "text": "Is it due?", "style": 5},
    {"_id": [0, 1], "text": "Both."},
]

READ = {
    "texts alone": ("zerogen", "mail", CXY[1:], "--columns text=X --labels 1=loan",
        [("Hedgehogs hunt by day.", "loan")], {}, {"prompt": "p3", "condition": CXY[1]["C"]}),
    "pairs": ("progen", "pairs", CXY[1:], "--labels 1=not_entailment",
        [("Hedgehogs sleep all winter.", "Hedgehogs hunt by day.", "not_entailment")], {},
        {"published_label": "1", "prompt": "p3"}),
    "scored": ("supergen", "pairs", [SCORED, 5, {**SCORED, "text2": " "}],
        "--labels supergen:rte", [("It rains.", "It is wet.", "entailment")],
        {"unreadable": 2, "empty text": 3}, {"line": 1, "score": -0.5}),
    "entities": ("supergen", "mail", [{"text": "&#34;Emma&#34; &amp; others", "label": "0"}],
        "--labels 0=loan", [('"Emma" & others', "loan")], {}, {}),
    "without a label": ("sungen", "mail", TEXTS, NUMBERED,
        [("mail 0", "loan"), ("mail 2", "room")], {"no label": 2}, {"source_idx": 0}),
    "skipped label": ("sungen", "mail", TEXTS, "--labels 0=loan,1=-",
        [("mail 0", "loan")], {"no label": 2, "label skipped": 3}, {}),
    "columns of the same name": ("lstm", "pairs", [{"premise": "a", "hypothesis": "b", "label": 0}],
        "--labels 0=entailment", [("a", "b", "entailment")], {}, {}),
    "attributes": ("attrprompt", "mail", ATTRIBUTED, "--labels label.txt",
        [("May we have a room?", "room"), ("Is it due?", "loan")], {"no label": 3},
        {"attributes": {"style": 1}}),
    "seed tasks": ("self-instruct", "mail", [SEED_TASK], INSTRUCTED, BOTH, {}, WHICH),
    "all instances": ("self-instruct", "mail", [{**WHICH, **BOOK}, {**WHICH, **ROOM}],
        INSTRUCTED, BOTH, {}, WHICH),
    "labels first": ("self-instruct", "mail",
        [{**WHICH, "raw_instances": "Class label: L\nA book.\n\nClass label: R\nA room."}],
        INSTRUCTED, BOTH, {}, WHICH),
    "inputs first": ("self-instruct", "mail",
        [{**WHICH, "raw_instances":
            "Example 1\nA book.\nOutput: L\n\nExample 2\nA room.\nOutput: R"}],
        INSTRUCTED, BOTH, {}, WHICH),
    "prompt and completion": ("self-instruct", "mail",
        [{"prompt": "Is it due?", "completion": " L<|endoftext|>"}], JOINED, DUE, {}, {}),
    "a table": ("coda", "mail", 'text\tlabel\n"two\nlines"\t1\nno label\nlast\t1\n', NUMBERED,
        [("two\nlines", "room"), ("last", "room")], {"unreadable": 4}, {}),
    "numbers for columns": ("coda", "mail", "0\t1\nIs it due?\tloan\n", "--labels same",
        DUE, {}, {}),
}  # fmt: skip
"""Format, task, published rows, options, the rows, skipped ones, and the first row's origin."""


@pytest.mark.parametrize("name", READ)
def test_published_formats_are_read(works, mail, pairs, name):
    form, task, published, options, rows, skipped, origin = READ[name]
    Path("label.txt").write_text("loan\nroom\n")
    file = {"coda": "rows.tsv", "supergen": "rows.json"}.get(form, "rows.jsonl")
    if form == "coda":
        Path(file).write_text(published)
    elif form == "supergen":
        Path(file).write_text(json.dumps(published))
    else:
        jsonl(file, published)
    line = ("import-rows", form, file, "--task", f"{task}.yaml", *options.split(), "--out", "out")
    done = works(*line, "--json")
    columns = ("premise", "hypothesis", "label") if task == "pairs" else ("text", "label")
    assert [tuple(row[column] for column in columns) for row in imported("out")] == rows
    first = {reason: each["first"] for reason, each in done.json["skipped"].items()}
    assert first == skipped
    assert records("out")[0].items() >= origin.items()
    assert done.json["file"]["sha256"] == hashlib.sha256(Path(file).read_bytes()).hexdigest()
    assert str(Path.cwd()) not in Path("out/import.json").read_text()


@pytest.mark.whole  # the folder names an installed task
def test_an_imported_folder_is_a_dataset_with_card_and_origin(refuses, works):
    rows = [{**row, "C": f"{row['C']} {at}"} for at in range(3) for row in CXY]
    start = ("import-rows", "zerogen", jsonl("rows.jsonl", rows), "--labels", "zerogen:rte")
    assert "Hedgehogs hunt by day." in works(*start, "--task", "rte").out
    dataset = read_dataset("rte-zerogen")
    assert (dataset.task.name, len(dataset)) == ("rte", 6)
    assert "No licence is stated here." in dataset.card
    assert [each["line"] for each in dataset.provenance] == [1, 2, 3, 4, 5, 6]
    works("validate", "rte-zerogen")
    refuses((*start, "--task", "rte"), "", "--force")
    works(*start, "--task", "rte", "--force")


STRANGE = [
    b'{"C": 1',
    b"[1, 2]",
    b'{"C": "\xff", "X": "x", "Y": 0}',
    b'{"C": "c", "X": ' + b"[" * 50_000 + b"]" * 50_000 + b', "Y": 0}',
    b'{"C": "c", "X": "\\ud800", "Y": 0}',
    b'{"C": "c", "X": "  ", "Y": 0}',
    b'{"C": "c", "X": 7, "Y": 0}',
    b'{"C": "c", "X": "x"}',
    b'{"C": "c", "X": "x", "Y": {"a": 1}}',
]


def test_unusable_rows_are_counted(works, refuses, mail):
    good = b'{"C": "c", "X": "Is it due?", "Y": 0}'
    options = ("--task", mail, "--columns", "text=X", "--labels", "0=loan")
    file = jsonl("rows.jsonl", [good, *STRANGE])
    done = works("import-rows", "zerogen", file, *options, "--out", "out", "--json")
    assert len(imported("out")) == 1
    assert sum(each["rows"] for each in done.json["skipped"].values()) == len(STRANGE)
    file = jsonl("none.jsonl", STRANGE[-4:])
    refuses(("import-rows", "zerogen", file, *options), "none of the rows", code=1)


REFUSED = {
    "zerogen rows.jsonl": "zerogen:rte",
    "zerogen rows.jsonl --labels 0": "not a map of labels",
    "zerogen rows.jsonl --labels 0=yes,1=no": "'yes' is not a label",
    "zerogen rows.jsonl --labels 0=entailment": "'1' (1 row)",
    "zerogen rows.jsonl MAP --columns premise=D,hypothesis=X": "no column 'D'",
    "zerogen rows.jsonl MAP --columns premise=C": "lacks hypothesis",
    "zerogen rows.jsonl MAP --out ..": "not the name of a new folder",
    "supergn rows.jsonl MAP": "supergen",
    "sungen rows.jsonl MAP": "--columns premise=COLUMN",
    "sungen best_thetas.pth MAP": "weights_only=True",
    "sungen empty.jsonl MAP": "has no rows",
}
"""What is typed after `targen import-rows`, and a part of the error or its hint."""


@pytest.mark.parametrize(("typed", "message"), REFUSED.items(), ids=REFUSED)
def test_errors_name_the_problem_and_a_way_out(refuses, pairs, typed, message):
    jsonl("rows.jsonl", CXY)
    Path("empty.jsonl").write_text("\n")
    Path("best_thetas.pth").write_bytes(pickle.dumps([1.0]))
    words = typed.replace("MAP", "--labels 0=entailment,1=not_entailment").split()
    assert message in refuses(("import-rows", "--out", "out", *words, "--task", pairs), "").err


@pytest.fixture
def weighted(mail):
    """A command that imports three rows, the second without a label, with weights."""
    start = ("import-rows", "sungen", jsonl("train.jsonl", TEXTS), "--task", mail)
    return (*start, *NUMBERED.split(), "--out", "out", "--weights")


def test_weights_go_with_their_rows(works, weighted, mail):
    np.save("weights.npy", np.array([0.5, 5.0, 0.0]))
    works(*weighted, "weights.npy")
    assert list(read_dataset("out", str(mail)).weights) == [0.5, 0.0]
    jsonl("weights.jsonl", [{"idx": at, "weight": at / 2} for at in (2, 1, 0)])
    works(*weighted, "weights.jsonl", "--force")
    assert list(read_dataset("out", str(mail)).weights) == [0.0, 1.0]
