"""What a revision or a replay took from its run, told apart from what a cache answered."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import targen_core
from targen_core import scripted

from ...runs import journal, report

MAIL = """\
name: mail
description: E-mails to a small shop for garden tools.
labels:
  order: The customer asks where an order is.
  refund: The customer wants money back.
"""
DEFINED = MAIL.replace("wants money back", "asks for money back")
MODEL = ("-b", "scripted", "-q")


@pytest.fixture(autouse=True)
def shared(monkeypatch):
    """Let runs share scripted replies, as they share those of other models."""
    monkeypatch.setattr(scripted, "BACKEND", dataclasses.replace(scripted.BACKEND, cacheable=True))


def test_a_revision_tells_copied_replies_and_cached_ones_apart(targen, works):
    Path("mail.yaml").write_text(DEFINED)
    works("generate", "mail.yaml", "-n", 8, *MODEL, "--out", "other")
    Path("mail.yaml").write_text(MAIL)
    works("generate", "mail.yaml", "-n", 8, *MODEL, "--no-cache", "--out", "run")
    paid = len(journal("run"))
    Path("mail.yaml").write_text(DEFINED)
    words = ("revise", "run", "--task", "mail.yaml", "--cache", "--out", "new")
    works(*words, "-q")

    total = report("new")["usage"]["total"]
    records = journal("new")
    assert total["copied"] == paid == sum(record.get("copied", False) for record in records)
    assert total["cached"] == len(records) - paid - total["calls"] > 0
    usage = targen_core.load("new").report.usage
    assert (usage.copied, usage.cached, usage.answered) == (paid, total["cached"], len(records))
    assert targen("report", "new", "--json").json["copied_from"] == "run"
    heads, *lines = targen("report", "new").out.partition("\nCalls\n")[2].splitlines()
    assert "cached  from run" in heads
    assert any(line.split()[:1] == ["all"] and str(paid) in line.split() for line in lines)
