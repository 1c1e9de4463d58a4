"""What `targen revise` says beforehand is what it then asks, of a service that agrees."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from targen_standard import scripted
from targen_testing.fault_server import Drop, Response, Seen

from ...runs import journal, report
from ..answers import script
from .mail import DEFINED, LESS, MAIL, MORE, SAMPLE, calls
from .service import Service, served

REVISIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "a definition": (DEFINED, ()),
    "a definition, judged where it is touched": (DEFINED, ("--judge", "changed")),
    "a definition, and texts stay": (DEFINED, ("--no-rewrite",)),
    "a sample": (MAIL + SAMPLE, ()),
    "a label more": (MORE, ()),
    "a label more, judged where it is touched": (MORE, ("--judge", "changed")),
    "a label less": (LESS, ()),
    "a count raised": (MAIL, ("--label", "refund=5")),
    "all counts raised": (MAIL, ("-n", "24")),
    "fewer rows": (MAIL, ("-n", "6")),
    "another description": (MAIL.replace("small shop", "large shop"), ()),
    "no judge": (MAIL, ("--no-correct",)),
    "a judge of several calls": (MAIL, ("--corrector", "vote")),
    "a field more": (MAIL + "fields: {text: '', place: where it is}\n", ()),
}


def counted(run, count):
    """What a run's report counts, under the names of a plan."""
    found = calls(run, count)
    texts, judgements = found.pop("generate", 0), found.pop("correct", 0)
    return {"lists": found.total(), "texts": texts, "judgements": judgements}


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_plan_is_what_is_asked(revision, works, once):
    text, options = REVISIONS[revision]
    Path("mail.yaml").write_text(MAIL)
    once(
        "run", lambda: works("generate", "mail.yaml", "-n", 12, *script("agreeing"), "--out", "run")
    )
    Path("mail.yaml").write_text(text)
    words = ("revise", "run", "--task", "mail.yaml", *options, "--out", "new")
    done = works(*words, "--dry-run", "--json")
    plan = json.loads(done.out)
    assert not Path("new").exists()
    works(*words, "-q")
    assert plan["calls"] == counted("new", "calls")
    rows = report("new")["rows"]
    for label, count in plan["labels"].items():
        assert count["kept"] + count["judged"] + count["written"] == count["requested"], label
        assert rows[label] == count["requested"]


@pytest.mark.parametrize(
    ("revision", "rows"),
    [("a definition", 4), ("a definition", 12), ("a sample", 12), ("all counts raised", 24)],
)
def test_the_plan_counts_what_the_cache_of_other_runs_answers(
    revision, rows, targen, monkeypatch, works
):
    """Another run has `rows` rows of the task as it is now."""
    monkeypatch.setattr(scripted, "BACKEND", dataclasses.replace(scripted.BACKEND, cacheable=True))
    text, options = REVISIONS[revision]
    *model, uncached, quiet = script("agreeing")
    Path("mail.yaml").write_text(text)
    works("generate", "mail.yaml", "-n", rows, *model, quiet, "--out", "other")
    Path("mail.yaml").write_text(MAIL)
    works("generate", "mail.yaml", "-n", 12, *model, uncached, quiet, "--out", "run")
    Path("mail.yaml").write_text(text)
    words = ("revise", "run", "--task", "mail.yaml", "--cache", *options, "--out", "new")
    plan = targen(*words, "--dry-run", "--json").json
    assert sum(plan["cached"].values()) > 0
    table = targen(*words, "--dry-run").out
    total = [plan[side]["texts"] for side in ("calls", "cached", "before")]
    assert f"texts {' '.join(map(str, total))}" in " ".join(table.split())
    works(*words, "-q")
    for side in ("calls", "cached"):
        assert plan[side] == counted("new", side)


# --- what a service is expected to cost ---

AS_A_SERVICE = pytest.mark.whole  # asked at a price
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


@AS_A_SERVICE
def test_texts_are_expected_to_repeat_as_often_as_those_of_their_label_did(targen, works):
    Path("mail.yaml").write_text(MAIL)
    Path("changed.yaml").write_text(DEFINED)
    with served(Repeating()) as model:
        alone = ("--no-cache", "--concurrency", 1)  # the words depend on the order of the calls
        works("generate", "mail.yaml", "-n", 32, *model, *alone, "--out", "run")
    flow = report("run")["flow"]["complaint"]
    assert flow["duplicate"] > 3
    plan = targen("revise", "run", "--task", "changed.yaml", "--dry-run", "--json").json
    assert plan["labels"]["complaint"]["written"] == flow["accepted"]["complaint"]
    assert plan["calls"]["texts"] == flow["judged"]


def test_calls_made_ahead_of_time_are_expected_as_often_as_in_the_run(targen, works):
    Path("mail.yaml").write_text(MAIL)
    Path("changed.yaml").write_text(DEFINED)
    works("generate", "mail.yaml", "-n", 32, "-b", "scripted", "--out", "run")
    made = report("run")
    count, used = 40, made["usage"]["total"]["calls"] - made["unused_calls"]
    with open("run/report.json", "w") as file:
        made["usage"]["by_step"][-1]["calls"] += count - made["unused_calls"]
        json.dump({**made, "unused_calls": count}, file)
    plan = targen("revise run --task changed.yaml --dry-run --json").json
    total = sum(plan["calls"].values())
    assert plan["ahead"] == round(total * count / used) > 0
    said = targen("revise run --task changed.yaml --dry-run").out
    assert f"about {plan['ahead']} more calls if as many are made ahead" in said


@AS_A_SERVICE
def test_what_lost_calls_may_have_cost_is_not_what_a_call_costs(targen, works):
    Path("mail.yaml").write_text(MAIL)
    Path("changed.yaml").write_text(DEFINED)
    with served(Dropping()) as model:
        price = ("--price-in", 3, "--price-out", 12, "--no-cache", "--concurrency", 1)
        works("generate", "mail.yaml", "-n", 8, *model, *price, "--out", "run")
    records = [record for record in journal("run") if not {"sent", "unbilled"} & record.keys()]
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
