"""Each row traces to its seed and to the exact messages and replies."""

import json
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from . import driver
from .driver import OUTPUTS, TASKS, Shell, asked, call, code, world
from .service import Service, serve

Traces = dict[str, list[dict[str, Any]]]
ALL = {**TASKS, **OUTPUTS}


class Traced(NamedTuple):
    """Runs, with the traces of all their rows and rejects, and a service's books."""

    shell: Shell
    traces: Traces
    books: set[tuple[str, str]]


def books(service: Service) -> set[tuple[str, str]]:
    return {(json.dumps(request.messages), request.reply) for request in service.answered}


def calls(traced: dict[str, Any]) -> list[tuple[str, str]]:
    return [(json.dumps(each["messages"]), each["reply"]) for each in asked(traced)]


@pytest.fixture(scope="module")
def twice(canned: Shell) -> Traced:
    """Runs without a model, and again with a service that knows the replies by their messages."""
    first = driver.trace_all(canned, list(ALL))
    known = dict(each for traces in first.values() for traced in traces for each in calls(traced))
    with serve(driver.reply_from(known)) as service:
        again = {f"again/{name}": task for name, task in ALL.items()}
        runs = [driver.generation(task, out, service, n=6) for out, task in again.items()]
        driver.python_calls(canned, runs)
        return Traced(canned, {**first, **driver.trace_all(canned, [*again])}, books(service))


@pytest.mark.parametrize("name", ALL)
def test_rows_trace_to_the_messages_that_the_service_got(twice: Traced, name: str) -> None:
    run, other = twice.shell.run(f"again/{name}"), twice.shell.run(name)
    assert run.bytes["dataset.jsonl"] == other.bytes["dataset.jsonl"]
    traces = twice.traces[f"again/{name}"]
    # A pair of AX-g's is one candidate: the trace of either row shows both.
    assert all(row in traced["rows"] for row, traced in zip(run.rows, traces, strict=True))
    for traced, before in zip(traces, twice.traces[name], strict=True):
        steps = [each["step"] for each in traced["calls"]]
        assert {"generate", "correct"} <= set(steps) and steps[0] in ("contexts", "seeds")
        assert calls(traced) == calls(before) and set(calls(traced)) <= twice.books


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    """Two runs of tasks with one name, the first of them killed twice, and both merged."""
    with world(tmp_path_factory.mktemp("own"), slips=0.2, broken=0.1, repeats=0.2) as made:
        shell, service = made.shell, made.service
        service.seconds = lambda request: 0.01  # so that kills hit calls in flight
        for part in ("one", "two"):
            driver.task_file(shell.folder / part, description=f"Short letters to shop {part}.")
        first = driver.generate("one/mail.yaml", service=service, n=12)
        assert driver.run_with_kills(made, first, 2, random.Random(5), range(25)).code == 0
        merged = call("merge", ["run", "other"], out="merged", n=18, conflicting=True)
        other = driver.generation("two/mail.yaml", "other", service, n=12)
        driver.python_calls(shell, [other, merged])
        yield Traced(shell, driver.trace_all(shell, ["run", "other", "merged"]), books(service))


def text_of(traced: dict[str, Any]) -> str:
    return str((traced["rows"] or [traced["record"]["instance"]])[0]["text"])


@pytest.mark.parametrize("run", ["run", "other"])
def test_rows_and_rejects_of_an_own_task_are_in_the_books(own: Traced, run: str) -> None:
    traces = own.traces[run]
    assert len(traces) > 12, "no candidate was rejected"
    for traced in traces:
        record, found = traced["record"], list(asked(traced))
        assert set(calls(traced)) <= own.books and all(each["exact"] for each in found)
        listed, written = found[1:3]
        prompt = written["messages"][-1]["content"]
        assert record["seed"] in json.loads(listed["reply"])["seeds"] and record["seed"] in prompt
        assert code(record["intended"]) in prompt
        assert text_of(traced) == json.loads(written["reply"])["text"]
        if traced["rows"]:
            assert text_of(traced) in found[-1]["messages"][-1]["content"]
            assert json.loads(found[-1]["reply"])["actual"] == traced["label"]
    relabelled = [t for t in traces if t["rows"] and t["label"] != t["record"]["intended"]]
    assert relabelled


def test_the_command_shows_what_python_returns(own: Traced) -> None:
    assert own.shell.run("run").trace(3)["calls"] == own.traces["run"][3]["calls"]
    wrong = own.shell("trace", "run", 12, ok=2)
    assert "no row 12" in wrong.text and "12 rows" in wrong.text


def test_a_merged_run_keeps_each_rows_replies(own: Traced) -> None:
    for traced in own.traces["merged"]:
        replies = {reply for _, reply in calls(traced)}
        assert replies <= {reply for _, reply in own.books}
        assert any(text_of(traced) in reply for reply in replies)


def test_a_merged_run_shows_each_rows_own_prompts(own: Traced) -> None:
    assert all(set(calls(traced)) <= own.books for traced in own.traces["merged"])
