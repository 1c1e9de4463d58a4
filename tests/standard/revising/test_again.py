"""What a revision takes over: a revision of it takes that over too, and no other run gets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from targen_standard.revising.api import plan_revision

from ...runs import journal, records
from .mail import DEFINED, MAIL, calls

pytestmark = pytest.mark.whole  # asks as a service is asked

MORE = ("-n", 24)
OF_THEN = "--judge changed --no-rewrite, as in the revision that wrote new\n"


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
    python = plan_revision("new", n=24)
    assert json.loads(json.dumps(python.raw)) == plan


def test_a_definition_that_changes_again_is_revised_as_the_first(new, targen):
    Path("again.yaml").write_text(DEFINED.replace("unhappy", "cross"))
    words = ("revise", "new", "--task", "again.yaml", "--out", "newer")
    assert OF_THEN in targen(*words, "--yes").out
    assert asked("newer") == (0, 4)  # the four that are complaints
    assert new == texts("newer")


# --- no reply to the new prompt ---

ONWARD = {  # what may be done with a revision before another run asks
    "nothing": (),
    "a replay, resumed": (
        ("replay", "new", "--task", "mail.yaml", "-n", 20, "--out", "replay", "-q"),
        ("resume", "replay", "-q"),
    ),
    "a revision of it": (
        ("revise", "new", "-n", 20, "--judge", "changed", "--out", "newer", "-q"),
        ("resume", "newer", "-n", 24, "-q"),
    ),
}


def by_key(run):
    return {record["key"]: record for record in journal(run)}


@pytest.mark.parametrize("onward", ONWARD)
def test_no_run_gets_a_reply_that_was_taken_over(onward, service, targen, works):
    Path("mail.yaml").write_text(MAIL)
    works("generate", "mail.yaml", "-n", 16, *service, "--out", "run")
    Path("mail.yaml").write_text(DEFINED)
    words = ("revise", "run", "--task", "mail.yaml")
    planned = targen(*words, "--dry-run", "--json").json
    assert sum(planned["cached"].values()) == 0
    less = ("--judge", "changed", "--no-rewrite", "-q")
    works(*words, *less, "--out", "new")
    new = by_key("new")
    taken = {key: record for key, record in new.items() if "carried" in record}
    steps = {record["step"] for record in taken.values()}
    assert steps == {"generate", "correct"}
    if onward == "nothing":  # what the revision did ask, it shares
        asked = sum(not record.get("cached") for record in new.values())
        again = targen(*words, "--dry-run", "--json").json
        assert sum(again["cached"].values()) <= asked < sum(planned["calls"].values())
        assert again["calls"]["texts"] == planned["calls"]["texts"]
    for each in ONWARD[onward]:
        works(*each)
    works("generate", "mail.yaml", "-n", 16, *service, "--out", "fresh")
    fresh = by_key("fresh")
    met = [key for key in taken if key in fresh]
    assert any(fresh[key]["step"] == "generate" for key in met)
    for key in met:
        assert not fresh[key].get("cached")
        assert fresh[key]["text"] != taken[key]["text"]
