"""What a revision takes over is no reply to the new prompt, and no other run may get it as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...runs import journal
from .mail import DEFINED, MAIL

pytestmark = pytest.mark.whole  # asks as a service is asked, whose replies runs share

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
