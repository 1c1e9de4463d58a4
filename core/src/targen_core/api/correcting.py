"""`correct`: step 4 on a dataset that is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from targen_core.api.models import ModelLike
from targen_core.api.progress import shown
from targen_core.api.reading import Data, DataLike, given_data
from targen_core.api.report import CorrectionReport
from targen_core.api.request import (
    PathText,
    Request,
    TaskLike,
    as_path,
    asked,
)
from targen_core.api.run import Corrected
from targen_core.api.waiting import waiting
from targen_core.api.words import speaking_python
from targen_core.errors import JobFailed
from targen_core.folders import replies_folder
from targen_core.plugins.registry import Registry
from targen_core.runs.correction import acorrect_dataset
from targen_core.runs.watch import Watch

__all__ = ["acorrect", "correct", "corrected"]


@speaking_python
async def acorrect(
    data: DataLike,
    *,
    task: TaskLike | None = None,
    variants: str | Iterable[str] = (),
    corrector: str | None = None,
    model: ModelLike = "local",
    options: Mapping[str, Any] | None = None,
    n: int | None = None,
    flip: float = 0.0,
    seed: int = 0,
    out: PathText | None = None,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    concurrency: int | None = None,
    rpm: float | None = None,
    tpm: float | None = None,
    max_outage: float | None = None,
    batch: bool = False,
    rounds: int | None = None,
    cache: bool = True,
    progress: bool = True,
    registry: Registry | None = None,
    **model_options: Any,
) -> Corrected:
    """Correct the labels of a dataset: ours, the original, or anyone's.

    Rows change in their label alone. The same call goes on where it was
    stopped. `correct` is for ordinary code and notebooks, `acorrect` for code in
    an event loop of its own.

    Args:
        data: a run, a `Dataset`, the path of either, or rows.
        task: whose rows they are; a run and a `Dataset` know.
        variants: of the task; a run knows these too.
        corrector: another corrector than the task's own, by its name.
        model: as `generate` takes it.
        options: as `generate` takes them.
        n: judge so many instances, drawn by the seed.
        flip: give this share of instances a wrong label first: the test of a
            corrector.
        seed: decides what is drawn and flipped.
        out: the directory; by default runs/DATA-CORRECTOR, or -2 and so on behind
            it where something else is there.
        max_cost: never pay more dollars.
        max_tokens: never use more tokens in all, in and out.
        concurrency: calls at once, at most; 32 by default.
        rpm: requests a minute, at most.
        tpm: tokens a minute, at most.
        max_outage: seconds without any answer that stop it.
        batch: ask in the service's batches.
        rounds: refills of a batch after the first round.
        cache: whether to share replies with earlier runs.
        progress: whether to show a line of progress in a notebook or on a terminal.
        registry: finds what has a name; by default what is installed.
        **model_options: options of the backend, and sampling parameters.

    Returns:
        The corrected rows, every verdict, and the report.

    Raises:
        UsageError: anything wrong with what was asked for, or rows that are
            none of the task's.
        JobFailed: it ended early; what was paid for is kept.
    """
    handed = given_data(data, task, variants, registry)
    with asked(
        handed.registry,
        handed.task,
        rows=False,
        variants=handed.variants,
        corrector=corrector,
        model=model,
        options={**model_options, **(options or {})},
        seed=seed,
        max_cost=max_cost,
        max_tokens=max_tokens,
        concurrency=concurrency,
        rpm=rpm,
        tpm=tpm,
        max_outage=max_outage,
        batch=batch,
        rounds=rounds,
        cache=cache,
    ) as request:
        watch = Watch()
        with shown(watch, request.name, enabled=progress):
            return await corrected(request, handed, out=out, n=n, flip=flip, watch=watch)


async def corrected(
    request: Request,
    data: Data,
    *,
    out: PathText | None,
    n: int | None,
    flip: float,
    watch: Watch,
) -> Corrected:
    """What `correct` gives for a request; `watch` is told how far it is.

    Raises:
        UsageError, JobFailed: as `correct`.
    """
    dataset, spec = data.rows_of(request), request.spec
    by = (spec.corrector or "corrected").replace(":", "-")
    try:
        folder, report = await acorrect_dataset(
            request.registry,
            spec,
            dataset,
            Path("runs") / f"{dataset.name}-{by}" if out is None else as_path(out),
            place="number" if out is None else "exact",
            flip_fraction=flip,
            limit=n,
            cache=replies_folder(),
            on_judged=watch.counted("judged"),
            on_layer=watch.on_layer,
        )
    except JobFailed as error:
        error.add_note("the same call goes on where this one stopped")
        raise
    return Corrected(folder, CorrectionReport.of(report), dataset.task, request.registry)


correct = waiting(acorrect)
