"""Services with limits, storms, hung requests and odd replies: all rows, or what is wrong."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from email.utils import formatdate
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from .driver import Counted, World, kill, run_with_kills, step_of, world
from .service import Fault, Request, serve

ROWS = {"alpha": 7, "beta": 5, "gamma": 6}
SINGLY: dict[str, Any] = {"label": ROWS, "variant": "paper"}  # a row per call: many questions


def error(status: int, message: str = "not now", **more: Any) -> Fault:
    """An error in the form of both providers."""
    return Fault(status, {"type": "error", "error": {"message": message, **more}})


def soon() -> str:
    """The date in a second, as HTTP writes it."""
    return formatdate(time.time() + 1, usegmt=True)


# --- faults that pass ------------------------------------------------------------------------

BAD_REPLY = ("cut short", "no JSON")  # they are paid, and asked otherwise
GOOD_REPLY = ("prose around", "in a fence")
HTML = {"Content-Type": "text/html"}
PASSING: dict[str, Callable[[], Fault]] = {
    "429": lambda: Fault(429),
    "429, wait in seconds": lambda: Fault(429, headers={"Retry-After": "0.4"}),
    "429, wait until a date": lambda: Fault(429, headers={"Retry-After": soon()}),
    "503": lambda: Fault(503),
    "503, wait": lambda: Fault(503, headers={"Retry-After": "0.4"}),
    "504 after it was paid": lambda: Fault(504, charged=True),
    "dropped": lambda: Fault(drop=True),
    "cut off": lambda: Fault(cut=True),
    "a page with 200": lambda: Fault(body=b"<html>hi</html>", headers=HTML),
    "no choices": lambda: Fault(body={"choices": [], "content": []}),
    "cut short": lambda: Fault(text='{"text": "half', finish="length"),
    "no JSON": lambda: Fault(text='{"text": oops}'),
    "prose around": lambda: Fault(change=lambda text: f"Sure! Here it is:\n{text}\nHope it helps."),
    "in a fence": lambda: Fault(change=lambda text: f"```json\n{text}\n```"),
}
Passed = tuple[World, Counted, dict[str, list[str]]]


@pytest.fixture(scope="module", params=["llama", "claude"])
def passed(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Passed]:
    """A run in which the first answer to each question is bad, by turns of each kind."""
    questions: dict[str, list[str]] = {name: [] for name in PASSING}
    seen: set[str] = set()

    def fault(asked: Request) -> Fault | None:
        if asked.question in seen:
            return None
        name = [*PASSING][len(seen) % len(PASSING)]
        seen.add(asked.question)
        questions[name].append(asked.question)
        return PASSING[name]()

    with world(tmp_path_factory.mktemp("passed")) as made:
        made.service.fault = fault
        yield made, made.run(made.mail(at=request.param, hedge=False, **SINGLY)), questions


def test_faults_that_pass_cost_no_row(passed: Passed) -> None:
    made, report, questions = passed
    run = made.shell.run("run")
    assert run.counts() == ROWS and all(questions.values())
    assert all(f"z{row['label']}" in row["text"] for row in run.rows)
    assert report.answered + report.lost == len(made.service.paid)
    assert made.service.charged <= report.dollars + 1e-9


def test_a_call_is_sent_again_once_and_only_if_its_reply_is_lost(passed: Passed) -> None:
    sent = Counter(request.question for request in passed[0].service.requests)
    for name, questions in passed[2].items():
        times = [sent[question] for question in questions]
        if name in GOOD_REPLY:
            assert {*times} == {1}, name
        elif name not in BAD_REPLY:
            assert max(times) == 2, name


# --- limits, storms and requests that hang ---------------------------------------------------


def limited(world: World) -> None:
    world.service.limit, world.service.seconds = 3, lambda request: 0.03


def outage(first: int, seconds: float, answer: Callable[[float], Fault]) -> Any:
    """From a request on, an answer to all, which may state the seconds that are left."""
    end: list[float] = []

    def fault(request: Request) -> Fault | None:
        if request.number >= first:
            end.append(time.monotonic() + seconds)
        left = end[0] - time.monotonic() if end else 0
        return answer(left) if left > 0 else None

    return fault


def storm(world: World) -> None:
    world.service.fault = outage(15, 1, lambda left: Fault(503))


def hanging(world: World) -> None:
    world.service.fault = lambda request: Fault(hang=request.number in (25, 40, 41))


@pytest.mark.parametrize("trouble", [limited, storm, hanging])
def test_no_trouble_costs_a_row(made: World, trouble: Callable[[World], None]) -> None:
    trouble(made)
    report = made.run(made.mail(**SINGLY))
    assert report.rows == ROWS
    refused = sum(request.status in (429, 503) for request in made.service.requests)
    assert refused < len(made.service.answered) + 15  # it slows down: at first 32 may be in flight
    assert report.answered + report.lost == len(made.service.paid)


def test_a_run_that_is_killed_in_a_storm_gets_all_rows(made: World) -> None:
    storm(made)
    done = run_with_kills(made, made.mail(**SINGLY), 1, random.Random(1), range(18, 24))
    assert done.code == 0 and made.shell.run("run").counts() == ROWS


def test_a_wait_in_the_body_of_a_429_is_kept(made: World) -> None:
    words = "Rate limit reached. Please try again in {:.2f}s."
    made.service.fault = outage(12, 3, lambda left: error(429, words.format(left)))
    assert made.run(made.mail(concurrency=4, **SINGLY)).rows == ROWS
    refused = sum(request.status == 429 for request in made.service.requests)
    assert refused <= 8


# --- calls that fail each time in the same way -----------------------------------------------

FILTERED = {"choices": [{"message": None, "finish_reason": "content_filter"}]}
STUBBORN = {
    "context length as a 500": error(500, "Context size has been exceeded."),
    "no choices": Fault(body={"choices": []}, charged=True),
    "filtered": Fault(body=FILTERED, charged=True),
}
Stubborn = tuple[World, int, Counter[str]]


@pytest.fixture(scope="module")
def stubborn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stubborn]:
    """A run in which every second question to the judge gets one of these answers each time.

    It is killed when it sent one seven times. Returns its status, and how often it sent which.
    """
    sent: Counter[str] = Counter()
    turns: dict[str, int] = {}

    def fault(request: Request) -> Fault | None:
        if step_of(request.body) != "correct":
            return None
        turn, odd = divmod(turns.setdefault(request.question, len(turns)), 2)
        sent[request.question] += not odd
        return None if odd else [*STUBBORN.values()][turn % len(STUBBORN)]

    def is_over() -> bool:
        sent_too_often = len(turns) > 5 and max(sent.values()) > 6
        return process.poll() is not None or sent_too_often

    with world(tmp_path_factory.mktemp("stubborn")) as made:
        made.service.fault = fault
        process = made.shell.start(*made.mail(label=ROWS))
        made.service.wait_until(is_over, 60)
        yield made, kill(process).code, sent


def test_some_calls_fail_each_time(stubborn: Stubborn) -> None:
    assert sum(count > 0 for count in stubborn[2].values()) >= len(STUBBORN)


def test_a_call_that_fails_each_time_is_given_up_soon(stubborn: Stubborn) -> None:
    assert max(stubborn[2].values()) <= 4


def test_calls_that_fail_each_time_stall_no_run(stubborn: Stubborn) -> None:
    made, status, _ = stubborn
    assert status == 0 and made.shell.run("run").counts() == ROWS


# --- replies of models that no server constrains ---------------------------------------------


def with_draft(begin: str, end: str) -> Callable[[str], str]:
    """The reply, after a draft of it within the model's reasoning."""

    def of(text: str) -> str:
        draft = {**json.loads(text), "text": "DRAFT"}
        return f"{begin}First try: {json.dumps(draft)} Too dull.{end}\n{text}"

    return of


def with_debris(*debris: str) -> Callable[[str], str]:
    """Two texts in three with something that does not belong into a text."""
    turns = cycle([*debris, "", *debris[::-1], ""])

    def of(text: str) -> str:
        written = json.loads(text)
        return json.dumps({**written, "text": written["text"] + next(turns)})

    return of


ANALYSIS = "<|channel|>analysis<|message|>"
FINAL = "<|end|><|start|>assistant<|channel|>final<|message|>"
DEBRIS = {
    "control": ("\0", "\x1f"),
    "escapes": (r" caf\u00e9 ", r" d\u2019hier"),
    "template": ("<|im_end|>", "</s>"),
}
ODD = {  # by the label for which the model replies so
    "think": with_draft("<think>", "</think>"),
    "channels": with_draft(ANALYSIS, FINAL),
    "thought": with_draft("<|channel>thought", "<channel|>"),
    "brackets": with_draft("[THINK]", "[/THINK]"),
    "single": lambda text: repr(json.loads(text)),
    "apostrophe": lambda text: text.replace('."', r' It\'s fine."'),
    "dollar": lambda text: text.replace('."', r' It is \$5."'),
    "twice": json.dumps,
    **{name: with_debris(*parts) for name, parts in DEBRIS.items()},
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A run in which the replies for each label are odd in a way of their own."""
    with world(tmp_path_factory.mktemp("odd"), [*ODD]) as made:

        def fault(request: Request) -> Fault | None:
            if step_of(request.body) != "generate":
                return None
            return Fault(change=ODD[made.model.label_of(request.messages)])

        made.service.fault = fault
        args = made.mail(n=3 * len(ODD), give_up_after=6)
        made.shell(*args, ok=None)
        yield made


@pytest.mark.parametrize("label", ODD)
def test_odd_replies_make_good_rows(odd: World, label: str) -> None:
    texts = [row["text"] for row in odd.shell.run("run").rows if row["label"] == label]
    assert len(texts) == 3
    assert not any(part in text for text in texts for part in ("DRAFT", *DEBRIS.get(label, ())))


@pytest.mark.parametrize("labels", [("0", "1"), ("true", "false"), ("no", "yes")])
def test_a_label_may_come_as_a_number_or_boolean(tmp_path: Path, labels: tuple[str, str]) -> None:
    values = {"0": 0, "1": 1, "true": True, "false": False, "no": False, "yes": True}

    def bare(text: str) -> str:
        judged = json.loads(text)
        return json.dumps({**judged, "actual": values[judged["actual"]]})

    with world(tmp_path, labels) as made:
        judge = Fault(change=bare)
        made.service.fault = lambda r: judge if step_of(r.body) == "correct" else None
        args = made.mail(n=2, give_up_after=1)
        made.shell(*args, ok=None)
        assert made.shell.run("run").counts() == dict.fromkeys(labels, 1)


# --- proxies ---------------------------------------------------------------------------------


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "127.0.0.1:1", ""])
def test_a_proxy_that_does_not_work_is_named(made: World, proxy: str) -> None:
    """The third proxy answers, but cannot reach this machine."""
    with serve(made.model) as other:
        other.fault = lambda request: Fault(503, b"")
        args = made.mail(n=3, max_outage=1)
        done = made.shell(*args, ok=1, http_proxy=proxy or other.root)
        assert made.service.requests == [] and bool(other.requests) == (not proxy)
    assert "proxy" in done.text.lower()
