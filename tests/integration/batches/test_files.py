"""A run whose calls go through files of a service's form, until it is complete."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from targen_standard.batches import waiting
from targen_standard.scripted import fill_schema
from targen_testing.fault_server import FaultServer, Response

from ...files import lines, write_lines
from ...runs import report

pytest.importorskip("targen_tasks_superglue")

Answers = Mapping[str, Any]
Targen = Callable[..., Any]


@pytest.fixture(autouse=True)
def _soon_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may be written while the run could ask for more: the next one has that."""
    monkeypatch.setattr(waiting, "_SETTLE", 0.01)


def answers(turn: int = 0) -> dict[str, Any]:
    """The answers of a person by id; in a later turn, others to the calls of rejected ones."""
    found = {}
    for call in lines("asked.jsonl"):
        schema = call["body"]["response_format"]["json_schema"]["schema"]
        key = call["custom_id"]
        found[key] = fill_schema(schema, random.Random(f"{turn} {key}"))
        found[key].pop("verdict", None)  # which follows from the label, and must not contradict it
    return found


def fill_lines(said: Answers) -> Path:
    rows = ({"custom_id": key, "content": value} for key, value in said.items())
    return write_lines("answers.jsonl", rows)


def export(targen: Targen, name: str, run: str = "run") -> int:
    done = targen("batch", "export", run, "--out", name, "--json")
    assert done.code == 0, done.err
    requests: int = done.json["requests"]
    return requests


def turns(targen: Targen) -> Iterator[dict[str, Any]]:
    """Export and import until a run is complete; yields what became of each file."""
    # Words of the same made-up language as the answers, which then have to do with them.
    seeds = [fill_schema({"type": "string"}, random.Random(f"seed {n}")) for n in range(60)]
    write_lines("seeds.jsonl", seeds)
    begun = targen(
        *("generate", "rte", "-n", 2, "-b", "llama", "-o", "model=m", "-q", "--no-cache"),
        *("--seeds", "seeds.jsonl", "--batch-offline", "--out", "run"),
    )
    assert begun.code == 0, begun.err
    for turn in range(20):
        asked = export(targen, "asked.jsonl")
        if not asked:
            return
        answered = fill_lines(answers(turn))
        done = targen("batch", "import", "run", answered, "--json")
        refused = done.json["bad"]  # made-up answers can break a rule of the task
        assert (done.code, done.json["good"] + refused) == (bool(refused), asked), done.err
        yield done.json


def test_a_run_is_answered_by_files(targen: Targen) -> None:
    assert sum(turn["good"] for turn in turns(targen)) >= 2
    assert len(lines("run/dataset.jsonl")) == 2
    assert report("run")["answers_by_files"] is True
    card = Path("run/README.md").read_text()
    words = "The answers were imported from files. targen does not know who or what wrote them"
    assert words in card and "as the services returned them" not in card
    assert targen("replay", "run", "--out", "again").code == 0
    assert report("again")["answers_by_files"] is True
    assert "so none.jsonl is empty" in targen("batch export run --out none.jsonl").out


# --- a run begun offline stays there ------------------------------------------------


@pytest.fixture
def begun(targen: Targen) -> Iterator[FaultServer]:
    """A run by files of a service that is there, and counts its calls."""
    with FaultServer(lambda seen: Response({"error": {"message": "no"}}, status=401)) as service:
        options = ("-b", "llama", "-o", "model=m", "-o", f"base_url={service.url}/v1", "--no-cache")
        done = targen("generate", "rte", "-n", 2, *options, "--batch-offline", "--out", "run")
        assert done.code == 0, done.err
        yield service


def test_a_run_begun_offline_is_resumed_offline(targen: Targen, begun: FaultServer) -> None:
    done = targen("resume", "run", "-n", 4)
    assert (done.code, done.out) == (0, "run is ready; next, type: targen batch export run\n")
    assert re.search(r"^1 request in .*: 1 for contexts$", targen("batch export run").out, re.M)
    done = targen("resume", "run")
    assert done.code == 1
    assert re.search("calls? waiting for answers", done.err)
    to_type = "targen batch export run; to send the calls to the service instead: "
    to_type += "targen resume run --no-batch"
    assert f"  try: {to_type}\n" in done.err
    assert not begun.seen
    assert export(targen, "next.jsonl") >= 1  # lists are among them


@pytest.mark.parametrize("typed", ["--no-batch", "--delivery="])
def test_a_run_is_given_to_the_service_and_left_to_files_where_that_is_typed(
    typed: str, targen: Targen, begun: FaultServer
) -> None:
    assert targen("resume", "run", typed).code != 0
    asked = len(begun.seen)
    assert asked
    for left in (("resume", "run"), ("revise", "run", "-n", 4, "--yes", "--out", "more")):
        done = targen(*left, "--batch-offline")
        assert (done.code, "; next, type: targen batch export " in done.out) == (0, True), done.err
    assert "waiting for answers" in targen("resume", "run").err
    assert len(begun.seen) == asked
