"""Trainers that need no torch pass the kit, each of whose checks catches what it is for.

`vectors` has words in place of MiniLM.
"""

from __future__ import annotations

import inspect
import json
import pickle
import random
from dataclasses import replace
from pathlib import Path

import pytest

from targen_training.linear import TFIDF
from targen_training.testing.suite import TrainerSuite, telling


class TestTfidf(TrainerSuite):
    """As it is."""

    trainer = "tfidf"


class TestVectors(TrainerSuite):
    """With another embedder; each of these trains a model, as tests/torch does with MiniLM."""

    test_three_labels = None
    test_heavy_rows_decide = None
    test_same_seed_same_scores = None
    test_writes_no_pickle = None
    test_refuses_what_is_no_model = None

    trainer = "vectors"
    options = ("embedder=words",)
    min_accuracy = 0.7  # words that meet at a place of the 512 are the same to it


@pytest.mark.whole
@pytest.mark.parametrize("strange", ["letters", "no-such"])
def test_a_model_wants_the_embedder_that_it_was_trained_with(refuses, works, mood, strange):
    mood("train.jsonl", 12)
    train = ("train", "train.jsonl", "--task", "mood.yaml", "--trainer", "vectors")
    works(*train, "-o", "embedder=words")
    works("evaluate", "models/train", "train.jsonl", "--json")
    place = Path("models/train/model/vectors.json")
    facts = json.loads(place.read_text())
    place.write_text(json.dumps({**facts, "embedder": strange}))
    other = "produces vectors of a different size from those that the model was trained on"
    refuses("evaluate models/train train.jsonl", other if strange == "letters" else strange)


def test_a_label_of_one_row_is_learned_too(targen, works, mood):
    """No held-out part has it and leaves it to be learned."""
    mood("train.jsonl", 7, labels=("praise",) * 6 + ("blame",))
    words = ("--trainer", "vectors", "-o", "embedder=words")
    works("train", "train.jsonl", "--task", "mood.yaml", *words)
    measured = targen("evaluate", "models/train", "train.jsonl", "--json").json
    assert measured["figures"]["accuracy"]["value"] == 1


# --- Each check of `TrainerSuite` catches what it is for, in a trainer that is otherwise sound ---


def _learning(change):
    """A trainer that learns from other decisions than it is given."""

    def train(data, options, folder):
        TFIDF.train(replace(data, decisions=change(data.decisions)), options, folder)

    return replace(TFIDF, train=train)


def _pickled(dump):
    def train(data, options, folder):
        TFIDF.train(data, options, folder)
        (folder / "more").write_bytes(dump({"a": [1, 2]}))

    return replace(TFIDF, train=train)


def _saying(change):
    """The same, with something wrong about what it says."""
    return replace(TFIDF, load=lambda folder: change(TFIDF.load(folder)))


def _peeking(predict):
    return lambda decisions: [
        [float(d.label == name) for name in ("good", "bad")] if d.label else scores
        for d, scores in zip(decisions, predict(decisions), strict=True)
    ]


def _chance(decisions):
    return random.SystemRandom().sample(decisions, 50)


def _deaf(decisions):
    """Takes no notice of weights."""
    return [replace(decision, weight=1.0) for decision in decisions]


def _sorted_labels(predict):
    """Scores in the labels' alphabetical order, as scikit-learn has them."""
    return lambda decisions: [[each[2], each[1], each[0]] for each in predict(decisions)]


def _lost_without_words(predict):
    """Scores that are no numbers for a decision whose texts are empty."""
    return lambda decisions: [
        scores if any(d.texts.values()) else [float("nan"), 0.0]
        for d, scores in zip(decisions, predict(decisions), strict=True)
    ]


BAD = {
    "test_learns": [_saying(lambda predict: lambda ds: [[1.0, 0.0] for _ in ds])],
    "test_three_labels": [_saying(_sorted_labels)],
    "test_same_seed_same_scores": [_learning(_chance)],
    "test_decides_each_alone": [
        _saying(lambda predict: lambda ds: [[s + len(ds) for s in each] for each in predict(ds)])
    ],
    "test_never_looks_at_the_label": [_saying(_peeking)],
    "test_a_row_of_weight_0_is_absent": [_learning(_deaf)],
    "test_heavy_rows_decide": [_learning(_deaf)],
    "test_takes_any_text": [_saying(_lost_without_words)],
    "test_writes_no_pickle": [
        _pickled(pickle.dumps),
        _pickled(lambda value: pickle.dumps(value, protocol=0)),
    ],
    "test_refuses_what_is_no_model": [
        replace(TFIDF, load=lambda folder: json.loads((folder / "words.json").read_text())),
        replace(TFIDF, load=lambda folder: lambda ds: [[0.0, 0.0] for _ in ds]),
    ],
}


def check(trainer, name, tmp_path):
    """Run one check on a trainer that no plugin registers."""

    class Suite(TrainerSuite):
        def target(self):
            return trainer

    suite = Suite()
    method = getattr(suite, name)
    have = {
        "tmp_path": lambda: tmp_path,
        "predictor": lambda: suite.trained(telling("good", "bad"), tmp_path / "two"),
        "model": lambda: (have["predictor"](), tmp_path / "two" / "moved"),
    }
    method(**{each: have[each]() for each in inspect.signature(method).parameters})


@pytest.mark.parametrize(("name", "bad"), [(name, bad) for name in BAD for bad in BAD[name]])
def test_what_is_wrong_is_caught(name, bad, tmp_path):
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(bad, name, tmp_path)


def test_every_check_is_tried():
    checks = {name for name in vars(TrainerSuite) if name.startswith("test_")}
    elsewhere = {"test_described"}
    assert checks - elsewhere == set(BAD)
