"""What tasks declare of their rows: an artefact that is planted in official rows is found, alone.

The tasks are of one text pair, of choices and of nested options; each task's own cues are read in
`tests/tasks_superglue/test_cases.py`. The rows are words without meaning, so that nothing but what
is planted can tell a label.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from targen_analysis.artifacts.metric import ARTIFACTS
from targen_analysis.corpus import read_corpus
from targen_analysis.metrics import Study
from targen_core.cli.findings import Findings
from targen_core.plugins.loader import load_registry
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


CLEAN = {"cb": pair, "copa": copa, "multirc": multirc}
LABELS: dict[str, list[Any]] = {
    "cb": ["entailment", "contradiction", "neutral"],
    "copa": [0, 1],
}


# --- rows in which something does: each of these changes a clean row ----------


def negated(c: Chance, row: Row) -> None:
    if row["label"] == "contradiction":
        words = row["hypothesis"].split()
        words[c.randrange(1, len(words))] = "not"
        row["hypothesis"] = " ".join(words)


def mostly_first(c: Chance, row: Row) -> None:
    row["label"] = 0 if c.random() < 0.9 else 1


def longer_choice(c: Chance, row: Row) -> None:
    right, wrong = ("choice1", "choice2")[:: -1 if row["label"] else 1]
    length = c.randrange(3, 9)
    row |= {wrong: c.text(length), right: c.text(length + 2)}


def first_option(c: Chance, row: Row) -> None:
    row |= multirc(c, row["idx"], [1, c.randrange(2), 0, 0])


def longer_option(c: Chance, row: Row) -> None:
    row |= multirc(c, row["idx"], c.sample([0, 0, 1, 1], 4), longer=3)


PLANTED = """
    cb | negated | negation in the hypothesis | hypothesis alone
    copa | mostly_first | place of the choice | cause or effect, with the place of the choice
    copa | longer_choice | which choice is longer | length of all fields
    multirc | first_option | place among the options
    multirc | longer_option | length beside the other options | length of all fields
"""
"""A task, how its rows are changed, what is warned of, and what sees the same without a warning."""
ALSO = {"longer_option": {"overlap of passage and option"}}


def made(
    task: str, plant: Callable[[Chance, Row], None] | None = None, seed: str = "mine"
) -> list[Row]:
    """Rows of a task, with something planted in them or not."""
    c = Chance(seed)
    labels = [c.choice(LABELS.get(task, [None])) for _ in range(ROWS)]
    rows = []
    for idx in range(ROWS):
        row = {**CLEAN[task](c, idx), "idx": idx}
        if task in LABELS:
            row["label"] = labels[idx]
        if plant:
            plant(c, row)
        rows.append(row)
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
