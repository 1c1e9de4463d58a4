"""`targen evaluate` and `targen predict`."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from targen_core.cli.options.arguments import JsonArg
from targen_core.cli.sources import EncodingArg
from targen_core.errors import UsageError, no_such_file
from targen_core.text import plural
from targen_training.asked import TaskOption

if TYPE_CHECKING:
    from targen_standard.datasets.bigbench import BigBench
    from targen_training.evaluation import Evaluation
    from targen_training.scores import Measured

_NAMED = 12  # labels that are counted in a line


def evaluate(
    model: Annotated[
        Path,
        typer.Argument(
            help="A model from `targen train`. For a BIG-bench task.json, also a pretrained "
            "decoder, or answers: a run of `targen answer-bigbench`, or rows with `input` and "
            "`output`.",
        ),
    ],
    data: Annotated[
        list[str] | None,
        typer.Argument(
            help="Labelled rows, in any form that `targen export` accepts. Several datasets "
            "are evaluated together and separately.",
        ),
    ] = None,
    task: TaskOption = None,
    encoding: EncodingArg = "utf-8",
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            help="Also report results for each value of this column.",
        ),
    ] = None,
    harness: Annotated[
        str | None,
        typer.Option(
            "--harness",
            metavar="A,B",
            help="Tasks of lm-evaluation-harness, instead of DATA; for decoders.",
        ),
    ] = None,
    shots: Annotated[
        int | None,
        typer.Option(
            "--shots",
            min=0,
            max=32,
            help="Number of worked examples before each BIG-bench example, or of --harness; for "
            "decoders. [default: 2, or what the task of --harness says]",
        ),
    ] = None,
    number: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--number",
            min=1,
            help="Number of random BIG-bench examples; for decoders. [default: all]",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write the predictions to this file, as its name ends: .csv or .jsonl.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Evaluate a trained model on labelled rows, with 95% intervals.

    The figures are those of the task's benchmark: accuracy and macro-F1 of labels, parity of AX-g's
    pairs, or the best option (COPA). Answers have F1 and ROUGE-L (ReCoRD), or F1a and exact match
    (MultiRC). The command also shows confused labels, and the figures by label, dataset and --by
    COLUMN. It counts test rows that the model was trained on, whose figures mean little.

    For a BIG-bench task.json, shows the normalised score: 0 is chance, 100 is all right. Decoders
    choose by likelihood, after worked examples. Other models do not get worked examples.

    Examples:
    - targen evaluate models/rte-0 RTE/val.jsonl
    - targen evaluate models/rte-0 RTE/val.jsonl --out predictions.jsonl
    - targen evaluate models/copa-0 COPA/val.jsonl --by question
    - targen evaluate models/llama implicatures.json --shots 2 -n 200
    - targen evaluate models/llama --harness arc_challenge,hellaswag
    """
    from targen_core.cli.tables import print_json
    from targen_training import api
    from targen_training.bigbench.evaluating import bigbench_in, is_decoder
    from targen_training.evaluation import require_format

    data = data or []
    if harness is not None:
        if data or by or out:
            raise UsageError("--harness has its own data: omit DATA, --by and --out")
        _print_harness(model, harness, shots, json=json)
        return
    if out is not None and out.exists():
        raise UsageError(f"{out} already exists", hint="choose a different --out")
    if out is not None:
        require_format(out)
    bigbench = bigbench_in(data)
    if bigbench is not None and (is_decoder(model) or not (model / "model.json").is_file()):
        _grade(bigbench, model, data[0], 2 if shots is None else shots, number, out, json=json)
        return
    found = api.evaluate(model, *data, task=task, by=by or (), encoding=encoding)
    if out is not None:
        found.save_predictions(out)
    if json:
        print_json(found.raw)
    else:
        _print(found)
        if bigbench is not None:
            _print_normalized(bigbench, found.scores)
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)


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
    from targen_core.cli.tables import print_json
    from targen_training.bigbench.evaluating import (
        answered,
        as_facts,
        chosen,
        grade_said,
        is_decoder,
    )
    from targen_training.evaluation import write_rows

    by_choice = is_decoder(model)
    if not by_choice and not model.exists():
        raise no_such_file(model, hint="give a model, a run of targen answer-bigbench, or rows")
    grade, rows = (
        chosen(task, str(model), shots, number) if by_choice else answered(task, str(model))
    )
    if out is not None:
        write_rows(out, rows)
    if json:
        print_json(as_facts(task, grade, shots if by_choice else None))
        return
    how = f"{shots} worked examples each" if by_choice else "written answers"
    print(f"{model} on {task.name or file}: {plural(grade.examples, 'example')}, {how}")
    for line in grade_said(grade):
        print(line)


def _print_normalized(task: BigBench, scores: Measured) -> None:
    """The main figure as BIG-bench normalises it, if it is that of its choices."""
    from targen_training.bigbench.score import METRICS, chance_of, metric_of, normalized
    from targen_training.printed import with_interval

    if metric_of(task) == METRICS[0] and scores.main in ("accuracy", "best_option"):
        low = chance_of(task.examples, METRICS[0])
        figure = normalized(scores.figures[scores.main], low)
        print(
            f"\nnormalised score: {with_interval(figure, scale=1)}; 0 is chance level, 100 "
            "is perfect"
        )


def _print_harness(model: Path, tasks: str, shots: int | None, *, json: bool) -> None:
    from targen_core.cli.tables import print_json, print_table
    from targen_training.harness import harness_figures

    names = [name.strip() for name in tasks.split(",") if name.strip()]
    by_task = harness_figures(model, names, shots=shots)
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


def _print(found: Evaluation) -> None:
    from targen_core.cli.tables import print_table

    print(found.said)
    for each in found.tables:
        print(f"\n{each.title}" if each.title else "")
        print_table(each.columns, each.rows, sparse=bool(each.title))
        if each.note:
            print(each.note)


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
    json: JsonArg = False,
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
    from targen_training.evaluation import PREDICTED, SCORE, require_format, write_rows

    if out.exists():
        raise UsageError(f"{out} already exists", hint="choose a different --out")
    require_format(out)
    found = api.predict(model, data, task=task, encoding=encoding)
    write_rows(out, found.rows)
    counts = Counter(row[PREDICTED] for row in found.rows if SCORE in row)
    if json:
        from targen_core.cli.tables import print_files

        print_files(out, rows=len(found), predicted=dict(counts))
        return
    few = [f"{name} {n:,}" for name, n in counts.most_common()] if len(counts) <= _NAMED else []
    print(f"{plural(len(found), 'row')}{'; predicted ' if few else ''}{', '.join(few)}")
    print(out)
