"""Commands that ask a model are killed after an answer, and started again to their end.

The service is a real server on loopback. It counts its answers, and kills the command as soon as
the next request comes: so each kill is between two calls that the test names, not at a time.

`sh scripts/soak` sets TARGEN_SOAK: each command is killed twenty times then, where the suite kills
most once; figures for each command are printed with `-s`.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import SOAK
from run_files import whole_records
from saboteur import Fault, Result, Saboteur

from targen_standard.scripted import fill_schema
from targen_testing.fault_server import FaultServer, Response, Seen, Silence
from targen_testing.wire import OPENAI, TOKENS_IN, TOKENS_OUT

from ..tables import table

pytestmark = pytest.mark.whole
pytest.importorskip("targen_plugin_example")
for _plugin in ("targen_analysis", "targen_training", "targen_methods", "targen_datatune"):
    pytest.importorskip(_plugin)
pytest.importorskip("targen_review")

PRICE_IN, PRICE_OUT = 100.0, 200.0  # dollars per million tokens: an answer costs $0.0017
# A kill leaves its calls in flight counted at their largest price, up to $2 each.
CAP = "150" if SOAK else "15"
RUNS = Path(__file__).parents[2] / "examples/runs"
EACH = (TOKENS_IN * PRICE_IN + TOKENS_OUT * PRICE_OUT) / 1e6

MAIL = """
description: Each row is a message to a library.
contexts: occasions
labels:
  loan: it is about books on loan
  room: it is about rooms to book
fields:
  text: {description: the message, form: any, words: [1, 60]}
"""

WORDS = [a + b for a in ("lo", "ri", "mu", "ta", "fen") for b in ("ka", "bel", "dor", "sim")]

DRAFT = {
    "name": "porter notes",
    "summary": "notes of a night porter",
    "description": "Each row is a note of a night porter.",
    "language": "English",
    "fields": [{"name": "text", "description": "the note", "least_words": 4, "most_words": 20}],
    "labels": [
        {"name": "calm", "definition": "nothing happened", "guidance": "quiet"},
        {"name": "alarm", "definition": "something happened", "guidance": "loud"},
    ],
    "contexts": "a kind of house",
    "seeds": "an hour of the night",
    "output": "",
    "seed_field": "",
    "dimensions": [],
    "samples": [],
}


class Service:
    """Answers as a function of a request, and kills a command after so many answers."""

    def __init__(self, pid: Path) -> None:
        self.seeds: list[int] = []  # of the calls that it answered, in order
        self._pid = pid
        self._asked: dict[str, dict[int, int]] = {}
        self._left: int | None = None
        self._lock = threading.Lock()

    def kill_after(self, answers: int | None) -> None:
        """Kill the next command when it asks for one answer more."""
        self._left = answers

    def plan(self, seen: Seen) -> Response | Silence:
        """Answer, or kill who asks."""
        with self._lock:
            if self._left == 0:
                self._left = -1
                os.kill(int(self._pid.read_text()), signal.SIGKILL)
            if self._left == -1:  # what else was in flight when it died
                return Silence()
            if self._left is not None:
                self._left -= 1
            body = seen.body
            self.seeds.append(body["seed"])
            # A call's own seed depends on the port: so the n-th call of the same words is told.
            same = self._asked.setdefault(json.dumps(body["messages"]), {})
            reply = _reply(body, same.setdefault(body["seed"], len(same)))
            text = reply if isinstance(reply, str) else json.dumps(reply)
            return Response(OPENAI.answer(text, "stop"))


def _reply(body: Any, number: int) -> Any:
    """A value that the schema allows, drawn by what is asked for that time."""
    rng = random.Random(json.dumps([body["messages"], number]))
    if "response_format" not in body:  # a text goes on
        return f'The {rng.choice(WORDS)} {rng.choice(WORDS)} of {rng.choice(WORDS)} is here."'
    schema = body["response_format"]["json_schema"]["schema"]
    if "seed_field" in schema.get("properties", {}):
        again = "could not be used" in body["messages"][-1]["content"]
        return DRAFT if again else {**DRAFT, "labels": []}
    reply, asked = fill_schema(schema, rng), body["messages"][-1]["content"]
    properties = schema.get("properties", {}).keys()
    if "datasets" in properties:
        reply["datasets"] = re.findall(r"^id: (.+)$", asked, re.MULTILINE)
    elif "irrelevant" in properties:
        reply |= {"input": ["review"], "output": ["stars"], "irrelevant": [], "ambiguous": []}
    elif "steps" in properties:
        actions = ("combine", "input", "output")
        reply["steps"] = [{"action": each, "instruction": "Do so."} for each in actions]
    elif "working" in properties:
        said = " ".join(rng.choice(WORDS) for _ in range(8))
        reply |= {"input": f"A {said}.", "output": rng.choice(("yes", "no")), "reason": ""}
    return reply


@dataclass(frozen=True)
class Command:
    """A command that asks a model.

    Attributes:
        name: for the test's name.
        line: the command; `{at}` is a folder of the story's own.
        outputs: what it leaves there, as patterns; what it prints counts as well.
        before: makes what it works on, of `BEFORE`, or "".
        asks: how it takes the backend, of `ASKS`.
    """

    name: str
    line: str
    outputs: str
    before: str
    asks: str

    @property
    def shares(self) -> bool:
        """Whether its parts share replies by the cache, which then stays."""
        return self.asks == "shares"

    @property
    def kills(self) -> int:
        """How often it is killed, outside a soak; each costs a start of all its work."""
        return 2 if self.name in ("generate", "correct") else 1


@dataclass
class Place:
    """Where the commands run."""

    folder: Path
    targen: Saboteur
    service: Service
    url: str
    pid: Path

    @property
    def service_options(self) -> tuple[str, ...]:
        """The address and the prices of the service."""
        prices = ("-o", f"price_in={PRICE_IN}", "-o", f"price_out={PRICE_OUT}")
        return ("-o", f"base_url={self.url}/v1", *prices)

    def run(self, *args: str) -> Result:
        """A command to its end, or to its kill."""
        first = f"import os, pathlib; pathlib.Path({str(self.pid)!r}).write_text(str(os.getpid()))"
        return self.targen(*args, fault=Fault(first=first))

    def journals(self, at: Path) -> list[dict[str, Any]]:
        """The whole records of all journals of a story, and of work that is kept for it."""
        found: list[dict[str, Any]] = []
        for above in (at, self.folder / "cache" / "unfinished"):
            for path in sorted(above.rglob("journal")) if above.is_dir() else ():
                found += whole_records(path.parent)
        return found


def _rows(place: Place, at: Path) -> None:
    if not (place.folder / "rows").exists():
        place.targen.works(
            "generate", "tickets", "-n", "6", "-b", "scripted", "-q", "--out", "rows"
        )


def _mail(place: Place, at: Path) -> None:
    (place.folder / "mail.yaml").write_text(MAIL)
    for name, seed in (("test", "7"), ("own", "8")):
        if not (place.folder / name).exists():
            ask = ("generate", "./mail.yaml", "-n", "12", "-b", "scripted", "--seed", seed, "-q")
            place.targen.works(*ask, "--out", name)


def _shop(place: Place, at: Path) -> None:
    folder = place.folder / "shop"
    folder.mkdir(exist_ok=True)
    lines = [
        json.dumps({"review": f"The lamp {at} is bright.", "stars": at % 5}) for at in range(40)
    ]
    (folder / "reviews.jsonl").write_text("\n".join(lines) + "\n")


def _bigbench(place: Place, at: Path) -> None:
    examples = [
        {"input": f"Is {n} even?", "target_scores": {"yes": 1 - n % 2, "no": n % 2}}
        for n in range(8)
    ]
    metric = "multiple_choice_grade"
    task = {"name": "even", "description": "even or odd", "examples": examples}
    task |= {"metrics": [metric], "preferred_score": metric}
    (place.folder / "even.json").write_text(json.dumps(task))


def _review(place: Place, at: Path) -> None:
    _rows(place, at)
    if not (place.folder / "rows.review").exists():
        place.targen.works("review", "rows", "--raters", "ann,bob", "--plan")


def _run(place: Place, at: Path) -> None:
    """A run of the service."""
    _mail(place, at)
    if not (place.folder / "grown").exists():
        ask = ("generate", "./mail.yaml", "-n", "6", "-q", "--out", "grown", *ASKS["one"])
        assert place.run(*ask, *place.service_options).code == 0


def _changed(place: Place, at: Path) -> None:
    """Its task with other definitions."""
    _run(place, at)
    (place.folder / "changed.yaml").write_text(MAIL.replace(" it is about", " it asks about"))


def _superglue(place: Place, at: Path) -> None:
    folder = place.folder / "superglue" / "RTE"
    if not folder.exists():
        folder.mkdir(parents=True)
        rows = (RUNS / "rte" / "dataset.jsonl").read_text().splitlines(keepends=True)
        (folder / "train.jsonl").write_text("".join(rows[:30]))
        (folder / "val.jsonl").write_text("".join(rows[-20:]))


ASKS = {
    # One call at a time: when the service gets a call, the answers before it are journaled. On a
    # busy machine, a call may take long enough to be sent again.
    "one": ("-b", "llama", "-o", "model=m", "--concurrency", "1", "--no-cache", "--no-hedge"),
    "one cached": ("-b", "llama", "-o", "model=m", "--concurrency", "1"),
    "many": ("-b", "llama", "-o", "model=m", "--no-cache"),
    "shares": ("--generator", "llama", "-o", "model=m"),
    "": (),  # its files name the backend
}
STORIES = """
    generate | generate tickets -n 6 -q --out {at}/out | out/*.jsonl | | one
    suite | generate --suite example -n 4 -q --out {at}/out | out/*/*.jsonl | | one
    revise | revise grown --task ./changed.yaml -q --out {at}/out | out/*.jsonl | changed |
    method | method loop ./mail.yaml -n 12 --set rows_per_call=2 -q --out {at}/out | \
        out/*.jsonl | mail | one
    correct | correct rows --corrector blind --out {at}/out | out/*.jsonl | rows | one
    preview | preview tickets -n 4 | | | many
    preview --variants | preview ./mail.yaml -n 2 --variants default --solve own | | mail | many
    init-task | init-task porters --out {at}/task.yaml | task.yaml | | many
    rate | rate rows --task tickets -q --out {at}/out | out/*.jsonl | rows | one
    review grade | review grade rows --as kim --out {at}/out -q | out/*.jsonl | review | one
    answer-bigbench | answer-bigbench even.json -q --out {at}/out | out/*.jsonl | bigbench | one
    transform | transform good? --labels yes,no -n 4 --catalogue shop -q --out {at}/out | \
        out/*.jsonl | shop | one
    compare-methods | compare-methods ./mail.yaml --methods targen,zerogen -n 4 --test test \
        --repeats 1 --out {at}/out | \
        out/runs/*/dataset.jsonl out/judged/*/*.jsonl out/results.json | mail | one cached
    ablate | ablate ./mail.yaml --test test -n 4 --contexts-limit 4 \
        --arms correction,dimensions --repeats 1 --out {at}/out | \
        out/runs/*/dataset.jsonl out/results.json | mail | shares
    reproduce | reproduce table5 --original superglue --tasks rte --trainer tfidf --repeats 1 \
        -n 4 --out {at}/out | out/runs/*/dataset.jsonl out/results.json | superglue | shares
"""
COMMANDS = [Command(*cells) for cells in table(STORIES, 5)]
BEFORE = {
    "bigbench": _bigbench,
    "changed": _changed,
    "mail": _mail,
    "review": _review,
    "rows": _rows,
    "shop": _shop,
    "superglue": _superglue,
}


@pytest.fixture(scope="module")
def place(targen: Saboteur, folder: Path) -> Iterator[Place]:
    service = Service(folder / "pid")
    with FaultServer(service.plan) as server:
        yield Place(folder, targen, service, server.url, folder / "pid")


def _args(command: Command, place: Place, at: Path) -> list[str]:
    service = (*ASKS[command.asks], *place.service_options) if command.asks else ()
    return [*command.line.format(at=at.name).split(), *service, "--max-cost", CAP]


def _left(command: Command, at: Path, result: Result) -> dict[str, bytes]:
    """What a command leaves: its outputs and what it printed, without the name of its folder."""
    files = sorted(path for pattern in command.outputs.split() for path in at.glob(pattern))
    left = {str(path.relative_to(at)): path.read_bytes() for path in files}
    printed = re.sub(r"[\d,.$ -]+|\blost\b", " ", result.out.replace(at.name, "AT"))
    left["printed"] = " ".join(printed.split()).encode()
    # A run that is killed asks other calls ahead of need, and loses some: their number is no part
    # of its outputs, and neither is the date.
    counts = rb'"(seconds|calls|lost|tokens|dollars|judge_dollars|billed)": [\d.]+|billed: [^"\n]*'
    counts += rb'|"created": "[^"]*"|Made on [^ ]*'
    return {
        name: re.sub(counts, b"", content.replace(at.name.encode(), b"AT"))
        for name, content in left.items()
    }


def _fresh(command: Command, place: Place, name: str) -> Path:
    """A folder for a story; what the stories before it left in the user's cache is gone."""
    at = place.folder / name
    shutil.rmtree(at, ignore_errors=True)
    at.mkdir()
    if command.before:
        place.service.kill_after(None)
        BEFORE[command.before](place, at)
    for kept in ("replies", "unfinished"):
        shutil.rmtree(place.folder / "cache" / kept, ignore_errors=True)
    return at


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_no_answered_call_is_asked_again_after_a_kill(command: Command, place: Place) -> None:
    service = place.service
    service.kill_after(None)
    at = _fresh(command, place, "story-a")
    service.seeds.clear()
    whole = place.run(*_args(command, place, at))
    assert whole.code == 0, whole.err
    calls, expected = len(service.seeds), _left(command, at, whole)
    assert calls

    kills = min(20 if SOAK else command.kills, calls - 1)
    chain = [max(1, calls // (kills + 1))] * kills
    at = _fresh(command, place, "story-b")
    earlier = {record["key"] for record in place.journals(at) if "key" in record}
    service.seeds.clear()
    repeated = unjournaled = 0
    for kill in [*chain, None]:
        before = {
            int(record["key"][:8], 16) >> 1 for record in place.journals(at) if "key" in record
        }
        asked = len(service.seeds)
        service.kill_after(kill)
        result = place.run(*_args(command, place, at))
        assert result.code == (0 if kill is None else -signal.SIGKILL), result.err
        repeated += len(before & {*service.seeds[asked:]})
        if not command.shares:
            shutil.rmtree(place.folder / "cache" / "replies", ignore_errors=True)
        unjournaled = len(service.seeds) - len({*service.seeds})
    asked_for = [
        record
        for record in place.journals(at)
        if "key" in record and not record.get("cached") and record["key"] not in earlier
    ]
    assert {int(record["key"][:8], 16) >> 1 for record in asked_for} <= {*service.seeds}
    assert repeated == 0
    left = _left(command, at, result)
    assert [*left] == [*expected]
    for name, content in left.items():
        assert content.decode() == expected[name].decode(), name
    billed = sum(record["cost"] for record in asked_for)
    assert billed <= float(CAP)
    if command.asks.startswith("one"):  # one call at a time: each answer is journaled
        assert billed == pytest.approx(len(service.seeds) * EACH)
    print(
        f"{command.name}: {calls} calls, {len(chain)} kills, {len(service.seeds)} answers, "
        f"{repeated} journaled and asked again, {unjournaled} in flight at a kill and asked again, "
        f"${billed:.4f} in journals, of ${CAP}"
    )
