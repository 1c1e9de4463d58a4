"""Suites: the tasks of one plugin, run one after the other as one piece of work.

Contexts and seeds that several tasks list by the very same call are asked for
once (paper, section 3.2: a common set of contexts), and one budget holds for
all of them. Each task has a run directory of its own, to resume by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from targen_core.calls.model import ChatReply
from targen_core.errors import BudgetExhausted, RunConflict, UnknownName
from targen_core.plain import kind_of
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.excluded import open_excluded
from targen_core.runs.job import Job
from targen_core.runs.placing import Place
from targen_core.runs.plan import find_task
from targen_core.runs.spec import Limits, RunSpec
from targen_core.suggestions import did_you_mean
from targen_core.text import plural

__all__ = ["run_suite", "suite_tasks"]


def suite_tasks(registry: Registry, name: str) -> list[Registration[Any]]:
    """The tasks that a plugin registers, by its entry point's or its distribution's name.

    Raises:
        UnknownName: no plugin of that name registers a task.
    """
    tasks = registry.all("task")
    members = [task for task in tasks if name in (task.entry_point, task.distribution)]
    if not members:
        known = sorted({task.entry_point for task in tasks})
        raise UnknownName(
            f"no plugin named {name!r} registers tasks", hint=did_you_mean(name, known, "suites")
        )
    return members


def run_suite(
    registry: Registry,
    specs: Sequence[tuple[Path, RunSpec]],
    run: Callable[[Job], object],
    *,
    cache: Path | None = None,
    place: Place = "exact",
) -> None:
    """Call `run` with each spec's job in its directory, one after the other.

    The limits on money and tokens hold for all of them together. `place` is
    what `Job.create` takes.

    Raises:
        BudgetExhausted: the jobs before took all that there is.
        RunConflict: one of the directories holds another run, or is a link.
        UsageError: rows that one of the tasks cannot exclude, before any of them runs.
    """
    for _, spec in specs:
        if spec.exclude:
            open_excluded(spec.exclude, find_task(registry, spec.task, spec.variants)[1])
    shared: dict[bytes, ChatReply] = {}
    tokens, dollars = 0, 0.0
    for out, spec in specs:
        if (kind := kind_of(out)) not in ("", "a folder"):
            raise RunConflict(f"{out} is {kind}, not a folder", hint="choose another --out")
        limits = _left(spec.limits, tokens, dollars)
        mine = spec.replace(limits=limits)
        with Job.create(registry, mine, out, cache=cache, place=place) as job:
            job.shared = shared
            run(job)
            total = job.usage.total
            tokens += total.tokens
            dollars += total.dollars


def _left(limits: Limits, tokens: int, dollars: float) -> Limits:
    """What of the limits other jobs have left over."""
    changes: dict[str, float] = {}
    if limits.max_tokens is not None:
        changes["max_tokens"] = limits.max_tokens - tokens
    if limits.max_cost is not None:
        changes["max_cost"] = limits.max_cost - dollars
    if any(left <= 0 for left in changes.values()):
        raise BudgetExhausted(
            f"the suite's budget is exhausted: its tasks so far used {plural(tokens, 'token')} and "
            f"${dollars:.4f}",
            hint="run the same command again with a larger --max-tokens or --max-cost",
        )
    return limits.model_copy(update=changes)
