"""SuperGen on a server that speaks OpenAI's form, with token probabilities good and bad."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from targen_testing.fault_server import FaultServer, Response, Seen
from targen_testing.wire import OPENAI
from tests.files import lines

pytestmark = pytest.mark.whole  # a backend of another distribution

Targen = Callable[..., Any]
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


def least(at: int) -> Change:
    """A token that cannot be, as services write it."""
    return lambda tokens: tokens[at].update(logprob=-math.inf)


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


@pytest.mark.parametrize("change", [None, list.clear, nulls])
def test_a_server_without_probabilities_ends_the_run_at_the_first_answer(made, change):
    done, service = made(change, "--concurrency", "1")
    assert done.code == 1 and "Traceback" not in done.err
    assert "answered without the token probabilities that it was asked for" in done.err
    assert "--backend-for STEP=local" in done.err
    assert "next: targen finish" not in done.err
    assert service.scored <= 2  # the next call may be on its way
    assert lines("run/dataset.jsonl") == []


def test_it_is_refused_before_a_call_where_the_user_says_so(made):
    done, service = made(None, "-o", "top_logprobs=-1")
    assert done.code == 2 and not Path("run").exists()
    assert "asks in step generate for token probabilities" in done.err
    assert service.scored == 0


def test_tokens_that_do_not_make_up_the_text_give_no_score(made):
    def cut(tokens: list[dict[str, Any]]) -> None:
        del tokens[3:]

    done, _ = made(cut, "--give-up-after", "4")
    assert done.code == 1 and "Traceback" not in done.err
    assert "unaligned-scores" in done.err
    assert {record["reason"] for record in lines("run/rejects.jsonl")} == {"unaligned-scores"}


def test_fewer_alternatives_than_asked_for_do_not_matter(made):
    def alone(tokens: list[dict[str, Any]]) -> None:
        for token in tokens:
            token["top_logprobs"] = []

    done, _ = made(alone)
    assert done.code == 0, done.err
    assert all(origin["notes"]["score"] < 0 for origin in lines("run/provenance.jsonl"))


@pytest.mark.parametrize(("value", "words"), [(None, "null"), (math.nan, "NaN"), (0.5, "0.5")])
def test_what_is_no_log_probability_is_asked_for_once_more_and_rejects_the_candidate(
    made, value, words
):
    def spoil(tokens: list[dict[str, Any]]) -> None:
        tokens[1]["logprob"] = value

    done, service = made(spoil, "--give-up-after", "4", "--concurrency", "1")
    assert done.code == 1 and "Traceback" not in done.err
    assert "unscored-reply" in done.err
    rejects = lines("run/rejects.jsonl")
    assert rejects and service.scored - 2 * len(rejects) in (0, 1)  # one may be on its way
    problem = f"a token of the answer has {words} for its log-probability"
    assert {(record["reason"], record["detail"]) for record in rejects} == {
        ("unscored-reply", f"no usable reply in 2 attempts: {problem}")
    }
    assert lines("run/dataset.jsonl") == []


def test_one_bad_answer_costs_one_more_call(made):
    spoilt: list[object] = []

    def spoil(tokens: list[dict[str, Any]]) -> None:
        if not spoilt:
            spoilt.append(tokens)
            tokens[0]["logprob"] = math.nan

    done, service = made(spoil)
    assert done.code == 0, done.err
    assert service.scored == 11 and len(lines("run/dataset.jsonl")) == 10


def test_a_token_that_cannot_be_counts_as_the_least_likely(made, works):
    done, _ = made(least(0))
    assert done.code == 0, done.err
    scores = [origin["notes"]["score"] for origin in lines("run/provenance.jsonl")]
    assert all(-9999 <= score < -1000 for score in scores)
    works("finish", "run")
