"""What becomes of rows with an output in the forms that other tools read."""

from __future__ import annotations

import pytest

from targen_core import Dataset, Declaration, read_dataset
from targen_outputs import Answer, Labels, Preference, Score, Spans

SHOP = Declaration(
    description="E-mails to a shop.",
    output=Labels(labels={"refund": "wants money", "delay": "is late"}, several=True),
)
PLACES = Declaration(
    description="Short posts.",
    output=Spans(spans={"person": "a named person", "place": "a named town"}, per_row=(0, 3)),
)
PAIRS = Declaration(
    description="Two sentences, and how close they are.",
    fields={"one": "a sentence", "other": "a sentence"},
    output=Score(score={1: "nothing in common", 5: "the same"}, bins=4),
)
QUESTIONS = Declaration(
    description="A passage with a question.",
    fields={"passage": "a passage", "question": "a question"},
    output=Answer(answer={"when": "a date"}, within="passage", per_row=(1, 2)),
)
CHAT = Declaration(
    description="What people ask a cook.",
    fields={"prompt": "what they ask"},
    output=Preference(preference={"concise": "fewer words"}),
)


def dataset(declaration: Declaration, *rows: dict[str, object]) -> Dataset:
    """Rows of a declared task, numbered."""
    task = declaration.task(name="mine")
    return Dataset("mine", task, [{**row, "idx": at} for at, row in enumerate(rows)])


def span(text: str, said: str, kind: str) -> dict[str, object]:
    """A span of a text, where it first stands."""
    start = text.index(said)
    return {"start": start, "end": start + len(said), "type": kind, "text": said}


@pytest.mark.parametrize(
    ("made", "column", "typed"),
    [
        (
            dataset(SHOP, {"text": "x", "labels": ["delay"]}, {"text": "y", "labels": []}),
            "labels",
            "List(ClassLabel(names=['refund', 'delay']))",
        ),
        (
            dataset(PLACES, {"text": "x", "spans": []}),
            "spans",
            "List({'start': Value('int64'), 'end': Value('int64'), "
            "'type': Value('string'), 'text': Value('string')})",
        ),
        (dataset(PAIRS, {"one": "x", "other": "y", "score": 3}), "score", "Value('float64')"),
    ],
)
def test_columns_have_the_types_of_the_output_and_come_back(made, column, typed, tmp_path):
    held = made.to_hf()
    assert str(held.features[column]) == typed
    held.save_to_disk(str(tmp_path / "saved"))
    held.to_parquet(str(tmp_path / "rows.parquet"))
    for source in (held, tmp_path / "saved", tmp_path / "rows.parquet"):
        assert read_dataset(source, made.task).rows == made.rows
