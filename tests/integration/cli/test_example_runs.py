"""The runs that come with the repository, which every command reads."""

from __future__ import annotations

from pathlib import Path

import pytest

RUNS = Path(__file__).parents[3] / "examples/runs"
SHOWN = RUNS.with_name("superglue_synthetic")
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
