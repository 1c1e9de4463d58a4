"""`targen predict`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from targen_core.cli.sources import EncodingArg
from targen_core.errors import UsageError
from targen_core.text import plural
from targen_training.asked import TaskOption

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
    from targen_training import api
    from targen_training.evaluation import require_format, write_rows

    if out.exists():
        raise UsageError(f"{out} already exists", hint="choose a different --out")
    require_format(out)
    found = api.predict(model, data, task=task, encoding=encoding)
    write_rows(out, found.rows)
    counts = Counter(row[PREDICTED] for row in found.rows if SCORE in row)
    few = [f"{name} {n:,}" for name, n in counts.most_common()] if len(counts) <= _NAMED else []
    print(f"{plural(len(found), 'row')}{'; predicted ' if few else ''}{', '.join(few)}")
    print(out)
