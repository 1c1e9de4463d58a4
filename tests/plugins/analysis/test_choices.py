"""Where answers stand among choices, and DataTune's own measures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from targen_analysis.choices import CHOICES
from targen_analysis.lexical.datatune import DATATUNE, DataTuneOptions
from targen_core.metrics.model import Corpus, MetricOptions

TEMPORAL = Path(__file__).parents[4] / "shared/data/bigbench/temporal_sequences.json"


def asked(name, answers, choices=("a", "b", "c", "d")):
    """Rows with these answers to the same choices."""
    text = "\n".join(["Which?", *(f"choice: {choice}" for choice in choices)])
    rows = [{"input": text, "output": answer} for answer in answers]
    return Corpus(
        name=name,
        rows=rows,
        fields=("input", "output"),
        texts=[(text, answer) for answer in answers],
        labels=[""] * len(rows),
        rendered=[text] * len(rows),
    )


def test_answers_that_stand_first_are_warned_of(study):
    mine, gold = asked("mine", ["a"] * 30 + ["b"] * 10), asked("gold", [*"abcd"] * 10)
    found = CHOICES.measure(study(mine, against=gold), MetricOptions())
    assert found.figures["mine"]["first"].value == 0.75
    assert found.figures["gold"]["first"].value == 0.25
    assert found.warnings == (
        (
            "Where the answer stands among the choices of mine says something of it: 30 of 40 are "
            "the first."
        ),
    )
    assert found.headlines[1] == (
        "The answer of 25% of the rows of gold is the first choice (by chance 25%)."
    )


def test_an_answer_that_is_no_choice_is_counted(study):
    found = CHOICES.measure(study(asked("mine", ["a", "b", "c", "e"])), MetricOptions())
    assert found.figures["mine"]["no choice"].value == 0.25
    assert "1 row of mine has an answer that is no choice." in found.warnings


def test_rows_without_choices_are_a_note(corpus, study):
    found = CHOICES.measure(study(corpus(["choice: one", "two"])), MetricOptions())
    assert not found.figures
    assert found.notes


def test_bigrams_and_tokens_by_hand(corpus, study):
    # "the cat sat ." twice has three bigrams; "a dog !" adds two.
    mine = corpus(["The cat sat.", "the cat sat.", "A dog!"])
    found = DATATUNE.measure(study(mine), DataTuneOptions())
    values = {name: each.value for name, each in found.figures["mine"].items()}
    assert values["unique bigrams"] == 5
    assert values["unique bigrams a row"] == pytest.approx(5 / 3)
    assert values["tokens"] == 11
    assert values["unique at 0.7"] == pytest.approx(1 / 3)


def test_the_input_alone_is_measured(study):
    found = DATATUNE.measure(study(asked("mine", ["a", "b"])), DataTuneOptions())
    assert found.figures["mine"]["unique at 0.9"].value == 0
    # which ? choice : a choice : b choice : c choice : d
    assert found.figures["mine"]["tokens a row"].value == 14


@pytest.mark.skipif(not TEMPORAL.exists(), reason="BIG-bench's own rows are not here")
def test_the_gold_row_of_table_3(corpus, study):
    examples = json.loads(TEMPORAL.read_text())["examples"]
    gold = corpus([each["input"] for each in examples], name="temporal_sequences")
    found = DATATUNE.measure(study(gold), DataTuneOptions(among=200))
    assert round(found.figures["temporal_sequences"]["unique bigrams a row"].value, 1) == 1.0
    assert round(found.figures["temporal_sequences"]["tokens a row"].value, 1) == 99.7
    printed = found.tables[1].rows[0]
    assert printed == ("temporal_sequences", "gold", 1.0, 99.7, 0.9)
