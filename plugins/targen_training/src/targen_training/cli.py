"""`targen train`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from targen_core.cli.completion import completer
from targen_training.asked import TaskOption, read_rows, trainer_options

__all__ = ["train"]


def train(
    data: Annotated[
        list[str],
        typer.Argument(
            help="Run directories, files, or any form that `targen export` takes; several are "
            "learned from together.",
            show_default=False,
        ),
    ],
    task: TaskOption = None,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            metavar="NAME",
            help="What to train; see list-trainers.",
            autocompletion=completer("trainer"),
        ),
    ] = "tfidf",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="KEY=VALUE", help="An option of the trainer."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Random seed of the training.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A folder. [default: models/ and the dataset's name]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier model.")] = False,
) -> None:
    """Train a model on a dataset.

    What a row decides is what its task says: its label, or which of its options is right. Rows
    without a label are left out.

    Examples:
    - targen train runs/rte-0
    - targen train RTE/train.jsonl --task rte --out models/original
    """
    from targen_core import load_registry
    from targen_training.models import train_model

    registry = load_registry()
    options = trainer_options(registry, model, option or [])
    datasets = [read_rows(registry, source, task) for source in data]
    target = out or Path("models") / re.sub(r"[^\w.-]+", "-", datasets[0].name)
    facts = train_model(registry, model, options, datasets, target, seed=seed, force=force)
    left = f", {facts.left_out:,} without a label left out" if facts.left_out else ""
    print(f"{facts.trainer} on {facts.decisions:,} decisions of {facts.task}{left}")
    print(target)
