"""SuperGen: scores of the text alone, and the best rows kept."""

from __future__ import annotations

import pytest

from targen_core import Rejected, Scored, TokenScore
from targen_methods.supergen.selecting import selected


def test_tokens_of_the_text_alone_are_scored():
    words = ['"', "Boats", " go", ".", '"', " Then"]
    tokens = tuple(TokenScore(word, -float(at)) for at, word in enumerate(words))
    scored = Scored("".join(words), "".join(words), tokens)
    assert [one.text for one in scored.between(1, 10)] == ["Boats", " go", "."]
    with pytest.raises(Rejected, match="do not make up"):
        Scored("Boats", "Boats sail", tokens).between(0, 5)


def test_the_best_of_each_label_in_turn():
    labels = ["a", "b", "a", "b", "a", "a"]
    numbers = [-3.0, -1.0, -1.0, -2.0, -1.0, -2.0]
    found = selected(labels, numbers, keep=2)
    assert found.kept == [2, 1, 4, 3]
    assert found.report == {
        "a": {"made": 4, "kept": 2, "cut": -1.0},
        "b": {"made": 2, "kept": 2, "cut": -2.0},
    }
    assert selected(labels, numbers, ratio=4).kept == [2, 1]
    drawn = {
        tuple(selected(["a"] * 9, [*range(9)], keep=2, at_random=["a"], seed=s).kept)
        for s in range(9)
    }
    assert len(drawn) > 3


def test_rows_without_scores_are_refused(works, refuses, mail):
    works("method", "zerogen", str(mail), "-n", "4", "-b", "scripted", "--out", "run")
    refuses("select run", "row 0 has no number 'score' in its provenance")
    rows = f"run/dataset.jsonl --task {mail}"
    refuses(f"select {rows}", "does not state where its rows come from")
