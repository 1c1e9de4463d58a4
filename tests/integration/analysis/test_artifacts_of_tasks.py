"""For every task: each artefact planted in made-up official rows is found, and alone.

The rows are words without meaning, so that nothing but what is planted can tell
a label; each task also has rows in which nothing is.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from targen_analysis.artifacts.metric import ARTIFACTS
from targen_analysis.data.corpus import Columns, read_corpus
from targen_analysis.metrics import Findings, Study
from targen_core import load_registry

from ...tables import table

pytest.importorskip("sklearn")

REGISTRY = load_registry()
WORDS = [f"{a}{b}{c}" for a in "bdgklmnprst" for b in "aeiou" for c in "lmnrst"]
ROWS = 300


class Chance(random.Random):
    def words(self, count: int) -> list[str]:
        return self.choices(WORDS, k=count)

    def text(self, count: int, *within: str) -> str:
        """Words, some of them given, in any order."""
        words = [*within, *self.words(count - len(within))]
        self.shuffle(words)
        return " ".join(words)


# --- rows in which nothing tells the label -----------------------------------


def pair(c: Chance, label: Any, idx: int) -> dict[str, Any]:
    return {"premise": c.text(14), "hypothesis": c.text(6), "label": label, "idx": idx}


def axg(c: Chance, label: Any, idx: int) -> dict[str, Any]:
    # The two rows of a pair differ in the pronoun alone.
    pair = Chance(idx // 2)
    first, second = (f"{word}er" for word in pair.sample(WORDS, 2))
    opening = f"the {first} saw the {second} {pair.text(3)} before"
    hypothesis = f"the {pair.choice((first, second))} {pair.text(4)}"
    premise = f"{opening} {('he', 'she')[idx % 2]} {pair.text(3)}"
    return {
        "premise": premise,
        "hypothesis": hypothesis,
        "label": label,
        "idx": idx,
        "pair_id": idx,
    }


def boolq(c: Chance, label: Any, idx: int) -> dict[str, Any]:
    question = f"{c.choice(['is', 'does', 'can'])} {c.text(7)}"
    passage = f"{c.text(1)} -- {c.text(30)}"
    return {"passage": passage, "question": question, "label": label, "idx": idx}


def copa(c: Chance, label: Any, idx: int) -> dict[str, Any]:
    return {
        "premise": c.text(7),
        "choice1": c.text(5),
        "choice2": c.text(5),
        "question": c.choice(["cause", "effect"]),
        "label": label,
        "idx": idx,
    }


def wic(c: Chance, label: Any, idx: int) -> dict[str, Any]:
    return sentences(c, label, idx, c.choice(WORDS))


def sentences(
    c: Chance,
    label: Any,
    idx: int,
    word: str,
    *,
    surfaces: tuple[str, str] | None = None,
) -> dict[str, Any]:
    row: dict[str, Any] = {"word": word, "label": label, "version": 1.1, "idx": idx}
    for at in (0, 1):
        words = c.words(8)
        place = c.randrange(8)
        surface = (surfaces or (word, word))[at]
        opening = " ".join(words[:place])
        start = len(opening) + bool(opening)
        row[f"sentence{at + 1}"] = " ".join(filter(None, [opening, surface, *words[place:]]))
        row[f"start{at + 1}"], row[f"end{at + 1}"] = start, start + len(surface)
    return row


def wsc(c: Chance, label: Any, idx: int) -> dict[str, Any]:
    return spans(c, label, idx, c.randrange(9), c.randrange(10, 18), c.choice(["he", "she"]))


def spans(c: Chance, label: Any, idx: int, phrase: int, pronoun: int, said: str) -> dict[str, Any]:
    words = c.words(18)
    words[pronoun] = said
    target = {
        "span1_text": words[phrase],
        "span1_index": phrase,
        "span2_text": said,
        "span2_index": pronoun,
    }
    return {"text": " ".join(words), "target": target, "label": label, "idx": idx}


def record(
    c: Chance,
    label: Any,
    idx: int,
    *,
    choose: Callable[[list[str]], int] | None = None,
    often: int | None = None,
) -> dict[str, Any]:
    names = [word.capitalize() for word in c.sample(WORDS, 8)]
    right = c.randrange(8) if choose is None else choose(names)
    again = names[c.randrange(8) if often is None else right]
    named = [*names, again, again]
    text, places = "", []
    for name in named:
        text += f"{c.text(2)} "
        places.append({"start": len(text), "end": len(text) + len(name) - 1})
        text += f"{name} "
    answers = [
        {**place, "text": name}
        for name, place in zip(named, places, strict=True)
        if name == names[right]
    ]
    query = f"{c.text(3)} @placeholder {c.text(3)} {c.choice(names)}"
    return {
        "source": "s",
        "passage": {"text": text.strip(), "entities": places},
        "qas": [{"query": query, "answers": answers, "idx": idx}],
        "idx": idx,
    }


def multirc(
    c: Chance,
    label: Any,
    idx: int,
    *,
    right: Callable[[], list[int]] | None = None,
    longer: int = 0,
) -> dict[str, Any]:
    passage = c.text(40)
    labels = right() if right else [c.randrange(2) for _ in range(4)]
    answers: list[dict[str, Any]] = []
    shortest = c.randrange(3, 9) if longer else 4
    for place, value in enumerate(labels):
        said = c.text(shortest + longer * value)
        answers.append({"text": said, "idx": 4 * idx + place, "label": value})
    question = {"question": c.text(7), "answers": answers, "idx": idx}
    return {"version": 1.1, "passage": {"text": passage, "questions": [question]}, "idx": idx}


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


# --- rows in which something does -------------------------------------------


def changed(task: str, change: Callable[[Chance, dict[str, Any], Any], None]) -> Any:
    """A clean row of a task, with something changed."""

    def make(c: Chance, label: Any, idx: int) -> dict[str, Any]:
        row = CLEAN[task](c, label, idx)
        change(c, row, label)
        return row

    return make


def one_more(c: Chance, text: str, word: str) -> str:
    """A text with a word in place of another."""
    words = text.split()
    words[c.randrange(1, len(words))] = word
    return " ".join(words)


def negated(c: Chance, row: dict[str, Any], label: Any) -> None:
    if label in ("contradiction", "not_entailment"):
        row["hypothesis"] = one_more(c, row["hypothesis"], "not")


def asked_first(c: Chance, row: dict[str, Any], label: Any) -> None:
    opening = "does" if label else c.choice(["is", "can"])
    row["question"] = " ".join([opening, *row["question"].split()[1:]])


def by_gender(c: Chance, row: dict[str, Any], label: Any) -> None:
    row["label"] = LABELS["axg"][row["idx"] % 2]


def choice_of(row: dict[str, Any]) -> str:
    return f"choice{row['label'] + 1}"


def mostly_first(c: Chance, row: dict[str, Any], label: Any) -> None:
    row["label"] = 0 if c.random() < 0.9 else 1


def longer_choice(c: Chance, row: dict[str, Any], label: Any) -> None:
    for name in ("choice1", "choice2"):
        row[name] = c.text(c.randrange(3, 9))
    row[choice_of(row)] = c.text(len(row[f"choice{2 - label}"].split()) + 2)


def one_form(c: Chance, label: Any, idx: int) -> dict[str, Any]:
    word = c.choice(WORDS)
    return sentences(c, label, idx, word, surfaces=(word, word if label else f"{word}s"))


def shared_words(c: Chance, row: dict[str, Any], label: Any) -> None:
    if label:
        row["sentence2"] += " " + " ".join(row["sentence1"].split()[-3:])
    else:
        row["sentence2"] += f" {c.text(3)}"


def first_right(c: Chance, label: Any, idx: int) -> dict[str, Any]:
    return multirc(c, label, idx, right=lambda: [1, c.randrange(2), 0, 0])


def longer_right(c: Chance, label: Any, idx: int) -> dict[str, Any]:
    return multirc(c, label, idx, longer=3, right=lambda: c.sample([0, 0, 1, 1], 4))


def first_phrase(c: Chance, label: Any, idx: int) -> dict[str, Any]:
    return spans(c, label, idx, 0 if label else 8, c.randrange(10, 18), "he")


def nearest_phrase(c: Chance, label: Any, idx: int) -> dict[str, Any]:
    at = c.randrange(10, 18)
    return spans(c, label, idx, at - (2 if label else 8), at, "he")


MAKERS = {
    "multirc first": first_right,
    "multirc longer": longer_right,
    "record first": partial(record, choose=lambda names: 0),
    "record often": partial(record, often=2),
    "wic one_form": one_form,
    "wsc first": first_phrase,
    "wsc nearest": nearest_phrase,
}
"""Of rows that are not a clean row of their task with something changed."""

PLANTED = """
    axg | by_gender | gender of the pronoun | premise alone
    boolq | asked_first | first word of the question | question alone
    cb | negated | negation in the hypothesis | hypothesis alone
    copa | mostly_first | place of the choice | cause or effect, with the place of the choice
    copa | longer_choice | which choice is longer | length of all fields
    multirc | first | place among the options
    multirc | longer | length beside the other options | length of all fields
    record | first | place among the entities
    record | often | how often the passage names it
    wic | one_form | whether the word has one form in both sentences
    wic | shared_words | overlap of sentence1 and sentence2
    wsc | first | place of the phrase | words from the phrase to the pronoun
    wsc | nearest | words from the phrase to the pronoun | place of the phrase
"""
"""A task, how its rows are made, what is warned of, and what sees the same without a warning."""
ALSO = {
    "multirc longer": {"overlap of passage and option"},
    "wic one_form": {"overlap of sentence1 and sentence2"},
}


@pytest.fixture
def measure(tmp_path):
    """What is found in made-up rows, alone or against clean ones of the same task."""

    def write(task: str, name: str, row: Callable[..., dict[str, Any]]) -> Any:
        c = Chance(name)
        unit = REGISTRY.get("task", task).rows_per_instance
        path = tmp_path / f"{name}.jsonl"
        labels = LABELS.get(task, [None])
        drawn = [c.choice(labels) for _ in range(ROWS)]
        rows = [row(c, drawn[idx // unit], idx) for idx in range(ROWS)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        schema = REGISTRY.get("task", task).schema
        if task != "wic":  # a plural of a word that is none is no form of it
            schema.model_validate(rows[0])
        return read_corpus(REGISTRY, path, task=task)

    def go(task: str, row: Callable[..., dict[str, Any]], *, against: bool = False) -> Findings:
        mine = write(task, "mine", row)
        original = write(task, "original", CLEAN[task]) if against else None
        options = ARTIFACTS.options.model_validate({"words": 0})
        return ARTIFACTS.measure(Study((mine,), original), options)

    return go


@pytest.fixture
def found(tmp_path):
    """What is found in these rows, as a file of a task."""

    def of(rows: list[dict[str, Any]], task: str, **how: Any) -> Findings:
        path = tmp_path / "mine.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        mine = read_corpus(REGISTRY, path, task=task, **how)
        return ARTIFACTS.measure(Study((mine,)), ARTIFACTS.options())

    return of


def clear(artifact: Findings, corpus: str) -> set[str]:
    """What tells labels by a wide margin, parts of several texts left out."""
    chance = artifact.figures[corpus]["chance"].value or 0
    return {
        name
        for name, score in artifact.figures[corpus].items()
        if (score.low or 0) > chance + 0.12
        and name not in ("all fields", "share of the most frequent label")
        and not name.startswith(("right options", "questions with"))
        and not (" + " in name and name.endswith(" alone"))
    }


@pytest.mark.parametrize("task", CLEAN)
def test_nothing_is_found_where_nothing_is(measure, task):
    findings = measure(task, CLEAN[task], against=True)
    assert findings.warnings == ()
    assert clear(findings, "mine") == clear(findings, "original") == set()
    assert findings.notes[0].startswith("If a part of a row"), "every row was read"


@pytest.mark.parametrize(("task", "how", "artifact", "also"), table(PLANTED, 4))
def test_what_is_planted_is_found_and_nothing_else(measure, task, how, artifact, also):
    row = MAKERS.get(f"{task} {how}") or changed(task, globals()[how])

    findings = measure(task, row)

    found = clear(findings, "mine")
    assert artifact in found
    assert found <= {artifact, *also.split("; ")} | ALSO.get(f"{task} {how}", set())
    (warning,) = findings.warnings
    assert warning.startswith(f"mine: from {artifact}, a classifier predicts ")
    assert findings.figures["mine"]["best partial input, above chance"].value > 0.1


def test_always_one_right_option(measure):
    def one(c: Chance, label: Any, idx: int) -> dict[str, Any]:
        right = c.randrange(4)
        return multirc(c, label, idx, right=lambda: [int(at == right) for at in range(4)])

    findings = measure("multirc", one, against=True)
    (warning,) = findings.warnings
    assert warning.startswith("mine: 100% of the questions have 1 right option (")
    assert findings.figures["mine"]["right options of a question"].value == 1
    assert findings.figures["mine"]["questions with one right option"].value == 1
    table = next(t for t in findings.tables if t.title == "Right options per question")
    assert [row[0] for row in table.rows] == [0, 1, 2, 3, 4]


def test_columns_that_the_user_names_are_what_is_looked_at(found):
    c = Chance(1)
    rows = [CLEAN["copa"](c, at % 2, at) | {"label": at % 2} for at in range(200)]
    findings = found(rows, "copa", columns=Columns(texts=("premise", "choice1")))
    assert "choice1 alone" in findings.figures["mine"]
    assert "place of the choice" not in findings.figures["mine"]


def test_rows_that_the_task_cannot_read_are_left_out(found):
    c = Chance(1)
    rows = [CLEAN["copa"](c, c.randrange(2), at) for at in range(100)]
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
    rows = []
    for at in range(120):
        row = CLEAN[task](c, c.choice(LABELS.get(task, [None])), at)
        name = c.choice([key for key in row if key != "idx"])
        rows.append(row if at % 2 else row | {name: c.choice(odd)})
    assert "mine" in found(rows, task).figures
