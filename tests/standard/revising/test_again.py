"""A revision of a revision takes over what that one took over, unless it is told otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import targen_core

from ...runs import records
from .mail import DEFINED, MAIL, calls

pytestmark = pytest.mark.whole  # asks as a service is asked

MORE = ("-n", 24)
OF_THEN = "--judge changed --no-rewrite, as new was revised\n"


def asked(run: str) -> tuple[int, int]:
    """The texts and the judgements that no other run had asked for."""
    return calls(run)["generate"], calls(run)["correct"]


@pytest.fixture
def new(service, works):
    """The texts of `new`, 16 rows, whose replies were taken over from `run`."""
    Path("mail.yaml").write_text(MAIL)
    works("generate", "mail.yaml", "-n", 16, *service, "--no-cache", "--out", "run")
    Path("changed.yaml").write_text(DEFINED)
    words = ("revise", "run", "--task", "changed.yaml", "--judge", "changed", "--no-rewrite")
    works(*words, "--out", "new", "-q")
    return texts("new")


def texts(run: str) -> set[str]:
    return {row["text"] for row in records(run, "dataset.jsonl")}


def test_where_only_counts_change_only_new_rows_are_asked_for(new, targen):
    words = ("revise", "new", *MORE, "--out", "newer")
    plan = targen(*words, "--dry-run", "--json").json
    assert (plan["judged"], plan["rewrites"]) == ("changed", False)
    first = targen("revise", "run", *MORE, "--dry-run", "--json").json
    assert (plan["labels"], plan["calls"]) == (first["labels"], first["calls"])
    assert sum(of["judged"] for of in plan["labels"].values()) == 0
    rows = sum(of["written"] for of in plan["labels"].values())
    assert 8 <= rows <= 10  # some labels get turns that others had
    done = targen(*words)
    assert OF_THEN in done.out
    assert asked("newer") == (rows, rows)
    assert len(new & texts("newer")) == 24 - rows
    python = targen_core.plan_revision("new", n=24)
    assert json.loads(json.dumps(python.raw)) == plan


def test_a_definition_that_changes_again_is_revised_as_the_first(new, targen):
    Path("again.yaml").write_text(DEFINED.replace("unhappy", "cross"))
    words = ("revise", "new", "--task", "again.yaml", "--out", "newer")
    assert OF_THEN in targen(*words, "--yes").out
    assert asked("newer") == (0, 4)  # the four that are complaints
    assert new == texts("newer")
