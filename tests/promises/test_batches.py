"""Batches of both providers: exact rows, no answer paid twice, and a cap that holds."""

import threading
from collections import Counter
from typing import Any

import pytest
from aiohttp import web

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


STEPS = {
    "chatgpt": ("POST /v1/files", "POST /v1/batches", "GET /v1/batches/", "GET /v1/files/"),
    "claude": ("POST /v1/messages/batches", "GET /v1/messages/batches/", "/results"),
}


@pytest.mark.parametrize(("after", "batch"), [(False, 2), (True, 1)], ids=["before", "after"])
@pytest.mark.parametrize(("backend", "step"), [(b, step) for b in STEPS for step in STEPS[b]])
def test_a_kill_at_any_step_of_a_batch(
    made: World, backend: str, step: str, after: bool, batch: int
) -> None:
    """The run is killed when a request arrives, or when it is about to be answered.

    A batch goes on at the service, and the next command fetches its results. Only one whose id
    never arrived is sent again, and what it may have cost is counted.
    """
    times, ready = [0], threading.Event()

    def seen(moment: str) -> None:
        if step in moment and moment.endswith("!") == after:
            times[0] += 1
            if times[0] == batch:
                assert ready.wait(10)
                kill(process)
                if not after:
                    raise web.HTTPServiceUnavailable  # it never arrived

    made.service.seen, made.service.polls = seen, 0
    process = made.shell.start(*batched(made, backend))
    ready.set()
    process.wait(60)
    assert times[0] >= batch
    made.service.seen = lambda moment: None
    made.shell(*resume())
    report = made.shell.run("run").report()
    assert report.rows == ROWS
    is_lost = after and step.startswith("POST") and step.endswith("batches")
    assert sum(sizes(made)) == (18 if is_lost else 12)
    assert report.answered + report.lost >= len(made.service.paid)
    assert made.service.charged <= report.dollars
    assert is_lost or answered_once(made)
