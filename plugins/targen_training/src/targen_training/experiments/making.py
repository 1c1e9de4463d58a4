"""Arms that are generated: by the same call as anybody's, each into a run directory of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from itertools import count
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from targen_cli.ahead import Expected
from targen_cli.estimating import estimate
from targen_core import Registry, Task, generate
from targen_core.errors import JobFailed, QuotaNotMet, RunConflict, TargenError, UsageError
from targen_standard.finishing.api import finished, rows_to_make
from targen_standard.looking import found
from targen_training.experiments.model import Arm, Experiment

if TYPE_CHECKING:
    from targen_core import Report


@dataclass(frozen=True, slots=True)
class Made:
    """An arm that is to be generated.

    Attributes:
        part: the part of the experiment.
        arm: the arm.
        task: the name or file of its task.
        values: what `targen_core.generate` is called with.
        run: its run directory.
        own: the task again if it is the arm's own, and not the experiment's.
        out: where its method puts what it makes of the run's rows.
    """

    part: str
    arm: str
    task: str
    values: Mapping[str, Any]
    run: Path
    own: str = ""
    out: Path = Path()

    @property
    def rows(self) -> Path:
        """Return the existing rows to learn from."""
        return self.out if (self.out / "dataset.jsonl").exists() else self.run

    @property
    def said(self) -> str:
        """Return the special traits of the arm, in one line."""
        by = {"task": self.own} if self.own else {}
        return ", ".join(f"{key}={value}" for key, value in {**self.values, **by}.items())


def to_generate(registry: Registry, experiment: Experiment, folder: Path) -> Iterator[Made]:
    """The arms that are generated, in order: those of sets that are learned before come first.

    Raises:
        UsageError: an arm's task file is invalid.
    """

    def made(part: str, name: str, task: str, arm: Arm) -> Iterator[Made]:
        if arm.generate is not None:
            called = re.sub(r"[^\w.-]+", "-", f"{part}-{name}").strip("-")
            values = {**experiment.generate, **arm.generate}
            if "n" in values and (labels := rows_to_make(arm.task or task, values["n"], registry)):
                values = {key: each for key, each in values.items() if key != "n"}
                values["labels"] = dict(labels)
            run, out = folder / "runs" / called, folder / "finished" / called
            yield Made(part, name, arm.task or task, values, run, arm.task, out)

    for name, tasks in experiment.before.items():
        for task, arm in tasks.items():
            yield from made(task, f"before {name}", task, arm)
    for key, part in experiment.tasks.items():
        for name, arm in part.arms.items():
            yield from made(key, name, experiment.task_of(key), arm)


def contexts_of(task: Task[Any, Any], rows: int, maximum: int) -> int:
    """Return how many contexts make all of `rows`, at most `maximum`.

    Every context is the start of a seed, and a seed is used for all labels, or for one.
    """
    uses = len(task.branches) if task.labels_per_seed is None else 1
    return max(4, min(maximum, rows // (uses * task.instances_per_call)))


def expected(registry: Registry, arm: Made) -> Expected:
    """Estimate the cost of an arm without shared replies.

    Raises:
        UsageError: what cannot be generated.
    """
    # Caps and where the run goes change no estimate.
    without = signature(generate).parameters.keys() - signature(estimate).parameters.keys()
    values = {key: value for key, value in arm.values.items() if key not in without}
    name = f"arm {arm.arm} ({arm.part})"
    try:
        with _named(arm, "estimating"):
            likely = estimate(arm.task, registry=registry, **values)
            return Expected(name, likely.dollars, reasons=bool(likely.uncounted_reasoning))
    except JobFailed as error:
        # The run itself may be able to do what its dry run cannot.
        return Expected(name, None, unknown=f"cannot be estimated: {error}")


def found_of(registry: Registry, arm: Made) -> Report | None:
    """Return the existing run of an arm, to use or continue, or None.

    Raises:
        RunConflict: rows of another request are in its place.
        UsageError: what cannot be generated.
    """
    try:
        with _named(arm, f"looking in {arm.run} for"):
            return found(arm.task, out=arm.run, registry=registry, **arm.values)
    except RunConflict as error:
        folder = arm.run.parent.parent
        names = (folder.with_name(f"{folder.name}-{number}") for number in count(2))
        beside = next(path for path in names if not path.exists())
        error.hint = (
            "repeat the original request, or choose a different --out, such as --out "
            f"{quote(str(beside))}, which reuses replies"
        )
        raise


def generated(
    registry: Registry, arms: Iterable[Made]
) -> tuple[dict[str, dict[str, Path]], list[str]]:
    """Generate what is missing. Calls that the arms share are made once.

    Returns:
        Part -> arm -> its rows, a run directory mostly; and what is to be said of arms in which a
        label fell short, as may happen to a way that makes the same rows again and again.

    Raises:
        UsageError: what cannot be.
        JobFailed: a run ended early; the same call continues it.
    """
    made: dict[str, dict[str, Path]] = {}
    short: list[str] = []
    for arm in arms:
        with _named(arm, f"generating into {arm.run} the rows of"):
            try:
                generate(arm.task, out=arm.run, registry=registry, **arm.values)
            except QuotaNotMet as error:
                short.append(f"{arm.part}, {arm.arm}: {error}")
            rows, said = finished(arm.run, arm.out, registry)
            short += [f"{arm.part}, {arm.arm}: {said}"] if said else []
        made.setdefault(arm.part, {})[arm.arm] = rows
    return made, short


def made_once(arms: Sequence[Made]) -> list[str]:
    """Return a remark if ways of generating are compared by a single run each.

    Intervals are over test rows and training seeds: they do not include how far two runs of one way
    would lie apart.
    """
    by_part: dict[str, list[str]] = {}
    for arm in arms:
        way = {key: value for key, value in arm.values.items() if key != "seed"}
        by_part.setdefault(arm.part, []).append(repr((way, arm.own)))
    if not any(1 < len(ways) == len(set(ways)) for ways in by_part.values()):
        return []
    return [
        (
            "Each arm was generated once, so a difference may be due to the run rather than the "
            "arm. targen ablate --runs 3 shows how much runs of the same arm differ."
        )
    ]


@contextmanager
def _named(arm: Made, what: str) -> Iterator[None]:
    """Name the arm in an error."""
    try:
        yield
    except TypeError as error:
        raise UsageError(
            f"arm {arm.arm} ({arm.part}): {error}",
            hint="generate = { … } accepts the arguments of targen_core.generate",
        ) from error
    except TargenError as error:
        error.add_note(f"while {what} arm {arm.arm} ({arm.part})")
        raise
