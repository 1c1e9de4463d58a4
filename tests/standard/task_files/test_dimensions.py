"""Dimensions in declarations: of the rows, and of contexts and seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

import targen_core as tg
from targen_standard.task_files.model import Declaration

TASK = """\
description: Messages to a small shop.
labels: {complaint: something went wrong, question: nothing went wrong}
"""
FULL = """\
contexts:
  description: kinds of goods
  dimensions: {field: "@fields"}
seeds:
  description: a customer and an order
  dimensions:
    season: [spring, autumn]
dimensions:
  length: {one sentence: 3, 2: 1}
  sure: [yes, no]
"""


@pytest.fixture
def declared(tmp_path):
    def write(text, suffix="yaml"):
        path = Path(tmp_path, f"shop.{suffix}")
        path.write_text(text)
        return Declaration.from_file(path)

    return write


def test_they_are_drawn_for_their_lists_and_rows(declared, tmp_path):
    declaration = declared(TASK + FULL)
    dimensions = declaration.task(name="shop").dimensions_by_step
    assert [(step, one.name) for step, one in dimensions] == [
        ("contexts", "field"),
        ("seeds", "season"),
        ("generate", "length"),
        ("generate", "sure"),
    ]
    assert dimensions[2][1].pool == ("one sentence",) * 3 + ("2",)
    assert dimensions[3][1].pool == ("yes", "no")
    run = tg.generate(declaration, n=8, model="scripted", out=tmp_path / "run")
    for record in run.provenance:
        assert [*record["dimensions"]] == ["field", "season", "length", "sure"]


def test_a_prompt_of_ones_own_may_say_where_they_stand(declared, tmp_path):
    text = TASK.replace(
        "question: nothing went wrong",
        'question: {definition: none, prompt: "$draws\\nWrite one: $seed"}',
    )
    declaration = declared(text + "dimensions: {length: [short]}\n")
    run = tg.generate(declaration, n=4, model="scripted", out=tmp_path / "run")
    assert {record["dimensions"]["length"] for record in run.provenance} == {"short"}
