"""SuperGen as a method: a task whose rows have scores; the best are kept."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel, Field

from targen_core import Task, read_dataset
from targen_core.calls.scores import mean_logprob
from targen_core.errors import UsageError
from targen_core.tasks.steps import Llm
from targen_core.text import row_name
from targen_methods.conditional.steps import (
    CONTINUE,
    PROMPTS,
    Condition,
    ConditionalOptions,
    ConditionalSteps,
    Sample,
    kept,
)
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.methods.form import task_of_rows
from targen_standard.methods.model import Base, Method, derived

if TYPE_CHECKING:
    from targen_core.dataset.model import Dataset
    from targen_core.task_files import TaskFile

_RATIO = 5


@dataclass(frozen=True, slots=True)
class Selected:
    """The kept part of a dataset.

    Attributes:
        kept: rows by number from 0: the best of each label in turn, so that quality falls.
        report: by label, how many were made and kept, and the lowest number that was kept.
    """

    kept: Sequence[int]
    report: Mapping[str, Mapping[str, Any]]


def selected(
    labels: Sequence[str],
    numbers: Sequence[float],
    *,
    keep: int | None = None,
    ratio: int = _RATIO,
    at_random: Sequence[str] = (),
    seed: int = 0,
) -> Selected:
    """Return the rows of the greatest number for each label; the first of equals.

    Args:
        labels: of each row its label.
        numbers: of each row the number, as many as labels.
        keep: rows of each label; None for one of `ratio`, and at least one.
        ratio: see there.
        at_random: labels whose rows are drawn at random instead, equally many.
        seed: decides what is drawn.
    """
    chosen: list[list[int]] = []
    report = {}
    for name in dict.fromkeys(labels):
        made = [at for at, label in enumerate(labels) if label == name]
        count = min(len(made), keep or max(1, len(made) // ratio))
        pool = made
        if name in at_random:
            pool = random.Random(f"{seed}/{name}").sample(made, count)
        best = sorted(pool, key=lambda at: -numbers[at])[:count]
        chosen.append(best)
        report[name] = {"made": len(made), "kept": count, "cut": numbers[best[-1]]}
    rows = [at for at in chain.from_iterable(zip_longest(*chosen)) if at is not None]
    return Selected(rows, report)


def select(
    data: Annotated[
        str,
        typer.Argument(
            help="A run directory, a dataset derived from a run, or imported rows.",
            show_default=False,
        ),
    ],
    task: Annotated[
        str | None,
        typer.Option("--task", metavar="NAME", help="The task of the rows; a run records it."),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by", metavar="NOTE", help="The number in the rows' provenance to select by."
        ),
    ] = "score",
    keep: Annotated[
        int | None, typer.Option("--keep", metavar="N", min=1, help="Number of rows per label.")
    ] = None,
    ratio: Annotated[
        int, typer.Option("--ratio", metavar="K", min=1, help="Without --keep: keep one row in K.")
    ] = _RATIO,
    at_random: Annotated[
        list[str] | None,
        typer.Option(
            "--random",
            metavar="LABEL",
            help="Draw rows at random for this label instead of keeping the best. Repeatable.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Random seed for the sample.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", help="The output folder. [default: DATA-best]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier selection.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Keep each label's best rows, ranked by a recorded number.

    targen method supergen records how likely the model found each text, as `score`. targen
    import-rows keeps the scores that SuperGen's authors published. The run keeps all of its rows.
    The best rows go to a folder next to it that every command accepts as a dataset. The folder
    contains the origin of each row, and weighing.json, which records the choice. Rows are in
    descending order of the number, alternating between labels.

    Examples:
    - targen select runs/rte-supergen-0
    - targen select runs/cb-supergen-0 --keep 50 --random neutral --out runs/cb-best
    """
    from targen_core import read_dataset
    from targen_core.cli.outputs import check_free
    from targen_core.cli.tables import print_json, print_table
    from targen_core.plugins.loader import load_registry
    from targen_standard.datasets.weighing import FILE
    from targen_standard.methods.form import task_of_rows

    path = Path(data).expanduser()
    path = path if path.name.strip(".") else path.resolve()
    target = out or path.with_name(f"{path.name if path.is_dir() else path.stem}-best")
    check_free(target, "weighted rows", FILE, force=force)
    dataset = read_dataset(data, task, registry=load_registry())
    whose, variants = task_of_rows(data, task)
    report = keep_best(
        dataset,
        target,
        task=whose,
        variants=variants,
        by=by,
        keep=keep,
        ratio=ratio,
        at_random=at_random or (),
        seed=seed,
        force=force,
    )
    if json:
        print_json({"out": str(target), "labels": report})
        return
    print_table(
        ["label", "available", "kept", f"lowest {by} kept"],
        [
            (name, f"{of['made']:,}", f"{of['kept']:,}", f"{of['cut']:.4f}")
            for name, of in report.items()
        ],
    )
    typer.echo(target)


def keep_best(
    dataset: Dataset,
    target: Path,
    *,
    task: str | TaskFile,
    variants: Sequence[str] = (),
    by: str = "score",
    keep: int | None = None,
    ratio: int = _RATIO,
    at_random: Sequence[str] = (),
    seed: int = 0,
    force: bool = False,
) -> Mapping[str, Mapping[str, Any]]:
    """Write the best rows of a dataset into a folder; see `selected`, whose report it returns.

    Args:
        dataset: the rows, with where they are from.
        target: the folder.
        task: the id or file of the rows' task; "" if unknown.
        variants: variants of the task.
        by: the number in the rows' notes.
        keep: see `selected`, as of the next three.
        ratio: see `selected`.
        at_random: see `selected`.
        seed: see `selected`.
        force: replace an earlier selection.

    Raises:
        UsageError: rows belong together, lack a label or the number, or the folder is in use.
        RunDirectoryError: the operating system refuses.
    """
    from targen_standard.datasets.weighing import write_weighed

    data = dataset.name
    together = dataset.task.rows_per_instance
    labels = [str(dataset.task.label_of(instance)) for instance in dataset.instances]
    records = list(dataset.provenance)
    if len(labels) * together != len(dataset) or not labels:
        raise UsageError(f"{data} has rows without a label", hint="pass labelled rows")
    for name in at_random:
        if name not in labels:
            raise UsageError(f"--random {name}: {data} has no rows with that label")
    numbers = _numbers(data, records, len(labels), by)
    found = selected(labels, numbers, keep=keep, ratio=ratio, at_random=at_random, seed=seed)
    rows = [row for at in found.kept for row in dataset.rows[at * together : (at + 1) * together]]
    write_weighed(
        target,
        replace(dataset, rows=rows, weights=[1.0] * len(rows), provenance=(), problems=()),
        [{**records[at], "weighed": {"by": by, "value": numbers[at]}} for at in found.kept],
        task=task,
        variants=variants,
        made={
            "by": by,
            "version": "1",
            "keep": keep,
            "ratio": None if keep else ratio,
            "random": list(at_random),
            "seed": seed,
            "data": {"name": dataset.name, "digest": dataset.digest, "rows": len(dataset)},
        },
        report=found.report,
        force=force,
    )
    return found.report


def _numbers(data: str, records: Sequence[Mapping[str, Any]], rows: int, by: str) -> list[float]:
    """Return each row's number under a name in its notes or in its published file.

    Raises:
        UsageError: a row does not have such a number, or none does.
    """
    if len(records) != rows:
        raise UsageError(
            f"{data} does not state where its rows come from", hint="give a run directory"
        )
    numbers = []
    for number, record in enumerate(records):
        notes = record.get("notes")
        value: Any = {**record, **(notes if isinstance(notes, Mapping) else {})}.get(by)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):
            raise UsageError(
                f"{data}: {row_name(number)} has no number {by!r} in its provenance",
                hint="targen method supergen records a score; --by selects a different number",
            )
        numbers.append(float(value))
    return numbers


_TOKENS = 40  # of a text, before it is cut
_MADE = 30_000  # rows per label that the authors generated; they kept 6,000


class Options(ConditionalOptions):
    """Options of SuperGen."""

    per_condition: int = Field(1, ge=1, le=10_000, description="number of samples per condition")
    ratio: int = Field(
        5,
        ge=1,
        le=1000,
        description="number of rows to generate for each row that is kept; those with the best "
        "scores are kept",
    )


class Steps(ConditionalSteps):
    """The steps for one task."""

    def writer(self, label: str) -> Any:
        """Return the function that writes rows of a label, and notes their score."""

        async def write(llm: Llm, sample: Sample) -> BaseModel:
            condition: Condition = llm.above[-1]
            scored = await llm.ask_scored(
                CONTINUE, may_be_cut=True, **self.values(condition, label)
            )
            start, end = kept(scored.text, ends=self.options.ends, first=True)
            row = self.row(condition, scored.text[start:end], label)
            llm.note(score=round(mean_logprob(scored.between(start, end)), 6))
            return row

        return write


def _task(base: Base, options: Options) -> Task[Any, Any]:
    steps = Steps(base, options)
    pairs = bool(base.columns.first)
    return derived(
        base,
        contexts=steps.conditions,
        seeds=(steps.samples,),
        generators={label.name: steps.writer(label.name) for label in base.task.labels},
        prompts=(*PROMPTS, META_PROMPT),
        seeding={"most": steps.most},
        calls={
            "parameters": {
                "conditions": {"temperature": 1.0, "top_p": 0.9, "max_tokens": _TOKENS},
                "generate": {"temperature": 0.0 if pairs else 0.2, "max_tokens": _TOKENS},
            },
            "scored": {"generate": 0},
            "dry_run": steps.dry_run,
        },
        rows={
            "presets": {
                **base.task.rows.presets,
                "supergen": dict.fromkeys((label.name for label in base.task.labels), _MADE),
            }
        },
    )


def _finish(run: Path, options: Options, out: Path) -> None:
    task, variants = task_of_rows(run)
    keep_best(read_dataset(run), out, task=task, variants=variants, ratio=options.ratio)


SUPERGEN = Method(
    summary="generates texts for a label, scored by probability; targen finish keeps the best",
    version="1",
    task=_task,
    options=Options,
    presets={"paper": {"min_words": 1, "ends": "."}},
    given="pairs",
    finish=_finish,
    made_for_each=lambda options: options.ratio,
    source=(
        "SuperGen, arXiv:2202.04538, with our own prompts. Its authors continued connectives such "
        "as 'In other words,' with CTRL; the option `cues` accepts such texts. By default the cue "
        "contains the label's name and meaning, and a chat model continues it. First texts came "
        "from Wikipedia: give rows, or the model writes them. The score is the mean "
        "log-probability of the text's tokens as the backend reports it. The authors' code also "
        "counts repetition penalties. Single texts differ by topic, for which they forced first "
        "words, and are drawn at temperature 0.2 among all tokens, not among ten. Forbidden "
        "contents of texts, and the rules for CoLA and QNLI, are left out."
    ),
    citation="""
@inproceedings{meng2022generating,
  title     = {Generating Training Data with Language Models: Towards Zero-Shot Language
               Understanding},
  author    = {Meng, Yu and Huang, Jiaxin and Zhang, Yu and Han, Jiawei},
  booktitle = {Advances in Neural Information Processing Systems},
  year      = {2022},
  eprint    = {2202.04538}
}""",
)
