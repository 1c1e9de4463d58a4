"""The defaults of task files, what their checks accept, and seeds that do not suit a label."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

import targen_core
from targen_core.errors import Rejected
from targen_standard.task_files.model import Declaration

from ...runs import outputs, records
from ..answers import script

MAIL = """\
name: mail
description: E-mails to a small shop.
labels:
  order: The customer asks where an order is.
  refund: The customer wants money back.
  advice: The customer asks how to use a tool.
"""
PAPER = f"{MAIL}contexts: occasions\n"  # one row per call


@pytest.fixture
def make(works):
    """A run of a task's text, made with a model that may refuse some seeds for orders."""

    def made(text: str, out: str, *args: object, model: str = "agreeing") -> Any:
        Path("mail.yaml").write_text(text)
        return works("generate", "mail.yaml", *args, *script(model), "--out", out)

    return made


def test_no_two_rows_of_a_file_share_a_seed(make):
    make(PAPER, "run", "-n", 12)
    assert len({row["seed"] for row in records("run")}) == 12
    assert Counter(row["label"] for row in records("run")) == dict.fromkeys(
        ("order", "refund", "advice"), 4
    )
    # Of fixed seeds there are no more.
    make(MAIL + "seeds: [spades, rakes]\n", "fixed", "-n", 6)
    assert len({row["seed"] for row in records("fixed")}) == 2


def test_a_seed_that_does_not_suit_a_label_goes_by(make):
    for out, options in (("run", ()), ("alone", ("--concurrency", 1))):
        make(PAPER, out, "-n", 30, *options, model="refusing")
    report = targen_core.load("run").report.raw
    assert report["rows"] == {"order": 10, "refund": 10, "advice": 10}
    assert report["flow"]["order"]["reasons"] == {
        "unsuitable": report["flow"]["order"]["judged"] - 10
    }
    assert report["flow"]["order"]["judged"] > 10
    refused = records("run", "rejects.jsonl")
    assert {(one["stage"], one["reason"]) for one in refused} == {("generate", "unsuitable")}
    assert len({one["id"] for one in refused}) == len(refused)
    assert outputs("run") == outputs("alone")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lost", "the text has 1 word, fewer than 3"),
        ("a b c d e f g", "the text has 7 words, more than 6"),
        ("Gone. Gone. Gone. Gone.", "has 4 sentences, more than 2"),
        ("Label: order is late", "answer: 'Label:'"),
        ("Gladly! Here’s the mail: hi", "answer: 'Gladly! Here’s the mail:'"),
        ("Dear {Name}, late", "the text holds a placeholder: '{Name}'"),
    ],
)
def test_checks_say_the_limit_and_the_words_that_count(text, said):
    fields = {"text": {"description": "a mail", "words": [3, 6], "sentences": [1, 2]}}
    task = Declaration(description="Mail.", labels={"a": "b"}, fields=fields).task(name="mail")
    row = task.instance(text=text, label="a")
    (check,) = task.checks
    with pytest.raises(Rejected) as caught:
        check(row, "another seed")
    assert str(caught.value).endswith(said)


@pytest.mark.parametrize(
    ("text", "is_label"),
    [
        ("Kategorie: Wildunfall\nEin Reh.", True),
        ("**Label:** Wildunfall. Ein Reh.", True),
        ("Betreff: Wildunfall\nEin Reh.", False),
        ("Kategorie: Wildunfallmeldung\nEin Reh.", False),
        ("Ein Reh. Kategorie: Wildunfall", False),
    ],
)
def test_texts_do_not_begin_with_their_label(text, is_label):
    declaration = Declaration(
        description="Mails.", language="German", labels={"Wildunfall": "ein Tier"}
    )
    task = declaration.task(name="mails")
    with pytest.raises(Rejected, match=r"its label|answer") if is_label else nullcontext():
        for check in task.checks:
            check(task.instance(text=text, label="Wildunfall"), "another seed")


def test_a_language_is_known_among_other_words_and_by_its_code(works):
    said = f"{MAIL}language: "
    Path("mail.yaml").write_text(f"{said}formal German\n")
    row = {"text": "Hello, I have not had my parcel yet.", "label": "order", "idx": 0}
    Path("rows.jsonl").write_text(json.dumps(row))
    checked = works("validate", "rows.jsonl", "--task", "mail.yaml", "--checks")
    assert "not-german" in checked.out
    Path("mail.yaml").write_text(f"{said}de-AT\n")
    prompts = works("describe", "mail.yaml", "--prompts").out
    assert "in German (AT)" in prompts


@pytest.mark.parametrize("form", ["any", "phrase"])
def test_a_seed_that_is_a_field_of_any_form_keeps_its_lines(form):
    asked = Declaration(
        description="Letters and replies.",
        labels={"kind": "it thanks"},
        fields={"letter": {"description": "a letter", "form": form}, "reply": "a reply"},
        seeds={"field": "letter", "batch": 1},
        contexts="none",
    ).task(name="letters")
    (prompt,) = (each for each in asked.prompts if each.name == "seeds")
    letters = (f"Dear {name},\n\nthanks a lot\n" for name in ("Ann", "Bob", "Cal", "Dan"))
    have = []

    def replies(call):
        if call.prompt != "seeds":
            return asked.calls.dry_run(call)
        have.append(call.values["have"])
        return {"seeds": [next(letters)]}

    made = targen_core.generate(
        asked.replace(
            calls={"dry_run": replies},
        ),
        n=2,
        model="scripted",
        progress=False,
    )
    kept = form == "any"
    between = "\n\n" if kept else " "
    assert made.dataset[0]["letter"] == f"Dear Ann,{between}thanks a lot"
    assert have[:2] == ["none", "Dear Ann, thanks a lot"]
    assert ("one line" in prompt.text) == (not kept)


def test_words_are_forbidden_in_any_case(targen):
    Path("own.csv").write_text("text,label\nAuf der STRASSE lag Glas,order\n")
    fields = "fields: {text: {must_not_contain: [Straße]}}"
    Path("mail.yaml").write_text(f"{MAIL}language: German\n{fields}\n")
    done = targen("validate", "own.csv", "--task", "mail.yaml", "--checks")
    assert "the text contains 'Straße'" in done.out
