"""Batches of both providers: exact rows, no answer paid twice, and a cap that holds."""

from collections import Counter
from typing import Any

import pytest

from .driver import ONCE, World, kill, resume

ROWS = {"alpha": 2, "beta": 2, "gamma": 2}
BOTH = pytest.mark.parametrize("backend", ["chatgpt", "claude"])


def batched(made: World, backend: str = "chatgpt", **options: Any) -> list[str]:
    """The arguments of a command whose rows are written and judged in batches."""
    options = {"n": 6, "batch": True, **ONCE, **options}
    return made.mail(at=backend, **options)


def sizes(made: World) -> list[int]:
    return [len(batch["results"]) for batch in made.service.batches.values()]


def answered_once(made: World) -> bool:
    return made.service.repeated() == [] and len(made.service.paid) == len(made.service.answered)


@BOTH
def test_a_batch_has_the_rows_of_calls_one_by_one(made: World, backend: str) -> None:
    """Results come out of order, some twice, and between lines that belong to nobody."""
    strange = ["", "not json", "[]", '{"custom_id": 7}', '{"custom_id": "x", "response": {}}']
    made.service.file = lambda lines: [*strange, *lines[:2], *lines]
    report = made.run(batched(made, backend))
    assert report.rows == ROWS and sizes(made) == [6, 6] and answered_once(made)
    assert (report.answered, report.lost) == (len(made.service.answered), 0)
    assert report.tokens == made.service.tokens and made.service.charged <= report.dollars
    made.shell(*batched(made, backend, batch=None, out="online", cache=False))
    assert made.shell.run("online").bytes == made.shell.run("run").bytes


@BOTH
def test_only_what_a_batch_left_unanswered_is_sent_again(made: World, backend: str) -> None:
    wrong = (None, "expired", None, 500, None, "lost")
    made.service.item = lambda number: None if made.service.batches else wrong[number % 6]
    assert made.run(batched(made, backend)).rows == ROWS
    assert made.service.repeated() == []
    sent = Counter(request.question for request in made.service.requests)
    assert sorted(sent.values())[-4:] == [1, 2, 2, 2]


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_whole_batch_may_fail(made: World, status: str) -> None:
    made.service.batch_status = lambda number: status if number == 1 else "completed"
    made.service.item = lambda number: None if made.service.batches else "expired"
    assert made.run(batched(made)).rows == ROWS
    assert sizes(made) == [6, 6, 6] and made.service.repeated() == []


def test_batches_that_all_fail_end_the_run(made: World) -> None:
    made.service.batch_status = lambda number: "failed"
    assert "resume" in made.shell(*batched(made, rounds=0), ok=1).text
    assert len(sizes(made)) <= 2
    made.service.batch_status = lambda number: "completed"
    made.shell(*resume())
    assert made.shell.run("run").counts() == ROWS and made.service.repeated() == []


@BOTH
def test_results_may_appear_after_a_batch_has_ended(made: World, backend: str) -> None:
    made.service.late_file = 1
    made.shell(*batched(made, backend, rounds=0), ok=None)
    assert made.shell.run("run").counts() == ROWS and answered_once(made)


def test_a_batch_without_results_counts_against_the_cap(made: World) -> None:
    made.service.late_file = 10_000
    report = made.run(batched(made, rounds=0), ok=1)
    assert made.service.charged <= report.dollars
    assert report.answered + report.lost == len(made.service.paid)


def test_the_cap_holds_in_batches(made: World) -> None:
    report = made.run(batched(made, n=30, max_cost=0.9), ok=1)
    assert report.status == "stopped"
    assert 0.2 < made.service.charged <= report.dollars <= 0.9


def killed_once(made: World, args: list[str], holds: str) -> None:
    """Kill a run when something holds of one of its batches, and let another end it."""
    process = made.shell.start(*args)
    batches = made.service.batches
    made.service.wait_until(lambda: any(each[holds] for each in [*batches.values()]))
    kill(process)
    made.service.polls, made.service.seconds = 1, lambda request: 0.0
    made.shell(*resume())
    assert made.shell.run("run").counts() == ROWS


@pytest.mark.parametrize(("backend", "moment"), [("chatgpt", "polls"), ("claude", "read")])
def test_a_kill_sends_nothing_again(made: World, backend: str, moment: str) -> None:
    """The batch goes on at the service, and the next command fetches its results."""
    made.service.polls = 1 if moment == "read" else 10_000
    killed_once(made, batched(made, backend), moment)
    assert answered_once(made) and sum(sizes(made)) == 12


def test_a_batch_that_a_kill_loses_is_counted(made: World) -> None:
    made.service.seconds = lambda request: 3600 if request.batch else 0.0
    killed_once(made, batched(made), "number")
    report = made.shell.run("run").report()
    assert report.answered + report.lost == len(made.service.paid)
