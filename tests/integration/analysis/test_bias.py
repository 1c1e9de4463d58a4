"""Gender and names in runs and in files of the tasks that are installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ORIGINAL = Path(__file__).parents[4] / "shared" / "data" / "superglue" / "AX-g" / "AX-g.jsonl"


def figures(tmp_path: Path, folder: str, dataset: str) -> dict[str, dict[str, float]]:
    analysis = json.loads((tmp_path / folder / "analysis.json").read_text())
    part = analysis["metrics"]["targen-analysis:gender"]["findings"]
    assert part["warnings"] == []
    of: dict[str, dict[str, float]] = part["figures"][dataset]
    return of


def test_the_pairs_of_an_axg_run(works, tmp_path):
    works("generate", "axg", "-n", 20, "-b", "scripted", "-q")
    works("analyze", "runs/axg-0", "--metric", "gender", "--out", "found")
    values = figures(tmp_path, "found", "axg-0")
    assert values["rows in pairs"]["value"] == values["pairs of one label"]["value"] == 1
    assert values["female share"]["value"] == 0.5


@pytest.mark.skipif(not ORIGINAL.exists(), reason="the original datasets are not at hand")
def test_the_pairs_of_the_original(works, tmp_path):
    works("analyze", ORIGINAL, "--task", "axg", "--metric", "gender", "--out", "found")
    values = figures(tmp_path, "found", "AX-g")
    assert values["rows in pairs"]["value"] == values["pairs of one label"]["value"] == 1
    assert values["pairs that begin with the male row"]["value"] == 1
