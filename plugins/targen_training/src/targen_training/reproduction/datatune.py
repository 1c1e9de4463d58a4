"""`targen reproduce datatune-table2`: models trained on existing, synthetic and transformed rows.

Each dataset is written once as rows of an input with its choices and the right one. So rows of any
columns train the same models. BIG-bench's own examples test them.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from targen_core.cli.findings import Estimate
from targen_core.dataset.source import open_source
from targen_core.errors import UsageError
from targen_core.origin import Typed
from targen_core.outputs import write_file
from targen_core.plain import content_of
from targen_core.task_files import note_own_copy
from targen_standard.datasets.bigbench import CHOICE, BigBench, choices_in, task_json
from targen_training.asked import chosen
from targen_training.bigbench.score import METRICS, Grade, chance_of, metric_of, normalized
from targen_training.evaluation import write_rows
from targen_training.reproduction.material import file_in
from targen_training.reproduction.printed import printed

if TYPE_CHECKING:
    from targen_core.plugins.registry import Registry
    from targen_training.experiments.making import Made
    from targen_training.experiments.model import Experiment
    from targen_training.experiments.results import Results
    from targen_training.money import Money
    from targen_training.reproduction.paper import Asked

NAME = "datatune-table2"
_FEW = 20  # different outputs that count as a closed set
_WRONG = 3  # outputs of other rows, if a row has no choices
_SHOTS = 2


def reproduce_datatune(
    registry: Registry, asked: Asked, money: Money, *, plan: bool, json: bool
) -> None:
    """Do DataTune's table 2 again with what is at hand.

    Runs draw from `money`, which the caller has opened.

    Raises:
        UsageError: no part of the table can be reproduced.
    """
    from targen_core.cli.tables import print_json
    from targen_training.comparing import carried_out, say_billed
    from targen_training.experiments.model import declared

    paper = printed("datatune")
    known = _tasks(asked, paper["tasks"])
    models, differs, seconds = _models(asked, paper)
    parts, left = _parts(asked, known, paper)
    differs += left
    for line in left:
        print(f"note: {line}", file=sys.stderr)
    values = {"name": NAME, "tasks": parts, "models": models, "seeds": asked.repeats}
    experiment = declared({**values, "sizes": ["natural"]}, NAME)
    print(_announced(experiment, seconds), file=sys.stderr)
    _announce_answers(registry, asked, known, money)
    results = carried_out(registry, experiment, asked.folder, money, keep=True, plan=plan)
    if results is None:
        return
    lines = _figures(registry, experiment, results, known, asked.folder)
    grades = _few_shot(registry, asked, known)
    say_billed(money)
    facts = {
        "paper": paper["rows"],
        "here": [
            {
                "model": model,
                "arm": arm,
                "scores": {key: asdict(each) for key, each in of.items()},
            }
            for (model, arm), of in lines.items()
        ],
        "few_shot": {key: asdict(grade.normalized) for key, grade in grades.items()},
        "differs": [*differs, *_answered(grades, known), *paper["differs"]],
    }
    if json:
        print_json(facts)
        return
    _print(paper, list(known), lines, grades, facts["differs"], results)
    print(asked.folder / "results.html")


def _tasks(asked: Asked, names: Sequence[str]) -> dict[str, BigBench]:
    """Return the tasks whose examples exist.

    Raises:
        UsageError: no task has examples.
    """
    if not asked.original.is_dir():
        raise UsageError(f"--original {asked.original}: the folder does not exist")
    wanted = chosen("--tasks", asked.tasks, names, of=f"{NAME} has no task", what="its tasks are")
    tasks = {}
    for name in wanted:
        if (path := _place(asked.original, name)) is not None:
            tasks[name] = task_json(path)
            if metric_of(tasks[name]) != METRICS[0]:
                raise UsageError(
                    f"{path} has no answer choices",
                    hint="all tasks of the table are multiple-choice tasks",
                )
    if not tasks:
        raise UsageError(
            f"{asked.original} does not contain any of the table's tasks",
            hint=f"add, for example, {names[-1]}.json: BIG-bench's task.json of that task",
        )
    return tasks


def _place(original: Path, name: str) -> Path | None:
    """The task.json of a task."""
    places = (original / f"{name}.json", original / name / "task.json")
    return next((path for path in places if path.is_file()), None)


def _models(
    asked: Asked, paper: Mapping[str, Any]
) -> tuple[list[Mapping[str, Any]], list[str], Mapping[str, float]]:
    """Return the models, their differences from the paper, and seconds of a training."""
    from targen_training.reproducing import left_out

    if asked.models:
        said = "The models are those passed with --trainer, not the paper's."
        return list(asked.models), [said], {}
    differs = list(paper[asked.size.name]["differs"])
    if asked.size.name == "paper":
        return list(paper["paper"]["models"]), differs, {}
    own, lacking = asked.size.here()
    models: list[Mapping[str, Any]] = [{**each, "sizes": ["natural"]} for each in own]
    return models, [*differs, *left_out(lacking)], asked.size.seconds


def _parts(
    asked: Asked, known: Mapping[str, BigBench], paper: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The parts of the experiment, their rows written, and what is left out.

    Raises:
        UsageError: no task has any rows to train on.
    """
    data = asked.data
    folders = {
        "existing": asked.existing,
        "synthetic": asked.synthetic,
        "transformed": asked.transformed,
    }
    parts: dict[str, Any] = {}
    left = []
    for name, task in known.items():
        there = {}
        for kind, folder in folders.items():
            source = None if folder is None else _source(folder, name)
            if source is not None:
                there[kind] = str(_write(data / f"{name}-{kind}.jsonl", _rows(source, kind)))
        own = {
            arm: {"data": [there[kind] for kind in kinds]}
            for arm, kinds in paper["arms"].items()
            if all(kind in there for kind in kinds)
        }
        if lacking := [kind for kind in folders if kind not in there]:
            left.append(f"{name}: {' and '.join(lacking)} rows are missing.")
        if not own:
            continue
        rows = ({"input": e.with_choices, "output": e.targets[0]} for e in task.examples)
        test = _write(data / f"{name}-test.jsonl", rows)
        file = _file(data / f"{name}.json", name, asked.original)
        parts[name] = {"task": str(file), "test": [str(test)], "arms": own}
    if not parts:
        raise UsageError(
            f"none of the tasks of {NAME} have rows to train on",
            hint="--transformed FOLDER must contain each task's run of targen transform, as "
            "FOLDER/TASK or FOLDER/TASK.jsonl. --synthetic needs runs of targen generate, and "
            "--existing needs unchanged rows",
        )
    if absent := [name for name in paper["tasks"] if name not in parts]:
        left.append(f"Tasks left out: {', '.join(absent)}.")
    return parts, left


def _source(folder: Path, name: str) -> Path | None:
    if not folder.is_dir():
        raise UsageError(f"the folder {folder} does not exist")
    if (folder / name / "dataset.jsonl").is_file():
        return folder / name
    return file_in(folder, (name,))


def _rows(source: Path, kind: str) -> Iterable[dict[str, str]]:
    """Rows of any columns as an input with its choices and an output.

    Raises:
        UsageError: they have no answers.
    """
    read = open_source(source).rows()
    pairs: list[tuple[str, str]] = []
    for row in read:
        output = next((row[name] for name in ("output", "label", "target") if name in row), None)
        if output is None or isinstance(output, list | Mapping):
            continue
        text = row.get("input")
        if not isinstance(text, str):
            names = [name for name in row if name not in ("label", "output", "target", "idx", "id")]
            text = "\n".join(f"{name}: {row[name]}" for name in names if row[name] is not None)
        pairs.append((text.strip(), _shown(output)))
    outputs = list(dict.fromkeys(output for _, output in pairs))
    if len(outputs) < 2:
        raise UsageError(
            f"{source} ({kind}) does not have two different outputs to learn",
            hint="use rows with `input` and `output`, or with a column `label`",
        )
    chance = random.Random(str(source.name))
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


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else " ".join(str(value).split())


def _file(path: Path, name: str, original: Path) -> Path:
    """The file of the task whose rows these are: that of answering it."""
    from targen_training.bigbench.answering import ANSWER, FORM, Answer

    own = _place(original, name)
    assert own is not None  # it was read
    write_file(path, ANSWER.text(FORM, Answer(file=str(own.resolve()), shots=_SHOTS), name))
    note_own_copy(path)
    return path


def _write(path: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    write_rows(path, [{"row": at, **row, "idx": at} for at, row in enumerate(rows)])
    return path


# --- said before it starts ---


def _announced(experiment: Experiment, seconds: Mapping[str, float]) -> str:
    """Return the plan: data, repetitions and time."""
    from targen_training.reproducing import trainings_said

    lines = [f"{NAME}: {', '.join(experiment.tasks)}"]
    for key, part in experiment.tasks.items():
        arms = ", ".join(f"{arm} ({_count(of.data):,} rows)" for arm, of in part.arms.items())
        lines.append(f"{key}: {_count(part.test):,} examples to test on; {arms}")
    lines.append(f"{trainings_said(experiment, seconds)}; training makes no paid calls")
    return "\n".join(lines)


def _count(paths: Iterable[str]) -> int:
    return sum(content_of(Path(path), 1 << 30).count(b"\n") for path in paths)


def _announce_answers(
    registry: Registry, asked: Asked, known: Mapping[str, BigBench], money: Money
) -> None:
    """Report existing few-shot answers, and the cost of missing ones.

    Raises:
        RunConflict: answers to another request are in the place of some.
        UsageError: what cannot be generated.
    """
    from targen_training.comparing import say_arms

    for name in known:
        if (source := _answers_of(asked, name)) is not None or not asked.generators:
            said = source or "missing; pass --generator NAME/MODEL or --answers"
            print(f"few-shot answers for {name}: {said}", file=sys.stderr)
    say_arms(registry, list(_to_write(asked, known)), money)


def _to_write(asked: Asked, known: Mapping[str, BigBench]) -> Iterator[Made]:
    """The answers that the generator writes, or has written."""
    from targen_training.experiments.making import Made

    for name, task in known.items():
        if asked.generators and _answers_of(asked, name) is None:
            file = asked.data / f"{name}.json"
            yield Made(
                name, "few-shot answers", Typed(file), _asked(asked, task), _own(asked, name)
            )


def _asked(asked: Asked, task: BigBench) -> dict[str, Any]:
    options = dict(asked.options)
    number = min(len(task.examples), options.pop("n", 0) or len(task.examples))
    return {"n": number, **asked.generator, **options, "near_duplicates": 0.0}


def _own(asked: Asked, name: str) -> Path:
    return asked.folder / "runs" / f"{name}-few-shot"


def _answers_of(asked: Asked, name: str) -> Path | None:
    """Return existing answers; with a generator, those that it need not write."""
    if asked.answers is not None and (source := _source(asked.answers, name)) is not None:
        return source
    made = _own(asked, name)
    return made if not asked.generators and (made / "report.json").exists() else None


# --- results ---


def _few_shot(registry: Registry, asked: Asked, known: Mapping[str, BigBench]) -> dict[str, Grade]:
    """Return written answers to each task, graded; request missing ones if there is a model."""
    from targen_core import generate
    from targen_training.bigbench.evaluating import answered

    sources = {name: source for name in known if (source := _answers_of(asked, name)) is not None}
    for made in _to_write(asked, known):
        generate(made.task, out=made.run, registry=registry, **made.values)
        sources[made.part] = made.run
    grades = {}
    for name, source in sources.items():
        grades[name], _ = answered(known[name], Typed(source))
    return grades


def _answered(grades: Mapping[str, Grade], known: Mapping[str, BigBench]) -> list[str]:
    return [
        f"Few-shot answers cover {grade.examples:,} of the {len(known[key].examples):,} examples "
        f"of {key}."
        for key, grade in grades.items()
        if grade.examples < len(known[key].examples)
    ]


def _figures(
    registry: Registry,
    experiment: Experiment,
    results: Results,
    known: Mapping[str, BigBench],
    folder: Path,
) -> dict[tuple[str, str], dict[str, Estimate]]:
    """Model and arm -> task -> normalised score.

    Decoders choose by likelihood after two worked examples, the mean over seeds; others as they
    were tested.
    """
    decoders = {model.called for model in experiment.models if model.trainer == "decoder"}
    lines: dict[tuple[str, str], dict[str, Estimate]] = {}
    for part in results.parts:
        low = chance_of(known[part.key].examples, METRICS[0])
        for group in part.groups:
            if group.model not in decoders:
                figure = normalized(group.figure, low)
                lines.setdefault((group.model, group.arm), {})[part.key] = figure
    if decoders:
        from targen_training.bigbench import evaluating
        from targen_training.experiments.run import planned

        estimates: dict[tuple[str, str, str], list[Estimate]] = {}
        for plan in planned(registry, experiment, folder, {}).plans:
            cell = plan.cell
            if cell.model in decoders:
                place = str(folder / "cells" / plan.key / "model")
                grade, _ = evaluating.chosen(known[cell.task], place, _SHOTS, None)
                estimates.setdefault((cell.model, cell.arm, cell.task), []).append(grade.normalized)
        for (model, arm, key), each in estimates.items():
            lines.setdefault((model, arm), {})[key] = _mean(each)
    return lines


def _mean(each: Sequence[Estimate]) -> Estimate:
    """The mean over seeds, whose intervals are over the same examples."""
    ends = [[getattr(one, name) for one in each] for name in ("value", "low", "high")]
    return Estimate(*(fmean(of) if None not in of else None for of in ends))


def _print(
    paper: Mapping[str, Any],
    tasks: Sequence[str],
    lines: Mapping[tuple[str, str], Mapping[str, Estimate]],
    grades: Mapping[str, Grade],
    differs: Sequence[str],
    results: Results,
) -> None:
    from targen_core.cli.tables import print_table
    from targen_training.printed import with_interval

    print(f"DataTune's table 2: {paper['title']}")
    print_table(
        ["", *paper["tasks"], "mean"],
        [
            (row["name"], *(f"{value:.1f}" for value in row["values"]), f"{row['mean']:.1f}")
            for row in paper["rows"]
        ],
    )
    print("\nthis reproduction, normalised, with 95% intervals over examples; 0 is chance level")
    rows: list[tuple[str, ...]] = []
    if grades:
        cells = (
            with_interval(grades[key].normalized, scale=1) if key in grades else "-"
            for key in tasks
        )
        rows.append(("written answers", "few-shot", *cells))
    for (model, arm), of in lines.items():
        cells = (with_interval(of[key], scale=1) if key in of else "-" for key in tasks)
        rows.append((model, arm, *cells))
    print_table(["model", "trained on", *tasks], rows)
    counts = [(part.key, group.arm, group.rows) for part in results.parts for group in part.groups]
    said = {f"{key} {arm} {rows:,}" for key, arm, rows in counts}
    print(f"\nrows: {'; '.join(sorted(said))}")
    print("\nDifferences from the paper")
    for line in differs:
        print(f"- {line}")
    print(f"- Seeds: {len(results.seeds)}.")
