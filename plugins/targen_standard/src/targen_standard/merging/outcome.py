"""The outcome of a merge: its manifest, its report, and how to get missing rows."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from targen_core.calls.usage import Usage
from targen_core.engine.quota_tracker import QuotaTracker
from targen_core.engine.quotas import Quotas
from targen_core.errors import QuotaNotMet
from targen_core.hints import flags, quoted
from targen_core.options import Limits
from targen_core.runs.directory import RunDirectory
from targen_core.runs.manifest import Manifest, MergedRun, PartPlan, SourcePlan, model_name
from targen_core.runs.permissions import kept_source
from targen_core.runs.report import build_report, sources_of
from targen_core.tasks.model import Task
from targen_standard.merging.notes import missing_shards, missing_words
from targen_standard.merging.runs import (
    EXCLUDED,
    EXCLUDING,
    NEAR,
    Run,
    exclude_the_same,
    halves,
)

_FEW = 100  # rows to request from a single run


_COMMANDS = 8  # that are said


def merged_manifest(
    runs: Sequence[Run],
    task: Task[Any, Any],
    wanted: Quotas,
    alike: float,
    exclude: Sequence[str],
    sources: Sequence[SourcePlan],
) -> Manifest:
    """That of the first run, with what all are wanted to come to, and all of them in it.

    The merge itself leaves out rows of `exclude`, which are the datasets `sources`.
    """
    first = runs[0].manifest
    config = first.config.replace(
        quotas=wanted.for_task(task), shard=None, near_duplicates=alike, **dict(Limits())
    )
    near = PartPlan(id=NEAR, options={"near_duplicates": alike})
    parts = {**first.lock.parts, f"filter {near.names[1]}": near}
    if exclude or not exclude_the_same(runs) or not runs[0].excluded:
        plan = parts.pop(EXCLUDED, None)
        gone = () if plan is None else plan.names
        said = {k: v for k, v in config.options.items() if k.rpartition(".")[0] not in gone}
        filters = tuple(name for name in config.filters if name not in gone)
        config = config.replace(options=said, filters=filters)
    if exclude:
        there = first.lock.parts.get(EXCLUDED) if exclude_the_same(runs) else None
        known = {each.digest: each for each in (*sources, *(there.sources if there else ()))}
        plan = PartPlan(
            id=EXCLUDING,
            options={"alike": NEAR},
            sources=tuple(known[digest] for digest in sorted(known)),
        )
        parts[EXCLUDED] = plan
        said = {f"{EXCLUDING}.exclude": [kept_source(one) for one in exclude]}
        config = config.replace(
            options={**config.options, **said}, filters=(EXCLUDING, *config.filters)
        )
    elif EXCLUDED in parts:  # but not the merged runs themselves
        plan = parts[EXCLUDED]
        kept = tuple(each for each in plan.sources if each.digest in runs[0].excluded)
        parts[EXCLUDED] = plan.model_copy(update={"sources": kept})
    plans = [half[0].manifest for half in halves(runs)]
    changes: dict[str, Any] = {"parts": parts}
    if len(plans) > 1:
        aims = {name: aim for plan in plans for name, aim in plan.task.aims.items()}
        changes["task"] = first.task.model_copy(update={"branches": aims, "lists": {}})
        changes["steps"] = {**plans[1].steps, **first.steps}
    lock = first.lock.model_copy(update=changes)
    return Manifest(
        config=config,
        lock=lock,
        created=max(run.manifest.created for run in runs),
        merged=tuple(
            MergedRun(name=run.name, prefix=run.prefix, rows=0, manifest=run.manifest)
            for run in runs
        ),
    )


def merged_report(
    runs: Sequence[Run],
    tasks: Mapping[str, Task[Any, Any]],
    manifest: Manifest,
    tracker: QuotaTracker,
    usage: Usage,
    directory: RunDirectory,
    short: QuotaNotMet | None,
) -> dict[str, Any]:
    """Return the report: what all runs came to together, and what each gave."""
    task = tasks[runs[0].name]
    seconds = [run.report.get("seconds") for run in runs]
    known = [one for one in seconds if one is not None]
    total = usage.total
    unused = sum(run.report["unused_calls"] or 0 for run in runs)
    report = build_report(
        manifest,
        tracker,
        usage,
        seconds=sum(known) if len(known) == len(seconds) else None,
        used_calls=total.answered - unused,
        retries=sum(run.report.get("retries", 0) for run in runs),
        hung=sum(run.report.get("hung", 0) for run in runs),
        error=short,
        deliveries={"given_answers": any(run.report.get("given_answers") for run in runs)},
        sources=sources_of(task, directory.path / "provenance.jsonl", tasks),
        folder=directory.path,
        task=task,
    )
    models: dict[str, dict[str, None]] = {}
    for run in runs:
        for step, plan in run.manifest.steps.items():
            models.setdefault(step, {})[model_name(plan)] = None
    prices = [run.report["prices"] for run in runs]
    steps = dict.fromkeys(step for each in prices for step in each)
    return {
        **report,
        "models": {step: ", ".join(filter(None, names)) for step, names in models.items()},
        "prices": {
            step: prices[0].get(step)
            for step in steps
            if all(each.get(step) == prices[0].get(step) for each in prices)
        },
        "merged": [
            {
                "run": run.name,
                "seed": run.manifest.config.seed,
                "shard": str(run.manifest.config.shard or ""),
                "status": run.report["status"],
                "rows": run.taken,
                "of": sum(run.report["rows"].values()),
            }
            for run in runs
        ],
        "missing_shards": [
            {"count": count, "missing": missing} for count, missing in missing_shards(runs)
        ],
    }


def shortage(
    tracker: QuotaTracker, runs: Sequence[Run], task: Task[Any, Any], out: Path
) -> QuotaNotMet:
    """That labels lack rows, with the commands that would give them."""
    lacking = {
        name: rows - tracker.have[name]
        for name, rows in tracker.requested.items()
        if rows > tracker.have[name]
    }
    said = (
        "; ".join(
            f"label {name} has {tracker.have[name]:,} of {tracker.requested[name]:,} rows"
            for name in lacking
        )
        or "a part of the task does not have enough rows"
    )
    missing = "; ".join(missing_words(runs))
    unfinished = [run for run in runs if run.report["status"] in ("stopped", "unfinished")]
    commands: list[str] = ["generate those shards and merge them as well"] if missing else []
    commands += [f"targen resume {quoted(run.path)}" for run in unfinished]
    again: str = "merge again"
    if not commands:
        asked = runs[:1] if sum(lacking.values()) <= _FEW else runs
        commands = [_grown(run, lacking, len(asked), task.rows_per_instance) for run in asked]
        # Else the merged run would request the few more, too, and lack rows again.
        again = f"merge again with {flags(labels=tracker.requested)}"
    more = f"; and so on, {len(commands)} runs in total" if len(commands) > _COMMANDS else ""
    error = QuotaNotMet(
        f"{said}: {missing or 'the runs have no other distinct candidates'}",
        hint=f"{'; '.join(commands[:_COMMANDS])}{more}; then {again} into {shlex.quote(str(out))}",
    )
    error.lacking = sum(lacking.values())
    error.requested = sum(tracker.requested.values())
    return error


def _grown(run: Run, lacking: Mapping[str, int], among: int, unit: int) -> str:
    """The call that gives a run its share of what is lacking, and a few more."""
    target = run.manifest.targets[-1].quotas
    labels = {}
    for name, count in lacking.items():
        more = -(-(count + count // 10 + 1) // (among * unit)) * unit
        labels[name] = target.get(name, 0) + more
    return f"targen resume {quoted(run.path)} {flags(labels=labels)}"
