"""SuperGen: scores of the text alone, and the best rows kept."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest

from targen_methods.supergen import selected
from targen_testing.fault_server import FaultServer, Response, Seen
from targen_testing.wire import OPENAI
from tests.files import lines


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


# --- SuperGen on a server that speaks OpenAI's form, with token probabilities ---


Change = Callable[[list[dict[str, Any]]], object]
"""Spoils the tokens of an answer in place."""

WORDS = "lamp kettle ferry hotel novel garden tunnel printer violin market bridge coat".split()
_NAMES = itertools.count()


def said(number: int) -> str:
    """A text of four to nine words that no other is like, a mark behind it, and more."""
    words = [f"{WORDS[(number * 5 + at) % 12]}{number}" for at in range(4 + number % 6)]
    return f'{" ".join(words)}." And so on'


class Service:
    """Answers topics and texts; `change` spoils what it says of tokens, None leaves it out."""

    def __init__(self, change: Change | None) -> None:
        self.change = change
        self.scored = 0

    def __call__(self, seen: Seen) -> Response:
        number = next(_NAMES)
        if seen.body.get("logprobs") is not True:  # a topic
            return Response(OPENAI.answer(f'{WORDS[number % 12]} {number}"', "stop"))
        self.scored += 1
        if self.change is None:
            return Response(OPENAI.answer(said(number), "stop"))
        answer = OPENAI.scored(said(number), "stop", seen.body["top_logprobs"])
        self.change(answer["choices"][0]["logprobs"]["content"])
        return Response(answer)


@pytest.fixture
def made(targen, mail):
    """Make rows with a service, into `run`."""

    def make(change: Change | None, *more: str) -> tuple[Any, Service]:
        service = Service(change)
        with FaultServer(service) as server:
            where = ("-b", "llama", "--model", "m", "--base-url", f"{server.url}/v1")
            start = ("method", "supergen", str(mail), "-n", "10", "--out", "run", "--no-cache")
            return targen(*start, *where, *more), service

    return make


@pytest.mark.whole  # a backend of another distribution
def test_scores_are_those_of_the_text_and_the_best_are_kept(made, works):
    done, service = made(lambda tokens: None)
    assert done.code == 0, done.err
    assert service.scored == 10
    by_row = {}
    for row, origin in zip(lines("run/dataset.jsonl"), lines("run/provenance.jsonl"), strict=True):
        words = len(row["text"].split())
        # The n-th token of the service has the probability 1 / (n + 1).
        score = -sum(math.log(n + 1) for n in range(1, words + 1)) / words
        assert origin["notes"]["score"] == pytest.approx(score, abs=1e-6)
        by_row[row["text"]] = (row["label"], score)
    works("finish", "run")
    kept = lines("run-finished/dataset.jsonl")
    assert sorted(row["label"] for row in kept) == ["loan", "room"]
    for row in kept:
        same = [score for label, score in by_row.values() if label == row["label"]]
        assert by_row[row["text"]][1] == max(same)


def nulls(tokens: list[dict[str, Any]]) -> None:
    """What a gateway makes of probabilities that the model behind it does not tell."""
    for token in tokens:
        token["logprob"] = None


@pytest.mark.whole  # a backend of another distribution
@pytest.mark.parametrize("change", [None, list.clear, nulls])
def test_a_server_without_probabilities_ends_the_run_at_the_first_answer(made, change):
    done, service = made(change, "--concurrency", "1")
    assert done.code == 1 and "Traceback" not in done.err
    assert "answer lacks the token probabilities that were requested" in done.err
    assert "--backend-for STEP=local" in done.err
    assert "next: targen finish" not in done.err
    assert service.scored <= 2  # the next call may be on its way
    assert lines("run/dataset.jsonl") == []
