"""Types of columns, out of the rows and the task's schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from targen_core import Label
from targen_core.dataset.kinds import Classes, Many, Record, Scalar, column_kinds
from targen_core.errors import UsageError

TEXT, WHOLE, REAL, TRUTH, NOTHING = map(Scalar, ["string", "int64", "float64", "bool", "null"])


class Span(BaseModel):
    start: int
    text: str


class Passage(BaseModel):
    text: str
    spans: list[Span] = []


class Official(BaseModel):
    """An official row with all that a row may hold."""

    passage: Passage | None = None
    version: float = 1.1
    question: Literal["cause", "effect"] = "cause"
    words: Annotated[list[str], Field(max_length=9)] = []
    score: float | None = None
    free: Any = None
    either: int | str = 0
    idx: int
    label: Any = None


@pytest.fixture
def kinds(dataset):
    """The kinds of rows of `Official`."""

    def of(*rows, labels=(), **changes):
        return column_kinds(dataset(rows, rows={"schema": Official}, labels=labels, **changes))

    return of


PASSAGE = Record({"text": TEXT, "spans": Many(Record({"start": WHOLE, "text": TEXT}))})


@pytest.mark.parametrize(
    ("column", "values", "kind"),
    [
        # The schema knows what empty values would hold.
        ("passage", [{"text": "abc", "spans": []}], PASSAGE),
        ("passage", [None], PASSAGE),
        ("words", [[]], Many(TEXT)),
        ("score", [None], REAL),
        # The rows decide where the schema leaves it open.
        ("free", [True, None], TRUTH),
        ("either", [1, 2], WHOLE),
        ("extra", [1, 1.5], REAL),
        ("more", [{"a": []}, {"b": "x"}], Record({"a": Many(NOTHING), "b": TEXT})),
    ],
)
def test_a_column_is_of_the_kind_that_schema_and_rows_say(column, values, kind, kinds):
    assert kinds(*({column: value} for value in values)) == {column: kind}


@pytest.mark.parametrize(
    ("values", "where"),
    [
        (["a", 1], "either"),
        ([True, 1], "free"),
        ([[1], 1], "free"),
        ([{"a": 1}, [1]], "free"),
        ([{"a": "x"}, {"a": 1}], "free.a"),
        ([[1, "x"]], "free[]"),
        ([{}], "free"),
    ],
)
def test_values_of_several_kinds_are_refused(values, where, kinds):
    column = where.partition(".")[0].partition("[")[0]
    with pytest.raises(UsageError) as caught:
        kinds(*({column: value} for value in values))
    assert str(caught.value).startswith(f"column {where} mixes types")
    assert caught.value.hint == "use --as jsonl, which accepts any values"


def labels_of(kinds, labels, *values):
    return kinds(*({"label": value} for value in values), labels=labels)["label"]


@pytest.mark.parametrize(
    ("labels", "values", "kind"),
    [
        ({"yes": "yes", "no": "no"}, ["no", "no"], Classes(("yes", "no"), {"yes": 0, "no": 1})),
        ({"yes": "fits", "no": "not"}, ["not"], Classes(("fits", "not"), {"fits": 0, "not": 1})),
        # A truth value is its number, and a number is itself, unless there are gaps.
        (
            {"true": True, "false": False},
            [False, True],
            Classes(("false", "true"), {False: 0, True: 1}),
        ),
        ({"second": 1, "first": 0}, [1, 0], Classes(("first", "second"), {0: 0, 1: 1})),
        ({"low": 1, "high": 5}, [1, 5], WHOLE),
        ({}, ["Ada", "Tarnow Hill"], TEXT),
    ],
)
def test_labels_are_numbered_in_their_order(labels, values, kind, kinds):
    made = tuple(Label(name, official) for name, official in labels.items())
    assert labels_of(kinds, made, *values) == kind
