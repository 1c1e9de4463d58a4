"""`correct`: step 4 on a dataset that is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from targen_core.api.models import ModelLike
from targen_core.api.progress import shown
from targen_core.api.reading import DataLike, given_data
from targen_core.api.report import CorrectionReport
from targen_core.api.request import PathText, TaskLike, as_path, asked, limits_of, replies_folder
from targen_core.api.run import Corrected
from targen_core.api.waiting import waiting
from targen_core.api.words import speaking_python
from targen_core.errors import JobFailed, ServiceError, StageFailed
from targen_core.plugins.registry import Registry
from targen_core.runs.correction import acorrect_dataset
from targen_core.runs.spec import Limits
from targen_core.runs.watch import Watch

__all__ = ["acorrect", "correct"]


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
        out: the directory; by default runs/DATA-CORRECTOR.
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
    given = limits_of(
        max_cost=max_cost,
        max_tokens=max_tokens,
        concurrency=concurrency,
        rpm=rpm,
        tpm=tpm,
        max_outage=max_outage,
        rounds=rounds,
    )
    found = given_data(data, task, variants, registry)
    with asked(
        found.registry,
        found.task,
        variants=found.variants,
        rows=False,
        corrector=corrector,
        model=model,
        steps={},
        options={**model_options, **(options or {})},
        limits=Limits(batch=batch, cache=cache, **given),
        seed=seed,
    ) as request:
        dataset = found.rows_of(request)
        by = (corrector or "corrected").replace(":", "-")
        folder = Path("runs") / f"{dataset.name}-{by}" if out is None else as_path(out)
        watch = Watch()
        try:
            with shown(watch, dataset.name, enabled=progress):
                report = await acorrect_dataset(
                    request.registry,
                    request.spec,
                    dataset,
                    folder,
                    flip_share=flip,
                    most=n,
                    cache=replies_folder() if cache else None,
                    on_judged=watch.counted("judged"),
                    on_layer=watch.on_layer,
                )
        except (JobFailed, ServiceError, StageFailed) as error:
            if error.hint.startswith("resume "):  # which is for runs
                error.hint = f"call it again {error.hint.removeprefix('resume ')}"
            error.add_note("the same call goes on where this one stopped")
            raise
        return Corrected(folder, CorrectionReport.of(report), dataset.task, request.registry)


correct = waiting(acorrect)
