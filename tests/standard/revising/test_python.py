"""`revise` as programs call it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import targen_core

Command = Callable[..., Any]

LABELS = {"order": "The customer asks where an order is.", "refund": "The customer wants money."}
DEFINED = {**LABELS, "refund": "The customer asks for money."}
KEYS: dict[str, Any] = {"name": "mail", "description": "E-mails to a shop.", "labels": LABELS}
MODEL = ("-b", "scripted", "--no-cache", "-q")


def test_a_declaration_is_read_in_the_edition_of_the_run(targen: Command) -> None:
    """A file that says no edition is, too."""
    Path("old.json").write_text(json.dumps({"edition": 1, **KEYS, "labels_per_seed": 1}))
    assert targen("generate", "old.json", "-n", 4, *MODEL, "--out", "run").code == 0
    changed = {**KEYS, "labels": DEFINED, "labels_per_seed": 1}
    plan = targen_core.plan_revision("run", targen_core.Declaration(**changed))
    assert [each.name for each in plan.changes] == ["labels.refund.definition"]
    said = targen_core.Declaration(**changed, edition=2)
    assert "edition" in {each.name for each in targen_core.plan_revision("run", said).changes}
    Path("changed.json").write_text(json.dumps(changed))
    assert targen_core.plan_revision("run", "changed.json").changes == plan.changes


def test_options_of_a_step_hold_for_the_calls_that_are_made(targen: Command) -> None:
    """Also those that a manifest does not keep, such as a price."""
    Path("mail.json").write_text(json.dumps(KEYS))
    assert targen("generate", "mail.json", "-n", 4, *MODEL, "--out", "run").code == 0
    prices = {"correct.price_in": 1000, "correct.price_out": 1000}
    task = targen_core.Declaration(**{**KEYS, "labels": DEFINED})
    revised = targen_core.revise("run", task, options=prices)
    assert revised.report.raw["prices"]["correct"]["in"] == 1000
    costs = {of["step"]: of["dollars"] for of in revised.report.raw["usage"]["by_step"]}
    assert costs["correct"] > 0


def test_a_merged_run_is_refused_in_the_words_of_what_was_asked(targen: Command) -> None:
    Path("mail.json").write_text(json.dumps(KEYS))
    for seed in (1, 2):
        words = ("generate", "mail.json", "-n", 4, "--seed", seed, *MODEL)
        assert targen(*words, "--out", f"run{seed}").code == 0
    assert targen("merge", "run1", "run2", "--out", "both", "-q").code == 0
    for act, done in ((targen_core.revise, "revised"), (targen_core.replay, "replayed")):
        with pytest.raises(targen_core.UsageError, match=f"which are {done} one by one"):
            act("both", n=2)
