"""`targen reproduce datatune-table2`: models trained on existing, synthetic and transformed rows.

Each dataset is written once as rows of an input with its choices and the right one. So rows of any
columns train the same models. BIG-bench's own examples test them.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from targen_core.cli.findings import Estimate
from targen_core.dataset.source import open_source
from targen_core.errors import UsageError
from targen_core.origin import Typed
from targen_core.outputs import write_file
from targen_core.task_files import note_own_copy
from targen_standard.datasets.bigbench import CHOICE, BigBench, choices_in, task_json
from targen_training.bigbench.score import METRICS, Grade, chance_of, metric_of, normalized
from targen_training.evaluation import write_rows
from targen_training.reproduction.items import published
from targen_training.reproduction.material import file_in

if TYPE_CHECKING:
    from targen_core.plugins.registry import Registry
    from targen_training.experiments.model import Experiment
    from targen_training.experiments.results import Results
    from targen_training.money import Money
    from targen_training.reproduction.paper import Options

NAME = "datatune-table2"
_FEW = 20  # different outputs that count as a closed set
_WRONG = 3  # outputs of other rows, if a row has no choices
_SHOTS = 2
_ANSWERS = ("output", "label", "target", "answers")  # columns

Figures = dict[tuple[str, str], dict[str, Estimate]]
"""Model and arm -> task -> normalised score."""


def reproduce_datatune(
    registry: Registry, options: Options, money: Money, *, plan: bool, json: bool
) -> None:
    """Do DataTune's table 2 again with what is at hand.

    Runs draw from `money`, which the caller has opened.

    Raises:
        UsageError: no part of the table can be reproduced.
    """
    from targen_core.cli.tables import print_json
    from targen_training.bigbench.evaluating import answered
    from targen_training.comparing import carried_out
    from targen_training.experiments.model import declared

    table = published("datatune")
    size = options.size.name
    models: list[Any] = [*options.models]
    differs: list[str] = []
    if not models:
        models, differs = options.size.available(table[size].get("models", options.size.models))
        models = [{**each, "sizes": ["natural"]} for each in models]
        differs += table[size]["differs"]
    known = _tasks(options, table["tasks"])
    parts, missing = _parts(options, known, table)
    for line in missing:
        print(f"note: {line}", file=sys.stderr)
    if not parts and plan:
        return
    if not parts:
        raise UsageError(
            f"none of the tasks of {NAME} have rows to train on",
            hint="--transformed FOLDER must contain each task's run of targen transform, as "
            "FOLDER/TASK or FOLDER/TASK.jsonl. --synthetic needs runs of targen generate, and "
            "--existing needs unchanged rows",
        )
    values = {"name": NAME, "tasks": parts, "models": models, "seeds": options.repeats}
    experiment = declared({**values, "sizes": ["natural"]}, NAME)
    existing = {}
    for name in known:
        if options.answers is not None and (path := _source(options.answers, name)) is not None:
            existing[name] = path
    results = carried_out(registry, experiment, options.folder, money, keep=True, plan=plan)
    if results is None:
        return
    figures = _figures(registry, experiment, results, known, options.folder)
    grades = {name: answered(known[name], Typed(path))[0] for name, path in existing.items()}
    few = [
        f"Few-shot answers cover {grade.examples:,} of the {len(known[key].examples):,} examples "
        f"of {key}."
        for key, grade in grades.items()
        if grade.examples < len(known[key].examples)
    ]
    differs = [*differs, *missing, *few, *table["differs"], f"Seeds: {len(results.seeds)}."]
    if json:
        here = [
            {"model": model, "arm": arm, "scores": {key: asdict(each) for key, each in of.items()}}
            for (model, arm), of in figures.items()
        ]
        normal = {key: asdict(grade.normalized) for key, grade in grades.items()}
        facts = {"paper": table["rows"], "here": here, "few_shot": normal, "differs": differs}
        print_json(facts)
        return
    _print(table, list(known), figures, grades, differs)
    print(options.folder / "results.html")


def _tasks(options: Options, names: Sequence[str]) -> dict[str, BigBench]:
    """Return the tasks whose examples exist.

    Raises:
        UsageError: no task has examples.
    """
    tasks = {}
    for name in options.chosen(NAME, names):
        if (path := _place(options.original, name)).is_file():
            tasks[name] = task_json(path)
            if metric_of(tasks[name]) != METRICS[0]:
                raise UsageError(f"{path} has no answer choices")
    if not tasks:
        raise UsageError(
            f"--original {options.original} does not contain any of the table's tasks",
            hint=f"add, for example, {names[-1]}.json: BIG-bench's task.json of that task",
        )
    return tasks


def _place(original: Path, name: str) -> Path:
    """The task.json of a task."""
    path = original / f"{name}.json"
    return path if path.is_file() else original / name / "task.json"


def _parts(
    options: Options, known: Mapping[str, BigBench], table: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The parts of the experiment, their rows written, and what is left out."""
    from targen_training.bigbench.answering import ANSWER, FORM, Answer

    data = options.data
    folders = {
        "existing": options.existing,
        "synthetic": options.synthetic,
        "transformed": options.transformed,
    }
    parts: dict[str, Any] = {}
    missing = []
    for name, task in known.items():
        there = {}
        for kind, folder in folders.items():
            if folder is not None and (source := _source(folder, name)) is not None:
                there[kind] = str(_write(data / f"{name}-{kind}.jsonl", _rows(source)))
        if lacking := [kind for kind in folders if kind not in there]:
            missing.append(f"{name}: {' and '.join(lacking)} rows are missing.")
        arms = {
            arm: [there[kind] for kind in kinds]
            for arm, kinds in table["arms"].items()
            if all(kind in there for kind in kinds)
        }
        if arms:
            rows = ({"input": e.with_choices, "output": e.targets[0]} for e in task.examples)
            test = _write(data / f"{name}-test.jsonl", rows)
            answer = Answer(file=str(_place(options.original, name).resolve()), shots=_SHOTS)
            file = write_file(data / f"{name}.json", ANSWER.text(FORM, answer, name))
            note_own_copy(file)
            parts[name] = {"task": str(file), "test": [str(test)], "arms": arms}
    if absent := [name for name in table["tasks"] if name not in parts]:
        missing.append(f"Tasks left out: {', '.join(absent)}.")
    return parts, missing


def _source(folder: Path, name: str) -> Path | None:
    if not folder.is_dir():
        raise UsageError(f"the folder {folder} does not exist")
    if (folder / name / "dataset.jsonl").is_file():
        return folder / name
    return file_in(folder, (name,))


def _rows(source: Path) -> Iterable[dict[str, str]]:
    """Rows of any columns as an input with its choices and an output.

    Raises:
        UsageError: they have no answers.
    """
    pairs: list[tuple[str, str]] = []
    for row in open_source(source).rows():
        output = next((row[name] for name in _ANSWERS if name in row), None)
        if isinstance(output, list) and len(output) == 1:  # an `answer` of a task file
            output = output[0]
        if output is None or isinstance(output, list | Mapping):
            continue
        text = row.get("input")
        if not isinstance(text, str):
            names = [name for name in row if name not in (*_ANSWERS, "kind", "idx", "id")]
            text = "\n".join(f"{name}: {row[name]}" for name in names if row[name] is not None)
        elif isinstance(choices := row.get("choices"), str):  # on lines of their own
            text = f"{text}\n{choices}"
        answer = str(output).lower() if isinstance(output, bool) else " ".join(str(output).split())
        pairs.append((text.strip(), answer))
    outputs = list(dict.fromkeys(output for _, output in pairs))
    if len(outputs) < 2:
        raise UsageError(
            f"{source} does not have two different outputs to learn",
            hint="use rows with `input` and `output`, or with a column `label`",
        )
    chance = random.Random(source.name)
    for text, output in pairs:
        choices = list(choices_in(text))
        if not choices:
            choices = list(outputs)
            if len(outputs) > _FEW:
                others = [each for each in outputs if each != output]
                choices = [output, *chance.sample(others, _WRONG)]
            chance.shuffle(choices)
            text = "\n".join([text, *(f"{CHOICE}{choice}" for choice in choices)])
        if output in choices:
            yield {"input": text, "output": output}


def _write(path: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    write_rows(path, [{"row": at, **row, "idx": at} for at, row in enumerate(rows)])
    return path


def _figures(
    registry: Registry,
    experiment: Experiment,
    results: Results,
    known: Mapping[str, BigBench],
    folder: Path,
) -> Figures:
    """Measure all models.

    Decoders choose by likelihood after two worked examples, the mean over seeds; others as they
    were tested.
    """
    from targen_training.bigbench.evaluating import chosen

    decoders = {model.called for model in experiment.models if model.trainer == "decoder"}
    figures: Figures = {}
    for part in results.parts:
        low = chance_of(known[part.key].examples, METRICS[0])
        for group in part.groups:
            figure = normalized(group.figure, low)
            if group.model in decoders:
                places = [str(folder / "cells" / each.cell / "model") for each in group.trained]
                grades = [chosen(known[part.key], place, _SHOTS, None)[0] for place in places]
                figure = _mean([grade.normalized for grade in grades])
            figures.setdefault((group.model, group.arm), {})[part.key] = figure
    return figures


def _mean(each: Sequence[Estimate]) -> Estimate:
    """The mean over seeds, whose intervals are over the same examples."""
    ends = [[getattr(one, name) for one in each] for name in ("value", "low", "high")]
    return Estimate(*(fmean(of) if None not in of else None for of in ends))


def _print(
    table: Mapping[str, Any],
    tasks: Sequence[str],
    figures: Figures,
    grades: Mapping[str, Grade],
    differs: Sequence[str],
) -> None:
    from targen_core.cli.tables import print_table
    from targen_training.printed import with_interval

    print(f"DataTune's table 2: {table['title']}")
    print_table(
        ["", *table["tasks"], "mean"],
        [
            (row["name"], *(f"{v:.1f}" for v in (*row["values"], row["mean"])))
            for row in table["rows"]
        ],
    )
    print("\nthis reproduction, normalised, with 95% intervals over examples; 0 is chance level")
    lines = dict(figures)
    if grades:
        normal = {key: grade.normalized for key, grade in grades.items()}
        lines = {("written answers", "few-shot"): normal, **lines}
    rows = [
        (*name, *(with_interval(of.get(key), scale=1) for key in tasks))
        for name, of in lines.items()
    ]
    print_table(["model", "trained on", *tasks], rows)
    print("\nDifferences from the paper")
    for line in differs:
        print(f"- {line}")
