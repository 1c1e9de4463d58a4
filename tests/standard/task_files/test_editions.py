"""The defaults of task files, those of earlier runs, and seeds that do not suit a label."""

from __future__ import annotations

import ast
import json
import shutil
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any, get_args

import pytest

import targen_core
from targen_core.errors import Rejected
from targen_standard import failures
from targen_standard.editions import NEWEST, Edition, EditionNumber, earlier
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


@pytest.fixture
def make(works):
    """A run of a task's text, made with a model that may refuse some seeds for orders."""

    def made(text: str, out: str, *args: object, model: str = "agreeing") -> Any:
        Path("mail.yaml").write_text(text)
        return works("generate", "mail.yaml", *args, *script(model), "--out", out)

    return made


def test_no_two_rows_of_a_file_share_a_seed(make):
    make(MAIL, "run", "-n", 12)
    assert len({row["seed"] for row in records("run")}) == 12
    assert Counter(row["label"] for row in records("run")) == dict.fromkeys(
        ("order", "refund", "advice"), 4
    )
    make(MAIL + "labels_per_seed: all\n", "all", "-n", 12)
    assert len({row["seed"] for row in records("all")}) == 4
    # Of fixed seeds there are no more.
    make(MAIL + "seeds: [spades, rakes]\n", "fixed", "-n", 6)
    assert len({row["seed"] for row in records("fixed")}) == 2


def test_a_seed_that_does_not_suit_a_label_goes_by(make):
    for out, options in (("run", ()), ("alone", ("--concurrency", 1))):
        make(MAIL, out, "-n", 30, *options, model="refusing")
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


def as_before_editions(run: str) -> None:
    """Leave out of a run's copy what earlier versions did not write."""
    copy = Path(run, "task.json")
    said = json.loads(copy.read_text())
    assert said.pop("edition") == 1
    del said["seeds"]
    copy.write_text(json.dumps(said, indent=2) + "\n")


def test_a_run_from_before_editions_goes_on_as_it_was(make, targen, works):
    old = Declaration.model_validate({"edition": 1, "description": "Mail.", "labels": {"a": "b"}})
    assert old.digest == "842639cb21b9"  # as it was before there were editions
    make("edition: 1\n" + MAIL, "run", "-n", 12)
    assert len({row["seed"] for row in records("run")}) == 4
    as_before_editions("run")
    Path("mail.yaml").write_text(MAIL.replace("money back", "a refund"))
    works("replay", "run", "--out", "again", "-q")
    assert Path("again/dataset.jsonl").read_bytes() == Path("run/dataset.jsonl").read_bytes()
    done = targen("revise", "run", "--task", "mail.yaml", "--dry-run", "--json")
    plan = json.loads(done.out)
    assert [change["name"] for change in plan["changes"]] == ["labels.refund.definition"]
    assert plan["calls"] == {"lists": 0, "texts": 4, "judgements": 12} | {
        key: plan["calls"][key] for key in plan["calls"].keys() - {"lists", "texts", "judgements"}
    }
    works("resume", "run", "-n", 15, "-q")
    assert len({row["seed"] for row in records("run")}) == 5


ARABIC = f"{MAIL}language: Arabic\nfields: {{نص: the message}}\n"


@pytest.mark.parametrize("edition", [6, 7])
def test_only_new_editions_take_names_in_latin_letters_in_arabic(edition, works):
    Path("mail.yaml").write_text(f"{ARABIC}edition: {edition}\n")
    Path("own.csv").write_text("نص,label\nهل يوجد Netflix في الشقة؟,advice\n")
    done = works("validate", "own.csv", "--task", "mail.yaml", "--checks")
    assert ("not-arabic" in done.out) == (edition == 6)


@pytest.mark.parametrize(
    ("text", "before", "now"),
    [
        ("lost", "the text has 1 word", "the text has 1 word, fewer than 3"),
        ("a b c d e f g", "the text has 7 words", "the text has 7 words, more than 6"),
        ("Gone. Gone. Gone. Gone.", "has 4 sentences", "has 4 sentences, more than 2"),
        ("Label: order is late", "answer: 'Label: order is late'", "answer: 'Label:'"),
        ("Gladly! Here’s the mail: hi", "", "answer: 'Gladly! Here’s the mail:'"),
        ("Dear {Name}, late", "", "the text holds a placeholder: '{Name}'"),
    ],
)
def test_checks_of_new_editions_say_the_limit_and_the_words_that_count(text, before, now):
    """Those of earlier ones keep their messages, which the prompts of their runs repeat."""
    fields = {"text": {"description": "a mail", "words": [3, 6], "sentences": [1, 2]}}
    for edition, said in ((8, before), (9, now)):
        task = Declaration(
            description="Mail.", labels={"a": "b"}, fields=fields, edition=edition
        ).task(name="mail")
        row = task.instance(text=text, label="a")
        with pytest.raises(Rejected) if said else nullcontext() as caught:
            for check in task.checks:
                check(row, "another seed")
        assert not said or str(caught.value).endswith(said)


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
@pytest.mark.parametrize("edition", [9, 10])
def test_texts_of_new_editions_do_not_begin_with_their_label(text, is_label, edition):
    declaration = Declaration(
        description="Mails.", language="German", labels={"Wildunfall": "ein Tier"}, edition=edition
    )
    task = declaration.task(name="mails")
    refused = pytest.raises(Rejected, match=r"its label|answer")
    old = "Label" in text  # in all editions
    with refused if is_label and (old or edition > 9) else nullcontext():
        for check in task.checks:
            check(task.instance(text=text, label="Wildunfall"), "another seed")


@pytest.mark.parametrize("edition", [9, 10])
def test_only_new_editions_know_the_abbreviations_of_the_language(edition):
    task = Declaration(
        description="Ein Satz.",
        language="German",
        labels={"a": "b"},
        fields={"text": {"sentences": 1}},
        edition=edition,
    ).task(name="satz")
    row = task.instance(text="Das war am 3. Mai im 2. Stock.", label="a")
    with nullcontext() if edition > 9 else pytest.raises(Rejected, match="3 sentences"):
        for check in task.checks:
            check(row, "another seed")


@pytest.mark.parametrize("edition", [9, 10])
def test_new_editions_know_a_language_among_other_words_and_by_its_code(edition, works):
    said = f"{MAIL}edition: {edition}\nlanguage: "
    Path("mail.yaml").write_text(f"{said}formal German\n")
    row = {"text": "Hello, I have not had my parcel yet.", "label": "order", "idx": 0}
    Path("rows.jsonl").write_text(json.dumps(row))
    checked = works("validate", "rows.jsonl", "--task", "mail.yaml", "--checks")
    assert ("not-german" in checked.out) == (edition == 10)
    Path("mail.yaml").write_text(f"{said}de-AT\n")
    prompts = works("describe", "mail.yaml", "--prompts").out
    assert ("in German (AT)" if edition == 10 else "in de-AT") in prompts


@pytest.mark.parametrize(
    ("line", "is_said"),
    [
        ("generate mail.yaml -n 3 -b scripted", True),
        ("describe mail.yaml", True),
        ("preview mail.yaml -b scripted", True),
        ("estimate mail.yaml -n 3 -b scripted", True),
        ("validate run --task mail.yaml --checks", True),
        ("validate run --task mail.yaml", False),
        ("resume run -n 6", False),
        ("report run", False),
    ],
)
def test_a_note_says_once_that_the_language_is_not_checked(line, is_said, works):
    def notes() -> int:
        failures._told.clear()  # a process says it once
        done = works(*line.split())
        return f"{done.out}{done.err}".count("targen does not know German and English as a")

    for said, known in (
        ("language: German and English", False),
        ("language: German and English\nfields: {text: {check_language: false}}", True),
        ("language: English or German", True),
    ):
        Path("mail.yaml").write_text(f"{MAIL}{said}\n")
        shutil.rmtree("run", ignore_errors=True)
        works("generate", "mail.yaml", "-n", 3, "-b", "scripted", "--out", "run")
        assert notes() == (is_said and not known)


@pytest.mark.parametrize(("edition", "name"), [(6, "\\u0646\\u0635"), (7, "نص")])
def test_prompts_of_new_editions_show_names_of_fields_as_they_are(edition, name, works):
    Path("mail.yaml").write_text(f"{ARABIC}edition: {edition}\n")
    shown = works("preview", "mail.yaml", "--full", "-b", "scripted").out
    assert f'of the form {{"{name}": "..."}}' in shown


@pytest.mark.parametrize(("edition", "form"), [(8, "any"), (9, "any"), (9, "phrase")])
def test_a_seed_that_is_a_field_keeps_its_lines_in_new_editions(edition, form):
    asked = Declaration(
        description="Letters and replies.",
        labels={"kind": "it thanks"},
        fields={"letter": {"description": "a letter", "form": form}, "reply": "a reply"},
        seeds={"field": "letter", "batch": 1},
        contexts="none",
        edition=edition,
    ).task(name="letters")
    (prompt,) = (each for each in asked.prompts if each.name == "seeds")
    letters = (f"Dear {name},\n\nthanks a lot\n" for name in ("Ann", "Bob", "Cal", "Dan"))
    have = []

    def replies(call):
        if call.prompt != "seeds":
            return asked.dry_run(call)
        have.append(call.values["have"])
        return {"seeds": [next(letters)]}

    made = targen_core.generate(
        asked.replace(dry_run=replies), n=2, model="scripted", progress=False
    )
    kept = edition == 9 and form == "any"
    between = "\n\n" if kept else " "
    assert made.dataset[0]["letter"] == f"Dear Ann,{between}thanks a lot"
    assert have[:2] == ["none", "Dear Ann, thanks a lot"]
    assert ["one line" in text for text in (prompt.text, prompt.brief.text)] == [not kept] * 2


CLAIMS = """\
description: Claims.
labels: {Kasko / Glasbruch: a broken pane, Überspannung: a stroke of lightning}
"""


@pytest.mark.parametrize(("edition", "rows"), [(9, 0), (10, 4)])
def test_new_editions_accept_a_label_that_step_4_spells_otherwise(edition, rows, targen):
    Path("claims.yaml").write_text(f"{CLAIMS}edition: {edition}\n")
    done = targen("generate", "claims.yaml", "-n", 4, *script("varying"), "--out", "run")
    assert done.code == (0 if rows else 1)
    assert len(outputs(Path("run"))) >= 1
    assert sum(targen_core.load("run").report.raw["rows"].values()) == rows


@pytest.mark.parametrize(("edition", "refused"), [(9, False), (10, True)])
def test_new_editions_forbid_words_in_any_case(edition, refused, targen):
    Path("own.csv").write_text("text,label\nAuf der STRASSE lag Glas,order\n")
    fields = "fields: {text: {must_not_contain: [Straße]}}"
    Path("mail.yaml").write_text(f"{MAIL}language: German\nedition: {edition}\n{fields}\n")
    done = targen("validate", "own.csv", "--task", "mail.yaml", "--checks")
    assert ("the text contains 'Straße'" in done.out) == refused


def test_the_table_lists_every_earlier_edition():
    assert [number for number, _ in earlier()] == [*range(1, NEWEST)]
    assert get_args(EditionNumber) == tuple(range(1, NEWEST + 1))


TABLES = ("editions.py", "transforming/spec.py")
"""The modules that may compare the numbers of editions: of task files, and of transformations."""


def test_code_asks_editions_for_names_and_compares_no_numbers():
    root = Path(__file__).resolve().parents[3]
    asked, compared = set(), []
    for path in sorted({*root.glob("targen_*/src/**/*.py"), *root.glob("plugins/*/src/**/*.py")}):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                asked.add(node.attr)
            elif isinstance(node, ast.Compare) and not str(path).endswith(TABLES):
                sides = [ast.unparse(each) for each in (node.left, *node.comparators)]
                if any("edition" in one for one in sides) and any(map(str.isdigit, sides)):
                    compared.append(f"{path.name}:{node.lineno}")
    assert compared == []
    names = (name for name in vars(Edition) if not name.startswith("_"))
    changes = {name for name in names if isinstance(getattr(Edition(1), name), bool)}
    assert changes and changes <= asked
