"""Trainers of outputs: what they learn, how it is measured, and the commands that use them."""

from __future__ import annotations

import json
import random
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from targen_core.dataset.model import Dataset
from targen_outputs.training.labels import SEVERAL_LABELS
from targen_outputs.training.score import SCORES
from targen_outputs.training.spans import TYPED_SPANS
from targen_standard.task_files.model import Declaration
from targen_training.api import train
from targen_training.testing.suite import TrainerSuite as Suite
from tests.files import lines, write_lines

from .declared import CHAT, NER, PAIRS, QA, RANKED, SHOP
from .test_exporters import span

PEOPLE = ("Ann", "Bob", "Mary", "Tom Lee")
PLACES = ("Rome", "Oslo", "Hill Town", "Bern")
VERBS = ("meets", "sees", "calls", "finds")


class TestLabels(Suite):
    trainer = "labels"


class TestSpans(Suite):
    trainer = "spans"


class TestSpacy(Suite):
    test_same_seed_same_scores = None  # they are the same in another process

    trainer = "spacy"
    options = ("epochs=4",)


class TestScore(Suite):
    trainer = "score"


class TestAnswer(Suite):
    trainer = "answer"


def _ner():
    for number, (person, place, verb) in enumerate(product(PEOPLE, PLACES, VERBS)):
        text = f"{person} {verb} friend {number} in {place}."
        spans = [span(text, person, "person"), span(text, place, "place")]
        yield {"text": text, "spans": spans}


def _shop():
    said = {"refund": "I want my money back", "delay": "it still is not here"}
    for number in range(60):
        labels = [name for bit, name in enumerate(said) if number >> bit & 1]
        rest = [said[name] for name in labels] or ["thank you"]
        yield {"text": f"Order {number}: {', '.join(rest)}.", "labels": labels}


def _pairs():
    words = "dog cat horse house garden street river bridge lamp".split()
    for number in range(80):
        same = number % 5
        one = [words[(number + at) % 9] for at in range(4)]
        other = one[:same] + [f"thing{number}{at}" for at in range(4 - same)]
        yield {"one": " ".join(one), "other": " ".join(other), "score": 1.0 + same}


def _questions():
    for number, (person, place, verb) in enumerate(product(PEOPLE, PLACES, VERBS)):
        # Else rows to learn are near copies of those to test, and left out.
        aside = " ".join(
            "".join(random.Random(f"{number}/{at}").sample("abcdefghijk", 8)) for at in range(5)
        )
        passage = f"That was day {number}. {person} {verb} a friend in {place}. {aside}."
        for kind, answer in (("who", person), ("when", f"day {number}")):
            question = {"who": f"Who {verb} a friend?", "when": "When was that?"}[kind]
            yield {"passage": passage, "question": question, "kind": kind, "answers": [answer]}


KINDS = {
    "answer": (QA, _questions, "f1", "kind"),
    "spans": (NER, _ner, "micro_f1", "set"),
    "labels": (SHOP, _shop, "micro_f1", "set"),
    "score": (PAIRS, _pairs, "spearman", "part"),
}
"""A task, its rows, the main measure, and what a curve takes some rows of."""


pytestmark = pytest.mark.usefixtures("alone")


def _write(kind):
    declared, rows, *_ = KINDS[kind]
    made = [*rows()]
    random.Random(0).shuffle(made)
    _files(declared, made)


def _files(declared, made):
    Path("mine.yaml").write_text(json.dumps(declared), encoding="utf-8")
    write_lines("learn.jsonl", made[::2])
    write_lines("test.jsonl", made[1::2])


TRAIN = ("train", "learn.jsonl", "--task", "./mine.yaml", "--out", "m")


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_s_output_is_learned_and_measured_by_default(kind, works):
    _write(kind)
    _, _, main, _ = KINDS[kind]
    said = works(*TRAIN).out
    assert f"targen-outputs:{kind} on " in said
    works("evaluate", "m", "test.jsonl", "--out", "said.jsonl")
    found = works("evaluate", "m", "test.jsonl", "--json").json
    assert found["main"] == main
    assert found["figures"][main]["value"] > 0.9
    assert not found["slices"]
    assert lines("said.jsonl")[0].keys() == {"row", "right", "predicted"}
    outputs = {"labels", "spans", "score", "answers"}
    rows = [{k: v for k, v in row.items() if k not in outputs} for row in lines("test.jsonl")]
    write_lines("new.jsonl", rows)
    said = works("predict", "m", "new.jsonl", "--out", "new-said.jsonl").out
    predicted = [row["predicted"] for row in lines("said.jsonl")]
    assert [row["predicted"] for row in lines("new-said.jsonl")] == predicted
    if kind == "score":
        assert predicted == [round(each, 4) for each in predicted]
        assert said.startswith("40 rows")
    if kind != "spans":  # all rows have both types
        works(*TRAIN[:-1], "by", "--trainer", "tfidf")
    if kind == "labels":
        works(*TRAIN[:-1], "vectors", "--trainer", "labels", "-o", "embedder=words")
        found = works("evaluate", "vectors", "test.jsonl", "--json").json
        assert found["figures"][main]["value"] > 0.9


@pytest.mark.parametrize("declared", [CHAT, RANKED])
def test_the_best_reply_is_learned_by_default(declared, works):
    rows = []
    for number in range(60):
        good, fair, bad = f"Just {number} minutes.", f"About {number}.", f"Who knows {number}?"
        pair, ranking = {"chosen": good, "rejected": bad}, {"ranked": [good, fair, bad]}
        row = {"prompt": f"How long, {number}?", "criterion": "concise", "margin": "clearly"}
        rows.append({**row, **(ranking if declared is RANKED else pair)})
    _files(declared, rows)
    assert "warning" not in works(*TRAIN).err
    found = works("evaluate", "m", "test.jsonl", "--json").json
    assert found["main"] == "best_option"
    assert found["figures"]["best_option"]["value"] == 1


def test_answers_are_parts_of_a_text_or_not_learned(refuses, works):
    Path("mine.yaml").write_text(json.dumps(QA), encoding="utf-8")
    rows = [
        {"passage": f"{answer} it was.", "question": f"{kind}?", "kind": kind, "answers": [answer]}
        for kind, answer in (("when", "in May"), ("who", "Ann")) * 6
    ]
    write_lines("learn.jsonl", rows)
    said = works(*TRAIN, "--trainer", "tfidf").err
    assert "predicts the labels by which rows of mine are counted, such as when, not" in said
    open_ones = {**QA, "output": {"answer": {"why": "a reason"}}}
    Path("mine.yaml").write_text(json.dumps(open_ones), encoding="utf-8")
    write_lines("learn.jsonl", [{**rows[0], "kind": "why", "answers": ["of clouds"]}] * 4)
    said = "none of these rows have an answer that occurs in their texts"
    refuses((*TRAIN[:-1], "n"), said, "the kind of question, not the answer, use --trainer tfidf")


def _of(spans):
    return [{"start": start, "end": end, "type": kind} for start, end, kind in spans]


@pytest.mark.parametrize(
    ("right", "said", "micro", "macro", "exact"),
    [
        ([[(0, 3, "a")]], [[(0, 3, "a")]], 1, 1, 1),
        ([[(0, 3, "a")]], [[(0, 4, "a")]], 0, 0, 0),  # an end is off
        ([[(0, 3, "a")]], [[(0, 3, "b")]], 0, 0, 0),  # the type is
        ([[(0, 3, "a"), (5, 8, "b")]], [[(0, 3, "a")]], 2 / 3, 1 / 2, 0),
        ([[(0, 3, "a")], []], [[(0, 3, "a")], [(1, 2, "a")]], 2 / 3, 2 / 3, 1 / 2),
        ([[(0, 1, "a"), (2, 3, "a")], [(0, 1, "b")]], [[(0, 1, "a")], []], 1 / 2, 1 / 3, 0),
        ([[], []], [[], []], 0, 0, 1),
    ],
)
def test_spans_count_if_they_are_exactly_right(right, said, micro, macro, exact):
    found = TYPED_SPANS.measured([*map(_of, right)], [*map(_of, said)])
    assert [found.measures[name].value for name in ("micro_f1", "macro_f1", "exact_match")] == (
        pytest.approx([micro, macro, exact])
    )


def test_labels_are_measured_each_and_together():
    right, said = [["a", "b"], ["a"], []], [["a"], ["a", "b"], []]
    found = SEVERAL_LABELS.measured(right, said)
    assert found.by_label == {"a": (2, 1, 1, 1), "b": (1, 0, 0, 0)}
    assert found.measures["micro_f1"].value == pytest.approx(2 / 3)
    assert found.measures["exact_match"].value == pytest.approx(1 / 3)


def test_scores_agree_as_scipy_says_in_resamples_too():
    from scipy.stats import pearsonr, spearmanr

    chance = np.random.default_rng(0)
    right = chance.integers(1, 6, 40) / 1.0
    said = right + chance.normal(size=40).round(1)
    found = SCORES.measured(right, said)
    weights = chance.multinomial(40, [1 / 40] * 40, size=3)
    for name, theirs in (("spearman", spearmanr), ("pearson", pearsonr)):
        measure = found.measures[name]
        assert measure.value == pytest.approx(theirs(right, said).statistic)
        drawn = [np.repeat(np.arange(40), each) for each in weights]
        expected = [theirs(right[at], said[at]).statistic for at in drawn]
        assert measure.at(weights.astype(float)) == pytest.approx(expected)
    assert found.measures["mean_absolute_error"].value == pytest.approx(abs(right - said).mean())


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("I met Ann-Marie, in Rome.", ("Ann-Marie", "Rome")),
        ("昨日Ann と東京で会った", ("Ann", "東京")),
        ("आज अन्नी दिल्ली में गई", ("अन्नी", "दिल्ली")),
        ("Ann", ("Ann",)),
    ],
)
def test_spans_are_found_at_their_characters(text, marked):
    task = Declaration(**NER).task(name="mine")
    kinds = dict(zip(marked, ("person", "place"), strict=False))
    spans = [span(text, said, kind) for said, kind in kinds.items()]
    data = Dataset("rows", task, [{"text": text, "spans": spans}] * 3)
    model = train(data, task=task, out="m", progress=False)
    (found, *_) = model.predict(model.decisions(data))
    assert found == spans
