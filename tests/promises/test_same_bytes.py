"""The same replies give the same bytes, whatever happens on the way, and no call is paid twice."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from subprocess import Popen
from typing import Any

import pytest

from .driver import Model, Run, Shell, generate, kill, resume, run_with_kills, task_file
from .service import Fault, Request, Service, serve

WANTED = {"alpha": 18, "beta": 14, "gamma": 8}
WIDE = 4  # calls at once in runs that are stopped


def uneven(request: Request) -> float:
    """Answers come late and out of order; a question that is sent again takes another time."""
    return random.Random(f"{request.question}{request.number}").uniform(0, 0.06)


def slow_from(number: int, request: Request) -> float:
    """From this request on, answers take so long that a run does not end before it is stopped."""
    return 0.3 if request.number >= number else 0.0


@dataclass
class World:
    """One service, whose address is part of a run, and what an undisturbed run has of it."""

    shell: Shell
    service: Service
    calls: dict[int, int] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)

    def args(self, out: str, labels: dict[str, int] = WANTED, **options: Any) -> list[str]:
        """The arguments of the command that all runs here are made by."""
        task = task_file(self.shell.folder)
        return generate(task, out, labels=labels, service=self.service, cache=False, **options)

    def reset(self) -> None:
        """Empty the books, and let the service answer at once."""
        self.service.requests.clear()
        self.service.seconds, self.service.fault = lambda request: 0.0, lambda request: None

    def copy(self, name: str, out: str) -> Run:
        """A copy of a run."""
        shutil.copytree(self.shell.folder / name, self.shell.folder / out)
        return self.shell.run(out)

    def begin(self, out: str, calls: int, *args: str) -> Popen[str]:
        """Start a run, and return when it has all answers but those that it does not get."""
        self.service.fault = lambda r: Fault(hang=True) if r.number >= calls else None
        process = self.shell.start(*(args or self.args(out, concurrency=WIDE, hedge=False)))
        self.service.wait_for(calls + WIDE)  # hung ones alone, since it sends nothing twice
        return process


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Runs at three concurrencies, the last the default."""
    with serve(Model(slips=0.1, broken=0.05, repeats=0.1)) as service:
        world = World(Shell(tmp_path_factory.mktemp("same")), service)
        for concurrency in (1, 64, 0):
            world.reset()
            service.seconds = uneven if concurrency != 1 else service.seconds
            name = f"at-{concurrency}"
            world.shell(*world.args(name, concurrency=concurrency or None))
            world.digests[concurrency] = world.shell.run(name).digest
            world.calls[concurrency] = len(service.requests)
        yield world


@pytest.fixture
def world(undisturbed: World) -> World:
    """The same with empty books."""
    undisturbed.reset()
    return undisturbed


def test_the_bytes_are_the_same_at_any_concurrency(world: World) -> None:
    run = world.shell.run("at-1")
    assert run.counts() == WANTED and run.rejects and len(run.lines("provenance")) == 40
    assert set(world.digests.values()) == {run.digest}


@pytest.mark.xfail(strict=True, reason="A4: read-ahead that is not used costs 10 to 31 %")
def test_concurrency_costs_no_calls(world: World) -> None:
    assert world.calls[0] <= 1.03 * world.calls[1], world.calls


def test_the_bytes_are_the_same_after_20_kills_with_hung_calls(world: World) -> None:
    service, rng = world.service, random.Random(7)
    service.seconds = uneven
    service.fault = lambda r: Fault(hang=True) if random.Random(r.number).random() < 0.02 else None
    first = world.args("run", concurrency=WIDE)
    run_with_kills(world.shell, first, resume(), service, 16, rng, most=6)
    run = world.shell.run("run")
    assert run.digest == world.digests[1]
    assert len(service.repeated()) <= 16 * WIDE
    # Killed while it grows, it has the bytes of one that grows in peace.
    labels = "alpha=26,gamma=20"
    grown = world.copy("at-1", "grown")
    before = grown.bytes["dataset.jsonl"]
    world.shell(*resume("grown", label=labels))
    more = resume(label=labels, concurrency=WIDE)
    run_with_kills(world.shell, more, more, service, 4, rng, most=6)
    assert run.bytes == grown.bytes and run.bytes["dataset.jsonl"].startswith(before)
    assert run.counts() == {"alpha": 26, "beta": 14, "gamma": 20}


def test_a_killed_run_has_one_writer_and_asks_no_question_again(world: World) -> None:
    process = world.begin("quiet", 40)
    assert "another process" in world.shell(*resume("quiet"), ok=1).text
    kill(process)
    kill(world.begin("quiet", 80, *resume("quiet")))
    world.service.fault = lambda r: None
    world.shell(*resume("quiet"))
    assert world.shell.run("quiet").digest == world.digests[1]
    assert not world.service.repeated()
    # And while it grows.
    sent = len(world.service.requests)
    kill(world.begin("quiet", sent + 12, *resume("quiet", n=60)))
    world.service.fault = lambda r: None
    world.shell(*resume("quiet", n=60))
    assert world.shell.run("quiet").counts().total() == 60
    assert not world.service.repeated()


def test_a_stopped_run_ends_its_calls_and_goes_on(world: World) -> None:
    args = world.args("stopped", concurrency=WIDE)
    for number, calls in ((signal.SIGINT, 40), (signal.SIGTERM, 70)):
        world.service.seconds = partial(slow_from, calls)
        process = world.shell.start(*args)
        world.service.wait_for(calls + WIDE)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert process.returncode in {130, 128 + number}, err
        assert "targen resume stopped" in err and "Traceback" not in err, err
        args = resume("stopped")
    world.service.seconds = lambda r: 0.0
    world.shell(*args)
    assert world.shell.run("stopped").digest == world.digests[1]
    assert not world.service.repeated()


def test_replay_and_resume_need_no_model(world: World) -> None:
    world.service.fault = lambda r: Fault(status=500)
    expected = world.shell.run("at-1").bytes
    world.shell("replay", "at-1", "--out", "again")
    assert world.shell.run("again").bytes == expected
    # A run that has lost its files has them again from its journal.
    run = world.copy("at-1", "bare")
    for name in expected:
        (run.path / name).unlink()
    world.shell(*resume("bare"))
    assert run.bytes == expected
    assert not world.service.requests


@pytest.fixture(scope="module")
def killed(undisturbed: World) -> str:
    """A run that was killed in the middle."""
    undisturbed.reset()
    kill(undisturbed.begin("killed", 70))
    return "killed"


def test_a_torn_last_line_changes_no_byte(world: World, killed: str) -> None:
    for number, names in enumerate((("dataset", "provenance", "rejects"), ("journal",))):
        run = world.copy(killed, f"torn-{number}")
        for name in names:
            path = next(run.path.glob(f"{name}*"))
            path.write_bytes(path.read_bytes()[:-9])
        world.shell(*resume(run.path.name))
        assert run.digest == world.digests[1], names


@pytest.mark.parametrize("name", ["dataset", "journal"])
def test_an_edited_file_is_an_error_and_not_other_bytes(
    world: World, killed: str, name: str
) -> None:
    run = world.copy(killed, f"edited-{name}")
    path = next(run.path.glob(f"{name}*"))
    path.write_bytes(path.read_bytes().replace(b"zalpha", b"zbeta", 1))
    before = {**run.bytes, path.name: path.read_bytes()}
    result = world.shell(*resume(run.path.name), ok=None)
    assert result.code in {1, 2} and path.name in result.err and "Traceback" not in result.err
    assert before == {**run.bytes, path.name: path.read_bytes()}
    assert not world.service.requests


def test_a_full_disk_is_an_error_and_not_other_bytes(world: World) -> None:
    line = " ".join(world.args("full", concurrency=WIDE))
    result = world.shell.sh(f"ulimit -f 40; exec targen {line}")
    assert result.code == 1 and "No space left" in result.err, result.err
    assert "Traceback" not in result.err and len(world.service.requests) < 100
    world.shell(*resume("full"))
    assert world.shell.run("full").digest == world.digests[1]
    assert len(world.service.repeated()) <= WIDE  # the calls in flight when it was full
