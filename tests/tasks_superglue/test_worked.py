"""Worked turns of every prompt of step 3: they keep their own rules, and no form tells a label."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from targen_core.plugins.loader import load_registry
from targen_tasks_superglue.axg.rows import Sentences, check_hypothesis, check_sentences
from targen_tasks_superglue.boolq.task import BoolqRow, check_question, official
from targen_tasks_superglue.cb.task import CB, CbRow, check_pair_commitment, check_pair_paper
from targen_tasks_superglue.copa.task import COPA, CopaRow, Event, check_unlike
from targen_tasks_superglue.record.entities import find_entities
from targen_tasks_superglue.record.rows import MASK, check_query
from targen_tasks_superglue.record.task import _row as record_row
from targen_tasks_superglue.rte import task as steps
from targen_tasks_superglue.rte.task import RTE, Premise, RteRow, check_pair
from targen_tasks_superglue.shared.articles import Paragraph
from targen_tasks_superglue.shared.inflection import find
from targen_tasks_superglue.shared.subjects import PronounPair
from targen_tasks_superglue.wic.rows import locate, shared_words
from targen_tasks_superglue.wsc.passages import make_row, read_passage
from targen_tasks_superglue.wsc.task import WSC
from tests.tables import table

REGISTRY = load_registry()


def prompt_of(task: str, name: str) -> Any:
    """A prompt of a task, in whichever of its variants it stands."""
    actual = REGISTRY.get("task", task)
    made = [actual, *(actual.varied([variant]) for variant in actual.variants)]
    return next(p for each in made for p in each.every_prompt if p.name == name)


def turns(task: str, name: str) -> list[tuple[str, dict[str, Any]]]:
    """The worked questions of a prompt and their replies."""
    prompt = prompt_of(task, name)
    middle = prompt.fill(dict.fromkeys(prompt.variables, "x"))[1:-1]
    return [
        (user.content, json.loads(reply.content))
        for user, reply in zip(middle[::2], middle[1::2], strict=True)
    ]


def said(pattern: str, text: str) -> str:
    """What follows the words of a pattern on their line."""
    found = re.search(rf"^{pattern}: (.+)$", text, re.MULTILINE)
    assert found, (pattern, text)
    return found[1]


def paragraph(text: str) -> Paragraph:
    title, _, rest = said("Passage", text).rpartition(" -- ")
    return Paragraph(title=title or "x", text=rest)


# --- one form for all labels --------------------------------------------------

ALIKE = {
    "axg": ["follows false", "5"],
    "boolq, stated": ["yes-stated no-stated", "4"],
    "boolq, inferred": ["yes-inferred no-inferred", "4"],
    "boolq, paper": ["yes-paper no-paper", "2"],
    "cb": ["entailment contradiction neutral", "4 4"],
    "cb, paper": ["paper_entailment paper_contradiction paper_neutral", "2 2"],
    "copa": ["cause effect", "6"],
    "rte": ["entailment contradicted open", "9 10"],
    "rte, paper": ["sound unsound", "2"],
}


@pytest.mark.parametrize("name", ALIKE)
def test_labels_are_asked_for_by_the_same_rules_on_the_same_texts(name):
    """Of their rules, those lines differ that say what the label means, and no line on form."""
    task = name.partition(",")[0]
    names, differing = (words.split() for words in ALIKE[name])
    rules, asked = [], set()
    for each in names:
        prompt = prompt_of(task, each)
        system, *others = prompt.fill(dict.fromkeys(prompt.variables, "x"))
        rules.append(set(system.content.split("\n")))
        asked.add(
            tuple(
                said("(?:Premise|Passage|Sentence|Event|Setting)", turn.content)
                for turn in others[::2]
            )
        )
    assert [str(len(lines ^ rules[0])) for lines in rules[1:]] == differing
    assert len(asked) == 1


# --- worked replies keep the rules --------------------------------------------


def sentences_of(name: str) -> list[Sentences]:
    return [
        Sentences(
            first=said("Subject 1", user),
            second=said("Subject 2", user),
            meant=meant,
            opening=four["opening"],
            he=four[f"subject{number}_he"],
            she=four[f"subject{number}_she"],
        )
        for user, four in turns("axg", name)
        for number, meant in (("1", "first"), ("2", "second"))
    ]


@pytest.mark.parametrize("name", ["sentences", "sentences_paper"])
def test_axg_sentences(name):
    seeds = sentences_of(name)
    assert len(seeds) == 4
    for seed in seeds:
        check_sentences(seed)


@pytest.mark.parametrize("name", ["follows", "false"])
def test_axg_hypotheses(name):
    seeds = {text: seed for seed in sentences_of("sentences_paper") for text in (seed.he, seed.she)}
    for user, reply in turns("axg", name):
        seed = seeds[said("Sentence", user)]
        assert seed.subject == said("The pronoun means", user)
        check_hypothesis(reply["hypothesis"], seed)


def test_boolq_questions():
    lengths = {}
    for answer in ("yes", "no"):
        worked = turns("boolq", f"{answer}-stated") + turns("boolq", f"{answer}-inferred")
        for user, reply in worked:
            row = official({"passage": said("Passage", user), **reply})
            check_question(BoolqRow(label=answer == "yes", **row), paragraph(user))
        lengths[answer] = sum(len(reply["question"].split()) for _, reply in worked) / len(worked)
    assert abs(lengths["yes"] - lengths["no"]) < 1.5


@pytest.mark.parametrize("label", ["entailment", "contradiction", "neutral"])
def test_cb_pairs(label):
    kinds = {label: CB.checks, f"commitment_{label}": [check_pair_commitment]}
    kinds |= {f"paper_{label}": [check_pair_paper], "worded": [check_pair_paper]}
    for name, checks in kinds.items():
        for _, reply in turns("cb", name):
            for pair in reply["pairs"]:
                row = CbRow(premise=pair["premise"], hypothesis=pair["hypothesis"], label=label)
                for check in checks:
                    check(row, "a night ferry")


@pytest.mark.parametrize("question", ["cause", "effect"])
def test_copa_choices(question):
    for user, reply in turns("copa", question):
        event, choices = said("Event", user), (reply["likely"], reply["unlikely"])
        check_unlike(event, choices)
        row = CopaRow(
            premise=event, choice1=choices[0], choice2=choices[1], question=question, label=0
        )
        for check in COPA.checks:
            check(row, Event(event=event))


@pytest.mark.parametrize("name", ["query", "query-paper"])
def test_record_queries(name):
    for user, reply in turns("record", name):
        seed = paragraph(user)
        entities = find_entities(seed.text)
        if name == "query":
            offered = said("Names to choose from", user).split("; ")
            assert reply["name"] in offered
            others = said("Other names", user).split("; ")
            assert {entity.name for entity in entities} == {*offered, *others}
        answer = next(e for e in entities if e.name == (reply.get("name") or reply["answer"]))
        text = reply["statement"] if name == "query" else reply["query"].replace("[X]", MASK)
        check_query(record_row(seed, entities, answer, text), seed)


@pytest.mark.parametrize("name", ["entailment", "contradicted", "open"])
def test_rte_hypotheses(name):
    for user, reply in turns("rte", name):
        premise = said("Premise", user)
        row = RteRow(premise=premise, hypothesis=reply["hypothesis"], label="entailment")
        for check in RTE.checks:
            check(row, Premise(premise=premise))


def test_rte_pairs_without_seeds():
    worked = turns("rte", "pair")
    relations = [said("Relation", user) for user, _ in worked]
    assert relations == [f"the hypothesis {words}." for words in steps._RELATIONS.values()]
    for _, pair in worked:
        row = {name: pair[name] for name in ("premise", "hypothesis")}
        check_pair(RteRow(**row, label="entailment"), "x")


def test_wic_sentences():
    for user, reply in turns("wic", "sentences"):
        word = said("Word", user)
        parts = re.findall(r": a (noun|verb), meaning", user)
        for sentence, part in zip(reply.values(), parts, strict=True):
            locate(word, sentence, part)
        assert not shared_words(word, *reply.values())
    for name in ("true_paper", "false_paper"):
        for user, reply in turns("wic", name):
            parts = re.findall(r"\((noun|verb)\)$", user, re.MULTILINE)
            if name == "true_paper":
                parts = [parts[reply["definition"] - 1]] * 2
            written = reply.get("sentences") or [reply["sentence1"], reply["sentence2"]]
            for sentence, part in zip(written, parts, strict=True):
                locate(said("Word", user), sentence, part)
    for sample in REGISTRY.get("task", "wic").judging.samples:
        if sample.actual != "no_valid_instance":
            for number in "12":
                sentence = said(f"Sentence {number}", sample.input)
                assert len(find(said("Word", sample.input), sentence)) == 1


@pytest.mark.parametrize("name", ["passages", "passages_paper"])
def test_wsc_passages(name):
    for user, reply in turns("wsc", name):
        first, second = (said(f"Subject {n}", user).removeprefix("the ") for n in "12")
        pronoun = said("Pronouns", user).partition(",")[0]
        pair = PronounPair(first=first, second=second, pronoun=pronoun, named=first[0].isupper())
        for text, means_first in zip(reply["passages"], (True, False), strict=True):
            row = make_row(
                read_passage(text, pair),
                pair,
                means_first=means_first if name == "passages" else None,
                label=True,
                rng=random.Random(0),
            )
            for check in WSC.checks:
                check(row, pair)


# --- the prompts of each variant ----------------------------------------------


# What the paper leaves open: how many settings, events, pairs of CB and sentences a call lists.
UNSTATED = {"settings", "domains", "topics", "events", "sentences"} | {
    f"paper_{label.name}" for label in CB.labels
}


PROCEDURES = [
    pytest.param(task, steps, id=task, marks=[pytest.mark.whole] if task == "multirc" else [])
    for head, *cells in table((Path(__file__).parent / "procedures.txt").read_text("utf-8"), 6)
    for task, steps in [(head.split()[1], sorted(filter(None, cells)))]
]


@pytest.mark.parametrize(("task", "steps"), PROCEDURES)
def test_the_variant_paper_takes_the_steps_of_its_appendix_and_draws_no_dimension(
    task, steps, plain
):
    done = plain(task, 24, give_up_after=60, variants=["paper"])
    assert len(done.rows) == 24
    asked: dict[str, set[str]] = {}
    for request in done.requests:
        origin = request.origin
        given = [
            str(origin.values["number"]) if name == "number" else name
            for name in origin.values
            if name not in ("have", "count")
        ]
        line = f"{origin.step} {origin.prompt}" + (f" ({' '.join(given)})" if given else "")
        if "count" in origin.values and origin.prompt not in UNSTATED:
            line += f" {origin.values['count']}"
        asked.setdefault(line, set()).update([origin.label] if origin.step == "generate" else [])
        assert "Keep to th" not in request.messages[-1].content
    lines = [" ".join([line, *sorted(labels)]) for line, labels in asked.items()]
    assert sorted(line for line in lines if not line.startswith("correct")) == steps
    order = [line.split()[0] for line in lines]
    assert list(dict.fromkeys(order)) == [
        step for step in ("contexts", "seeds", "generate", "correct") if step in order
    ]
    lock = json.loads((done.path / "manifest.json").read_text())["lock"]["task"]
    assert lock["dimensions"] == {}
    assert set(lock["prompts"]) >= {step.split()[1] for step in steps}
