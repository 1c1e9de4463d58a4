"""The retriever `dense` with a real model, as users ask it."""

from __future__ import annotations

import json

import pytest

from targen_testing import RetrieverSuite as Retrievers

pytest.importorskip("sentence_transformers")

ASKED = "Does the customer like the product?"


@pytest.fixture
def folder(tmp_path):
    said = {
        "opinions": "What buyers wrote of things that they bought, with a rating",
        "soups": "How to cook soups, with what goes into them",
        "towns": "Temperatures of towns in degrees",
    }
    for name, words in said.items():
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"text": name}) + "\n")
        (tmp_path / f"{name}.md").write_text(f"{words}.\n")
    return tmp_path


@pytest.mark.parametrize("options", [[], ["-o", "pooling=cls"], ["-o", "similarity=dot"]])
def test_meanings_in_other_words(options, folder, targen):
    args = ["retrieve", ASKED, "--catalogue", str(folder), "--retriever", "dense", "--json"]
    done = targen(*args, *options)
    assert done.code == 0
    assert done.err == ""
    actual = done.json["found"]
    assert actual[0]["dataset"]["name"] == "opinions"
    assert actual[0]["terms"] == []


def test_fused_says_both_ranks(folder, targen):
    done = targen("retrieve", ASKED, "--catalogue", str(folder), "--retriever", "fused")
    assert "dense 1" in done.out.splitlines()[1]


def test_a_model_that_is_nowhere(folder, targen):
    args = ["retrieve", ASKED, "--catalogue", str(folder), "--retriever", "dense"]
    done = targen(*args, "-o", "model=nobody/nothing")
    assert done.code == 2
    assert "neither a folder here nor in the hub's cache" in done.err


class TestDense(Retrievers):
    retriever = "dense"


class TestFused(Retrievers):
    retriever = "fused"
