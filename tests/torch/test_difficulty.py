"""The metric `difficulty` with a small model, from the command line."""

from __future__ import annotations

import json
import random

import pytest
from tiny import SYLLABLES

from tests.files import lines

pytest.importorskip("transformers")

SIGNS = {"up": SYLLABLES[:3], "down": SYLLABLES[20:23]}
"""Each row holds a word that says its label, among others that say nothing."""

RECIPE = "epochs=5 learning_rate=5e-3 folds=2 device=cpu".split()


def rows(count=240, *, seed=0):
    rng = random.Random(seed)
    rows_ = []
    for at in range(count):
        label = ("up", "down")[at % 2]
        words = [*rng.choices(SYLLABLES[40:80], k=6), *rng.choices(SIGNS[label], k=2)]
        rows_.append({"text": " ".join(rng.sample(words, 8)), "label": label})
    return rows_


def relabelled(kept, labels):
    return [{**row, "label": label} for row, label in zip(kept, labels, strict=True)]


def other(label):
    return "down" if label == "up" else "up"


@pytest.fixture
def analyze(targen, tiny_bert, tmp_path):
    """Measure files, and give back what was done and what analysis.json says of it."""

    def run(*files, options=RECIPE, model=tiny_bert, code=0):
        chosen = [word for each in options for word in ("-o", f"difficulty.{each}")]
        named = [] if model is None else ["-o", f"difficulty.model={model}"]
        done = targen(
            "analyze", *files, "--metric", "difficulty", "--metric", "labels",
            *chosen, *named, "--out", "out", "--force",
        )  # fmt: skip
        assert (done.code, bool(done.err)) == (code, code != 0), done.err
        metrics = json.loads((tmp_path / "out" / "analysis.json").read_text())["metrics"]
        return done, metrics["targen-analysis:difficulty"]

    return run


def test_it_finds_what_was_planted(analyze, jsonl, tmp_path):
    clear = rows()
    rng = random.Random(1)
    labels = [row["label"] for row in clear]
    wrong = set(rng.sample(range(len(clear)), 18))
    planted = [other(label) if at in wrong else label for at, label in enumerate(labels)]
    shuffled = rng.sample(labels, len(labels))
    mine = jsonl("planted.jsonl", relabelled(clear, planted))
    other_one = jsonl("shuffled.jsonl", relabelled(clear, shuffled))
    against = ("--against", jsonl("clear.jsonl", clear))
    _, part = analyze(mine, other_one, *against, options=[*RECIPE, "shown=40"])
    findings = part["findings"]
    values = {
        name: {figure: each["value"] for figure, each in figures.items()}
        for name, figures in findings["figures"].items()
    }

    # The row decides the label: nearly all of its one bit is found.
    assert values["clear"]["label entropy"] == 1
    assert 0.7 < values["clear"]["V-information"] <= 1.02
    assert values["clear"]["accuracy"] > 0.98
    assert values["clear"]["probable mislabels"] == 0
    assert values["clear"]["easy to learn"] > values["planted"]["easy to learn"]

    # It says nothing of the label: nothing is found, and no label doubted.
    assert abs(values["shuffled"]["V-information"]) < 0.06
    assert findings["figures"]["shuffled"]["V-information"]["low"] < 0
    assert values["shuffled"]["probable mislabels"] is None
    assert not [t for t in findings["tables"] if "shuffled" in t["title"]]
    assert any(w.startswith("shuffled: the model did not generalise") for w in findings["warnings"])

    # Labels that were changed are those in doubt.
    found = [values[name]["V-information"] for name in ("shuffled", "planted", "clear")]
    assert found == sorted(found)
    assert values["planted"]["hard to learn"] > values["clear"]["hard to learn"]
    title = "Probable mislabels of pla"
    (doubted,) = [t for t in findings["tables"] if t["title"].startswith(title)]
    texts = {row[3] for row in doubted["rows"]}
    really = {clear[at]["text"] for at in wrong}
    assert len(texts & really) >= 0.9 * len(really)
    assert len(texts & really) >= 0.8 * len(texts)
    assert all(row[0] <= -1 and not row[2].startswith(row[1]) for row in doubted["rows"])
    assert any("labels may be wrong" in line for line in findings["warnings"])

    histogram, chart, curve = findings["plots"]
    assert sum(mark["share"] for mark in histogram["data"]) == pytest.approx(3)  # of datasets
    assert (len(chart["data"]), len(curve["data"])) == (3 * 240, 3 * 5)
    each = lines(tmp_path / "out/rows/difficulty-planted.jsonl")
    assert [row["row"] for row in each] == list(range(240))
    mean = sum(row["PVI"] for row in each) / len(each)
    assert mean == pytest.approx(values["planted"]["V-information"])
    assert sum(each[0]["probabilities"].values()) == pytest.approx(1)
    assert len(wrong & {at for at, row in enumerate(each) if row["PVI"] < 0}) >= 0.9 * len(wrong)


def test_datasets_are_compared_at_the_rows_of_the_smallest(analyze, jsonl):
    small = [*rows(60, seed=1), *[{"text": "bal bam", "label": "odd"}] * 3]
    data = (jsonl("large.jsonl", rows(120)), "--against", jsonl("small.jsonl", small))
    _, part = analyze(*data, options=[*RECIPE[1:], "epochs=1", "length=8"])
    findings = part["findings"]
    assert findings["tables"][0]["title"].startswith("Difficulty of 60 rows")
    notes = " ".join(findings["notes"])
    assert "Left out 3 rows of small whose label has fewer than 10 rows" in notes
    assert "The model read only the last 8 tokens of 60 rows of large" in notes
