"""Explain errors that end a job, and say what people should know before one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from targen_core.errors import BudgetExhausted, QuotaNotMet, RunConflict, TargenError
from targen_core.runs.jobs import shortfall

if TYPE_CHECKING:
    from targen_core.runs.jobs.job import Job
    from targen_core.runs.preparing.plan import Prepared

_SOME = 8
"""After so many rows, targen can estimate what the lists for all of them need."""

_FEW = 10
"""Rows: fewer are a try, not a dataset."""

_CALLS = 4
"""Calls that a row takes at most in most tasks, until there are some."""

_MOST_OF_A_CALL = 10
"""The mean call uses at most so many times what the next one may use, if a service is honest."""

_told: set[str] = set()
"""Notes about files that this process has shown: an estimate prepares several runs."""


def explain(error: TargenError, job: Job) -> None:
    """Have an error that ended a job say more about its causes, and what to do about them."""
    match error:
        case QuotaNotMet():
            shortfall.explain(error, job)
        case BudgetExhausted():
            # The cap of a command is for all its parts, and only the command knows the others.
            if not error.shared and job.resuming is None and job.usage.total.answered:
                error.hint = _with_larger(error, job)
        case RunConflict():
            _name_versions(error, job)


def _with_larger(error: BudgetExhausted, job: Job) -> str:
    """Return how to resume a job with a cap that should be enough for all of its rows."""
    assert job.engine is not None
    have = sum(job.engine.quotas.have.values())
    requested = sum(job.engine.quotas.requested.values())
    lists = rows = 0.0  # used by the lists of contexts and seeds, and by rows
    for (_, label), counts in job.usage.by_place.items():
        used = counts.tokens if error.option == "max_tokens" else counts.dollars
        lists, rows = (lists + used, rows) if label is None else (lists, rows + used)
    a_call = (lists + rows) / job.usage.total.answered
    if a_call > _MOST_OF_A_CALL * error.needed:
        return error.hint  # without an amount: the service states more usage than there can be
    # The first lists are for more rows than there are yet.
    lists *= requested / have if have >= _SOME else 2
    if have:  # calls made ahead are for rows to come
        share = min(1.0, job.engine.used_calls / job.usage.total.answered)
        rows = max(rows, rows * share * requested / have)
    else:
        rows += _CALLS * a_call * requested
    enough = 1.1 * (lists + rows) + error.needed
    digit = 10.0 ** (math.floor(math.log10(enough)) - 1)  # two are kept
    cap = float(f"{math.ceil(enough / digit) * digit:.2g}")
    larger = {error.option: int(cap) if error.option == "max_tokens" else cap}
    return job.resuming_with(**larger)


def _name_versions(error: RunConflict, job: Job) -> None:
    """Name, in an error about different content, the other versions that may have caused it."""
    installed = job.prepared.lock.distributions
    apart = {
        name: (was, installed[name])
        for name, was in job.manifest.lock.distributions.items()
        if installed.get(name, was) != was
    }
    if not apart:
        return
    was = " and ".join(f"{name} {before}" for name, (before, _) in apart.items())
    now = " and ".join(version for _, version in apart.values())
    error.args = (f"{error}; it was started with {was}, but {now} is installed",)
    error.hint = (
        f"to continue it, {job.manifest.to_install_again(apart)}; or restore the file, if it "
        "was edited, or generate a new run"
    )


def notes_before(prepared: Prepared) -> Iterator[str]:
    """Yield what people should know before a run, such as that a model is very small."""
    if prepared.file is not None and prepared.file.note and prepared.file.note not in _told:
        _told.add(prepared.file.note)
        yield prepared.file.note
    given = [name for name, rows in prepared.config.quotas.items() if rows]
    counts_only = prepared.task.rows.label_named is not None  # models learn more than the label
    of_task = len(prepared.task.labels)
    is_try = of_task > 1 and sum(prepared.config.quotas.values()) < _FEW
    if len(given) == 1 and of_task and not (counts_only or is_try):
        of = "the only label that gets rows, so"
        if of_task == 1:
            of = (
                "the only label, so there are no shares to balance, step 4 can only reject rows, "
                "and"
            )
        yield f"{given[0]} is {of} no classifier can learn from such a dataset"
    yield from sorted(
        {
            step.backend.caveat(step.options, len(prepared.task.labels))
            for step in prepared.steps.values()
            if step.backend.caveat is not None
        }
        - {""}
    )
