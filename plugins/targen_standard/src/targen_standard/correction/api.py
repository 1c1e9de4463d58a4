"""`correct`: step 4 on an existing dataset."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from targen_core.api.kinds import exported
from targen_core.api.models import ModelLike
from targen_core.api.request import (
    ExecutorLike,
    PathText,
    Request,
    TaskLike,
    as_path,
    asked,
    elsewhere,
)
from targen_core.display.shown import shown
from targen_core.display.watch import Watch
from targen_core.errors import JobFailed
from targen_core.folders import replies_folder
from targen_core.hints import quoted
from targen_core.plugins.blame import blaming_plugins
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.runs.event_loops import waiting
from targen_core.runs.models import Elsewhere
from targen_core.text import plural
from targen_standard.correction.dataset import GIVE_UP_AFTER, NOT_ASKED, acorrect_dataset
from targen_standard.correction.result import Corrected, CorrectionReport
from targen_standard.given import Data, DataLike, given_data

_log = logging.getLogger("targen.run")


@exported
@blaming_plugins
async def acorrect(
    data: DataLike,
    *,
    task: TaskLike | None = None,
    variants: str | Iterable[str] = (),
    corrector: str | None = None,
    model: ModelLike | None = None,
    options: Mapping[str, Any] | None = None,
    n: int | None = None,
    flip: float = 0.0,
    rows_per_call: int = 1,
    seed: int = 0,
    out: PathText | None = None,
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
    executor: ExecutorLike | None = None,
    progress: bool = True,
    registry: Registry | None = None,
    **model_options: Any,
) -> Corrected:
    """Correct the labels of any dataset: generated, original or your own.

    Only the labels of rows change. A row for which no reply can be used stays as it is. Making the
    same call again continues where it stopped, and retries such rows. Use `correct` in ordinary
    code and notebooks, `acorrect` inside an event loop.

    The other keywords are the options of `targen correct`, with the same ranges and defaults.

    Args:
        data: a run, a `Dataset`, the path of either, or rows.
        task: the task of the rows; a run and a `Dataset` know theirs.
        variants: variants of the task; a run also knows its own.
        model: as `generate` takes it.
        options: as `generate` takes them.
        n: judge this many instances, sampled with `seed`.
        flip: fraction of instances to give a wrong label first, as a test of the corrector.
        rows_per_call: judge this many instances in one call.
        seed: random seed for what is sampled and flipped.
        out: the directory. By default runs/DATA-corrected, or runs/DATA-CORRECTOR with `corrector`,
            with -2 and so on appended if that contains something else.
        executor: where the model works, as `generate` takes it; by default in this process.
        progress: whether to show a line of progress in a notebook or on a terminal.
        registry: resolves names; by default among all that is installed.
        **model_options: backend options and sampling parameters.

    Returns:
        The corrected rows, every verdict, and the report.

    Raises:
        UsageError: the request is invalid, or some rows do not belong to the task.
        JobFailed: it ended early, or no row could be judged; all replies so far are kept.
    """
    handed = given_data(data, task, variants, registry)
    options = {**model_options, **(options or {})}
    where = elsewhere(
        handed.registry or load_registry(),
        executor,
        options=options,
        delivery="batch" if batch else delivery or "",
    )
    with asked(
        handed.registry,
        handed.task,
        rows=False,
        variants=handed.variants,
        corrector=corrector,
        model=model,
        options=options,
        seed=seed,
        max_cost=max_cost,
        max_tokens=max_tokens,
        concurrency=concurrency,
        rpm=rpm,
        tpm=tpm,
        max_outage=max_outage,
        batch=batch,
        delivery=delivery,
        rounds=rounds,
        cache=cache,
    ) as request:
        watch = Watch()
        with shown(watch, request.name, enabled=progress):
            return await corrected(
                request,
                handed,
                out=out,
                n=n,
                flip=flip,
                rows_per_call=rows_per_call,
                where=where,
                watch=watch,
            )


async def corrected(
    request: Request,
    data: Data,
    *,
    out: PathText | None,
    n: int | None,
    flip: float,
    rows_per_call: int = 1,
    where: Elsewhere | None,
    watch: Watch,
) -> Corrected:
    """Return the result of `correct` for a request; `watch` gets the progress.

    Raises:
        UsageError, JobFailed: as `correct`.
    """
    dataset, config = data.rows_of(request), request.config
    by = (config.corrector or "corrected").replace(":", "-")
    try:
        folder, report = await acorrect_dataset(
            request.registry,
            config,
            dataset,
            Path("runs") / f"{dataset.name}-{by}" if out is None else as_path(out),
            place="number" if out is None else "exact",
            flip_fraction=flip,
            limit=n,
            rows_per_call=rows_per_call,
            cache=replies_folder(),
            elsewhere=where,
            on_judged=watch.counted("judged"),
            on_layer=watch.on_layer,
        )
    except JobFailed as error:
        error.add_note("run the same command again to continue where this one stopped")
        raise
    made = Corrected(folder, CorrectionReport.of(report), dataset.task, request.registry)
    if made.report.unjudged:
        _warn_unjudged(made.report, folder)
    return made


def _warn_unjudged(report: CorrectionReport, folder: Path) -> None:
    """Warn that instances could not be judged.

    Raises:
        JobFailed: no instance could be judged, or too many in a row could not.
    """
    lost = sum(report.unjudged.values())
    why = "; ".join(f"{reason}, {plural(n, 'time')}" for reason, n in report.unjudged.items())
    hint: str = "run the same command again to retry"
    of = plural(report.instances, "instance")
    if report.unjudged.get(NOT_ASKED):
        raise JobFailed(
            f"gave up after {GIVE_UP_AFTER} consecutive instances could not be judged; "
            f"{lost:,} of {of} kept the label ({why})",
            hint=f"{hint}; targen show {quoted(folder)} lists the instances",
        )
    if lost == report.instances:
        raise JobFailed(
            f"none of the {plural(lost, 'instance')} could be judged ({why})",
            hint=f"{hint}; to see a reply: targen show {quoted(folder)} 0",
        )
    _log.warning("%d of %s could not be judged and kept the label (%s); %s", lost, of, why, hint)


correct = exported(waiting(acorrect))
