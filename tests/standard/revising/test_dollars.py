"""What a revision is expected to cost."""

from __future__ import annotations

from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from targen_testing.fault_server import Drop, Response, Seen

from ...runs import journal, report
from .mail import DEFINED, MAIL
from .service import Service, served

pytestmark = pytest.mark.whole  # asks as a service is asked, at a price

KINDS = {"generate": "texts", "correct": "judgements"}


class Dropping(Service):
    """Breaks a connection off before each third answer."""

    def __init__(self) -> None:
        super().__init__()
        self._asked = 0

    def __call__(self, seen: Seen) -> Response | Drop:
        self._asked += 1
        return super().__call__(seen) if self._asked % 3 else Drop()


class Repeating(Service):
    """Gives nearly all rows of one label the same text."""

    def _reply(self, keys: Any, asked: str) -> dict[str, Any]:
        reply = super()._reply(keys, asked)
        if "text" in reply and "is unhappy" in asked and self._rng.random() < 0.75:
            reply["text"] = "The spade that I bought here broke on its very first day."
        return reply


def test_texts_are_expected_to_repeat_as_often_as_those_of_their_label_did(targen, works):
    Path("mail.yaml").write_text(MAIL)
    Path("changed.yaml").write_text(DEFINED)
    with served(Repeating()) as model:
        works("generate", "mail.yaml", "-n", 32, *model, "--no-cache", "--out", "run")
    flow = report("run")["flow"]["complaint"]
    assert flow["duplicate"] > 3
    plan = targen("revise", "run", "--task", "changed.yaml", "--dry-run", "--json").json
    assert plan["labels"]["complaint"]["written"] == flow["accepted"]["complaint"]
    assert plan["calls"]["texts"] == flow["judged"]


def test_what_lost_calls_may_have_cost_is_not_what_a_call_costs(targen, works):
    Path("mail.yaml").write_text(MAIL)
    Path("changed.yaml").write_text(DEFINED)
    with served(Dropping()) as model:
        price = ("--price-in", 3, "--price-out", 12, "--no-cache", "--concurrency", 1)
        works("generate", "mail.yaml", "-n", 8, *model, *price, "--out", "run")
    records = journal("run")
    lost = [record for record in records if record.get("lost")]
    assert {"generate", "correct"} <= {record["step"] for record in lost}
    costs: dict[str, list[float]] = {}
    for record in records:
        if not record.get("lost"):
            costs.setdefault(KINDS.get(record["step"], "lists"), []).append(record["cost"])
    dearest = max(max(each) for each in costs.values())
    assert min(record["cost"] for record in lost) > 10 * dearest
    plan = targen("revise", "run", "--task", "changed.yaml", "--dry-run", "--json").json
    assert plan["calls"]["judgements"] == 8
    expected = sum(plan["calls"][kind] * mean(each) for kind, each in costs.items())
    assert plan["dollars"] == pytest.approx(expected)
