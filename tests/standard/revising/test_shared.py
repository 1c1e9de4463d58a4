"""What a revision takes over is no reply to the new prompt, and no other run may get it as one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .mail import DEFINED, MAIL

pytestmark = pytest.mark.whole  # asks as a service is asked, whose replies runs share

Command = Callable[..., Any]

ONWARD = {  # what may be done with a revision before another run asks
    "nothing": (),
    "more rows": (("resume", "new", "-n", 20, "-q"),),
    "a replay, resumed": (
        ("replay", "new", "--task", "mail.yaml", "-n", 20, "--out", "replay", "-q"),
        ("resume", "replay", "-q"),
    ),
    "a revision of it": (
        ("revise", "new", "-n", 20, "--judge", "changed", "--out", "newer", "-q"),
        ("resume", "newer", "-n", 24, "-q"),
    ),
}


def journal(run: str) -> dict[str, dict[str, Any]]:
    records = (json.loads(line[9:]) for line in Path(run, "journal").read_text().splitlines())
    return {record["key"]: record for record in records}


@pytest.mark.parametrize("onward", ONWARD)
def test_no_run_gets_a_reply_that_was_taken_over(
    onward: str, service: tuple[object, ...], targen: Command
) -> None:
    Path("mail.yaml").write_text(MAIL)
    assert targen("generate", "mail.yaml", "-n", 16, *service, "--out", "run").code == 0
    Path("mail.yaml").write_text(DEFINED)
    words = ("revise", "run", "--task", "mail.yaml")
    planned = targen(*words, "--dry-run", "--json").json
    assert sum(planned["cached"].values()) == 0
    less = ("--judge", "changed", "--no-rewrite", "-q")
    assert targen(*words, *less, "--out", "new").code == 0
    new = journal("new")
    taken = {key: record for key, record in new.items() if "carried" in record}
    steps = {record["step"] for record in taken.values()}
    assert steps == {"generate", "correct"}
    if onward == "nothing":  # what the revision did ask, it shares
        asked = sum(not record.get("cached") for record in new.values())
        again = targen(*words, "--dry-run", "--json").json
        assert sum(again["cached"].values()) <= asked < sum(planned["calls"].values())
        assert again["calls"]["texts"] == planned["calls"]["texts"]
    for each in ONWARD[onward]:
        assert targen(*each).code == 0, each
    assert targen("generate", "mail.yaml", "-n", 16, *service, "--out", "fresh").code == 0
    fresh = journal("fresh")
    met = [key for key in taken if key in fresh]
    assert any(fresh[key]["step"] == "generate" for key in met)
    for key in met:
        assert not fresh[key].get("cached")
        assert fresh[key]["text"] != taken[key]["text"]
