"""`targen train`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from targen_core.cli.completion import completer
from targen_core.cli.options.arguments import JsonArg
from targen_core.cli.sources import EncodingArg
from targen_core.cli.tables import print_files
from targen_core.errors import UsageError
from targen_core.hints import quoted
from targen_core.origin import Typed
from targen_core.runs.parsing import parse_options
from targen_core.text import plural
from targen_training.asked import TaskOption, read_rows
from targen_training.trainers import Style

if TYPE_CHECKING:
    from targen_core.dataset.model import Dataset
    from targen_training.models import Facts, Trained

_PREFIXED = re.compile(r"([^=]+)=(.+)", re.DOTALL)


def train(
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA...",
            help="Run directories, files, or any data that `targen export` accepts. One model "
            "is trained on all of them. TASK=DATA states the task of the rows.",
        ),
    ],
    task: TaskOption = None,
    encoding: EncodingArg = "utf-8",
    trainer: Annotated[
        str | None,
        typer.Option(
            "--trainer",
            metavar="NAME[,KEY=VALUE]...",
            help="The trainer: vectors suits small datasets, tfidf needs no extra packages. See "
            "targen list-trainers. [default: the trainer for the --model or the rows' output, or "
            "tfidf]",
            autocompletion=completer("trainer"),
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="The pretrained model to start from: a folder, or a hub model that is already on "
            "this machine.",
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="MODEL_DIR",
            help="Continue training this model from `targen train`, with the same trainer.",
        ),
    ] = None,
    style: Annotated[
        Style,
        typer.Option(
            "--style", help="Train on the rows unchanged, or as instructions with worked samples."
        ),
    ] = "plain",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="KEY=VALUE", help="An option of the trainer."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Random seed for the training.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The output folder. [default: models/DATASET]",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier model.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only the path of the model.")
    ] = False,
    json: JsonArg = False,
) -> None:
    """Train a model on one dataset, or on the datasets of several tasks.

    The task of a row defines its decision: its label, or which of its options is right. Rows
    without a label are left out. Run the same command again to continue an interrupted training
    run.

    Examples:
    - targen train runs/rte-0
    - targen train runs/mail-0 --trainer vectors
    - targen train RTE/train.jsonl --task rte --model all-MiniLM-L6-v2 --out models/original
    - targen train runs/rte-0 runs/cb-0 --model google/flan-t5-large --style instructions
    - targen train cb=CB/train.jsonl --from models/rte-0 --out models/cb
    """
    from targen_core.plugins.loader import load_registry
    from targen_standard.given import unfinished_note
    from targen_training import api
    from targen_training.comparing import resumable

    registry = load_registry()
    rows = [
        read_rows(registry, source, whose, as_given=True, encoding=encoding)
        for source, whose in (_prefixed(each, task) for each in data)
    ]
    for each in rows:
        if each.run is not None and (note := unfinished_note(each, each.run, "training on")):
            print(note, file=sys.stderr)
    with resumable():
        made = api.train(
            *rows,
            trainer=trainer,
            model=model,
            start=start,
            style=style,
            options=parse_options(option or (), "-o epochs=3"),
            seed=seed,
            out=out,
            force=force,
            progress=not (quiet or json),
            registry=registry,
        )
    if out is None or not out.is_absolute():
        made = replace(made, folder=Path(os.path.relpath(made.folder)))
    _warn(made, rows)
    if json:
        labels = [*made.facts.labels]
        print_files(made.folder, rows=made.facts.decisions, tasks=made.facts.tasks, labels=labels)
        return
    if not quiet:
        print(_said(made.facts))
    print(made.folder)
    if not quiet:
        print(f"next, type: {_next(made, rows)}", file=sys.stderr)


def _next(trained: Trained, datasets: Sequence[Dataset]) -> str:
    """Return the command that uses a model on new rows, or on labelled ones if it needs these."""
    try:
        if len(trained.facts.tasks) == 1:
            trained.require_only_texts(datasets[0].task)
            return f"targen predict {quoted(trained.folder)} FILE --out predicted.csv"
    except UsageError:
        pass
    return f"targen evaluate {quoted(trained.folder)} DATA"


def _warn(trained: Trained, datasets: Sequence[Dataset]) -> None:
    """Warn of labels that no row had, and of a model that does not learn the task's output."""
    from targen_standard.task_files.outputs import output_in

    for task in (dataset.task for dataset in datasets):
        counted = {*trained.facts.labels} <= {*task.quota_names}
        if counted and trained.output is None and output_in(task) is not None:
            print(
                f"warning: the model predicts the labels by which rows of {task.name} are "
                f"counted, such as {trained.facts.labels[0]}, not their outputs",
                file=sys.stderr,
            )
    if trained.output is not None or len(trained.facts.tasks) > 1:
        return
    names = {name for dataset in datasets for name in dataset.task.quota_names}
    had = names & {*trained.facts.labels}
    for name in sorted(names - had) if had else ():
        print(f"warning: none of the training rows had the label {name}", file=sys.stderr)


def _said(facts: Facts) -> str:
    left = f", {facts.left_out:,} unlabelled omitted" if facts.left_out else ""
    left += f", {facts.weightless:,} with weight 0 omitted" if facts.weightless else ""
    weighted = ", weighted" if any(data.weights for data in facts.data) else ""
    # Of most tasks, as of a whole output, a row is one decision.
    count = facts.decisions + facts.left_out + facts.weightless
    each_row = len(facts.tasks) == 1 and count == sum(data.rows for data in facts.data)
    examples = plural(facts.decisions, "row" if each_row or not facts.labels else "decision")
    known = f"{facts.trainer} on {examples} of {facts.task}"
    return f"{known}{weighted}{left}"


def _prefixed(source: str, task: str | None) -> tuple[str, str | None]:
    """DATA, or TASK=DATA, and whose rows it holds."""
    named = _PREFIXED.fullmatch(source)
    if named is None or Path(source).exists():
        return source, task
    return Typed(named[2]), Typed(named[1])  # parts of what was typed
