"""`targen compare`, on rows that the tests make."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from targen_training.linear import TFIDF
from tests.files import changed, lines

WORDS = "stone river cloud market window engine forest mirror ladder island".split()


@pytest.fixture
def moods(mood):
    """Rows whose label their words tell so often, no two of them alike."""

    def write(name, rows, *, seed=0, right=1.0):
        path: Path = mood(name, rows, seed=seed)
        rng = random.Random(f"{name}/{seed}")
        with changed(path) as made:
            for row in made:
                said = row["label"] if rng.random() < right else rng.choice(["praise", "blame"])
                word = rng.choice(["lovely", "kind"] if said == "praise" else ["awful", "dull"])
                row["text"] = " ".join([*(rng.choice(WORDS) for _ in range(9)), word])
        return path

    return write


@pytest.fixture
def three(moods):
    """Good training rows, ones of which half say nothing, and test rows."""
    moods("good.jsonl", 120)
    moods("poor.jsonl", 40, right=0.2)
    moods("test.jsonl", 60, seed=7)


COMPARE = ("compare", "Og=good.jsonl", "Syn=poor.jsonl", "--test", "test.jsonl")
COMPARE = (*COMPARE, "--task", "mood.yaml", "--repeats", 2, "--out", "c")


def groups(results, kind):
    return {g["arm"]: g for g in results["parts"][0]["groups"] if g["kind"] == kind}


@pytest.mark.usefixtures("three")
def test_arms_are_compared_at_equal_and_at_natural_sizes(works):
    made = works(*COMPARE, "--json")
    results = made.json
    matched, natural = groups(results, "matched"), groups(results, "natural")
    assert {arm: g["rows"] for arm, g in matched.items()} == {"Og": 40, "Syn": 40, "Og+Syn": 40}
    assert {arm: g["rows"] for arm, g in natural.items()} == {"Og": 120, "Syn": 40, "Og+Syn": 160}
    for group in (*matched.values(), *natural.values()):
        figure = group["figure"]
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert matched["Og"]["figure"]["value"] > matched["Syn"]["figure"]["value"]
    # From all rows, each seed trains the same model, whose spread would only look certain.
    assert (matched["Og"]["sd"], natural["Og"]["sd"]) == (pytest.approx(0.05, abs=0.05), None)
    pairs = {(p["kind"], p["one"], p["other"]): p for p in results["parts"][0]["pairs"]}
    pair = pairs["matched", "Syn", "Og"]
    difference = matched["Syn"]["figure"]["value"] - matched["Og"]["figure"]["value"]
    assert pair["difference"]["value"] == pytest.approx(difference)
    assert pair["difference"]["high"] < 0 and pair["p"] < 0.05
    assert pair["holm"] >= pair["p"]
    assert len(pairs) == 6


@pytest.mark.usefixtures("three")
def test_a_page_a_table_and_markdown_say_the_same(works):
    done = works(*COMPARE, "--curve", "auto")
    assert "Syn is worse" in done.out and done.out.splitlines()[-1] == "c/results.html"
    page, text = Path("c/results.html").read_text(), Path("c/results.md").read_text()
    made = json.loads(Path("c/results.json").read_text())["made"]
    assert {"targen-training", "scikit-learn"} <= made["distributions"].keys()
    for digest in made["files"].values():
        assert digest in page and digest in text
    for words in (
        "learning curve of tfidf",
        "Always predicting the",
    ):
        assert words in done.out and words in page and words in text
    assert page.count("<svg") == 2
    assert "<script" not in page and "://" not in page


def test_a_difference_is_significant_with_any_number_of_arms(moods, works):
    moods("good.jsonl", 30)
    with changed(moods("base.jsonl", 30, seed=1)) as made:
        for row in made:
            row["label"] = "praise" if row["label"] == "blame" else "blame"
    moods("test.jsonl", 40, seed=7)
    arms = ["base=base.jsonl", *(f"a{number}=good.jsonl" for number in range(1, 8))]
    made = works("compare", *arms, "--test", "test.jsonl", "--task", "mood.yaml", "--repeats", 1)
    assert "a1 minus base is +" in made.out and "a1 is better" in made.out
    assert "all rows" not in made.out  # which are equal numbers of rows
    (results,) = Path("comparisons").glob("*/results.json")
    pairs = json.loads(results.read_text())["parts"][0]["pairs"]
    assert {pair["holm"] < 0.01 for pair in pairs if pair["other"] == "base"} == {True}


@pytest.mark.usefixtures("three")
def test_what_is_trained_stays_until_something_changes(targen, moods):
    assert "10 of 10 training runs" in targen(*COMPARE).err
    first = json.loads(Path("c/results.json").read_text())
    cells = {path: path.stat().st_mtime_ns for path in Path("c/cells").glob("*/cell.json")}
    assert len(cells) == 2 * (3 + 2)  # as many rows as Syn has are all of its rows
    assert "0 of 10" in targen(*COMPARE).err
    # A kill leaves a folder of its own, and a damaged cell is no cell.
    Path("c/cells/.cell-killed").mkdir()
    damaged = sorted(cells)[0].parent
    (damaged / "scores.json").write_bytes(b"torn")
    assert "1 of 10" in targen(*COMPARE).err
    assert not Path("c/cells/.cell-killed").exists()
    again = json.loads(Path("c/results.json").read_text())
    assert again["parts"][0]["pairs"] == first["parts"][0]["pairs"]
    # Other rows of Syn are other cells of Syn and of both, and no others; so is another option.
    moods("poor.jsonl", 40, seed=3, right=0.2)
    assert "6 of 10" in targen(*COMPARE).err
    assert "10 of 10" in targen(*COMPARE, "--trainer", "tfidf,regularization=5").err


@pytest.mark.usefixtures("three")
def test_a_cell_that_was_stopped_goes_on_from_its_checkpoints(works, targen, monkeypatch):
    actual: list[bool] = []

    def train(data, options, folder):
        assert data.checkpoints is not None
        checkpoint = data.checkpoints / "checkpoint-1"
        actual.append(checkpoint.exists())
        data.watch.note("half a row was cut")
        if not actual[-1] and len(actual) == 2:
            checkpoint.mkdir()
            raise KeyboardInterrupt
        TFIDF.train(data, options, folder)

    monkeypatch.setattr("targen_training.linear.TFIDF", replace(TFIDF, train=train))
    stopped = targen(*COMPARE)
    assert stopped.code == 130 and "9 of 10 training runs left" in stopped.err
    assert stopped.err.count("note: mood, tfidf, Og: half a row was cut") == 1
    done = works(*COMPARE)
    assert "9 of 10 training runs to do" in done.err
    assert actual == [False, False, True, *[False] * 8]
    assert not list(Path("c/cells").glob(".*"))


@pytest.mark.usefixtures("three")
def test_a_declared_arm_has_a_style_and_a_model_some_of_the_sizes(works):
    Path("styles.toml").write_text(
        """
        task = "mood.yaml"
        test = "test.jsonl"
        seeds = 1
        models = ["tfidf", { trainer = "tfidf", name = "dear", sizes = ["matched"] }]
        [arms]
        Og = "good.jsonl"
        Og-I = { data = ["good.jsonl", "poor.jsonl"], style = "instructions" }
        """
    )
    (part,) = works("compare", "styles.toml", "--out", "c", "--json").json["parts"]
    found = {(group["model"], group["kind"], group["arm"]) for group in part["groups"]}
    sizes = [("tfidf", "matched"), ("tfidf", "natural"), ("dear", "matched")]
    assert found == {(*each, arm) for each in sizes for arm in ("Og", "Og-I")}
    cells = [json.loads(path.read_text()) for path in Path("c/cells").glob("*/cell.json")]
    assert {cell["style"] for cell in cells} == {"plain", "instructions"}


def test_test_rows_are_never_learned_from(targen, moods):
    moods("train.jsonl", 60)
    moods("test.jsonl", 30, seed=9)
    held = lines("test.jsonl")
    with changed("train.jsonl") as rows:
        rows[0]["text"] = held[0]["text"].upper()  # the same, except for case
        rows[1]["text"] = held[1]["text"] + " so"  # nearly
    compare = ("compare", "train.jsonl", "--test", "test.jsonl", "--task", "mood.yaml")
    done = targen(*compare, "--repeats", 1, "--json")
    (source,) = done.json["parts"][0]["arms"]["train"]
    assert (source["same_as_test"], source["near_test"], source["rows"]) == (1, 1, 58)
    said = "1 row of train is also in the test set, and 1 more nearly"
    assert said in targen(*compare, "--repeats", 1).err


def test_rows_without_the_texts_of_the_task_are_refused(moods, works, refuses):
    moods("train.jsonl", 40)
    moods("test.jsonl", 40, seed=7)
    Path("else").mkdir()
    named = Path("mood.yaml").read_text() + "fields: {input: the sentence}\n"
    Path("else/mood.yaml").write_text(named)
    works("generate", "else/mood.yaml", "-n", 8, "-b", "scripted", "--out", "run", "-q")
    works("train", "train.jsonl", "--task", "mood.yaml", "--out", "model")
    said = (
        "run/dataset.jsonl has the columns input, label, idx, but the task mood has text, label, "
        "idx: the rows have no text"
    )
    other = ("--test", "test.jsonl", "--task", "mood.yaml")
    refuses(("compare", "run=run", *other), said, "rename their columns")
    refuses(("compare", "a=train.jsonl", "--test", "run", "--task", "mood.yaml"), said)
    refuses(("train", "run", "--task", "mood.yaml", "--out", "other"), said)
    refuses(("evaluate", "model", "run"), said)
