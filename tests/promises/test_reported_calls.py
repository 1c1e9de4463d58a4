"""A report counts calls, tokens and dollars as the service's books do."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .driver import (
    LABELS,
    Counted,
    World,
    definition,
    generate,
    resume,
    revise,
    run_with_kills,
    task_file,
    world,
)
from .service import Fault, Request

SHORT: dict[str, Any] = {"option": "max_tokens=150"}
ONCE: dict[str, Any] = {
    **SHORT,
    "hedge": False,
}  # on a busy machine any call may be slow, and be sent twice


@dataclass
class Step:
    """One command's report beside what the service saw of it."""

    report: Counted
    requests: list[Request]


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Step]]:
    """A run, the same again and a longer one from the shared cache, and two revisions."""
    with world(tmp_path_factory.mktemp("steps")) as made:
        found: dict[str, Step] = {}

        def step(name: str, args: list[str]) -> None:
            before = len(made.service.requests)
            report = made.run(args)
            found[name] = Step(report, made.service.requests[before:])

        for name, rows in (("first", 9), ("again", 9), ("longer", 12)):
            step(name, generate("mail.yaml", name, n=rows, service=made.service, **ONCE))
        changed = {label: definition(label) for label in LABELS}
        changed["beta"] = "Unlike the others: " + changed["beta"]
        task_file(made.shell.folder, labels=changed)
        step("one definition", revise("mail.yaml", "first", "one"))
        task_file(made.shell.folder, description="Long letters to a museum.")
        step("description", revise("mail.yaml", "first", "all"))
        yield found


def test_calls_tokens_and_dollars_are_those_of_the_books(steps: dict[str, Step]) -> None:
    for name, step in steps.items():
        report = step.report
        assert report.status == "complete" and report.rows == report.requested, name
        assert report.answered == len(step.requests), name
        tokens = [sum(request.tokens[part] for request in step.requests) for part in (0, 1)]
        assert [report.tokens_in, report.tokens_out] == tokens, name
        assert abs(report.dollars - sum(each.charged for each in step.requests)) < 1e-9, name
        assert report.lost == report.retries == 0, name


def test_what_is_not_asked_again_is_reported_as_cached(steps: dict[str, Step]) -> None:
    first, again, longer = (steps[name] for name in ("first", "again", "longer"))
    assert (first.report.cached, again.report.cached) == (0, first.report.answered)
    assert again.requests == [] and again.report.dollars == 0
    assert longer.report.cached == first.report.answered
    assert 0 < len(longer.requests) < len(first.requests)
    assert 0 < len(steps["one definition"].requests) < len(first.requests)
    assert len(steps["description"].requests) == len(first.requests)


@pytest.mark.xfail(strict=True, reason="A2: a revision counts all old replies as reused")
@pytest.mark.parametrize("name", ["one definition", "description"])
def test_a_revision_counts_as_reused_what_it_reused(steps: dict[str, Step], name: str) -> None:
    step, before = steps[name], steps["first"].report.answered
    assert step.report.reused == before - len(step.requests)


def test_lost_and_hung_calls_are_counted_as_paid(tmp_path: Path) -> None:
    faults = {6: Fault(drop=True), 13: Fault(cut=True), 30: Fault(hang=True), 35: Fault(hang=True)}
    with world(tmp_path) as made:
        made.service.fault = lambda request: faults.get(request.number)
        report = made.run(generate("mail.yaml", n=15, service=made.service, **SHORT))
        assert report.rows == {"alpha": 5, "beta": 5, "gamma": 5}
        assert report.answered + report.lost == len(made.service.paid)
        assert report.lost >= len(faults)
        assert made.service.charged <= report.dollars
        assert made.service.tokens[0] <= report.tokens_in


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A run that was killed four times with calls in flight, and then completed."""
    with world(tmp_path_factory.mktemp("killed")) as made:
        made.service.seconds = lambda request: 0.05
        args = generate("mail.yaml", n=9, service=made.service, **SHORT)
        run_with_kills(made.shell, args, resume(), made.service, 4, random.Random(2))
        yield made


def test_a_killed_run_completes_with_all_rows(killed: World) -> None:
    assert killed.shell.run("run").counts() == {"alpha": 3, "beta": 3, "gamma": 3}


@pytest.mark.xfail(strict=True, reason="A1: calls in flight at a kill are not counted")
def test_a_killed_run_reports_the_calls_that_it_lost(killed: World) -> None:
    report = killed.shell.run("run").report()
    assert report.answered + report.lost == len(killed.service.paid)
    assert killed.service.charged <= report.dollars + 1e-9
