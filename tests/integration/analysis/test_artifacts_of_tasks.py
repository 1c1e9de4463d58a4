"""For every task: each artefact planted in made-up official rows is found, and alone.

The rows are words without meaning, so that nothing but what is planted can tell
a label; each task also has rows in which nothing is.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from targen_analysis.artifacts.metric import ARTIFACTS
from targen_analysis.data.corpus import Columns, read_corpus
from targen_analysis.metrics import Findings, Study
from targen_core import load_registry
from tests.files import write_lines

from ...tables import table

pytest.importorskip("sklearn")

REGISTRY = load_registry()
WORDS = [f"{a}{b}{c}" for a in "bdgklmnprst" for b in "aeiou" for c in "lmnrst"]
ROWS = 300
Row = dict[str, Any]


class Chance(random.Random):
    def words(self, count: int) -> list[str]:
        return self.choices(WORDS, k=count)

    def text(self, count: int) -> str:
        return " ".join(self.words(count))


# --- rows in which nothing tells the label, without their label and number ----


def pair(c: Chance, idx: int) -> Row:
    return {"premise": c.text(14), "hypothesis": c.text(6)}


def axg(c: Chance, idx: int) -> Row:
    """The two rows of a pair differ in the pronoun alone."""
    c = Chance(idx // 2)
    first, second = (f"{word}er" for word in c.sample(WORDS, 2))
    opening = f"the {first} saw the {second} {c.text(3)} before"
    hypothesis = f"the {c.choice((first, second))} {c.text(4)}"
    premise = f"{opening} {('he', 'she')[idx % 2]} {c.text(3)}"
    return {"premise": premise, "hypothesis": hypothesis, "pair_id": idx}


def boolq(c: Chance, idx: int) -> Row:
    question = f"{c.choice(['is', 'does', 'can'])} {c.text(7)}"
    return {"passage": f"{c.text(1)} -- {c.text(30)}", "question": question}


def copa(c: Chance, idx: int) -> Row:
    asked = c.choice(["cause", "effect"])
    return {"premise": c.text(7), "choice1": c.text(5), "choice2": c.text(5), "question": asked}


def multirc(c: Chance, idx: int, labels: list[int] | None = None, longer: int = 0) -> Row:
    shortest = c.randrange(3, 9) if longer else 4
    answers = [
        {"text": c.text(shortest + longer * label), "idx": 4 * idx + place, "label": label}
        for place, label in enumerate(labels or c.choices([0, 1], k=4))
    ]
    question = {"question": c.text(7), "answers": answers, "idx": idx}
    return {"version": 1.1, "passage": {"text": c.text(40), "questions": [question]}}


def record(c: Chance, idx: int, right: int | None = None, *, often: bool = False) -> Row:
    names = [word.capitalize() for word in c.sample(WORDS, 8)]
    right = c.randrange(8) if right is None else right
    again = names[right if often else c.randrange(8)]
    text, places, answers = "", [], []
    for name in (*names, again, again):
        text += f"{c.text(2)} "
        places.append({"start": len(text), "end": len(text) + len(name) - 1})
        text += f"{name} "
        if name == names[right]:
            answers.append({**places[-1], "text": name})
    query = f"{c.text(3)} @placeholder {c.text(3)} {c.choice(names)}"
    qas = [{"query": query, "answers": answers, "idx": idx}]
    return {"source": "s", "passage": {"text": text.strip(), "entities": places}, "qas": qas}


def wic(c: Chance, idx: int, ending: str = "") -> Row:
    """Two sentences that share a word, which has an ending in the second."""
    word = c.choice(WORDS)
    row: Row = {"word": word, "version": 1.1}
    for at, surface in ((1, word), (2, word + ending)):
        words, place = c.words(9), c.randrange(9)
        words[place] = surface
        start = len(" ".join([*words[:place], ""]))
        row[f"sentence{at}"] = " ".join(words)
        row |= {f"start{at}": start, f"end{at}": start + len(surface)}
    return row


def wsc(c: Chance, idx: int, place: Callable[[int], int] | None = None) -> Row:
    words, pronoun = c.words(18), c.randrange(10, 18)
    phrase = place(pronoun) if place else c.randrange(9)
    words[pronoun] = c.choice(["he", "she"])
    target: Row = {"span1_text": words[phrase], "span1_index": phrase}
    target |= {"span2_text": words[pronoun], "span2_index": pronoun}
    return {"text": " ".join(words), "target": target}


CLEAN = {
    "axg": axg,
    "boolq": boolq,
    "cb": pair,
    "copa": copa,
    "multirc": multirc,
    "record": record,
    "rte": pair,
    "wic": wic,
    "wsc": wsc,
}
LABELS: dict[str, list[Any]] = {
    "axg": ["entailment", "not_entailment"],
    "boolq": [True, False],
    "cb": ["entailment", "contradiction", "neutral"],
    "copa": [0, 1],
    "rte": ["entailment", "not_entailment"],
    "wic": [True, False],
    "wsc": [True, False],
}


# --- rows in which something does: each of these changes a clean row ----------


def negated(c: Chance, row: Row) -> None:
    if row["label"] in ("contradiction", "not_entailment"):
        words = row["hypothesis"].split()
        words[c.randrange(1, len(words))] = "not"
        row["hypothesis"] = " ".join(words)


def asked_first(c: Chance, row: Row) -> None:
    opening = "does" if row["label"] else c.choice(["is", "can"])
    row["question"] = " ".join([opening, *row["question"].split()[1:]])


def by_gender(c: Chance, row: Row) -> None:
    row["label"] = LABELS["axg"][row["idx"] % 2]


def mostly_first(c: Chance, row: Row) -> None:
    row["label"] = 0 if c.random() < 0.9 else 1


def longer_choice(c: Chance, row: Row) -> None:
    right, wrong = ("choice1", "choice2")[:: -1 if row["label"] else 1]
    length = c.randrange(3, 9)
    row |= {wrong: c.text(length), right: c.text(length + 2)}


def one_form(c: Chance, row: Row) -> None:
    row |= wic(c, row["idx"], "" if row["label"] else "s")


def shared_words(c: Chance, row: Row) -> None:
    shared = " ".join(row["sentence1"].split()[-3:])
    row["sentence2"] += f" {shared if row['label'] else c.text(3)}"


def first_option(c: Chance, row: Row) -> None:
    row |= multirc(c, row["idx"], [1, c.randrange(2), 0, 0])


def longer_option(c: Chance, row: Row) -> None:
    row |= multirc(c, row["idx"], c.sample([0, 0, 1, 1], 4), longer=3)


def first_entity(c: Chance, row: Row) -> None:
    row |= record(c, row["idx"], 0)


def often_named(c: Chance, row: Row) -> None:
    row |= record(c, row["idx"], often=True)


def first_phrase(c: Chance, row: Row) -> None:
    row |= wsc(c, row["idx"], lambda pronoun: 0 if row["label"] else 8)


def nearest_phrase(c: Chance, row: Row) -> None:
    row |= wsc(c, row["idx"], lambda pronoun: pronoun - (2 if row["label"] else 8))


def one_right(c: Chance, row: Row) -> None:
    row |= multirc(c, row["idx"], c.sample([1, 0, 0, 0], 4))


PLANTED = """
    axg | by_gender | gender of the pronoun | premise alone
    boolq | asked_first | first word of the question | question alone
    cb | negated | negation in the hypothesis | hypothesis alone
    copa | mostly_first | place of the choice | cause or effect, with the place of the choice
    copa | longer_choice | which choice is longer | length of all fields
    multirc | first_option | place among the options
    multirc | longer_option | length beside the other options | length of all fields
    record | first_entity | place among the entities
    record | often_named | how often the passage names it
    wic | one_form | whether the word has one form in both sentences
    wic | shared_words | overlap of sentence1 and sentence2
    wsc | first_phrase | place of the phrase | words from the phrase to the pronoun
    wsc | nearest_phrase | words from the phrase to the pronoun | place of the phrase
"""
"""A task, how its rows are changed, what is warned of, and what sees the same without a warning."""
ALSO = {
    "longer_option": {"overlap of passage and option"},
    "one_form": {"overlap of sentence1 and sentence2"},
}


def made(
    task: str, plant: Callable[[Chance, Row], None] | None = None, seed: str = "mine"
) -> list[Row]:
    """Rows of a task, with something planted in them or not."""
    c = Chance(seed)
    unit = REGISTRY.get("task", task).rows_per_instance
    labels = [c.choice(LABELS.get(task, [None])) for _ in range(ROWS)]
    rows = []
    for idx in range(ROWS):
        row = {**CLEAN[task](c, idx), "idx": idx}
        if task in LABELS:
            row["label"] = labels[idx // unit]
        if plant:
            plant(c, row)
        rows.append(row)
    if task != "wic":  # a plural of a word that is none is no form of it
        REGISTRY.get("task", task).schema.model_validate(rows[0])
    return rows


@pytest.fixture
def found(tmp_path):
    """What is found in these rows, as a file of a task, alone or against others."""

    def of(rows: list[Row], task: str, *others: Row, words: int = 0, **how: Any) -> Findings:
        mine, *reference = (
            read_corpus(REGISTRY, write_lines(tmp_path / f"{name}.jsonl", each), task=task, **how)
            for name, each in (("mine", rows), ("original", others))
            if each
        )
        return ARTIFACTS.measure(Study((mine,), *reference), ARTIFACTS.options(words=words))

    return of


def clear(artifact: Findings) -> set[str]:
    """What tells labels by a wide margin, parts of several texts left out."""
    chance = artifact.figures["mine"]["chance"].value or 0
    return {
        name
        for name, score in artifact.figures["mine"].items()
        if (score.low or 0) > chance + 0.12
        and name not in ("all fields", "share of the most frequent label")
        and not name.startswith(("right options", "questions with"))
        and not (" + " in name and name.endswith(" alone"))
    }


@pytest.mark.parametrize("task", CLEAN)
def test_nothing_is_found_where_nothing_is(found, task):
    findings = found(made(task), task)
    assert findings.warnings == ()
    assert clear(findings) == set()
    assert findings.notes[0].startswith("If a part of a row"), "every row was read"


@pytest.mark.parametrize(("task", "how", "artifact", "also"), table(PLANTED, 4))
def test_what_is_planted_is_found_and_nothing_else(found, task, how, artifact, also):
    findings = found(made(task, globals()[how]), task)

    seen = clear(findings)
    assert artifact in seen
    assert seen <= {artifact, *also.split("; ")} | ALSO.get(how, set())
    (warning,) = findings.warnings
    assert warning.startswith(f"mine: from {artifact}, a classifier predicts ")
    assert findings.figures["mine"]["best partial input, above chance"].value > 0.1


def test_always_one_right_option(found):
    rows, original = made("multirc", one_right)[:100], made("multirc", seed="original")[:100]
    assert found(rows, "multirc", *rows).warnings == (), "the original has it, too"
    findings = found(rows, "multirc", *original)
    (warning,) = findings.warnings
    assert warning.startswith("mine: 100% of the questions have 1 right option (")
    assert findings.figures["mine"]["right options of a question"].value == 1
    assert findings.figures["mine"]["questions with one right option"].value == 1
    table = next(t for t in findings.tables if t.title == "Right options per question")
    assert [row[0] for row in table.rows] == [0, 1, 2, 3, 4]


def test_columns_that_the_user_names_are_what_is_looked_at(found):
    findings = found(made("copa"), "copa", columns=Columns(texts=("premise", "choice1")))
    assert "choice1 alone" in findings.figures["mine"]
    assert "place of the choice" not in findings.figures["mine"]


def test_rows_that_the_task_cannot_read_are_left_out(found):
    rows = made("copa")[:100]
    for row in rows[:30]:
        del row["question"]
    findings = found(rows, "copa")
    assert findings.notes[0] == (
        "30 of the 100 rows sampled from mine do not have the format of copa and were left out."
    )
    assert findings.tables[0].title.endswith("trained and tested on 140 options")
    for row in rows:
        row.pop("question", None)
    findings = found(rows, "copa")
    assert "100 of the 100 rows sampled from mine" in findings.notes[0]
    assert "choice1 alone" in findings.figures["mine"]  # by its columns, as without a task


@pytest.mark.parametrize("task", CLEAN)
def test_odd_rows_stop_nothing(task, found):
    c = Chance(1)
    odd = [None, "", 3, -1, 10**400, [], {}, ["x"], {"text": None}, True, "1"]
    rows = made(task)[:120]
    for row in rows[::2]:
        row[c.choice([key for key in row if key != "idx"])] = c.choice(odd)
    assert "mine" in found(rows, task, words=12).figures
