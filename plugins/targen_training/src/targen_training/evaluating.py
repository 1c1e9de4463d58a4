"""`targen evaluate`."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.errors import UsageError
from targen_training.asked import TaskOption, read_rows, warn_of_one_label

if TYPE_CHECKING:
    from targen_core import Dataset
    from targen_standard.datasets.bigbench import BigBench
    from targen_training.models import Trained
    from targen_training.scores import Scores
    from targen_training.slices import Examples, Slice

__all__ = ["evaluate"]

_WIDE = 12  # labels of which a table has columns


def evaluate(
    model: Annotated[
        Path,
        typer.Argument(
            help="What `targen train` left; on a task.json of BIG-bench also a pretrained decoder, "
            "or answers: a run of `targen answer`, or rows of `input` and `output`.",
            show_default=False,
        ),
    ],
    data: Annotated[
        list[str] | None,
        typer.Argument(
            help="Labelled rows, in any form that `targen export` takes; of several, all rows "
            "and each dataset's are measured.",
            show_default=False,
        ),
    ] = None,
    task: TaskOption = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="COLUMN", help="Measure rows by a column of theirs too."),
    ] = None,
    harness: Annotated[
        str | None,
        typer.Option(
            "--harness",
            metavar="A,B",
            help="Tasks of lm-evaluation-harness, in place of DATA; for decoders.",
        ),
    ] = None,
    shots: Annotated[
        int,
        typer.Option(
            "--shots", min=0, max=32, help="Worked examples before each of BIG-bench; for decoders."
        ),
    ] = 2,
    number: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--number",
            min=1,
            help="Random examples of BIG-bench; for decoders. [default: all]",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write each prediction there, as JSON lines."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Measure a trained model on labelled rows, with 95 % intervals.

    The figures are those of the task's benchmark: accuracy and macro-F1 of labels; parity of AX-g's
    pairs; the best option (COPA), F1 and ROUGE-L of answers (ReCoRD), F1a and exact match
    (MultiRC). Beside them stand calibration, which labels are taken for which, and parts of the
    rows: by label, length, dataset and kind. Rows that the model learned from are counted:
    figures on such rows say little.

    On a task.json of BIG-bench the normalised score is given: 0 is chance, 100 all right. Decoders
    choose by likelihood, after worked examples; other models are asked without any.

    Examples:
    - targen evaluate models/rte-0 RTE/val.jsonl
    - targen evaluate models/rte-0 RTE/val.jsonl --out predictions.jsonl
    - targen evaluate models/copa-0 COPA/val.jsonl --by question
    - targen evaluate models/llama implicatures.json --shots 2 -n 200
    - targen evaluate models/llama --harness arc_challenge,hellaswag
    """
    import numpy as np

    from targen_cli.tables import print_json
    from targen_core import load_registry
    from targen_training.bigbench.evaluating import bigbench_in, is_decoder
    from targen_training.decisions import digest
    from targen_training.models import load_model
    from targen_training.scores import score
    from targen_training.slices import joined, slices_of

    if harness is not None:
        if data or by or out:
            raise UsageError("--harness has its own data: leave out DATA, --by and --out")
        _print_harness(model, harness, json=json)
        return
    if not data:
        raise UsageError("there is nothing to evaluate on", hint="name labelled rows")
    if out is not None and out.exists():
        raise UsageError(f"{out} exists", hint="choose another --out")
    bigbench = bigbench_in(data)
    if bigbench is not None and (is_decoder(model) or not (model / "model.json").is_file()):
        _grade(bigbench, model, data[0], shots, number, out, json=json)
        return
    registry = load_registry()
    trained = load_model(registry, model)
    usual = trained.task(trained.facts.task) if len(trained.facts.tasks) == 1 else None
    whose = None if task is None else trained.task(task)
    datasets = [read_rows(registry, source, whose, usual) for source in data]
    if len({dataset.task.name for dataset in datasets}) > 1:
        raise UsageError("the datasets are of several tasks", hint="evaluate each alone")
    trained = trained.of(datasets[0].task.name)
    known = [[each for each in trained.decisions(one) if each.label] for one in datasets]
    for dataset, labeled in zip(datasets, known, strict=True):
        if not labeled:
            raise UsageError(
                f"{dataset.name}: no row has a label",
                hint="evaluate on labelled rows, such as "
                "a validation split; the test files of SuperGLUE have none",
            )
    test = joined(datasets, known)
    predictions = trained.predict(test.decisions)
    labels = trained.answers
    scores = score(test.decisions, predictions, labels, unit=datasets[0].task.rows_per_instance)
    slices = list(slices_of(test, predictions, labels, by or ()))
    seen = int(np.isin([digest(d) for d in test.decisions], trained.seen).sum())
    strange = sorted({d.label for d in test.decisions} - set(labels))
    if out is not None:
        _write(out, test, predictions, labels)
    if json:
        print_json(_facts(scores, slices, trained, datasets, seen, strange))
    else:
        _print(scores, slices, trained, datasets)
        if bigbench is not None:
            _print_normalized(bigbench, scores)
    if seen:
        print(
            f"warning: {seen:,} of {len(test.decisions):,} decisions were learned from: "
            "the figures flatter the model",
            file=sys.stderr,
        )
    warn_of_one_label(scores, "test")
    for label in strange:
        print(f"warning: no training row had the label {label}", file=sys.stderr)


def _grade(
    task: BigBench,
    model: Path,
    file: str,
    shots: int,
    number: int | None,
    out: Path | None,
    *,
    json: bool,
) -> None:
    """Say how a decoder, or written answers, do on a task of BIG-bench."""
    from targen_cli.tables import print_json
    from targen_training.bigbench.evaluating import (
        answered,
        as_facts,
        chosen,
        grade_said,
        is_decoder,
    )

    by_choice = is_decoder(model)
    if not by_choice and not model.exists():
        raise UsageError(f"there is no {model}", hint="a model, a run of targen answer, or rows")
    grade, rows = (
        chosen(task, str(model), shots, number) if by_choice else answered(task, str(model))
    )
    if out is not None:
        _write_lines(out, rows)
    if json:
        print_json(as_facts(task, grade, shots if by_choice else None))
        return
    how = f"{shots} worked examples each" if by_choice else "written answers"
    print(f"{model} on {task.name or file}: {grade.examples:,} examples, {how}")
    for line in grade_said(grade):
        print(line)


def _print_normalized(task: BigBench, scores: Scores) -> None:
    """The main figure as BIG-bench normalises it, where it is that of its choices."""
    from targen_training.bigbench.score import METRICS, chance_of, metric_of, normalized
    from targen_training.printed import with_interval

    if metric_of(task) == METRICS[0] and scores.main in ("accuracy", "best_option"):
        low = chance_of(task.examples, METRICS[0])
        figure = normalized(scores.figures[scores.main], low)
        print(f"\nnormalised score: {with_interval(figure, scale=1)}; 0 is chance, 100 all right")


def _print_harness(model: Path, tasks: str, *, json: bool) -> None:
    from targen_cli.tables import print_json, print_table
    from targen_training.harness import harness_figures

    by_task = harness_figures(model, [name.strip() for name in tasks.split(",") if name.strip()])
    figures = {
        # Its figures are named with their filter, as "acc,none"; the rest describes the task.
        task: {
            name: value
            for name, value in of.items()
            if "," in name and isinstance(value, int | float)
        }
        for task, of in by_task.items()
    }
    if json:
        print_json(figures)
        return
    print_table(
        ["task", "figure", "value"],
        [
            (task, name, f"{value:.4f}")
            for task, of in figures.items()
            for name, value in of.items()
        ],
    )


_LOSSES = ("brier", "log_loss")  # figures that are no shares


def _print(
    scores: Scores, slices: Sequence[Slice], trained: Trained, datasets: Sequence[Dataset]
) -> None:
    from targen_cli.tables import print_table

    learned = " + ".join(each.name for each in trained.facts.data)
    print(
        f"{trained.facts.trainer} trained on {learned}, on {_names(datasets)}: "
        f"{scores.decisions:,} decisions of {scores.rows:,} rows\n"
    )
    names = sorted(scores.figures, key=lambda name: name != scores.main)
    shares = {name: scores.figures[name] for name in names if name not in _LOSSES}
    print_table(
        ["figure", "%", "low", "high"],
        [(name, *map(_percent, astuple(each))) for name, each in shares.items()],
    )
    for name in _LOSSES:
        if name in scores.figures:
            print(f"{name}: {scores.figures[name].value:.3f}")
    names = list(scores.by_label)
    wide = names if len(names) <= _WIDE else []
    print()
    print_table(
        [
            *("label", "rows", "precision", "recall", "F1", *("|" for _ in wide[:1])),
            *(f"said {name}" for name in wide),
        ],
        [
            (
                name,
                rows,
                *map(_percent, figures),
                *("|" for _ in wide[:1]),
                *(scores.confusion[name][other] for other in wide),
            )
            for name, (rows, *figures) in scores.by_label.items()
        ],
    )
    parts = [each for each in slices if each.by != "label"]
    if parts:
        print()
        print_table(
            ["rows by", "which", "decisions", f"{scores.main} %", "low", "high"],
            [
                (each.by, each.value, each.decisions, *map(_percent, astuple(each.figure)))
                for each in parts
            ],
        )
    if scores.bins:
        print()
        print_table(
            ["confidence", "decisions", "mean %", "right %"],
            [
                (
                    f"{each.low:.1f} to {each.high:.1f}",
                    each.decisions,
                    _percent(each.confidence),
                    _percent(each.accuracy),
                )
                for each in scores.bins
            ],
        )


def _names(datasets: Sequence[Dataset]) -> str:
    return " + ".join(dataset.name for dataset in datasets)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _facts(
    scores: Scores,
    slices: Sequence[Slice],
    trained: Trained,
    datasets: Sequence[Dataset],
    seen: int,
    strange: list[str],
) -> dict[str, Any]:
    return {
        "model": trained.facts.model_dump(mode="json"),
        "data": [
            {"name": dataset.name, "digest": dataset.digest, "rows": len(dataset)}
            for dataset in datasets
        ],
        "decisions": scores.decisions,
        "seen_in_training": seen,
        "labels_without_training": strange,
        "main": scores.main,
        "figures": {name: asdict(each) for name, each in scores.figures.items()},
        "labels": {
            name: dict(zip(("decisions", "precision", "recall", "f1"), figures, strict=True))
            for name, figures in scores.by_label.items()
        },
        "confusion": scores.confusion,
        "slices": [
            {
                "by": each.by,
                "which": each.value,
                "decisions": each.decisions,
                **asdict(each.figure),
            }
            for each in slices
        ],
        "calibration": [
            {
                "low": each.low,
                "high": each.high,
                "decisions": each.decisions,
                "confidence": each.confidence,
                "accuracy": each.accuracy,
            }
            for each in scores.bins
        ],
    }


def _write(
    out: Path, test: Examples, predictions: Sequence[Sequence[float]], labels: Sequence[str]
) -> None:
    names = [(dataset.name, at) for dataset in test.datasets for at in range(len(dataset))]
    lines: list[Mapping[str, Any]] = []
    for decision, each in zip(test.decisions, predictions, strict=True):
        shares = dict(zip(labels, each, strict=True))
        dataset, row = names[decision.row]
        facts = {
            **({"dataset": dataset} if len(test.datasets) > 1 else {}),
            "row": row,
            "question": decision.question,
            "label": decision.label,
            "predicted": max(shares, key=lambda name: shares[name]),
            "scores": shares,
        }
        lines.append(facts)
    _write_lines(out, lines)


def _write_lines(out: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    from targen_core.outputs import write_file

    write_file(out, "".join(jsonlib.dumps(row, ensure_ascii=False) + "\n" for row in rows))
