"""Models and plugins that misbehave: the run ends with what there is, and says why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SAME = '''
"""Premises that differ in a number, and for ever the same hypothesis."""
import json

def reply(request):
    fields = list(request.schema["properties"])
    asked = request.messages[-1].content
    number = int(request.key[:6], 16)
    if fields == ["topics"]:
        return {"topics": [f"topic {number} {i}" for i in range(10)]}
    if fields == ["texts"]:
        return {"texts": [
            f"The {number + i}th ferry from Elmstead to Oberau sailed in a storm on Monday."
            for i in range(5)
        ]}
    if "hypothesis" in fields:
        return {"basis": "It sailed.", "hypothesis": "A ferry sailed from Elmstead in bad weather."}
    claimed = asked.rpartition("output: ")[2].strip()
    return {"explanation": "It says so.", "actual": claimed, "verdict": "correct"}
'''

RELABELS = (
    SAME.replace("ferry from Elmstead", "{number * i}-ton ferry from Elmstead")
    .replace('claimed = asked.rpartition("output: ")[2].strip()', 'claimed = "entailment"')
    .replace(
        '"verdict": "correct"',
        '"verdict": "correct" if asked.endswith(" entailment") else "incorrect"',
    )
)


def _error(result) -> str:
    (line,) = [line for line in result.err.splitlines() if line.startswith("error")]
    return line


def test_a_model_that_goes_bad_in_step_3(rte, rows):
    result = rte("-n", "20", "-o", "generate.garbage_rate=1", "--out", "run", "--json")
    assert result.code == 1
    lacking = (
        "labels entailment, not_entailment have 0 of 10 rows each (most often: malformed-reply"
    )
    assert lacking in _error(result)
    for label in ("entailment", "not_entailment"):
        assert result.json["flow"][label]["judged"] == 50, "bounded by --give-up-after"
    assert "gave up after 50 consecutive candidates without a row" in _error(result)
    assert "larger --give-up-after" in result.err
    assert result.json["given_up"] == ["entailment", "not_entailment"]
    assert rows("run") == []


def test_one_label_that_never_works_does_not_stop_the_other(rte, rows, tmp_path):
    (tmp_path / "relabels.py").write_text(RELABELS)
    result = rte(
        *("-n", "12", "-o", "script=relabels.py:reply", "--near-duplicates", "0"),
        *("--out", "run", "--give-up-after", "7", "--json"),
    )
    assert result.code == 1
    assert result.json["rows"] == {"entailment": 6, "not_entailment": 0}
    assert "label not_entailment has 0 of 6 rows (most often: relabelled entailment" in _error(
        result
    )
    assert "label entailment" not in _error(result)
    assert [row["label"] for row in rows("run")] == ["entailment"] * 6


def test_falling_short_and_resuming_with_more_patience(rte, works, rows):
    options = ["-n", "8", "-o", "generate.garbage_rate=0.8"]
    assert rte(*options, "--give-up-after", "2", "--out", "run").code == 1
    before = rows("run")
    result = works("resume", "run", "-q", "--give-up-after", "50", "--json")
    assert result.json["rows"] == {"entailment": 4, "not_entailment": 4}
    assert rows("run")[: len(before)] == before


def test_a_model_that_always_says_the_same(rte, rows, tmp_path):
    (tmp_path / "same.py").write_text(SAME)
    options = ["-n", "20", "-o", "script=same.py:reply"]
    result = rte(*options, "--out", "run", "--json")
    assert result.code == 1
    assert "most often: duplicate" in _error(result)
    assert "label entailment has 1 of 10 rows" in _error(result)
    assert len(rows("run")) == 1, "one hypothesis for both labels is one row"
    duplicates = [
        json.loads(line)
        for line in Path("run/rejects.jsonl").read_text().splitlines()
        if '"duplicate"' in line
    ]
    assert duplicates
    assert all("nearly repeats accepted instance 0" in one["detail"] for one in duplicates)
    # The filter is what ended it.
    assert rte(*options, "--near-duplicates", "0", "--out", "off").code == 0
    assert len(rows("off")) == 20


@pytest.mark.parametrize("fault", ["error_rate", "limit_rate"])
def test_faults_of_the_service_change_no_row(fault, rte, rows):
    rte("-n", "6", "--out", "calm", "--no-cache")
    faulty = [f"{step}.{fault}=0.5" for step in ("generate", "correct")]
    options = [part for option in faulty for part in ("-o", option)]
    report = rte("-n", "6", *options, "--out", "rough", "--json", "--no-cache").json
    assert report["retries"] > 0
    assert rows("rough") == rows("calm")


def test_a_service_that_is_down(rte, targen):
    result = rte("-n", "4", "-o", "down=true", "--max-outage", "0.01", "--out", "run")
    assert result.code == 1
    assert "no answer from the service within" in _error(result)
    assert "the script is down" in _error(result)
    assert "larger --max-outage" in result.err
    assert json.loads(Path("run/report.json").read_text())["status"] == "stopped"
