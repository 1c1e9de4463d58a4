"""The budget and the report as the service sees them: what is charged, and by what calls."""

import random
import re
from collections.abc import Callable, Iterator

import pytest

from . import driver
from .driver import LABELS, ONCE, SHORT, Counted, Result, World, definition, world
from .service import Fault, Request


def hint(text: str) -> str:
    """The command that a message tells to type."""
    found = re.search(r"try: (targen .*)", text)
    assert found, text
    return found[1]


def every(number: int, *faults: Fault, after: int = 0) -> Callable[[Request], Fault | None]:
    """Faults by turns, for each request with a number divisible by `number`."""

    def of(request: Request) -> Fault | None:
        turn, left = divmod(request.number, number)
        return faults[turn % len(faults)] if not left and request.number >= after else None

    return of


# --- the cap ---------------------------------------------------------------------------------

TROUBLE = {
    "errors": every(3, Fault(500), Fault(503), Fault(text="{oops")),
    "charged errors": every(3, Fault(500, charged=True)),
    "lost replies": every(6, Fault(drop=True), Fault(cut=True)),
    "hung calls and hedges": every(9, Fault(hang=True), after=18),
}


@pytest.mark.parametrize("name", TROUBLE)
def test_no_trouble_of_a_service_breaks_the_cap(made: World, name: str) -> None:
    made.service.fault = TROUBLE[name]
    report = made.run(made.mail(n=40, max_cost=1.2, **SHORT), ok=1)
    assert "budget" in report.raw["problem"]
    assert made.service.charged <= report.dollars + 1e-9
    assert 0.6 < report.dollars <= 1.2 and made.service.charged <= 1.2
    assert report.answered + report.lost == len(made.service.paid)


def test_a_raised_cap_continues_without_paying_again(made: World) -> None:
    """What the error says is typed as it stands, until the run has its rows."""
    done = made.shell(*made.mail(n=6, max_cost=0.3, **ONCE), ok=1)
    assert 0 < made.service.charged <= 0.3
    for _ in range(3):
        assert "--max-cost" in hint(done.err)
        if not (done := made.shell.sh(hint(done.err))).code:
            break
    run, report = made.shell.run("run"), made.shell.run("run").report()
    assert run.counts() == {"alpha": 2, "beta": 2, "gamma": 2}
    assert made.service.repeated() == [] and report.tokens == made.service.tokens
    assert abs(report.dollars - made.service.charged) < 1e-9


def test_a_cap_that_cannot_hold_or_buys_nothing_sends_nothing(made: World) -> None:
    unknown = [*made.mail()[:-4], *driver.flags(n=3, max_cost=1)]
    assert "price_in" in made.shell(*unknown, ok=2).err
    done = made.shell(*made.mail(n=3, max_cost=0.006), ok=1).text
    assert "larger --max-cost" in done
    assert re.search(r"\b0\.0060?\b", done) and not re.search(r"\b0\.01\b", done), "rounded"
    assert made.service.requests == []


# --- kill -9 ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Result]]:
    """A run that was killed ten times with calls in flight, and then went to its end."""
    with world(tmp_path_factory.mktemp("killed")) as made:
        made.service.seconds = lambda r: 2.0 * (driver.step_of(r.body) == "generate")
        args = made.mail(n=12, max_cost=1.5, **SHORT)
        yield made, driver.run_with_kills(made, args, 10, random.Random(5), range(8, 12))


def test_a_killed_run_ends(killed: tuple[World, Result]) -> None:
    done = killed[1]
    assert done.code == 0 or (done.code == 1 and "--max-cost" in hint(done.err))


def test_ten_kills_do_not_break_the_cap(killed: tuple[World, Result]) -> None:
    assert killed[0].service.charged <= 1.5


def test_a_killed_run_reports_the_calls_that_it_lost(killed: tuple[World, Result]) -> None:
    made, report = killed[0], killed[0].shell.run("run").report()
    unseen = report.answered + report.lost - len(made.service.paid)
    assert 0 <= unseen <= 10, "at each kill, a call may be journaled that never left"
    assert made.service.charged <= report.dollars + 1e-9


# --- reports ---------------------------------------------------------------------------------

Steps = dict[str, tuple[Counted, list[Request]]]


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steps]:
    """Reports beside what the service saw: a run, again and longer from the cache, revisions."""
    with world(tmp_path_factory.mktemp("steps")) as made:
        found: Steps = {}

        def step(name: str, args: list[str]) -> None:
            before = len(made.service.requests)
            report = made.run(args)
            found[name] = report, made.service.requests[before:]

        for name, rows in (("first", 9), ("again", 9), ("longer", 12)):
            step(name, made.mail(name, n=rows, **ONCE))
        changed = {label: definition(label) for label in LABELS}
        changed["beta"] = "Unlike the others: " + changed["beta"]
        driver.task_file(made.shell.folder, labels=changed)
        step("one definition", driver.revise("mail.yaml", "first", "one"))
        driver.task_file(made.shell.folder, description="Long letters to a museum.")
        step("description", driver.revise("mail.yaml", "first", "all"))
        yield found


def test_calls_tokens_and_dollars_are_those_of_the_books(steps: Steps) -> None:
    for name, (report, requests) in steps.items():
        assert report.status == "complete" and report.rows == report.requested, name
        assert report.answered == len(requests), name
        assert report.tokens == tuple(sum(r.tokens[part] for r in requests) for part in (0, 1))
        assert abs(report.dollars - sum(request.charged for request in requests)) < 1e-9, name
        assert report.lost == report.retries == 0, name


def test_what_is_not_asked_again_is_reported_as_cached(steps: Steps) -> None:
    answered, cached = steps["first"][0].answered, [report.cached for report, _ in steps.values()]
    assert cached[:3] == [0, answered, answered]
    sent = {name: len(requests) for name, (_, requests) in steps.items()}
    assert sent["again"] == 0 and sent["description"] == sent["first"] == answered
    assert 0 < sent["longer"] < answered > sent["one definition"] > 0


@pytest.mark.parametrize("name", ["one definition", "description"])
def test_a_revision_counts_as_reused_what_it_reused(steps: Steps, name: str) -> None:
    report, requests = steps[name]
    assert report.reused == steps["first"][0].answered - len(requests)


def test_lost_and_hung_calls_are_counted_as_paid(made: World) -> None:
    faults = {6: Fault(drop=True), 13: Fault(cut=True), 30: Fault(hang=True), 35: Fault(hang=True)}
    made.service.fault = lambda request: faults.get(request.number)
    report = made.run(made.mail(n=15, **SHORT))
    assert report.rows == {"alpha": 5, "beta": 5, "gamma": 5}
    assert report.answered + report.lost == len(made.service.paid)
    assert report.lost >= len(faults) and made.service.charged <= report.dollars
    assert made.service.tokens[0] <= report.tokens[0]
