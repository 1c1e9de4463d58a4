"""A run is killed, stopped or refused a write at any moment at which its files change."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from run_files import assert_paid_once, outputs, whole_records
from saboteur import ERRORS, KILLS, SIGNALS, Fault, Saboteur

QUIET = ("--no-cache", "-q")
NEW = ("generate", "rte", "-n", "4", "-b", "scripted", *QUIET, "--out")


# 0 where all was done already; a signal's own end where nothing was there to be stopped.
_ENDS = {
    **dict.fromkeys(KILLS, (0, -9)),
    **dict.fromkeys(ERRORS, (0, 1)),
    "SIGINT": (0, 130),
    "SIGTERM": (0, 130, 143, -15),
    "SIGHUP": (0, 130, -1),
}
_HOW = (*KILLS, *ERRORS, *SIGNALS)


@dataclass(frozen=True)
class Scenario:
    """A command that works on a run.

    Attributes:
        before: the run that it finds, or None.
        args: the command without the run's name.
        again: what finishes its work after a fault, likewise.
        points: how many calls of the system change a file.
        expected: what it leaves when nothing goes wrong.
    """

    before: Path | None
    args: tuple[str, ...]
    again: tuple[str, ...]
    points: int
    expected: dict[str, bytes]


@pytest.fixture(scope="module", params=["new", "grown", "killed", "corrected"])
def scenario(request: pytest.FixtureRequest, targen: Saboteur, folder: Path) -> Scenario:
    name = str(request.param)
    before = None
    args = again = NEW
    if name != "new":
        before = folder / f"before-{name}"
        middle = Fault(30, "within") if name == "killed" else Fault()
        assert targen(*NEW, before, fault=middle).code == (-9 if name == "killed" else 0)
        args = again = ("resume", *QUIET)
    if name == "grown":
        args = again = ("resume", *QUIET, "-n", "6")
    if name == "corrected":
        args = again = ("correct", str(before), "-b", "scripted", *QUIET, "--out")
        before = None
    run = folder / f"undisturbed-{name}"
    if before is not None:
        shutil.copytree(before, run)
    result = targen.works(*args, run)
    return Scenario(before, args, again, len(result.points), outputs(run))


def _sabotaged(scenario: Scenario, targen: Saboteur, run: Path, fault: Fault) -> str:
    """A run through a fault to its end; what is wrong with it, or ""."""
    shutil.rmtree(run, ignore_errors=True)
    if scenario.before is not None:
        shutil.copytree(scenario.before, run)
    result = targen(*scenario.args, run, fault=fault)
    where = f"{fault.how} at {result.points[fault.point : fault.point + 1]}"
    there = whole_records(run)
    if (
        result.code not in _ENDS[fault.how]
        or "Traceback" in result.err
        or "targen failed" in result.err
        or (result.code == 1 and "error" not in result.err)
    ):
        return f"{where}: exit {result.code}: {result.err}"
    if result.code == 0 and outputs(run) != scenario.expected:
        return f"{where}: exit 0, and other bytes: {result.err}"
    done = targen(*scenario.again, run)
    if done.code:
        return f"{where}: cannot go on: exit {done.code}: {done.err}"
    assert_paid_once(run, there)
    return "" if outputs(run) == scenario.expected else f"{where}: other bytes"


@pytest.mark.parametrize("how", _HOW)
def test_a_fault_at_any_write_costs_no_paid_call_and_changes_no_byte(
    scenario: Scenario, targen: Saboteur, folder: Path, step: int, how: str
) -> None:
    # So that together they meet many moments, and each one meets one.
    first = _HOW.index(how) * min(step, scenario.points) // len(_HOW)
    wrong = [
        problem
        for point in range(first, scenario.points, step)
        if (problem := _sabotaged(scenario, targen, folder / "run", Fault(point, how)))
    ]
    assert not wrong, "\n".join(wrong)
