"""ZeroGen: where texts end, where conditions are from, and self-debiasing."""

from __future__ import annotations

import math
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from targen_methods.conditional.debias import chosen, rescaled
from targen_methods.conditional.steps import kept
from tests.files import lines, write_lines
from tests.runs import outputs

ENDS = [
    ('The quay is shut." said the man. And then', "The quay is shut."),
    ("The quay is shut.” And more", "The quay is shut."),
    ('"The quay is shut." More', "The quay is shut."),
    ("The quay is shut.\nBoats go.", "The quay is shut."),
    ("The quay is shut. Boats go. From the", "The quay is shut. Boats go."),
    ("Is it shut? Boats", "Is it shut?"),
    ("码头关闭了。船", "码头关闭了。"),
    # quotations within, of models that close the text and of those that write on
    ('Some call it "shut"."', 'Some call it "shut".'),
    ('Some call it "shut."" And so', 'Some call it "shut."'),
    ('Some call it "shut" and go. Others', 'Some call it "shut" and go.'),
    ('It goes. He said "we stay. They', "It goes."),
    ('It says ("Shut. Go.") so.", he said', 'It says ("Shut. Go.") so.'),
    ("Man nennt ihn „zu“.“ Und", "Man nennt ihn „zu“."),
    ("On le dit « clos » ici. » Et", "On le dit « clos » ici."),
    ("他说“走吧”。”", "他说“走吧”。"),
    ("It costs 3.5 million. It is 4.5 m", "It costs 3.5 million."),
]
FIRST = [
    ("The quay is shut. Boats go.", "The quay is shut."),
    ("It costs 3.5 million a year. Boats", "It costs 3.5 million a year."),
    ("The quay, e.g. the old one, is shut.", "The quay, e.g. the old one, is shut."),
    ('They said "Go. Now." and went. Boats', 'They said "Go. Now." and went.'),
    ("Il dit « “Va.” Elle part » et sort. Et", "Il dit « “Va.” Elle part » et sort."),
]


def test_a_text_ends_at_a_quotation_mark_a_line_or_a_sentence():
    for cases, options in (
        (ENDS, {}),
        (FIRST, {"first": True}),
        ([("It is shut. Is it? No", "It is shut.")], {"ends": "."}),
    ):
        cut = {reply: reply[slice(*kept(reply, **options))] for reply, _ in cases}
        assert cut == dict(cases)


def given(count: int) -> Path:
    rows = (
        {"premise": f"Ship  {number} came in.", "hypothesis": "It is here.", "label": label}
        for number in range(count)
        for label in ("entailment", "not_entailment")
    )
    return write_lines("given.jsonl", rows)


ASKED = [
    {"question": f"Where was the boat of {name}?", "answer": answer, "label": label}
    for name, answer, label in (
        ("Ines", "It lay at the quay.", "agrees"),
        ("Olaf", "I never saw the boat of which they speak.", "objects"),
        ("Ruth", "Who can tell after so many years, and why would it matter at all?", "evades"),
        ("Emil", "It  sank.", "agrees"),
    )
]


def test_each_given_text_is_used_before_any_is_twice_in_an_order_of_the_seed(works, pairs):
    orders = []
    for seed in ("1", "2"):
        works(
            *("method", "zerogen", str(pairs), "--given", str(given(40))),
            *("-b", "scripted", "--label", "entailment=40", "--seed", seed, "--out", f"run{seed}"),
        )
        orders.append([row["premise"] for row in lines(f"run{seed}/dataset.jsonl")])
    assert orders[0] != orders[1]
    assert all(sorted(one) == sorted({*one}) and len(one) == 40 for one in orders)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Sure! The answer goes on like this: it lay there.", "meta-text"),
        ("Boats, boats and boats and boats, boats and boats and boats.", "repetitive"),
        ("It lay at the quay!", "copied"),
        ("The old pier was closed in March after a storm.", "copy-of-example"),
        ("It is.", "too-short"),
    ],
)
def test_what_is_no_text_of_its_own_is_refused_by_name(bent, reply, reason):
    good = "Nobody ever moved it from there."

    def bend(request: Any, made: Any) -> Any:
        used.append(reply if not used else good)
        return f'{used[-1]}"'

    used: list[str] = []
    ran = bent("zerogen", {"agrees": 1}, bend, base="kit-pairs", given=ASKED[:1])
    assert (ran.problem, ran.reasons) == ("", {reason})
    assert [row["answer"] for row in ran.rows] == [good]


# --- self-debiasing: weights of tokens, how one is drawn, and rows of whole runs ---


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
