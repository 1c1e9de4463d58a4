"""Each check of `TrainerSuite` catches what it is for."""

from __future__ import annotations

import gzip
import json
import pickle
import random
from collections import Counter
from dataclasses import replace

import pytest

from targen_training.testing import TrainerSuite
from targen_training.trainers import Trainer


def _words(decision):
    return " ".join(decision.texts.values()).lower().strip(".").split()


def train(data, options, folder):
    counts = {label: Counter() for label in data.labels}
    for decision in data.decisions:
        for word in _words(decision):
            counts[decision.label][word] += decision.weight
    (folder / "counts.json").write_text(json.dumps(counts))


def load(folder):
    try:
        counts = json.loads((folder / "counts.json").read_text())
    except OSError as error:
        raise ValueError(str(error)) from error

    every = sum((Counter(table) for table in counts.values()), Counter())

    def share(table, word):
        return (table.get(word, 0) / every[word]) ** 3 if every[word] else 0.0

    def predict(decisions):
        return [
            [float(sum(share(t, word) for word in _words(each))) for t in counts.values()]
            for each in decisions
        ]

    return predict


GOOD = Trainer(summary="counts", version="1", train=train, load=load, weighs=True)


def _pickled(dump):
    def train_too(data, options, folder):
        train(data, options, folder)
        (folder / "more").write_bytes(dump({"a": [1, 2]}))

    return replace(GOOD, train=train_too)


def _saying(change):
    """The same, with something wrong about what it says."""
    return replace(GOOD, load=lambda folder: change(load(folder)))


def _peeking(predict):
    return lambda decisions: [
        [float(d.label == name) for name in ("good", "bad")] if d.label else scores
        for d, scores in zip(decisions, predict(decisions), strict=True)
    ]


def _chance(data, options, folder):
    train(data, options, folder)
    counts = json.loads((folder / "counts.json").read_text())
    noisy = {
        label: {word: n + 50 * random.SystemRandom().random() for word, n in table.items()}
        for label, table in counts.items()
    }
    (folder / "counts.json").write_text(json.dumps(noisy))


def _deaf(data, options, folder):
    """Takes no notice of weights."""
    train(
        replace(data, decisions=[replace(d, weight=1.0) for d in data.decisions]), options, folder
    )


def _sorted_labels(predict):
    """Scores in the labels' alphabetical order, as scikit-learn has them."""
    return lambda decisions: [[each[2], each[1], each[0]] for each in predict(decisions)]


BAD = {
    "test_learns": [_saying(lambda predict: lambda ds: [[1.0, 0.0] for _ in ds])],
    "test_three_labels": [_saying(_sorted_labels)],
    "test_same_seed_same_scores": [replace(GOOD, train=_chance)],
    "test_decides_each_alone": [
        _saying(lambda predict: lambda ds: [[s + len(ds) for s in each] for each in predict(ds)])
    ],
    "test_never_looks_at_the_label": [_saying(_peeking)],
    "test_a_row_of_weight_0_is_absent": [replace(GOOD, train=_deaf)],
    "test_heavy_rows_decide": [replace(GOOD, train=_deaf)],
    "test_takes_any_text": [
        _saying(
            lambda predict: (
                lambda ds: [
                    [float("nan"), 0.0] if not "".join(d.texts.values()) else scores
                    for d, scores in zip(ds, predict(ds), strict=True)
                ]
            )
        )
    ],
    "test_writes_no_pickle": [
        _pickled(pickle.dumps),
        _pickled(lambda value: pickle.dumps(value, protocol=0)),
        _pickled(lambda value: gzip.compress(pickle.dumps(value))),
    ],
    "test_refuses_what_is_no_model": [
        replace(GOOD, load=lambda folder: json.loads((folder / "counts.json").read_text())),
        replace(GOOD, load=lambda folder: lambda ds: [[0.0, 0.0] for _ in ds]),
    ],
}


def check(trainer, name, tmp_path):
    """Run one check on a trainer that no plugin registers."""

    class Suite(TrainerSuite):
        trainer = "mine"

        def target(self):
            return chosen

    chosen, suite = trainer, Suite()
    expected = getattr(TrainerSuite, name).__code__.co_varnames
    given = {"tmp_path": tmp_path}
    if {"model", "predictor"} & set(expected):
        given["predictor"] = suite.trained(_telling(), tmp_path / "two")
        given["model"] = given["predictor"], tmp_path / "two" / "moved"
    getattr(suite, name)(**{key: given[key] for key in given if key in expected[:3]})


def _telling():
    from targen_training.testing.suite import telling

    return telling("good", "bad")


@pytest.mark.parametrize("name", BAD)
def test_a_sound_trainer_passes(name, tmp_path):
    check(GOOD, name, tmp_path)


@pytest.mark.parametrize(
    ("name", "at"), [(name, at) for name in BAD for at in range(len(BAD[name]))]
)
def test_what_is_wrong_is_caught(name, at, tmp_path):
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(BAD[name][at], name, tmp_path)


def test_every_check_is_tried():
    checks = {name for name in vars(TrainerSuite) if name.startswith("test_")}
    elsewhere = {"test_described", "test_same_scores_in_another_process"}
    assert checks - elsewhere == set(BAD)
