"""The same replies give the same bytes, whatever happens on the way, and no call is paid twice."""

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from .driver import Run, World, kill, resume, run_with_kills, world
from .service import Fault, Request

WANTED = {"alpha": 18, "beta": 14, "gamma": 8}
ALL: dict[str, Any] = {"label": WANTED, "cache": False, "variant": "paper"}
WIDE = 4  # calls at once in runs that are killed


def uneven(request: Request) -> float:
    """Answers come late and out of order; a question that is sent again takes another time."""
    return random.Random(f"{request.question}{request.number}").uniform(0, 0.06)


@dataclass(frozen=True)
class Same(World):
    """One service, whose address is part of a run, and what undisturbed runs have of it."""

    digests: list[str] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)

    def copy(self, name: str, out: str) -> Run:
        """A copy of a run."""
        shutil.copytree(self.shell.folder / name, self.shell.folder / out)
        return self.shell.run(out)

    def kill_after(self, calls: int, args: list[str]) -> None:
        """Run a command, and kill it when it has all answers but those that it does not get."""
        self.service.fault = lambda r: Fault(hang=True) if r.number >= calls else None
        process = self.shell.start(*args)
        self.service.wait_for(calls + WIDE)  # hung ones alone, since it sends nothing twice
        kill(process)
        self.service.fault = lambda r: None


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Same]:
    """Runs at three concurrencies, the last the default."""
    with world(tmp_path_factory.mktemp("same"), slips=0.1, broken=0.05, repeats=0.1) as new:
        made = Same(new.shell, new.service, new.model)
        for concurrency in (1, 64, None):
            made.service.requests.clear()
            made.shell(*made.mail(f"at-{concurrency}", concurrency=concurrency, **ALL))
            made.service.seconds = uneven
            made.digests.append(made.shell.run(f"at-{concurrency}").digest)
            made.calls.append(len(made.service.requests))
        yield made


@pytest.fixture
def same(undisturbed: Same) -> Same:
    """The same with empty books, and a service that answers at once."""
    service = undisturbed.service
    service.requests.clear()
    service.seconds, service.fault = lambda request: 0.0, lambda request: None
    return undisturbed


def test_the_bytes_are_the_same_at_any_concurrency(same: Same) -> None:
    run = same.shell.run("at-1")
    assert run.counts() == WANTED and run.rejects and len(run.lines("provenance")) == 40
    assert {*same.digests} == {run.digest}


def test_concurrency_costs_no_calls(same: Same) -> None:
    assert same.calls[2] <= 1.03 * same.calls[0], same.calls


def test_the_bytes_are_the_same_after_20_kills_with_hung_calls(same: Same) -> None:
    service, rng = same.service, random.Random(7)
    service.seconds = uneven
    service.fault = lambda r: Fault(hang=True) if random.Random(r.number).random() < 0.02 else None
    first = same.mail(concurrency=WIDE, **ALL)
    assert run_with_kills(same, first, 16, rng, range(6)).code == 0
    run = same.shell.run("run")
    assert run.digest == same.digests[0]
    assert len(service.repeated()) <= 16 * WIDE
    # Killed while it grows, it has the bytes of one that grows in peace.
    more = {"alpha": 26, "gamma": 20}
    grown = same.copy("at-1", "grown")
    before = grown.bytes["dataset.jsonl"]
    same.shell(*resume("grown", label=more))
    args = resume(label=more, concurrency=WIDE)
    assert run_with_kills(same, args, 4, rng, range(6)).code == 0
    assert run.bytes == grown.bytes and run.bytes["dataset.jsonl"].startswith(before)
    assert run.counts() == {"alpha": 26, "beta": 14, "gamma": 20}


def test_a_killed_run_asks_no_question_again(same: Same) -> None:
    same.kill_after(40, same.mail("quiet", concurrency=WIDE, hedge=False, **ALL))
    same.kill_after(80, resume("quiet"))
    same.shell(*resume("quiet"))
    assert same.shell.run("quiet").digest == same.digests[0]
    assert not same.service.repeated()


def test_a_replay_needs_no_model(same: Same) -> None:
    same.service.fault = lambda r: Fault(status=500)
    expected = same.shell.run("at-1").bytes
    same.shell("replay", "at-1", "--out", "again")
    assert same.shell.run("again").bytes == expected
    assert not same.service.requests


@pytest.mark.parametrize("name", ["dataset", "journal"])
def test_an_edited_file_is_an_error_and_not_other_bytes(same: Same, name: str) -> None:
    run = same.copy("at-1", f"edited-{name}")
    path = next(run.path.glob(f"{name}*"))
    path.write_bytes(path.read_bytes().replace(b"zalpha", b"zbeta", 1))
    before = {**run.bytes, path.name: path.read_bytes()}
    result = same.shell(*resume(run.path.name, n=50), ok=None)
    assert result.code in {1, 2} and path.name in result.err and "Traceback" not in result.err
    assert before == {**run.bytes, path.name: path.read_bytes()}
    assert not same.service.requests
