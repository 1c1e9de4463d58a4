"""`targen_analysis.api.analyze`: what it takes, and what it returns."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path

import pytest

import targen_core as tg
from targen_analysis.api import analyze
from targen_analysis.metrics import Metric
from targen_core.errors import UsageError
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_standard.task_files.model import Declaration
from targen_standard.validating.api import validate
from tests.files import write_lines

pytestmark = pytest.mark.whole


@pytest.fixture
def run(alone):
    return tg.generate("rte", n=8, model="scripted", out="runs/x")


def test_runs_paths_and_rows_stand_side_by_side(run):
    analysis = analyze(
        run, "runs/x/dataset.jsonl", list(run), against=run.dataset, task="rte", metrics=["labels"]
    )
    assert len(analysis.study.corpora) == 3
    assert analysis.study.reference is not None
    assert not analysis.failed
    assert analysis["labels"].headlines
    assert repr(analysis).startswith("<Analysis of ") and ": 1 metric>" in repr(analysis)
    assert str(analysis).startswith(f"{analysis.study.everything[0].name}: ")
    assert "how to read it" in str(analysis)


def test_it_is_pickled_by_where_its_tasks_are(run):
    analysis = analyze(run, against="runs/x/dataset.jsonl", metrics=["labels"])
    again = pickle.loads(pickle.dumps(analysis))
    assert again.as_dict() == analysis.as_dict() and str(again) == str(analysis)
    mine = run.task.replace(name="mine")
    analysis = analyze(list(run), task=mine, metrics=["labels"])
    with pytest.raises(TypeError, match="its task exists only in this program"):
        pickle.dumps(analysis)


def test_it_is_written_like_the_command_writes_it(run):
    analysis = analyze(run, metrics=["repetition"], options={"repetition": {}})
    written = analysis.save("here")
    assert written[:2] == [Path("here/analysis.json"), Path("here/report.html")]
    record = json.loads(written[0].read_text())
    assert record == json.loads(json.dumps(analysis.as_dict()))
    made = record.pop("made")
    (digest,) = made["files"].values()
    assert digest == hashlib.sha256((run.path / "dataset.jsonl").read_bytes()).hexdigest()
    assert made["distributions"]["targen-analysis"] and made["command"] == ""
    with pytest.raises(UsageError, match="contains an analysis") as caught:
        analysis.save("here")
    assert caught.value.hint == "--force replaces it; or choose a different --out"
    assert analysis.save("here", force=True)
    at_once = {"metrics": ["repetition"], "options": {"repetition": {}}, "out": "there"}
    analyze(run, **at_once)
    there = json.loads(Path("there/analysis.json").read_text())
    assert there.pop("made")["files"] == made["files"] and there == record
    with pytest.raises(UsageError, match="there already contains an analysis"):
        analyze(run, **at_once)
    assert analyze(run, **at_once, force=True)


def test_what_could_not_be_measured_is_said_where_it_is_looked_at(run):
    def measure(study, options):
        raise UsageError("it <b>cannot</b> be")

    metric = Metric(title="Broken", measure=measure)
    broken = Registration("metric", "broken", metric, "", "mine", "mine", "mine")
    registry = Registry([*run.registry.everything(), broken])
    analysis = analyze(run, metrics=["broken", "labels"], registry=registry)
    assert [part.item.name for part in analysis.failed] == ["broken"]
    with pytest.raises(KeyError, match="broken could not be measured"):
        _ = analysis["broken"]
    with pytest.raises(KeyError, match="lexical was not requested"):
        _ = analysis["lexical"]
    assert "not measured: it &lt;b&gt;cannot&lt;/b&gt; be" in analysis._repr_html_()
    assert repr(analysis).endswith(": 1 metric; failed: broken>")


def test_an_empty_list_of_metrics_is_not_all_of_them(run):
    for none in ([], ()):
        with pytest.raises(UsageError, match="metrics is empty"):
            analyze(run, metrics=none)


def test_a_declaration_is_the_task_of_rows(run):
    with pytest.raises(UsageError, match="pass at least one dataset to analyse"):
        analyze()
    declared = Declaration(description="Notes.", labels={"water": "A tap.", "power": "A lamp."})
    rows = [{"text": f"note {at} on it", "label": "water"} for at in range(24)]
    write_lines("own.jsonl", rows)
    for task in (declared, declared.task()):
        for data in ("own.jsonl", rows):
            assert validate(data, task).valid
            assert not validate([*rows, {"text": "x", "label": "watr"}], task).valid
            analysis = analyze(data, against=rows, task=task, metrics=["labels"])
            assert analysis.study.reference.task.name == declared.task().name
    for call in (validate,):
        with pytest.raises(UsageError, match="task: int is not a task"):
            call("own.jsonl", 3)
