"""The runs that come with the repository, which every command reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...tables import table

RUNS = Path(__file__).parents[3] / "examples/runs"
SHOWN = RUNS.with_name("superglue_synthetic")
SMALL = RUNS.with_name("small_writer")
OUTPUTS = sorted(path.parent for path in RUNS.with_name("outputs").glob("*/manifest.json"))
EVERY = sorted(path.parent for each in (RUNS, SHOWN) for path in each.glob("*/manifest.json"))


@pytest.mark.parametrize("run", EVERY, ids=lambda run: f"{run.parent.name}/{run.name}")
def test_an_example_is_whole(targen, run, tmp_path, works):
    report = works("report", run, "--json").json
    assert report["rows"] == report["requested"]
    assert sum(report["rows"].values()) >= 200
    works("validate", run)
    assert works("show", run, "0").out.count("prompt ") >= 3  # each with its calls
    works("export", run, "--out", tmp_path / "rows.jsonl")


@pytest.mark.parametrize("run", OUTPUTS, ids=lambda run: run.name)
def test_an_example_of_an_output_is_whole(run, tmp_path, works):
    report = works("report", run, "--json").json
    assert report["rows"] == report["requested"]
    works("validate", run)
    assert works("show", run, "0").out.count("prompt ") >= 2
    works("export", run, "--out", tmp_path / "rows.jsonl")


OLD = """
    runs/cb | prompt settings has changed
    superglue_synthetic/multirc | prompt questions has changed
"""


@pytest.mark.parametrize(("run", "why"), table(OLD, 2))
def test_a_run_whose_calls_have_all_changed_cannot_be_replayed(run, why, targen):
    done = targen("replay", RUNS.parent / run, "--out", "again")
    assert done.code == 1
    assert f"error: targen could not replay any row of {RUNS.parent / run}: {why}" in done.err
    assert "to generate all rows again: targen resume again" in done.err
    assert "Missing calls" in done.out


def test_self_correction_changes_labels_of_a_small_model(works):
    flow = works("report", SMALL / "rte", "--json").json["flow"]
    wrong = sum(flow[one]["accepted"][other] for one, other in (flow, reversed(flow)))
    assert wrong > sum(flow[one]["accepted"][one] for one in flow)


def test_the_task_of_the_demo_makes_rows(targen, tmp_path):
    task = RUNS.parent / "reviews.yaml"
    options = ("-b", "scripted", "-q", "--json", "--out", tmp_path / "run")
    made = targen("generate", task, "-n", 4, *options)
    assert made.json["rows"] == {"positive": 2, "negative": 2}
