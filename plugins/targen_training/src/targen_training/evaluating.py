"""`targen evaluate`."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.errors import UsageError
from targen_training.asked import TaskOption, read_rows

if TYPE_CHECKING:
    from targen_core import Dataset
    from targen_core.metrics.model import Estimate
    from targen_core.training.model import Decision
    from targen_training.models import Trained
    from targen_training.scores import Scores

__all__ = ["evaluate"]


def evaluate(
    model: Annotated[Path, typer.Argument(help="What `targen train` left.", show_default=False)],
    data: Annotated[
        str,
        typer.Argument(
            help="Labelled rows, in any form that `targen export` takes.", show_default=False
        ),
    ],
    task: TaskOption = None,
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
    dataset = read_rows(registry, data, task, trained.facts.task)
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
