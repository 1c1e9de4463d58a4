"""A folder of weighted rows: written whole, read back, and refused where it is not what it says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from targen_core import read_dataset
from targen_core.dataset.model import Dataset
from targen_core.errors import RunConflict, RunDirectoryError, UsageError
from targen_standard.datasets.weighing import checked_weights, read_weighing, write_weighed
from targen_standard.task_files.model import Declaration

TASK = Declaration(
    description="A sentence about a thing.",
    labels={"praise": "speaks well of it", "blame": "speaks ill of it"},
).task(name="mood")


@pytest.fixture
def weighed():
    """Eight rows, the later the heavier."""
    rows = [
        {"text": f"It is {at}.", "label": ("praise", "blame")[at % 2], "idx": at} for at in range(8)
    ]
    return Dataset("mood", TASK, rows, weights=[at / 4 for at in range(8)])


def written(dataset: Dataset, out: Path, **more: Any) -> Path:
    records = [{"idx": row["idx"], "seed": "a thing"} for row in dataset.rows]
    return write_weighed(
        out, dataset, records, **{"task": "", "made": {"by": "hand"}, "report": {}, **more}
    )


def test_what_is_written_is_read(weighed, tmp_path):
    again = read_dataset(written(weighed, tmp_path / "w"), TASK)
    assert again == weighed and list(again.weights) == list(weighed.weights)
    assert next(iter(again.provenance)) == {"idx": 0, "seed": "a thing", "weight": 0.0}
    assert read_weighing(tmp_path / "w").made == {"by": "hand"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["w"]


def test_rows_that_were_edited_have_no_weights(weighed, tmp_path):
    folder = written(weighed, tmp_path / "w")
    rows = (folder / "dataset.jsonl").read_text().splitlines(keepends=True)
    (folder / "dataset.jsonl").write_text("".join([*rows[:-1], rows[-1].replace("7.", "9.")]))
    with pytest.raises(UsageError, match="its weights do not match the rows in"):
        read_dataset(folder, TASK)
    (folder / "dataset.jsonl").write_text("".join(rows))
    lines = (folder / "provenance.jsonl").read_text().splitlines(keepends=True)
    (folder / "provenance.jsonl").write_text("".join(lines[:-1]))
    with pytest.raises(UsageError, match="7 weights, 8 rows"):
        read_dataset(folder, TASK)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1, -0.5], "weight 2 is -0.5"),
        ([float("inf"), 1], "weight 1 is over a billion"),
        ([1, None], "weight 2 is null"),
        ([False, 1], "weight 1 is false"),
        ([0, 0.0], "all weights are 0"),
        ([1, 10**9999], "weight 2 is over a billion"),
    ],
)
def test_what_is_no_weight(weights, said):
    with pytest.raises(UsageError, match=said):
        checked_weights(weights, "w.jsonl")
    assert checked_weights([0, 1, 2.5], "w.jsonl") == [0.0, 1.0, 2.5]


def test_a_stranger_s_folder(weighed, tmp_path):
    folder = written(weighed, tmp_path / "w")
    said = json.loads((folder / "weighing.json").read_text())
    for content, error in [
        ("{}", "rows"),
        ("[]", "cannot be read"),
        ("[" * 100_000, "nested more than 64 levels deep"),
        (json.dumps(said | {"format": 2}), r"another version of targen \(format 2"),
    ]:
        (folder / "weighing.json").write_text(content)
        with pytest.raises((RunConflict, RunDirectoryError), match=error):
            read_dataset(folder, TASK)
    # What it calls its task is a name, and never a file whose code would be run.
    (tmp_path / "evil.py").write_text("raise SystemExit(3)")
    (folder / "weighing.json").write_text(json.dumps(said | {"task": str(tmp_path / "evil.py")}))
    with pytest.raises(UsageError, match="does not state which task"):
        read_dataset(folder)
    # Nor is a copy run that targen did not write here.
    (folder / "task.py").write_text("raise SystemExit(3)")
    (folder / "weighing.json").write_text(json.dumps(said | {"task": "task.py"}))
    with pytest.raises(UsageError, match="contains code, but targen did not write it here"):
        read_dataset(folder)
    os.unlink(folder / "provenance.jsonl")
    os.mkfifo(folder / "provenance.jsonl")
    with pytest.raises(RunDirectoryError, match=r"provenance\.jsonl is a FIFO"):
        read_dataset(folder, TASK)
