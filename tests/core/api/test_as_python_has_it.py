"""Runs and datasets, used as any sequence is: sampled, sliced, pickled, printed."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

import targen_core as tg
from targen_analysis.api import analyze
from targen_core.cli.estimating import estimate
from targen_core.errors import UsageError
from targen_datatune.api import retrieve
from targen_review.api import review as targen_review
from targen_standard.correction.api import correct
from targen_standard.exporting.api import export
from targen_standard.task_files.model import Declaration
from targen_standard.validating.api import validate
from tests.files import write_lines

pytestmark = pytest.mark.whole


def test_a_run_is_pickled_and_copied_with_its_rows_read_or_not(run):
    for _ in range(2):
        for twin in (pickle.loads(pickle.dumps(run)), copy.deepcopy(run)):
            assert (twin.path, twin.report, list(twin)) == (run.path, run.report, list(run))
        dataset = run.dataset
    twin = copy.deepcopy(dataset)
    assert twin == dataset
    assert twin.rows is not dataset.rows


def test_datasets_and_corrections_are_pickled_by_where_their_task_is(run):
    paper = tg.generate("rte", n=4, model="scripted", variants="paper", out="runs/paper")
    for dataset in (run.dataset, paper.dataset, tg.read_dataset("runs/x/dataset.jsonl", "rte")):
        again = pickle.loads(pickle.dumps(dataset))
        assert list(again) == list(dataset)
        assert again.task.version == dataset.task.version
        assert again.labels == dataset.labels
    corrected = correct(run, model="scripted")
    again = pickle.loads(pickle.dumps(corrected))
    assert list(again) == list(corrected)
    assert again.task.name == "rte"


def test_every_function_takes_a_task_in_the_same_forms(run, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    kept = Declaration(
        name="mood", description="a remark", labels={"praise": "good", "blame": "bad"}
    )
    file = Path(kept.save_in(tmp_path))
    rows = [{"text": f"So {label}.", "label": label, "idx": 0} for label in ("praise", "blame")]
    write_lines("rows.jsonl", rows)
    functions = [
        lambda task: tg.read_dataset("rows.jsonl", task, strict=False),
        lambda task: validate("rows.jsonl", task),
        lambda task: export("rows.jsonl", "rows.csv", task=task, force=True),
        lambda task: estimate(task, n=2, model="scripted"),
        lambda task: analyze("rows.jsonl", task=task, metrics="labels"),
        lambda task: retrieve(task, catalogue="rows.jsonl", progress=False),
    ]
    for function in functions:
        for task in (kept, kept.task(), file, str(file), f"~/{file.relative_to(tmp_path)}"):
            function(task)
        for wrong in (5, {"name": "mood"}, Declaration):
            with pytest.raises(UsageError, match=r"task: .* is not a task"):
                function(wrong)
    review = targen_review("rows.jsonl", right=[0], task=file)
    assert review.is_dir()
    with pytest.raises(UsageError, match="task: Task is not the name or file of a task"):
        targen_review("rows.jsonl", right=[0], task=kept.task())
