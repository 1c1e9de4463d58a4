"""`targen predict`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.sources import EncodingArg
from targen_core.errors import UsageError
from targen_core.text import plural
from targen_training.asked import TaskOption

if TYPE_CHECKING:
    from targen_core.api.request import TaskLike
    from targen_core.dataset.model import Dataset
    from targen_core.plugins.registry import Registry
    from targen_standard.given import DataLike
    from targen_training.models import Trained

PREDICTED, SCORE = "predicted", "score"
"""The columns that predictions add to rows."""

_NAMED = 12  # labels that are counted in a line


def predict(
    model: Annotated[Path, typer.Argument(help="A model from `targen train`.")],
    data: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="The rows, in any form that `targen export` accepts. They need no labels.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write the rows with their predictions to this file, as its name ends: .csv or "
            ".jsonl.",
        ),
    ],
    task: TaskOption = None,
    encoding: EncodingArg = "utf-8",
) -> None:
    """Predict the labels of new rows with a trained model.

    The output has all columns of the rows and the column `predicted`. For labels, it also has
    `score`: the surer the model is, the higher. With most trainers, this is a probability. Rows
    that cannot be read, such as those without a text, are named and left out.

    Examples:
    - targen predict models/mail-0 new.csv --out predicted.csv
    - targen predict models/rte-0 RTE/test.jsonl --out predicted.jsonl
    """
    from targen_core.plugins.loader import load_registry
    from targen_training.evaluation import require_format, write_rows

    if out.exists():
        raise UsageError(f"{out} already exists", hint="choose a different --out")
    require_format(out)
    found = predicted(load_registry(), model, data, task=task, encoding=encoding)
    write_rows(out, found.rows)
    counts = Counter(row[PREDICTED] for row in found.rows if SCORE in row)
    few = [f"{name} {n:,}" for name, n in counts.most_common()] if len(counts) <= _NAMED else []
    print(f"{plural(len(found), 'row')}{'; predicted ' if few else ''}{', '.join(few)}")
    print(out)


def predicted(
    registry: Registry,
    model: Trained | str | PathLike[str],
    data: DataLike,
    *,
    task: TaskLike | None = None,
    encoding: str = "utf-8",
) -> Dataset:
    """Return rows with a model's predictions in further columns; see `targen_training.api.predict`.

    Raises:
        UsageError: the model does not exist, does not predict from texts alone, or there are no
            rows of one of its tasks.
    """
    from targen_training.evaluation import opened, rounded
    from targen_training.trainers import Decision

    trained, (dataset,) = opened(
        registry, model, [data], "predict", task=task, labelled=False, encoding=encoding
    )
    trained.require_only_texts(dataset.task)
    for column in (PREDICTED, SCORE) if trained.output is None else (PREDICTED,):
        if any(column in row for row in dataset.rows):
            raise UsageError(
                f"{dataset.name} already has a column {column}",
                hint="rename or remove it, since the predictions have a column of that name",
            )
    said = trained.predict(
        [
            Decision(dict(zip(dataset.task.fields, texts, strict=True)), "", row)
            for row, texts in enumerate(dataset.texts)
        ]
    )
    columns: list[dict[str, Any]]
    if trained.output is not None:
        columns = [{PREDICTED: rounded(value)} for value in said]
    else:
        best = [max(range(len(each)), key=each.__getitem__) for each in said]
        columns = [
            {PREDICTED: trained.answers[at], SCORE: rounded(float(each[at]))}
            for at, each in zip(best, said, strict=True)
        ]
    rows = [{**row, **more} for row, more in zip(dataset.rows, columns, strict=True)]
    return replace(dataset, rows=rows)
