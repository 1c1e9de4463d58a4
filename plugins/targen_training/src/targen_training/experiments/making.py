"""Arms that are generated: by the same call as anybody's, each into a run directory of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core import Task, generate
from targen_core.cli.ahead import Expected
from targen_core.cli.estimating import estimate
from targen_core.errors import JobFailed, QuotaNotMet, RunConflict, TargenError, UsageError
from targen_core.plugins.registry import Registry
from targen_core.text import plural
from targen_standard.finishing.api import finished, rows_to_make
from targen_standard.looking import found
from targen_training.experiments.model import Experiment

if TYPE_CHECKING:
    from targen_core.api.report import Report

_HIDDEN = re.compile("key|price_")  # options that are secret, or that do not affect the rows


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
    def name(self) -> str:
        """Return the arm with its part, as messages name it."""
        return f"arm {self.arm} ({self.part})"

    @property
    def description(self) -> str:
        """Return the request, such as "60 rows of rte, variants=['paper']"."""
        values = dict(self.values)
        labels = values.pop("labels", None)
        rows = values.pop("n", None) if labels is None else sum(labels.values())
        options = dict(values.pop("options", None) or {})
        if names := [name for of in (values, options) if (name := of.pop("model", ""))]:
            values["model"] = "/".join(names)
        values |= options
        settings = [f"{key}={each}" for key, each in values.items() if not _HIDDEN.search(key)]
        count = "rows" if rows is None else plural(rows, "row")
        return ", ".join([f"{count} of {Path(self.task).stem}", *settings])


def to_generate(registry: Registry, experiment: Experiment, folder: Path) -> Iterator[Made]:
    """The arms that are generated, in order.

    Raises:
        UsageError: an arm's task file is invalid.
    """
    for key, part in experiment.tasks.items():
        for name, arm in part.arms.items():
            if arm.generate is None:
                continue
            task = arm.task or experiment.task_of(key)
            called = re.sub(r"[^\w.-]+", "-", f"{key}-{name}").strip("-")
            values = {**experiment.generate, **arm.generate}
            if "n" in values and (labels := rows_to_make(task, values["n"], registry)):
                del values["n"]
                values["labels"] = dict(labels)
            run, out = folder / "runs" / called, folder / "finished" / called
            yield Made(key, name, task, values, run, arm.task, out)


def contexts_of(task: Task[Any, Any], rows: int, maximum: int) -> int:
    """Return how many contexts make all of `rows`, at most `maximum`.

    A call for seeds gives several for one context, and a seed is used for all labels, or for one.
    More contexts would not be used, so that shares of them would give the same rows.
    """
    uses = len(task.branches) if task.seeding.labels_per_seed is None else 1
    # A task without contexts shares the first of its lists instead.
    steps = task.seeds[0 if task.contexts else 1 :]
    seeds = prod(step.batch for step in steps if not step.once)
    return max(4, min(maximum, rows // (uses * task.seeding.instances_per_call * seeds)))


def expected(registry: Registry, arm: Made) -> Expected:
    """Estimate the cost of an arm without shared replies.

    Raises:
        UsageError: what cannot be generated.
    """
    # Caps and where the run goes change no estimate.
    without = signature(generate).parameters.keys() - signature(estimate).parameters.keys()
    values = {key: value for key, value in arm.values.items() if key not in without}
    try:
        with _named(arm):
            likely = estimate(arm.task, registry=registry, **values)
            return Expected(arm.name, likely.dollars, reasons=bool(likely.uncounted_reasoning))
    except JobFailed as error:
        # The run itself may be able to do what its dry run cannot.
        return Expected(arm.name, None, unknown=f"cannot be estimated: {error}")


def found_of(registry: Registry, arm: Made) -> Report | None:
    """Return the existing run of an arm, to use or continue, or None.

    Raises:
        RunConflict: rows of another request are in its place.
        UsageError: what cannot be generated.
    """
    try:
        with _named(arm):
            return found(arm.task, out=arm.run, registry=registry, **arm.values)
    except RunConflict as error:
        error.hint = (
            "repeat the original request, or choose a different --out, which reuses replies"
        )
        raise


def generated(
    registry: Registry, arms: Iterable[Made]
) -> tuple[dict[str, dict[str, Path]], list[str]]:
    """Generate what is missing. Calls that the arms share are made once.

    Returns:
        Part -> arm -> its rows, a run directory mostly; and remarks on arms with too few rows of a
        label.

    Raises:
        UsageError: what cannot be.
        JobFailed: a run ended early; the same call continues it.
    """
    made: dict[str, dict[str, Path]] = {}
    short: list[str] = []
    for arm in arms:
        with _named(arm):
            try:
                generate(arm.task, out=arm.run, registry=registry, **arm.values)
            except QuotaNotMet as error:
                short.append(f"{arm.part}, {arm.arm}: {error}")
            rows, remark = finished(arm.run, arm.out, registry)
            short += [f"{arm.part}, {arm.arm}: {remark}"] if remark else []
        made.setdefault(arm.part, {})[arm.arm] = rows
    return made, short


def made_once(arms: Sequence[Made]) -> list[str]:
    """Return a remark if ways of generating are compared by a single run each."""
    ways = [(arm.part, repr({**arm.values, "seed": 0}), arm.own) for arm in arms]
    if len(ways) < 2 or len(set(ways)) < len(ways):
        return []
    note = "Each arm was generated once, so a difference may be due to the run rather than the arm."
    return [f"{note} targen ablate --runs 3 shows how much runs of the same arm differ."]


@contextmanager
def _named(arm: Made) -> Iterator[None]:
    """Name the arm in an error."""
    try:
        yield
    except TypeError as error:
        raise UsageError(f"{arm.name}: {error}") from error
    except TargenError as error:
        error.add_note(f"while generating {arm.name}")
        raise
