"""Differences between a reproduction and the paper, by its tasks, models and runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core import load
from targen_core.cli.tracing import made_by
from targen_core.plugins.registry import Registry
from targen_core.text import plural
from targen_training.experiments.making import to_generate
from targen_training.experiments.model import Experiment
from targen_training.experiments.results import Results
from targen_training.reproduction.paper import Asked, PaperTable

_RUNS = 5  # trainings of each model in the paper


@dataclass(frozen=True, slots=True)
class _Rows:
    """The synthetic rows of an arm.

    Attributes:
        task: their task.
        part: the part of the experiment.
        arm: the arm.
        run: their run, or None if their file does not say who wrote them.
        own: whether another method than the task's own wrote them.
    """

    task: str
    part: str
    arm: str
    run: Path | None
    own: bool


def applying(
    known: Iterable[str | Mapping[str, Any]], tasks: Collection[str], models: Collection[str]
) -> Iterator[str]:
    """Yield the differences that apply to these tasks and models; most apply to all."""
    for each in known:
        if isinstance(each, str):
            yield each
        elif {*tasks} & {*each.get("tasks", ())} or {*models} & {*each.get("models", ())}:
            yield each["text"]


def differences(
    registry: Registry, paper: PaperTable, asked: Asked, experiment: Experiment, results: Results
) -> Iterator[str]:
    """Yield the differences of results from the paper's, by the models and the rows behind them."""
    models = {group.model for part in results.parts for group in part.groups}
    if asked.models:
        yield f"The models are those passed with --trainer: {', '.join(sorted(models))}."
    else:
        yield from applying(asked.size.differs, experiment.tasks, models)
        if paper.together:
            yield from applying(asked.size.differs_together, experiment.tasks, models)
    if asked.repeats != _RUNS:
        yield f"Each model was trained {plural(asked.repeats, 'time')} per arm, not five times."
    yield from _of_rows(registry, paper, asked, experiment, results)
    if asked.size.name == "small":
        yield from applying(paper.differs_small, experiment.tasks, models)
    yield from applying(paper.differs, experiment.tasks, models)
    yield from (f"{note.removesuffix('.')}." for note in results.notes)
    rows = ", ".join(f"{part.key} {part.test['rows']:,}" for part in results.parts)
    yield f"Test rows: {rows}. Seeds: {len(results.seeds)}."


def _of_rows(
    registry: Registry, paper: PaperTable, asked: Asked, experiment: Experiment, results: Results
) -> Iterator[str]:
    rows = list(_synthetic(registry, asked, experiment))
    writers: dict[str, dict[str, None]] = {}
    as_in_paper: dict[str, bool] = {}
    backends: dict[str, None] = {}
    for each in rows:
        if each.run is None:
            writers.setdefault("", {})[each.task] = None
            continue
        made = made_by(each.run)
        models = load(each.run, registry=registry).report.raw["models"]
        writers.setdefault(models.get("generate", "a model"), {})[each.task] = None
        backends |= dict.fromkeys(step["backend"] for step in made["models"].values())
        if not each.own and not _sets_variants(paper, each.arm):
            as_in_paper[each.task] = "paper" in made["variants"]
    for writer, tasks in writers.items():
        of = "the rows" if len(writers) == 1 else f"rows of {', '.join(tasks)}"
        if writer:
            yield f"{writer} wrote {of}. Prompts are ours."
        else:
            yield f"The files do not say who wrote {of}."
    if rows and paper.each != "generator":
        yield "ChatGPT wrote the paper's rows."
    known = {item.id: item for item in registry.all("backend")}
    for name in backends:
        if name in known and registry.resolve(known[name]).made_up:
            yield (
                f"Rows from the {name.rpartition(':')[2]} backend were not written by a model, so "
                "their results are meaningless."
            )
    if own := [task for task, is_paper in as_in_paper.items() if not is_paper]:
        yield (
            f"Rows of {', '.join(own)} follow targen's own construction, not the paper's (variant "
            "paper). The task's page lists the differences."
        )
    if theirs := [task for task, is_paper in as_in_paper.items() if is_paper]:
        yield f"Rows of {', '.join(theirs)} follow the paper's construction (variant paper)."
    if counts := _counts(results, rows):
        yield f"Synthetic rows per arm: {counts}. The paper's table 2 has 250 to 4,843."


def _sets_variants(paper: PaperTable, arm: str) -> bool:
    return any("variants" in of.get("generate", {}) for of in paper.arms if of["name"] == arm)


def _synthetic(registry: Registry, asked: Asked, experiment: Experiment) -> Iterator[_Rows]:
    """The rows that a model wrote, of each arm; replayed ones are those of another arm."""
    for made in to_generate(registry, experiment, asked.folder):
        task = made.part if made.own else made.task
        yield _Rows(task, made.part, made.arm, made.run, bool(made.own))
    given = [(key, name, arm) for key, of in experiment.before.items() for name, arm in of.items()]
    arms = [
        (key, name, arm) for key, of in experiment.tasks.items() for name, arm in of.arms.items()
    ]
    for part, arm, of in (*((task, f"before {key}", arm) for key, task, arm in given), *arms):
        for source in map(Path, of.data):
            if source.is_relative_to(asked.original) or source.is_relative_to(asked.data):
                continue
            run = source if (source / "manifest.json").is_file() else None
            task = experiment.task_of(part) if part in experiment.tasks else part
            yield _Rows(task, part, arm, run, own=False)


def _counts(results: Results, rows: Sequence[_Rows]) -> str:
    """The numbers of synthetic rows of the arms, by part; "" without any."""
    synthetic = {(each.part, each.arm) for each in rows}
    said = []
    for part in results.parts:
        numbers = sorted(
            sum(source["rows"] for source in sources)
            for arm, sources in part.arms.items()
            if (part.key, arm) in synthetic and "+" not in arm
        )
        if numbers:
            most = f" to {numbers[-1]:,}" if numbers[-1] > numbers[0] else ""
            said.append(f"{part.key} {numbers[0]:,}{most}")
    return ", ".join(said)
