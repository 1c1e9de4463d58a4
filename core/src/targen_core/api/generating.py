"""`generate`, `resume` and `load`: runs from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

from targen_core.api.kinds import exported
from targen_core.api.models import ModelLike
from targen_core.api.report import Report
from targen_core.api.request import (
    ExecutorLike,
    ItemsLike,
    PathText,
    SourcesLike,
    StepLike,
    TaskLike,
    as_path,
    asked,
    elsewhere,
    keywords_of,
    registry_for,
    reopened,
)
from targen_core.api.run import Run
from targen_core.engine.events import Listener
from targen_core.errors import TargenError
from targen_core.plugins.blame import blaming_plugins
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.runs.event_loops import waiting
from targen_core.runs.job import Job
from targen_core.runs.manifest import Manifest
from targen_core.runs.report import read_report
from targen_core.tasks.model import Task


@exported
@blaming_plugins
async def agenerate(
    task: TaskLike,
    *,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    preset: str | None = None,
    variants: str | Iterable[str] | None = None,
    model: ModelLike | None = None,
    options: Mapping[str, Any] | None = None,
    steps: Mapping[str, StepLike] | None = None,
    out: PathText | None = None,
    seed: int | None = None,
    shard: str | tuple[int, int] | None = None,
    correct: bool = True,
    corrector: str | None = None,
    contexts: ItemsLike | None = None,
    seeds: ItemsLike | None = None,
    contexts_from: str | None = None,
    seeds_from: str | None = None,
    generators_from: str | Mapping[str, str] | None = None,
    checks: str | Iterable[str] | None = None,
    filters: str | Iterable[str] | None = None,
    contexts_limit: int | None = None,
    dimensions: Mapping[str, Any] | None = None,
    shares: Mapping[str, Mapping[str, int]] | None = None,
    task_dimensions: bool | None = None,
    unsure: Literal["drop", "keep"] | None = None,
    balance: Literal["final", "intended"] | None = None,
    near_duplicates: float | None = None,
    max_cosine: float | None = None,
    max_refused: float | None = None,
    embedder: str | None = None,
    exclude: SourcesLike | None = None,
    examples: SourcesLike | None = None,
    give_up_after: int | None = None,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    concurrency: int | None = None,
    rpm: float | None = None,
    tpm: float | None = None,
    max_outage: float | None = None,
    batch: bool | None = None,
    delivery: str | None = None,
    rounds: int | None = None,
    cache: bool | None = None,
    hedge: bool | None = None,
    executor: ExecutorLike | None = None,
    progress: bool = True,
    registry: Registry | None = None,
    **model_options: Any,
) -> Run:
    """Generate a labelled dataset into a run directory.

    Give the number of rows by `n`, by `preset`, by both, or by `labels`. Making the same call
    again continues a run that was stopped. Use `generate` in ordinary code and
    notebooks, `agenerate` inside an event loop: cancelling it lets the calls in flight finish, and
    their replies are kept.

    The other keywords are the options of `targen generate`, with the same ranges and defaults.

    Args:
        task: a task's name, the path of its file, a `Task` or a `Declaration`.
        model: a backend's name such as "llama", or a backend with a model such as
            "chatgpt/gpt-6-luna". It may also be a `ChatModel`, or a model from a library such as
            LangChain. By default "local", a small model for trying things out, with a warning.
        options: backend options and sampling parameters whose names clash with a keyword here, such
            as `max_tokens` for each reply.
        steps: different models for some steps, by step name such as "correct"; or a mapping with
            "model" and options for that step. See `Task.steps`.
        out: the run directory. By default runs/TASK-SEED, or runs/TASK-SEED-2 and so on if another
            run exists.
        contexts: your own contexts, instead of step 1: a file, or the items.
        seeds: your own seeds, instead of steps 1 and 2: a file, or the items.
        dimensions: traits in which items and rows vary, by name. A value is a list of texts to draw
            from, a mapping of texts to weights, or None to remove one of the task's dimensions.
            "STEP.NAME" applies to a list.
        shares: exact shares of properties, by name and value, as numbers of rows or ratios, such as
            `{"language": {"German": 15, "English": 15}}`. They are spread evenly over the labels.
        task_dimensions: whether to keep the task's own dimensions that appear in prompts.
        exclude: datasets whose rows must not occur, exactly or nearly: in any form that
            `read_dataset` reads, or several in a list.
        examples: real rows or texts that rows read like, which prompts contain: a file, a list, a
            data frame or a run. Rows that repeat an example are rejected.
        executor: runs the models outside this process: an executor's name such as "ray", or a
            mapping. The mapping has `name`, and may have `address` (of a cluster), `workers` (4 or
            "2-8"), `resources` (per worker, such as `{"gpu": 1}`) and `replicas` (addresses of
            servers with the same model). It does not affect the rows.
        progress: whether to show progress in a notebook or on a terminal.
        registry: resolves names; by default, all installed plugins.
        **model_options: backend options, such as `base_url`, and sampling parameters, such as
            `temperature`.

    Returns:
        The run: its path, its report and its rows.

    Raises:
        UsageError: the request is invalid.
        JobFailed: the run ended early; the rows so far are kept in its directory.
    """
    keywords = keywords_of(locals(), "out", "executor", "progress")
    delivered = "batch" if batch else delivery or ""
    where = elsewhere(registry, executor, options=keywords["options"], delivery=delivered)
    with asked(**keywords) as request:
        job = request.job(out)
    job.elsewhere = where
    return await _finished(job, request.registry, progress)


@exported
@blaming_plugins
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
    delivery: str | None = None,
    rounds: int | None = None,
    exclude: SourcesLike | None = None,
    verify: bool = False,
    cache: bool | None = None,
    hedge: bool | None = None,
    executor: ExecutorLike | None = None,
    progress: bool = True,
    registry: Registry | None = None,
    **model_options: Any,
) -> Run:
    """Continue a stopped run, or extend a finished one.

    Answered calls are not repeated, and the rows are the same as in an uninterrupted run. With `n`
    or `labels` the run grows to that many rows in total.

    The other keywords are the options of `targen resume`, with the same ranges and defaults.

    Args:
        run: a run, which then has the new rows and report, or its directory.
        n: total rows, in the run's current label shares.
        labels: total rows by label; other labels keep their targets.
        task: the `Task`, if the run was made with a `Task` object; a `Run` remembers it.
        model: the model, if the run was made with a model object.
        options: as `model_options`, for names that clash with a keyword here.
        steps: the models of individual steps, if those were objects; or options for individual
            steps.
        batch: whether to use the batch API; by default as the run was started.
        exclude: the datasets that the run excludes, if they have moved or were objects.
        verify: judge everything again and compare the results with the files.
        cache: whether to share replies with earlier runs; by default as the run was started.
        hedge: whether to send slow calls again; by default as the run was started.
        executor: where the models work, as `generate` takes it; by default in this process.
        progress: whether to show progress in a notebook or on a terminal.
        registry: resolves names; by default the registry of the `Run`, or all that is installed.
        **model_options: options that do not affect replies, such as a key or a timeout; you cannot
            change others.

    Returns:
        The run: its path, its report and its rows.

    Raises:
        UsageError: the request is invalid.
        RunConflict: the task, its prompts or the model have changed.
        JobFailed: the run ended early; the rows so far are kept.
    """
    keywords = keywords_of(locals(), "run", "registry", "exclude", "executor", "progress")
    known = registry or (run.registry if isinstance(run, Run) else load_registry())
    delivered = "batch" if batch else delivery or ""
    where = elsewhere(known, executor, options=keywords["options"], delivery=delivered)
    job, registry = reopened(
        run.path if isinstance(run, Run) else run,
        known,
        datasets={"exclude": exclude},
        **keywords,
    )
    job.elsewhere = where
    try:
        return await _finished(job, registry, progress)
    finally:
        if isinstance(run, Run):
            run.registry = registry
            run.refresh()


generate = exported(waiting(agenerate))
resume = exported(waiting(aresume))


@exported
def load(
    run: PathText | Run, *, task: Task[Any, Any] | None = None, registry: Registry | None = None
) -> Run:
    """Load a run, finished or not.

    Args:
        run: its directory; or a run, which is read again.
        task: the `Task`, if the run was made with a `Task` object; a `Run` remembers it.
        registry: resolves names; by default the registry of the `Run`, or all that is installed.

    Raises:
        UsageError: the directory does not exist.
        RunDirectoryError: it is not a run directory.
    """
    path = run.path if isinstance(run, Run) else as_path(run)
    if registry is None and isinstance(run, Run):
        registry = run.registry
    manifest = Manifest.load(path / "manifest.json")
    known = registry_for(path, manifest, registry, task)
    return Run(path, Report.of(read_report(path)), known)


async def _finished(job: Job, registry: Registry, progress: bool) -> Run:
    """The run of a job, done and closed."""
    with job:
        try:
            with _shown(job) if progress else nullcontext() as listener:
                report = await job.arun(listener)
        except TargenError as error:
            if not job.leaves_nothing:
                error.run_path = job.path
                error.add_note(_kept(job))
            raise
    return Run(job.path, Report.of(report), registry)


def _kept(job: Job) -> str:
    """Return what to do with a run that ended early."""
    resume = f"to continue: {job.again}"
    rows = job.path / "dataset.jsonl"
    if not rows.exists() or not rows.stat().st_size:
        return resume
    task = ", task=TASK" if "task" in job.manifest.objects else ""
    load = f"targen_core.load({str(job.path)!r}{task})"
    return f"to load the rows generated so far: {load}; {resume}"


def _shown(job: Job) -> AbstractContextManager[Listener | None]:
    """Show a job while it is open."""
    from targen_core.display.shown import job_shown

    return job_shown(job)
