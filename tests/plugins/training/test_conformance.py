"""Trainers that need no torch, by the kit; `vectors` has words in place of MiniLM."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from targen_training.testing import TrainerSuite as Suite


class TestTfidf(Suite):
    """As it is."""

    trainer = "tfidf"


class TestVectors(Suite):
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
