"""Where the texts of an official row are, by its schema or by its task."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from targen_core.tasks.fields import text_fields


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
