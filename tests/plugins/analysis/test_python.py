"""`targen_analysis.api.analyze`: what it takes, and what it returns."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

import targen_core as tg
from targen_analysis.api import analyze
from targen_core.errors import UsageError

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
