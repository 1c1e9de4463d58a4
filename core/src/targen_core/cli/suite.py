"""Suites: the tasks of one plugin, run one after the other as one piece of work.

If several tasks list contexts or seeds by the very same call, it is made once (paper, section 3.2:
a common set of contexts). One budget covers all tasks. Each task has a run directory of its own, to
resume by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from targen_core.calls.model import ChatReply
from targen_core.cli.account import Account
from targen_core.errors import RunConflict, UnknownName
from targen_core.hints import did_you_mean
from targen_core.options import Limits
from targen_core.plain import kind_of
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_core.runs.parts import Parts
from targen_core.runs.place import Place
from targen_core.runs.tasks import find_task


def suite_tasks(registry: Registry, name: str) -> list[Registration[Any]]:
    """The tasks that a plugin registers, by its entry point's or its distribution's name.

    Raises:
        UnknownName: no plugin of that name registers a task.
    """
    members = members_of(registry, name)
    if not members:
        known = sorted({task.entry_point for task in registry.all("task")})
        raise UnknownName(
            f"no installed plugin with tasks is named {name!r}",
            hint=did_you_mean(name, known, "suites"),
        )
    return members


def members_of(registry: Registry, name: str) -> list[Registration[Any]]:
    """Return the tasks of a suite; an empty list if no suite has this name."""
    tasks = registry.all("task")
    return [task for task in tasks if name in (task.entry_point, task.distribution)]


def run_suite(
    registry: Registry,
    configs: Sequence[tuple[Path, RunConfig]],
    run: Callable[[Job], object],
    *,
    cache: Path | None = None,
    place: Place = "exact",
) -> Account:
    """Call `run` with each config's job in its directory, one after the other.

    The limits on money and tokens, which are the same in all configs, hold for all of them
    together. `place` is what `Job.create` takes.

    Returns:
        The account: what all jobs have spent, earlier processes included.

    Raises:
        BudgetExhausted: the jobs before took all that there is.
        RunConflict: one of the directories holds another run, or is a link.
        UsageError: a filter does not go with one of the tasks, before any of them runs.
    """
    for _, config in configs:
        _require_fitting_filters(registry, config)
    shared: dict[bytes, ChatReply] = {}
    limits = configs[0][1] if configs else Limits()
    folders = [out for out, _ in configs]
    with Account(max_cost=limits.max_cost, max_tokens=limits.max_tokens, parts=folders) as account:
        for out, config in configs:
            if (kind := kind_of(out)) not in ("", "a folder"):
                raise RunConflict(f"{out} is {kind}, not a folder", hint="choose a different --out")
            with Job.create(registry, config, out, cache=cache, place=place) as job:
                job.shared = shared
                run(job)
    return account


def _require_fitting_filters(registry: Registry, config: RunConfig) -> None:
    """Check that the filters of a config go with its task, before anything is begun.

    Raises:
        UsageError: one does not, or cannot read a dataset that its options name.
    """
    registered, task = find_task(registry, config.task, config.variants)
    parts = Parts(
        registry, config.options, task, distribution=registered.distribution, copies=False
    )
    parts.several("filter", task.uses.filters, config.filters)
    parts.require_fit(task)
