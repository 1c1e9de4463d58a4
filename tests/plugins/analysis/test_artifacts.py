"""Each artefact planted, and found where it is and nowhere else.

What the tasks declare is planted in tests/integration/analysis.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from targen_analysis.artifacts.metric import ARTIFACTS
from targen_analysis.artifacts.sample import draw
from targen_core import Task
from targen_core.tasks.groups import Rows
from targen_core.tasks.parts import RIGHT, WRONG, Case
from targen_standard.task_files.model import Declaration

pytest.importorskip("sklearn")

FIELDS = ("premise", "hypothesis")


def measure(study, **options):
    return ARTIFACTS.measure(study, ARTIFACTS.options(**options))


def clear(findings, corpus="mine"):
    """What tells the label beyond chance by a wide margin."""
    found = {name for name, score in findings.figures[corpus].items() if (score.low or 0) > 0.65}
    return found - {"chance", "share of the most frequent label"}


def test_a_word_of_the_hypothesis(corpus, sentences, study):
    rng = random.Random(5)
    labels = [rng.choice(["yes", "no"]) for _ in range(200)]
    premises, hypotheses = sentences(200), sentences(200, seed=1, words=6)
    negated = [
        f"not {text.partition(' ')[2]}" if label == "no" else text
        for text, label in zip(hypotheses, labels, strict=True)
    ]
    mine, original = (
        corpus([*zip(premises, texts, strict=True)], labels, fields=FIELDS, name=name)
        for name, texts in (("mine", negated), ("original", hypotheses))
    )
    findings = measure(study(mine, against=original))
    assert clear(findings) >= {"hypothesis alone", "all fields"}
    assert "premise alone" not in clear(findings)
    assert clear(findings, "original") == set()
    assert any("from hypothesis alone" in line for line in findings.warnings)
    title = "Words associated with a label in mine"
    words = next(table for table in findings.tables if table.title.startswith(title))
    field, word, label, _, share, pmi, z = words.rows[0]
    assert (field, word, label) == ("hypothesis", "not", "no")
    assert share > 0.98 and pmi > 0
    assert z == pytest.approx(labels.count("yes") ** 0.5, rel=0.02)


def test_copies_do_not_teach(corpus, study):
    # Ten texts, each forty times with one label: seen in training, each would be known.
    texts = [f"the text{at % 10} of number{at % 10}" for at in range(400)]
    labels = ["yes" if at % 10 < 5 else "no" for at in range(400)]
    findings = measure(study(corpus(texts, labels)))
    score = findings.figures["mine"]["all fields"]
    assert score.value is None or score.value < 0.7


# --- what a task declares -----------------------------------------------------


def task(cases, **rows) -> Task:
    """A task of texts with the labels a and b, and these cases."""
    declared = Declaration(description="Made up.", labels={"a": "one", "b": "the other"})
    return replace(declared.task(), rows=Rows(cases=cases, **rows))


def test_a_cue_that_is_a_word(corpus, study, sentences):
    rng = random.Random(1)
    labels = [rng.choice("ab") for _ in range(300)]
    kinds = [label if rng.random() < 0.8 else rng.choice("ab") for label in labels]
    kind_of = dict(zip(sentences(300), kinds, strict=True))

    def cases(row):
        text = row["text"]
        return [Case(texts={"text": text}, cues={"kind": kind_of[text], "size": (len(text), 1)})]

    findings = measure(study(corpus(sentences(300), labels, task=task(cases))))
    both = Counter(zip(kinds, labels, strict=True))
    recalls = [both[name, name] / labels.count(name) for name in "ab"]
    assert findings.figures["mine"]["kind"].value == pytest.approx(sum(recalls) / 2)
    (warning,) = findings.warnings
    assert "from kind, a classifier predicts" in warning
    means = next(t for t in findings.tables if t.title == "Means by label in mine")
    shares = {row[0]: [cell.value for cell in row[1:]] for row in means.rows}
    assert shares["kind: a"][0] == pytest.approx(both["a", "a"] / labels.count("a"))
    assert shares["kind: a"][0] + shares["kind: b"][0] == pytest.approx(1)
    assert shares["words of text"] == [12, 12]


def options(row):
    """Two options of a row of two sentences, the first of them right."""
    return [
        Case(
            texts={"question": "the same for both of the options", "option": text},
            label=WRONG if at else RIGHT,
            cues={"place": (at,)},
        )
        for at, text in enumerate(row["text"].split(" / "))
    ]


def test_options_of_a_question(corpus, study, sentences):
    texts = [" / ".join(two) for two in zip(sentences(80), sentences(80, seed=1), strict=True)]
    mine = corpus(texts, task=task(options))
    findings = measure(study(mine))
    figures = findings.figures["mine"]
    assert figures["place"].value == 1
    assert "option alone" in figures
    assert "question alone" not in figures  # it is the same for all options
    assert findings.tables[0].title.endswith("trained and tested on 160 options")
    sample = draw(study(mine), mine, 101)
    assert len(sample) == 102  # whole rows
    assert len(sample.shortened(51)) == 50
    assert set(Counter(sample.units).values()) == set(Counter(sample.questions).values()) == {2}
    many = corpus([" / ".join(sentences(60))] * 3, task=task(options))
    assert draw(study(many), many, 40).shortened(40).labels == []
    assert "does not have 2 to 20 labels" in measure(study(many), rows=40).notes[0]


def test_rows_that_come_in_pairs_stay_together(corpus, study, sentences):
    # Twins share all but a word, and a label that nothing else tells.
    twins = [f"{text} {word}" for text in sentences(120) for word in ("he", "she")]
    rng = random.Random(0)
    labels = [label for _ in range(120) for label in [rng.choice("ab")] * 2]
    apart = measure(study(corpus(twins, labels, task=task(None))))
    together = measure(study(corpus(twins, labels, task=task(None, rows_per_instance=2))))
    assert apart.figures["mine"]["all fields"].value > 0.8
    assert together.figures["mine"]["all fields"].value < 0.65
