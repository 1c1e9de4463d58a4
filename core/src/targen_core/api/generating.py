"""`generate`, `resume` and `load`: runs from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from targen_core.api.kinds import check_kinds
from targen_core.api.models import ModelLike
from targen_core.api.progress import shown
from targen_core.api.report import Report
from targen_core.api.request import (
    ItemsLike,
    PathText,
    StepLike,
    TaskLike,
    as_path,
    asked,
    registry_for,
    reopened,
)
from targen_core.api.run import Run
from targen_core.api.waiting import waiting
from targen_core.api.words import in_python, speaking_python
from targen_core.errors import TargenError
from targen_core.plugins.registry import Registry
from targen_core.runs.job import Job
from targen_core.runs.manifest import Manifest
from targen_core.runs.report import read_report
from targen_core.runs.watch import JobWatch
from targen_core.tasks.model import Task

__all__ = ["agenerate", "aresume", "generate", "load", "resume"]


@speaking_python
async def agenerate(
    task: TaskLike,
    *,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    preset: str | None = None,
    variants: str | Iterable[str] = (),
    model: ModelLike = "local",
    options: Mapping[str, Any] | None = None,
    steps: Mapping[str, StepLike] | None = None,
    out: PathText | None = None,
    seed: int = 0,
    correct: bool = True,
    corrector: str | None = None,
    contexts: ItemsLike | None = None,
    seeds: ItemsLike | None = None,
    contexts_from: str = "",
    seeds_from: str = "",
    contexts_limit: int | None = None,
    contexts_fraction: float = 1.0,
    balance: Literal["final", "intended"] = "final",
    near_duplicates: float = 90.0,
    give_up_after: int = 50,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    concurrency: int | None = None,
    rpm: float | None = None,
    tpm: float | None = None,
    max_outage: float | None = None,
    batch: bool = False,
    batch_lists: bool = False,
    rounds: int | None = None,
    cache: bool = True,
    progress: bool = True,
    registry: Registry | None = None,
    **model_options: Any,
) -> Run:
    """Generate a labelled dataset into a run directory.

    Say how many rows in one of three ways: `n`, `labels` or `preset`. The same
    call goes on with a run that was stopped. `generate` is for ordinary code
    and notebooks, `agenerate` for code in an event loop of its own: to cancel
    it lets the calls in flight finish; what they gave is kept.

    Args:
        task: a task's name, the path of its file, a `Task` or a `Declaration`.
        n: rows, split evenly over the labels.
        labels: rows by label.
        preset: a named set of counts of the task, such as "paper".
        variants: other ways to make the rows, by name.
        model: a backend's name, such as "llama", with a model's where it has
            several, such as "chatgpt/gpt-6-luna"; or a model object: a
            `ChatModel` or any langchain chat model.
        options: options of the backend and sampling parameters that are called
            like a keyword here, such as `max_tokens` of one reply.
        steps: another model for one step by its name, such as "correct", or
            `model` and options for it alone; see `Task.steps`.
        out: the run directory; by default runs/TASK-SEED, or -2 and so on
            behind it where another run is there.
        seed: other seed, other data.
        correct: whether to do step 4.
        corrector: another corrector than the task's own, by its name.
        contexts: contexts of your own in place of step 1: a file, or the items.
        seeds: seeds of your own in place of steps 1 and 2: a file, or the items.
        contexts_from: contexts that a plugin registers in place of the task's, by
            their name; see `targen list-contexts`.
        seeds_from: seeds that a plugin registers, likewise.
        contexts_limit: use at most so many contexts.
        contexts_fraction: use this first part of `contexts` or `contexts_limit`:
            0.5 is half.
        balance: whether rows are counted by the label after ("final") or before
            ("intended") correction.
        near_duplicates: similarity that makes a duplicate, 0 to 100; 0 is off.
        give_up_after: candidates without a row that end a label.
        max_cost: never pay more dollars.
        max_tokens: never use more tokens in all, in and out.
        concurrency: calls at once, at most; 32 by default.
        rpm: requests a minute, at most.
        tpm: tokens a minute, at most.
        max_outage: seconds without any answer that stop the run.
        batch: ask steps 3 and 4 in the service's batches.
        batch_lists: in batches ask steps 1 and 2 too.
        rounds: refills of a batch after the first round.
        cache: whether to share replies with earlier runs.
        progress: whether to show a line of progress in a notebook or on a terminal.
        registry: finds what has a name; by default what is installed.
        **model_options: options of the backend, such as `base_url`, and
            sampling parameters, such as `temperature`.

    Returns:
        The run: its path, its report and its rows.

    Raises:
        UsageError: anything wrong with what was asked for.
        JobFailed: the run ended early; what was made is kept in its directory.
    """
    with asked(
        registry,
        task,
        model=model,
        steps=steps,
        options={**model_options, **(options or {})},
        variants=variants,
        n=n,
        labels=labels,
        preset=preset,
        correct=correct,
        corrector=corrector,
        contexts=contexts,
        seeds=seeds,
        contexts_from=contexts_from,
        seeds_from=seeds_from,
        contexts_limit=contexts_limit,
        contexts_fraction=contexts_fraction,
        seed=seed,
        balance=balance,
        near_duplicates=near_duplicates,
        give_up_after=give_up_after,
        max_cost=max_cost,
        max_tokens=max_tokens,
        concurrency=concurrency,
        rpm=rpm,
        tpm=tpm,
        max_outage=max_outage,
        batch=batch,
        batch_lists=batch_lists,
        rounds=rounds,
        cache=cache,
    ) as request:
        job = request.job(out)
    return await _finished(job, request.registry, progress)


@speaking_python
async def aresume(
    run: PathText | Run,
    *,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    task: Task[Any, Any] | None = None,
    model: ModelLike | None = None,
    options: Mapping[str, Any] | None = None,
    steps: Mapping[str, StepLike] | None = None,
    give_up_after: int | None = None,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    concurrency: int | None = None,
    rpm: float | None = None,
    tpm: float | None = None,
    max_outage: float | None = None,
    batch: bool | None = None,
    rounds: int | None = None,
    verify: bool = False,
    cache: bool | None = None,
    progress: bool = True,
    registry: Registry | None = None,
    **model_options: Any,
) -> Run:
    """Finish a run that was stopped, or extend one.

    No answered call is asked again, and the rows are those of an uninterrupted
    run. With `n` or `labels` it grows to that many rows in all.

    Args:
        run: a run, or its directory.
        n: rows in all, split evenly over the labels.
        labels: rows in all by label; labels that are not named keep theirs.
        task: the `Task`, where the run was made with an object; a `Run` knows it.
        model: the model, likewise.
        options: as `model_options`, where one is called like a keyword here.
        steps: the models of single steps, where those were objects; or options
            for single steps.
        give_up_after: candidates without a row that end a label.
        max_cost: never pay more dollars, those of before included.
        max_tokens: never use more tokens in all, those of before included.
        concurrency: calls at once, at most.
        rpm: requests a minute, at most.
        tpm: tokens a minute, at most.
        max_outage: seconds without any answer that stop the run.
        batch: go on in batches, or without; by default as it was begun.
        rounds: refills of a batch after the first round.
        verify: judge again all that is there, and compare it.
        cache: whether to share replies with earlier runs; by default as it was begun.
        progress: whether to show a line of progress in a notebook or on a terminal.
        registry: finds what has a name; by default what found it for the `Run`, or
            what is installed.
        **model_options: options that change no reply, such as a key or a
            time-out; others are those that the run was begun with.

    Returns:
        The run: its path, its report and its rows.

    Raises:
        UsageError: anything wrong with what was asked for.
        RunConflict: the task, its prompts or the model are other ones now.
        JobFailed: the run ended early; what was made is kept.
    """
    job, registry = reopened(
        run.path if isinstance(run, Run) else run,
        registry or (run.registry if isinstance(run, Run) else None),
        n=n,
        labels=labels,
        task=task,
        model=model,
        options={**model_options, **(options or {})},
        steps=steps,
        give_up_after=give_up_after,
        max_cost=max_cost,
        max_tokens=max_tokens,
        concurrency=concurrency,
        rpm=rpm,
        tpm=tpm,
        max_outage=max_outage,
        batch=batch,
        rounds=rounds,
        cache=cache,
        verify=verify,
    )
    return await _finished(job, registry, progress)


generate = waiting(agenerate)
resume = waiting(aresume)


def load(
    run: PathText, *, task: Task[Any, Any] | None = None, registry: Registry | None = None
) -> Run:
    """A run that is there, whether it ended or not.

    Args:
        run: its directory.
        task: the `Task`, where the run was made with an object.
        registry: finds what has a name; by default what is installed.

    Raises:
        UsageError: there is no such directory.
        RunDirectoryError: it holds no run.
    """
    with in_python():
        path = as_path(run)
        check_kinds({"registry": registry})
        manifest = Manifest.load(path / "manifest.json")
        known = registry_for(path, manifest, registry, task)
        return Run(path, Report.of(read_report(path)), known)


async def _finished(job: Job, registry: Registry, progress: bool) -> Run:
    """The run of a job, done and closed."""
    with job:
        job.resuming = f"targen_core.resume({str(job.path)!r})"
        try:
            watch = JobWatch(job)
            with shown(watch, job.task.name, enabled=progress):
                report = await job.arun(watch.listen)
        except TargenError as error:
            error.add_note(f"what was made is kept: targen_core.load({str(job.path)!r})")
            raise
    return Run(job.path, Report.of(report), registry)
