"""Where the texts of an official row are, by its schema or by its task."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from targen_core.tasks.fields import named, text_fields


class Span(BaseModel):
    text: str
    start: int


class Part(BaseModel):
    title: str | None
    spans: list[Span]


class Row(BaseModel):
    idx: int
    label: str
    body: Annotated[str, Field(min_length=1)]
    kind: Literal["cause", "effect"]
    notes: tuple[str, ...] = ()
    either: str | list[str]
    counts: dict[str, int]
    part: Part
    source: str


class Tree(BaseModel):
    text: str
    below: list[Tree]


def test_texts_of_a_schema():
    assert text_fields(Row) == ("body", "notes", "either", "part.title", "part.spans.text")
    assert text_fields(Tree) == ("text",)


def test_values_at_a_path():
    row = {"a": {"b": [{"c": "one"}, {"c": "two"}, {}]}, "a.b": "whole"}
    assert named(row, "a.b") == ["whole"]
    assert named({"a": row["a"]}, "a.b.c") == ["one", "two"]
    assert named(row, "a.d") == named(row, "z") == named("text", "z") == []


def test_a_task_may_say_it_otherwise(lab):
    task = lab.World().task()
    assert task.fields == text_fields(lab.Row) == ("seed", "text")
    assert task.replace(rows={"fields": ("text",)}).fields == ("text",)
