"""`targen reweigh`, and what the other commands make of its weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from targen_core import read_dataset
from targen_core.errors import UsageError
from targen_training.decisions import decisions_of
from targen_training.weighing.influence import NotLearned
from targen_training.weighing.rows import weigh
from tests.files import changed, lines


@pytest.fixture
def noisy(mood):
    """80 rows, of which the first eight have the other's label."""
    path = mood("noisy.jsonl", 80)
    with changed(path) as rows:
        for row in rows[:8]:
            row["label"] = "praise" if row["label"] == "blame" else "blame"
    return path


@pytest.fixture
def dataset(noisy):
    """The same rows, read."""
    return read_dataset(noisy, str(noisy.with_name("mood.yaml")))


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


def test_the_same_again_gives_the_same_bytes(refuses, works, noisy):
    for out in ("one", "two"):
        args = ("reweigh", "noisy.jsonl", "--task", "mood.yaml", "--seed", "5", "--out", out)
        works(*args)
    for name in ("weighing.json", "dataset.jsonl", "provenance.jsonl"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()
    line = ("reweigh", "noisy.jsonl", "--task", "mood.yaml", "--out", "one")
    refuses(line, "one already contains weighted rows", "--force")
    works(*line, "--force")


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


def test_embedders_are_features(dataset):
    """The words of the core need no model."""
    found = weigh(dataset, features="words")
    assert found.weights[:8].max() < 0.1 < 0.9 < found.weights[8:].min()
    assert found.made["features"] == "words"
    # A method that chooses examples tells what did not learn from other errors.
    with pytest.raises(NotLearned, match="did not learn: it is correct for 50% of the 80 rows"):
        weigh(replace(dataset, rows=[{**row, "text": "The lamp."} for row in dataset.rows]))


@pytest.mark.whole
def test_rows_of_runs_keep_where_they_are_from(works):
    works("generate", "rte", "-n", "40", "-b", "scripted", "-q", "--out", "runs/rte")
    done = works("reweigh", "runs/rte")
    assert done.out.splitlines()[-1] == "runs/rte-sungen"
    weighed = read_dataset("runs/rte-sungen")
    assert weighed.task.name == "rte" and len(weighed.weights) == 40
    origin = next(iter(read_dataset("runs/rte").provenance))
    assert origin.items() <= next(iter(weighed.provenance)).items()


@pytest.mark.whole
def test_a_trainer_that_heeds_no_weights_is_not_given_any(refuses, works, noisy, mood):
    mood("test.jsonl", 40, seed=1)
    works("reweigh", "noisy.jsonl", "--task", "mood.yaml", "--out", "w")
    train = ("train", "w", "--task", "mood.yaml", "--trainer", "bayes", "--out", "m")
    refuses(train, "the rows have weights, but bayes ignores weights")
    both = ("compare", "a=noisy.jsonl", "b=w", "--test", "test.jsonl", "--task", "mood.yaml")
    refuses((*both, "--trainer", "bayes", "--out", "c"), "ignores weights", keeps=False)


def test_weights_in_memory_are_looked_at(dataset):
    with pytest.raises(UsageError, match="79 weights for 80 rows"):
        decisions_of(replace(dataset, weights=[1.0] * 79))
    weighed = decisions_of(replace(dataset, weights=[0.5] * 80))
    assert {each.weight for each in weighed} == {0.5}
