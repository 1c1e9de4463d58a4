"""Evaluation of a trained model on labelled rows, for `evaluate` and the command."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from targen_core.cli.findings import Cell, Estimate, Table
from targen_core.cli.markup import csv_cell
from targen_core.dataset.fitting import require_texts
from targen_core.dataset.model import Dataset
from targen_core.errors import UnknownName, UsageError
from targen_core.hints import quoted
from targen_core.outputs import write_file
from targen_core.pages import safe, table
from targen_core.plugins.registry import Registry
from targen_core.text import plural
from targen_standard.examples.shown import key_of
from targen_training.asked import read_rows
from targen_training.decisions import digest_of_key
from targen_training.models import Trained, facts_of, load_model
from targen_training.printed import with_interval
from targen_training.scores import LOSSES, Measured
from targen_training.slices import Slice

if TYPE_CHECKING:
    from targen_core.api.request import TaskLike
    from targen_standard.given import DataLike
    from targen_training.slices import Examples
    from targen_training.trainers import Decision

_WIDE = 12  # labels of which a table has columns

PREDICTED, SCORE = "predicted", "score"
"""The columns that predictions add to rows."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A trained model, held against labelled rows.

    Attributes:
        model: the model, of the task of the rows.
        datasets: the rows.
        scores: figures with 95% intervals, also by label, and confusions of labels.
        slices: the main figure of parts of the rows.
        seen: how many decisions the model learned from; figures on such rows flatter it.
        shown: how many decisions were examples when the model's training rows were written.
        unlearned: labels of the rows that no training row had.
        examples: the decisions that have a label.
        shares: of each decision, the model's score of each label; or its value, if an output was
            learned.
    """

    model: Trained
    datasets: Sequence[Dataset]
    scores: Measured
    slices: Sequence[Slice]
    seen: int
    shown: int
    unlearned: Sequence[str]
    examples: Examples
    shares: Sequence[Any]

    @property
    def rows(self) -> int:
        """Return the number of rows with a label."""
        return len({decision.row for decision in self.examples.decisions})

    @property
    def unit(self) -> str:
        """Return what is counted: rows, or decisions if a row has several labels or none."""
        return "row" if len(self.examples.decisions) == self.rows else "decision"

    @property
    def said(self) -> str:
        """Return which model was held against which rows, in a line."""
        learned = " + ".join(each.name for each in self.model.facts.data)
        names = " + ".join(dataset.name for dataset in self.datasets)
        of = "" if self.unit == "row" else f" for {plural(self.rows, 'row')}"
        return (
            f"{self.model.facts.trainer}, trained on {learned}, evaluated on {names}: "
            f"{plural(len(self.examples.decisions), self.unit)}{of}"
        )

    @property
    def value(self) -> float | None:
        """The main figure, such as accuracy, from 0 to 1."""
        return self.scores.figures[self.scores.main].value

    @property
    def warnings(self) -> list[str]:
        """Return reasons to doubt the figures, in words."""
        said = []
        whole = f"{len(self.examples.decisions):,} {self.unit}s"
        if self.seen:
            said.append(
                f"the training data contained {self.seen:,} of {whole}, so the results are too "
                "optimistic"
            )
        if self.shown:
            said.append(
                f"{self.shown:,} of {whole} were examples when the training rows were written, so "
                "the results are too optimistic"
            )
        if self.scores.one_label is not None:
            name, gets, has = self.scores.one_label
            said.append(
                f"the model predicts {name} for {gets:.0%} of the test rows, although {has:.0%} "
                "have this label. It has not learned to distinguish the labels. More rows, "
                "--trainer vectors, or more epochs for an encoder may help"
            )
        return said + [
            f"none of the training rows had the label {label}" for label in self.unlearned
        ]

    @cached_property
    def predictions(self) -> list[Mapping[str, Any]]:
        """Return the model's prediction for each decision, with the probability of each label."""
        names = [(dataset.name, at) for dataset in self.datasets for at in range(len(dataset))]
        lines: list[Mapping[str, Any]] = []
        for decision, each in zip(self.examples.decisions, self.shares, strict=True):
            dataset, row = names[decision.row]
            place = {**({"dataset": dataset} if len(self.datasets) > 1 else {}), "row": row}
            if self.model.output is not None:
                lines.append({**place, "right": decision.value, "predicted": rounded(each)})
                continue
            shares = dict(zip(self.model.answers, each, strict=True))
            lines.append(
                {
                    **place,
                    "question": decision.question,
                    "label": decision.label,
                    "predicted": max(shares, key=lambda name: shares[name]),
                    "scores": shares,
                }
            )
        return lines

    def save_predictions(self, file: str | PathLike[str]) -> None:
        """Write the predictions, as CSV or JSON lines by its suffix.

        Raises:
            UsageError: its name ends with neither .csv nor .jsonl.
            RunDirectoryError: the file cannot be written.
        """
        require_format(Path(file))
        write_rows(Path(file), self.predictions)

    @property
    def raw(self) -> dict[str, Any]:
        """Return all figures as JSON, as `targen evaluate --json` prints them."""
        return {
            "model": self.model.facts.model_dump(mode="json"),
            "data": [
                {"name": dataset.name, "digest": dataset.digest, "rows": len(dataset)}
                for dataset in self.datasets
            ],
            "decisions": len(self.examples.decisions),
            "seen_in_training": self.seen,
            "examples_of_training": self.shown,
            "baseline": self.scores.baseline,
            "labels_without_training": self.unlearned,
            "main": self.scores.main,
            "figures": {name: asdict(each) for name, each in self.scores.figures.items()},
            "labels": {
                name: dict(zip(("decisions", "precision", "recall", "f1"), figures, strict=True))
                for name, figures in self.scores.by_label.items()
            },
            "confusion": self.scores.confusion,
            "slices": [
                {
                    "by": each.by,
                    "which": each.value,
                    "decisions": each.decisions,
                    **asdict(each.figure),
                }
                for each in self.slices
            ],
        }

    def __repr__(self) -> str:
        return f"<Evaluation: {self.said}; {self._figure}>"

    @property
    def _figure(self) -> str:
        figure = self.scores.figures[self.scores.main]
        return f"{self.scores.main} {with_interval(figure, form='.1%', scale=1)}"

    @property
    def tables(self) -> list[Table]:
        """Return the figures, those of labels, confusions, and parts of the rows, in per cent."""
        scores = self.scores
        names = sorted(scores.figures, key=lambda name: name != scores.main)
        notes = [
            f"{name}: {scores.figures[name].value:.3f}" for name in LOSSES if name in scores.figures
        ]
        if scores.baseline is not None:
            share = _percent(scores.baseline)
            notes.insert(0, f"baseline: always predicting the largest label: {share}")
        figures: list[tuple[Cell, ...]] = [
            (name, *_percents(scores.figures[name])) for name in names if name not in LOSSES
        ]
        tables = [Table("", ("figure", "%", "low", "high"), figures, "\n".join(notes))]
        if scores.by_label:
            counted = "rows" if scores.confusion else "number"
            by_label: list[tuple[Cell, ...]] = [
                (name, count, *map(_percent, shares))
                for name, (count, *shares) in scores.by_label.items()
            ]
            tables.append(Table("", ("label", counted, "precision", "recall", "F1"), by_label))
        if scores.confusion and len(scores.confusion) <= _WIDE:
            confused: list[tuple[Cell, ...]] = [
                (name, *said.values()) for name, said in scores.confusion.items()
            ]
            title = "Predictions (row: right label; column: predicted label)"
            tables.append(Table(title, ("", *scores.confusion), confused))
        parts: list[tuple[Cell, ...]] = [
            (each.by, each.value, each.decisions, *_percents(each.figure))
            for each in self.slices
            if each.by != "label"
        ]
        if parts:
            heads = ("rows by", "which", f"{self.unit}s", f"{scores.main} %", "low", "high")
            tables.append(Table("", heads, parts))
        return tables

    def _repr_html_(self) -> str:
        head = "; ".join([self.said, self._figure, *self.warnings])
        tables = [table(each.title, each.columns, each.rows) for each in self.tables]
        return "\n".join([f"<p>{safe(head)}</p>", *tables])


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _percents(figure: Estimate) -> tuple[str, ...]:
    return tuple(map(_percent, (figure.value, figure.low, figure.high)))


def count_shown(decisions: Sequence[Decision], trained: Trained) -> int:
    """Return how many decisions were examples when the training rows were written."""
    if not len(trained.examples):
        return 0
    keys = (key_of(decision.texts.values()) for decision in decisions)
    return int(np.isin([digest_of_key(key) for key in keys], trained.examples).sum())


def opened(
    registry: Registry,
    model: Trained | str | PathLike[str],
    data: Sequence[DataLike],
    action: str,
    *,
    task: TaskLike | None,
    labelled: bool,
    encoding: str,
) -> tuple[Trained, list[Dataset]]:
    """Return a model, of the task of some rows, and the rows.

    `action` is the command that needs them. If they must be `labelled`, a row that does not fit
    the task is an error; otherwise a warning names it.

    Raises:
        UsageError: the model does not exist, or there are no rows of one of its tasks.
    """
    if not isinstance(model, Trained | str | PathLike):
        raise UsageError(
            f"{type(model).__name__} is not a model",
            hint=f"targen {action} MODEL DATA",
        )
    if not isinstance(model, Trained):
        facts_of(Path(model), action)  # names a missing folder before a model takes time to load
    if not data:
        raise UsageError(
            "no rows for evaluation were given", hint="pass a run, or a file of labelled rows"
        )
    trained = model if isinstance(model, Trained) else load_model(registry, Path(model))
    usual = trained.task(trained.facts.task) if len(trained.facts.tasks) == 1 else None
    whose = trained.task(task) if isinstance(task, str) else task
    datasets = [
        read_rows(
            registry,
            source,
            whose,
            usual,
            strict=labelled,
            only_texts=not labelled,
            encoding=encoding,
        )
        for source in data
    ]
    if len({dataset.task.name for dataset in datasets}) > 1:
        raise UsageError("the datasets belong to different tasks", hint="evaluate each separately")
    trained = trained.of(datasets[0].task.name)
    with suppress(UnknownName):  # a task of a program, or one that is not installed here
        learned = registry.get("task", trained.task(datasets[0].task.name))
        for dataset in datasets:
            require_texts(dataset.source or dataset.name, dataset.task, learned)
    return trained, datasets


def rounded(value: Any) -> Any:
    """Return a predicted output as files have it: a number to four digits behind the point."""
    return round(value, 4) if isinstance(value, float) else value


def require_format(out: Path) -> None:
    """Check, before a model is loaded, that the name of a file tells how rows are written.

    Raises:
        UsageError: it does not.
    """
    if out.suffix.lower() not in (".csv", ".jsonl"):
        raise UsageError(
            f"{out}: the name must end in .csv or .jsonl",
            hint=f"--out {quoted(out.with_suffix('.csv'))}",
        )


def write_rows(out: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as CSV, in which nested values are JSON, or as JSON lines, by the suffix.

    Raises:
        RunDirectoryError: the file cannot be written.
    """
    if out.suffix.lower() == ".csv":
        text = StringIO(newline="")
        table, header = csv.writer(text), list(dict.fromkeys(name for row in rows for name in row))
        table.writerow(map(csv_cell, header))
        for row in rows:
            table.writerow([csv_cell(row.get(name)) for name in header])
        write_file(out, text.getvalue())
        return
    write_file(out, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
