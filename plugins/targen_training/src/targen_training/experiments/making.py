"""Arms that are generated: by the same call as anybody's, each into a run directory of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from itertools import count
from math import prod
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from targen_core import Task, generate
from targen_core.cli.ahead import Expected
from targen_core.cli.estimating import estimate
from targen_core.errors import JobFailed, QuotaNotMet, RunConflict, TargenError, UsageError
from targen_core.options import several
from targen_core.plugins.registry import Registry
from targen_core.text import plural
from targen_standard.finishing.api import finished, rows_to_make
from targen_standard.looking import found
from targen_training.experiments.model import Arm, Experiment

if TYPE_CHECKING:
    from targen_core.api.report import Report


_UNSAID = re.compile("key|price_")
"""Options of a model that are secret, or that do not affect the rows."""


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
        """Return the traits of the arm in words, such as "60 rows of rte, variant paper"."""
        values = {key: value for key, value in self.values.items() if value is not None}
        options = dict(values.pop("options", {}))
        labels = values.pop("labels", None)
        rows = values.pop("n", None) if labels is None else sum(labels.values())
        said = [f"rows of {Path(self.task).stem}" if rows is None else self._counted(rows)]
        if variants := values.pop("variants", ()):
            names = several(variants)
            said.append(f"variant{'s' if len(names) > 1 else ''} {', '.join(names)}")
        if limit := values.pop("contexts_limit", None):
            share = values.pop("contexts_fraction", 1.0)
            of = "" if share == 1 else f"{share:.0%} of "
            said.append(f"{of}up to {plural(limit, 'context')}")
        if values.pop("correct", True) is False:
            said.append("without correction")
        model = "/".join(filter(None, (values.pop("model", ""), options.pop("model", ""))))
        more = {**values, **options}
        said += [f"{key} {value}" for key, value in more.items() if not _UNSAID.search(key)]
        return ", ".join([*said, *([f"by {model}"] if model else [])])

    def _counted(self, rows: int) -> str:
        name = Path(self.own).parent.name if self.own else ""
        return f"{plural(rows, 'row')} of {Path(self.task).stem}{f' by {name}' if name else ''}"


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

    A call for seeds gives several for one context, and a seed is used for all labels, or for one.
    More contexts would not be used, so that shares of them would give the same rows.
    """
    uses = len(task.branches) if task.labels_per_seed is None else 1
    # A task without contexts shares the first of its lists instead.
    steps = task.seeds[0 if task.contexts else 1 :]
    seeds = prod(step.batch for step in steps if not step.once)
    return max(4, min(maximum, rows // (uses * task.instances_per_call * seeds)))


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
