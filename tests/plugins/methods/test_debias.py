"""Self-debiasing: weights of tokens, how one is drawn, and rows of whole runs."""

from __future__ import annotations

import math
import random
from collections import Counter
from pathlib import Path

import pytest

from targen_methods.conditional.cut import ended, kept
from targen_methods.conditional.debias import chosen, rescaled
from tests.files import lines
from tests.runs import outputs

SCRIPT = '''
def reply(request):
    """Both labels' prompts favour the same text; the room's has words of its own, too."""
    if not request.next_token:
        return request.dry_run()
    *before, last = request.messages
    begun = last.content if last.role == "assistant" else ""
    room = "room" in (before[-1] if begun else last).content.rsplit("label", 1)[-1]
    if len(begun.split()) >= 10:
        return {"": 1.0} if begun.endswith(".") else {".": 1.0}
    own = {"loan": 0.5, "bank": 0.3, "room": 0.2}
    if room:
        own = {"room": 0.4, "hall": 0.3, "loan": 0.3}
    letter = "abcdefghij"[len(begun.split())]  # no word twice
    return {f" {word}{letter}": chance for word, chance in own.items()}
'''


def test_what_another_prompt_favours_becomes_rarer():
    own = {"a": 0.5, "b": 0.3, "c": 0.2}
    others = [{"a": 0.4, "b": 0.31, "c": 0.9}, {"b": 0.32}]
    made = rescaled(own, others, 200.0, 0.01)
    assert made == {
        "a": 0.5,
        "b": pytest.approx(0.3 * math.exp(-200 * 0.02)),
        "c": pytest.approx(0.2 * 0.01),  # the floor
    }
    assert rescaled(own, others, 0.0, 0.01) == own == rescaled(own, [], 200.0, 0.01)
    assert rescaled(own, [{"a": 0.1}, {"b": 0.1}], 200.0, 0.01) == own


@pytest.mark.parametrize(
    ("sampling", "among"),
    [
        ({}, "abcd"),
        ({"temperature": None, "top_p": None}, "abcd"),
        ({"temperature": 0.0}, "a"),
        ({"top_k": 2}, "ab"),
        ({"top_p": 0.8}, "ab"),
        ({"top_p": 0.81}, "abc"),
        ({"top_p": 0.1}, "a"),
        ({"min_p": 0.31}, "ab"),
        ({"temperature": 0.5, "min_p": 0.4}, "a"),  # shares are squared before
        ({"top_k": 3, "top_p": 0.84}, "ab"),  # of what is among the three
    ],
)
def test_a_token_is_drawn_as_services_draw_one(sampling, among):
    weights = {"b": 0.6, "d": 0.1, "a": 1.0, "c": 0.3, "none": 0.0}
    drawn = Counter(chosen(weights, sampling, random.Random(n)) for n in range(2000))
    assert set(drawn) == set(among)
    shares = [weights[token] ** (1 / (sampling.get("temperature") or 1)) for token in among]
    if sampling.get("temperature") != 0:
        for token, share in zip(among, shares, strict=True):
            assert drawn[token] / 2000 == pytest.approx(share / sum(shares), abs=0.04)


@pytest.mark.parametrize("text", ['Boats go."', "Boats go.\n", '"Boats go.”', '\n "Boats go.» x'])
def test_a_text_has_ended_where_what_is_kept_of_it_does(text):
    at = next(n for n in range(len(text) + 1) if ended(text[:n]))
    assert slice(*kept(text[:at])) == slice(*kept(text)) == slice(*kept(f'{text[:at]} More. "'))
    assert text[slice(*kept(text))].strip() == "Boats go."


def test_each_label_has_the_words_that_it_alone_favours(works, mail):
    Path("replies.py").write_text(SCRIPT)
    command = ("method", "zerogen", str(mail), "-n", "12", "-b", "scripted", "-q", "--no-cache")
    command += ("-o", "script=replies.py:reply", "--set", "debias=true", "-o", "generate.top_p=1")
    command += ("-o", "generate.max_tokens=30")
    works(*command, "--out", "run")
    words = {"loan": Counter[str](), "room": Counter[str]()}
    for row in lines("run/dataset.jsonl"):
        words[row["label"]].update(word[:4] for word in row["text"].split())
    assert set(words["room"]) <= {"room", "hall", "loan"} and words["room"]["loan"] < 3
    assert words["room"]["room"] > 20 < words["room"]["hall"]
    assert words["loan"]["loan"] > 20 < words["loan"]["bank"] and words["loan"]["room"] < 3
    for at_once in ("1", "64"):
        works(*command, "--concurrency", at_once, "--out", at_once)
        assert outputs(at_once) == outputs("run")
    for record in lines("run/provenance.jsonl"):
        assert len(record["calls"]) <= 2 * 30 + 1


@pytest.mark.whole  # backends of another distribution
@pytest.mark.parametrize("backend", ["claude", "llama"])
def test_a_backend_that_tells_no_next_tokens_is_refused(refuses, mail, monkeypatch, backend):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-not-used")
    start = f"method zerogen {mail} -n 4 -b {backend} --model any --set debias=true"
    refuses(f"{start} --out run", "for the next token of a reply", "--backend local")
