"""`targen reweigh`, and what the other commands make of its weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from targen_core import read_dataset
from tests.files import changed, lines


@pytest.fixture
def noisy(mood):
    """80 rows, of which the first eight have the other's label."""
    path = mood("noisy.jsonl", 80)
    with changed(path) as rows:
        for row in rows[:8]:
            row["label"] = "praise" if row["label"] == "blame" else "blame"
    return path


def weights_in(folder):
    return [record["weight"] for record in lines(Path(folder, "provenance.jsonl"))]


def test_wrong_rows_get_low_weights_and_training_heeds_them(targen, works, noisy, mood):
    mood("test.jsonl", 40, seed=1)
    done = works("reweigh", "noisy.jsonl", "--task", "mood.yaml", "-q")
    assert done.out.splitlines()[-1] == "noisy-sungen"
    assert done.out.splitlines()[0] == "80 rows of mood, weighted by sungen" and not done.err
    weights = weights_in("noisy-sungen")
    assert max(weights[:8]) < 0.1 < 0.9 < min(weights[8:])
    made = json.loads(Path("noisy-sungen/weighing.json").read_text())["made"]
    assert made["by"] == "sungen" and made["options"]["outer_rate"] == 0.25
    assert made["data"]["rows"] == 80

    trained = targen("train", "noisy-sungen", "--out", "m")
    assert "80 rows of mood, weighted" in trained.out
    facts = json.loads(Path("m/model.json").read_text())
    assert facts["data"][0]["weights"] and facts["weightless"] == 0
    targen("train", "noisy.jsonl", "--task", "mood.yaml", "--out", "plain")
    assert json.loads(Path("plain/model.json").read_text())["data"][0]["weights"] == ""


@pytest.mark.parametrize("validation", ["", "held.jsonl"])
def test_rows_that_harm_are_left_out_by_influence(targen, works, noisy, mood, validation):
    mood("held.jsonl", 30, seed=2)
    args = ("reweigh", "noisy.jsonl", "--task", "mood.yaml", "--by", "influence", "--json")
    done = works(*args, *(("--validation", validation) if validation else ()))
    if validation:
        assert done.json["made"]["validation"]["rows"] == 30
    assert done.json["made"]["validation_accuracy"] > 0.8
    weights = weights_in("noisy-influence")
    assert weights[:8] == [0] * 8 and sum(weights[8:]) > (50 if validation else 60)
    assert done.json["labels"]["praise"]["of_weight_0"] >= 4
    trained = targen("train", "noisy-influence", "--task", "mood.yaml", "--out", "m")
    left = weights.count(0)
    assert f"{80 - left} rows of mood, weighted, {left} with weight 0 omitted" in trained.out


@pytest.mark.whole
def test_the_best_rows_of_each_label_are_kept(works, noisy):
    args = ("reweigh", "noisy.jsonl", "--task", "mood.yaml", "--by", "influence", "--best", "10")
    works(*args, "--out", "best")
    kept = read_dataset("best", "mood.yaml")
    assert dict(kept.labels) == {"praise": 10, "blame": 10}
    assert set(kept.weights) == {1.0} and all(row["idx"] >= 8 for row in kept.rows)
    assert [row["idx"] for row in kept.rows] == sorted(row["idx"] for row in kept.rows)
    values = [record["weighed"]["value"] for record in kept.provenance]
    assert max(values) < 0
    # Rows that all count alike are for any trainer.
    done = works("train", "best", "--task", "mood.yaml", "--trainer", "bayes", "--out", "m")
    assert "weighted" not in done.out
