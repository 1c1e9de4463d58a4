"""`targen train` and `targen evaluate`."""

from __future__ import annotations

import json as jsonlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.completion import completer
from targen_core.errors import UsageError

if TYPE_CHECKING:
    from targen_core import Dataset, Registry
    from targen_core.metrics.model import Estimate
    from targen_core.training.model import Decision, TrainerOptions
    from targen_training.models import Trained
    from targen_training.scores import Scores

__all__ = ["evaluate", "train"]

_Task = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="NAME",
        help="Whose rows they are; a run knows.",
        autocompletion=completer("task"),
    ),
]


def train(
    data: Annotated[
        list[str],
        typer.Argument(
            help="Run directories, files, or any form that `targen export` takes; several are "
            "learned from together.",
            show_default=False,
        ),
    ],
    task: _Task = None,
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
    options = _options(registry, model, option or [])
    datasets = [_read(registry, source, task) for source in data]
    target = out or Path("models") / re.sub(r"[^\w.-]+", "-", datasets[0].name)
    facts = train_model(registry, model, options, datasets, target, seed=seed, force=force)
    left = f", {facts.left_out:,} without a label left out" if facts.left_out else ""
    print(f"{facts.trainer} on {facts.decisions:,} decisions of {facts.task}{left}")
    print(target)


def evaluate(
    model: Annotated[Path, typer.Argument(help="What `targen train` left.", show_default=False)],
    data: Annotated[
        str,
        typer.Argument(
            help="Labelled rows, in any form that `targen export` takes.", show_default=False
        ),
    ],
    task: _Task = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write each prediction there, as JSON lines."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Measure a trained model on labelled rows, with 95 % intervals.

    Rows that the model learned from are counted: figures on such rows say little.

    Examples:
    - targen evaluate models/rte-0 RTE/val.jsonl
    - targen evaluate models/rte-0 RTE/val.jsonl --out predictions.jsonl
    """
    import numpy as np

    from targen_core import load_registry
    from targen_core.cli.tables import print_json
    from targen_training.decisions import decisions_of, digest
    from targen_training.models import load_model
    from targen_training.scores import score

    if out is not None and out.exists():
        raise UsageError(f"{out} exists", hint="choose another --out")
    registry = load_registry()
    trained = load_model(registry, model)
    dataset = _read(registry, data, task, trained.facts.task)
    if dataset.task.name != trained.facts.task:
        raise UsageError(
            f"{model} was trained on rows of {trained.facts.task}; {data} holds rows of "
            f"{dataset.task.name}",
            hint="evaluate a model on rows of its own task",
        )
    known = [decision for decision in decisions_of(dataset) if decision.label]
    if not known:
        raise UsageError(
            f"{dataset.name}: no row has a label",
            hint="evaluate on labelled rows, such as "
            "a validation split; the test files of SuperGLUE have none",
        )
    predictions = trained.predict(known)
    scores = score(known, predictions, trained.facts.labels)
    seen = int(np.isin([digest(d) for d in known], trained.seen).sum())
    strange = sorted({d.label for d in known} - set(trained.facts.labels))
    if out is not None:
        _write(out, known, predictions, trained)
    if json:
        print_json(_facts(scores, trained, dataset, seen, strange))
    else:
        _print(scores, trained, dataset)
    if seen:
        print(
            f"warning: {seen:,} of {len(known):,} decisions were learned from: "
            "the figures flatter the model",
            file=sys.stderr,
        )
    for label in strange:
        print(f"warning: no training row had the label {label}", file=sys.stderr)


def _read(registry: Registry, source: str, task: str | None, usual: str | None = None) -> Dataset:
    """Rows, whose task is that of a run, or `task`, or else `usual`; bad ones are left out."""
    from targen_core import read_dataset

    path = Path(source)
    knows = (path / "manifest.json").exists() or (path / "correction.json").exists()
    if task is None and not knows:
        task = usual
    if task is None and not knows:
        raise UsageError(f"{source} does not say whose rows it holds", hint="--task NAME")
    dataset = read_dataset(source, task, registry=registry, strict=False)
    left_out = [problem for problem in dataset.problems if problem.left_out]
    if left_out:
        lines = len({problem.line for problem in left_out})
        print(
            f"warning: {dataset.name}: {lines:,} of its rows left out, the first for: "
            f"{left_out[0].message}",
            file=sys.stderr,
        )
    if not dataset.rows:
        raise UsageError(
            f"{source} holds no row of {dataset.task.name}", hint=f"targen validate {source}"
        )
    return dataset


def _options(registry: Registry, name: str, items: list[str]) -> TrainerOptions:
    from pydantic import ValidationError

    from targen_core.training.model import Trainer

    trainer: Trainer = registry.resolve(registry.find("trainer", name))
    pairs = [item.partition("=") for item in items]
    for key, equals, _ in pairs:
        if not equals or key not in trainer.options.model_fields:
            known = ", ".join(trainer.options.model_fields) or "none"
            raise UsageError(f"-o {key}: the options of {name} are: {known}")
    try:
        return trainer.options.model_validate({key: value for key, _, value in pairs})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise UsageError(f"-o {key}: {first['msg'].lower()}") from error


def _print(scores: Scores, trained: Trained, dataset: Dataset) -> None:
    from targen_core.cli.tables import print_table

    learned = " + ".join(each.name for each in trained.facts.data)
    print(
        f"{trained.facts.trainer} trained on {learned}, on {dataset.name}: "
        f"{scores.decisions:,} decisions of {scores.rows:,} rows\n"
    )
    print_table(
        ["figure", "%", "low", "high"],
        [(name, *map(_percent, _parts(each))) for name, each in scores.figures.items()],
    )
    print()
    names = list(scores.by_label)
    print_table(
        ["label", "rows", "precision", "recall", "F1", "|", *(f"said {name}" for name in names)],
        [
            (name, rows, *map(_percent, figures), "|", *scores.confusion[name].values())
            for name, (rows, *figures) in scores.by_label.items()
        ],
    )


def _parts(each: Estimate) -> tuple[float | None, ...]:
    return each.value, each.low, each.high


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _facts(
    scores: Scores, trained: Trained, dataset: Dataset, seen: int, strange: list[str]
) -> dict[str, Any]:
    return {
        "model": trained.facts.model_dump(mode="json"),
        "data": {"name": dataset.name, "digest": dataset.digest, "rows": len(dataset)},
        "decisions": scores.decisions,
        "seen_in_training": seen,
        "labels_without_training": strange,
        "figures": {
            name: dict(zip(("value", "low", "high"), _parts(each), strict=True))
            for name, each in scores.figures.items()
        },
        "labels": {
            name: dict(zip(("decisions", "precision", "recall", "f1"), figures, strict=True))
            for name, figures in scores.by_label.items()
        },
        "confusion": scores.confusion,
    }


def _write(out: Path, known: list[Decision], predictions: Any, trained: Trained) -> None:
    from targen_core.errors import WriteFailed

    labels = trained.facts.labels
    lines = []
    for decision, each in zip(known, predictions, strict=True):
        shares = dict(zip(labels, each, strict=True))
        facts = {
            "row": decision.row,
            "question": decision.question,
            "label": decision.label,
            "predicted": max(shares, key=lambda name: shares[name]),
            "scores": shares,
        }
        lines.append(jsonlib.dumps(facts, ensure_ascii=False) + "\n")
    try:
        out.write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise WriteFailed(f"cannot write {out}: {error.strerror}") from error
