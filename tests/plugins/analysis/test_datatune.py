"""DataTune's own measures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from targen_analysis.lexical.datatune import DATATUNE, DataTuneOptions

TEMPORAL = Path(__file__).parents[4] / "shared/data/bigbench/temporal_sequences.json"


@pytest.fixture
def asked(corpus):
    """Rows with these answers to the same choices."""
    text = "\n".join(["Which?", *(f"choice: {choice}" for choice in "abcd")])
    fields = ("input", "output")
    return lambda name, answers: corpus([(text, a) for a in answers], name=name, fields=fields)


def test_bigrams_and_tokens_by_hand(corpus, study):
    # "the cat sat ." twice has three bigrams; "a dog !" adds two.
    mine = corpus(["The cat sat.", "the cat sat.", "A dog!"])
    actual = DATATUNE.measure(study(mine), DataTuneOptions())
    values = {name: each.value for name, each in actual.figures["mine"].items()}
    assert values["unique bigrams"] == 5
    assert values["unique bigrams a row"] == pytest.approx(5 / 3)
    assert values["tokens"] == 11
    assert values["unique at 0.7"] == pytest.approx(1 / 3)


def test_the_input_alone_is_measured(asked, study):
    actual = DATATUNE.measure(study(asked("mine", ["a", "b"])), DataTuneOptions())
    assert actual.figures["mine"]["unique at 0.9"].value == 0
    # which ? choice : a choice : b choice : c choice : d
    assert actual.figures["mine"]["tokens a row"].value == 14


@pytest.mark.skipif(not TEMPORAL.exists(), reason="BIG-bench's own rows are not here")
def test_the_gold_row_of_table_3(corpus, study):
    examples = json.loads(TEMPORAL.read_text())["examples"]
    gold = corpus([each["input"] for each in examples], name="temporal_sequences")
    actual = DATATUNE.measure(study(gold), DataTuneOptions(among=200))
    assert round(actual.figures["temporal_sequences"]["unique bigrams a row"].value, 1) == 1.0
    assert round(actual.figures["temporal_sequences"]["tokens a row"].value, 1) == 99.7
    printed = actual.tables[1].rows[0]
    assert printed == ("temporal_sequences", "gold", 1.0, 99.7, 0.9)
