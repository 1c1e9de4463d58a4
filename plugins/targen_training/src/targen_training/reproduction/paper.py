"""TarGEN's tables as data (`paper.toml`), and as experiments with the data at hand."""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from targen_core import load
from targen_core.cli.estimating import estimate
from targen_core.cli.tracing import made_by
from targen_core.dataset.model import Dataset
from targen_core.errors import JobFailed, UnknownName, UsageError
from targen_core.hints import install
from targen_core.origin import Typed
from targen_core.outputs import write_file
from targen_core.plugins.registry import Registry
from targen_core.task_files import note_own_copy
from targen_core.text import plural
from targen_standard.methods.columns import Columns
from targen_standard.methods.form import FORM, METHOD, MethodFile
from targen_standard.methods.model import Method
from targen_training.asked import chosen, read_rows
from targen_training.experiments.making import Made, contexts_of, generated
from targen_training.experiments.model import Experiment
from targen_training.experiments.results import Results
from targen_training.reproduction.items import published
from targen_training.reproduction.material import (
    layout,
    original_of,
    replayed_of,
    synthetic_of,
)

ROWS = 240
"""That an arm generates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperTable:
    """A table of the paper, and what its experiment is made of.

    Attributes:
        name: "table6".
        title: what it shows.
        tasks: on which.
        also: tasks that the paper left out, which are done too if their data are at hand.
        columns: "tasks", or "arms".
        arms: the compared arms. An arm has a name. It may be the original data or both together,
            change the paper's own way of generating, and set how rows are read.
        each: "generator": an arm for each, in place of `arms`.
        rows: the figures, a name and values by column, per cent.
        differs: what a repetition cannot have alike, and what is odd in the paper. Some have a
            `text` and the `tasks` to which they apply.
        metrics: tasks whose figure is not the benchmark's first.
        together: whether one model learns all of its tasks.
        pretrains: whether the arms are models that learn other tasks first.
        trainings: the table whose trainings it takes, and whose folder: table 6 has the means of
            table 3.
        examples: the folder of the repository's rows that it reads by default.
    """

    name: str
    title: str
    tasks: Sequence[str]
    also: Sequence[str] = ()
    columns: str
    arms: Sequence[Mapping[str, Any]]
    each: str = ""
    rows: Sequence[Mapping[str, Any]]
    differs: Sequence[str | Mapping[str, Any]]
    metrics: Mapping[str, str]
    together: bool = False
    pretrains: bool = False
    trainings: str
    examples: str


@dataclass(frozen=True, slots=True)
class Size:
    """The models that a repetition trains.

    Attributes:
        name: "small" or "paper".
        models: as an experiment declares them.
        differs: from the paper's. Some have a `text` and the `models` to which they apply.
        needs: of a model by its name, the extra that installs what it needs, then the modules.
        together: used instead of `models` if one model learns all tasks; empty: the same.
        before: in place of `models` if a model is pre-finetuned first.
        others: tasks that table 8 tests by default, of those available; empty: all.
        rows: of an arm, if a generator that is slow here is among them.
    """

    name: str
    models: Sequence[Mapping[str, Any]]
    differs: Sequence[str | Mapping[str, Any]]
    needs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    together: Sequence[Mapping[str, Any]] = ()
    before: Sequence[Mapping[str, Any]] = ()
    others: Sequence[str] = ()
    rows: Mapping[str, int] = field(default_factory=dict)

    def rows_of(self, generators: Sequence[str]) -> int:
        """Return how many rows an arm generates by default."""
        return min(
            (self.rows.get(name.partition("/")[0], ROWS) for name in generators), default=ROWS
        )

    def available(self, models: Sequence[Mapping[str, Any]]) -> tuple[list[Any], list[str]]:
        """Those of some models that can be trained here, and a remark on each other one."""
        lacking = {
            name: extra
            for name, (extra, *modules) in self.needs.items()
            if not all(map(find_spec, modules))  # does not import
        }
        notes = [
            f"{each['name']} was left out, because targen-training[{lacking[each['name']]}] is not "
            "installed."
            for each in models
            if each.get("name") in lacking
        ]
        return [each for each in models if each.get("name") not in lacking], notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `targen reproduce` for an experiment.

    Attributes:
        original: the folder of the papers' own data.
        synthetic: the folder of synthetic rows, a run or file of each task.
        transformed: the same of transformed rows, for DataTune.
        existing: the same of unchanged rows of existing datasets, for DataTune.
        answers: the same of few-shot answers, for DataTune.
        tasks: the names of the wanted tasks, with commas between them; None: all that exist.
        generators: the models that generate missing rows or answers.
        variants: of each task, for rows that are generated.
        values: further arguments of `targen_core.generate`, with the number of rows.
        models: those of `--trainer`, as an experiment declares them; empty: by `size`.
        size: the models that are trained otherwise.
        instructions: whether arms that learn from instructions are included.
        repeats: how often each model is trained.
        folder: the folder of all files.
    """

    original: Path
    synthetic: Path | None
    transformed: Path | None
    existing: Path | None
    answers: Path | None
    tasks: str | None
    generators: Sequence[str]
    variants: Sequence[str]
    values: Mapping[str, Any]
    models: Sequence[Mapping[str, Any]]
    size: Size
    instructions: bool
    repeats: int
    folder: Path

    @property
    def data(self) -> Path:
        """Return the folder of rows and task files that are written for the experiment."""
        return self.folder / "data"

    @property
    def generation(self) -> dict[str, Any]:
        """Return the arguments of `generate`, with the model of the first generator."""
        return {**self.values, **({"model": self.generators[0]} if self.generators else {})}

    def chosen(self, name: str, known: Sequence[str]) -> list[str]:
        """Return the wanted tasks of those of an item.

        Raises:
            UsageError: one is not among them.
        """
        return chosen("--tasks", self.tasks, known, of=f"{name} has no task", what="its tasks are")


def table_names() -> list[str]:
    """The tables that are experiments."""
    return list(published("paper")["tables"])


def sizes() -> dict[str, Size]:
    """The sizes that can be asked for."""
    return {name: Size(name, **values) for name, values in published("paper")["models"].items()}


def paper_table(name: str) -> PaperTable:
    """A table by its name.

    Raises:
        UsageError: the table is unknown.
    """
    values = published("paper")
    if name not in values["tables"]:
        raise UsageError(f"unknown item {name}", hint="targen reproduce --list")
    common = values["common"]
    table = {"examples": common["examples"], "trainings": name, **values["tables"][name]}
    table["arms"] = values["tables"][table["trainings"]]["arms"]
    table["differs"] = [*table["differs"], *common["differs"]]
    return PaperTable(name=name, metrics=common["metric"], **table)


def declaration(
    registry: Registry, table: PaperTable, options: Options
) -> tuple[dict[str, Any], list[str]]:
    """The experiment of a table with what is at hand, and what of the table is missing.

    Raises:
        UsageError: no part of the table can be done.
    """
    arms: Sequence[Mapping[str, Any]] = [
        arm for arm in table.arms if options.instructions or "style" not in arm
    ]
    if table.each:
        arms = [{"name": n.replace("/", " "), "generate": {"model": n}} for n in options.generators]
        if not arms:
            raise UsageError(
                f"{table.name} compares generators",
                hint="pass --generator NAME/MODEL once for each of them",
            )
    elif len(options.generators) > 1:
        raise UsageError("only table11 accepts several --generator options")
    # Rows at hand are those of the task's own way, or of a replay of it without correction.
    is_given = not table.each and all({*arm.get("generate", {})} <= {"correct"} for arm in arms)
    parts: dict[str, Any] = {}
    notes: list[str] = []
    reasons: list[str] = []
    for task in options.chosen(table.name, [*table.tasks, *table.also]):
        splits = original_of(options.original, task, options.data)
        if splits is None:
            reasons.append(f"{task}: {options.original} has no train or val split for this task")
            continue
        given = synthetic_of(options.synthetic, task) if is_given else None
        made: dict[str, Any] = {}
        lacking = []
        for arm in arms:
            data = _data(registry, options, arm, task, splits[0], given)
            if isinstance(data, str):
                lacking.append(f"{arm['name']}: {data}")
            else:
                style = {"style": arm["style"]} if "style" in arm else {}
                made[arm["name"]] = {**data, **style}
        # A method that the generator cannot do is left out. Without other arms, so is the task.
        if lacking and not (options.generators and any("method" in arm for arm in arms)):
            reasons.append(f"{task}: {'; '.join(lacking)}")
            continue
        notes += [f"{task}: left out: {each}." for each in lacking]
        parts[task] = {"task": task, "test": [str(splits[1])], "arms": made}
        parts[task] |= _metric(table, task)
    if not parts:
        raise UsageError(
            f"{table.name} lacks data: {'; '.join(reasons)}",
            hint=f"{layout('--original')}; to generate rows, pass --generator NAME/MODEL",
        )
    for part in parts.values():  # of all tasks alike, so that one model can learn them
        common = [name for name in part["arms"] if all(name in p["arms"] for p in parts.values())]
        part["arms"] = {name: part["arms"][name] for name in common}
    notes += [f"Left out: {reason}." for reason in reasons]
    if not options.instructions and any("style" in arm for arm in table.arms):
        notes.append("Og-I and Syn-I were left out; --instructions includes them.")
    together = table.together and len(parts) > 1
    if table.together and not together:
        notes.append("Only one task was used; the paper trains one model on all tasks.")
    return {"tasks": parts, "together": together}, notes


def _data(
    registry: Registry,
    options: Options,
    arm: Mapping[str, Any],
    task: str,
    train: Path,
    given: Path | None,
) -> dict[str, Any] | str:
    """Return an arm's data or how to generate them, or what they lack.

    Args:
        registry: finds methods.
        options: the command's.
        arm: the table's arm.
        task: the task.
        train: its original rows.
        given: its synthetic rows, if there are any.
    """
    if arm.get("original"):
        return {"data": [str(train)]}
    if arm.get("both"):
        if given is None and not options.generators:
            return "there are no synthetic rows"
        return {"data": [str(train), str(given or options.folder / "runs" / f"{task}-Syn")]}
    if given is not None and "method" not in arm:
        if "generate" not in arm:
            return {"data": [str(given)]}
        place = options.data / f"{task}-{arm['name'].replace(' ', '-')}.jsonl"
        file, lacking = replayed_of(given, arm["generate"], place, registry)
        return lacking if file is None else {"data": [str(file)]}
    if not options.generators:
        return "there are no such rows, which need --generator"
    values = {**options.generation, **arm.get("generate", {})}
    if options.variants and "method" not in arm:  # a method of others has no variants of the task's
        values = {"variants": [*options.variants], **values}
    if most := values.get("contexts_limit"):
        # Shares of more contexts than the rows need would be the same rows.
        varied = registry.get("task", task).varied(values.get("variants", ()))
        whole = contexts_of(varied, options.values["n"], most)
        values["contexts_limit"] = math.ceil(arm.get("contexts", 1) * whole)
    if "method" not in arm:
        return {"generate": values}
    path = method_file(registry, options, arm["method"], task, train)
    known = {key: values[key] for key in ("model", "options") if key in values}
    try:
        estimate(Typed(path), n=2, registry=registry, **known)
    except UsageError as error:
        return str(error)
    except JobFailed:
        pass  # what its dry run cannot do, the run itself may
    return {"generate": values, "task": str(path)}


def method_file(registry: Registry, options: Options, use: str, task: str, given: Path) -> Path:
    """Write the task file of a method for a task, which may start from `given` rows.

    Raises:
        UsageError: the method is not installed, or cannot write such rows.
        RunDirectoryError: the operating system refuses.
    """
    try:
        method: Method[Any] = registry.get("method", use)
    except UnknownName as error:
        raise UsageError(
            f"the method {use} is not installed", hint=install("targen-methods")
        ) from error
    starts = method.takes_given(Columns.of(registry.get("task", task)))
    name = options.size.name
    spec = MethodFile(
        use=use,
        task=task,
        given=(str(given.resolve()),) if starts else (),
        preset=name if name in method.presets else "",
    )
    text = METHOD.text(FORM, METHOD.located(spec, Path.cwd()), task)
    path = write_file(options.data / use / f"{task}.json", text)
    note_own_copy(path)
    return path


def _metric(table: PaperTable, task: str) -> Mapping[str, str]:
    """The figure of a task that the paper prints, if it is not the benchmark's first."""
    return {"metric": table.metrics[task]} if task in table.metrics else {}


# --- table 8: models that learn other tasks first ---


@dataclass(frozen=True, slots=True)
class Pretraining:
    """The data that the models of table 8 learn first.

    Attributes:
        sets: arm -> task -> existing rows.
        arms: rows to generate; each is of the arm that it names.
        tasks: the experiment's tasks, which are learned then.
        notes: what is missing.
    """

    sets: Mapping[str, Mapping[str, Path]]
    arms: Sequence[Made]
    tasks: Mapping[str, Any]
    notes: Sequence[str]


def pretraining(registry: Registry, table: PaperTable, options: Options) -> Pretraining:
    """Choose the tasks that are learned first, and those that are tested.

    Tested are those of --tasks, or else those of the size, or without synthetic rows.

    Raises:
        UsageError: no part of the table can be done.
    """
    splits = {task: original_of(options.original, task, options.data) for task in table.tasks}
    og = {task: each for task, each in splits.items() if each is not None}
    given = {task: synthetic_of(options.synthetic, task) for task in og}
    syn = {task: path for task, path in given.items() if path is not None}
    tested = [task for task in og if task in (options.size.others or [*og][-1:])]
    if options.tasks is not None:
        tested = [task for task in options.chosen(table.name, table.tasks) if task in og]
    first = [task for task in syn if task not in tested]
    if not tested or not first:
        raise UsageError(
            f"{table.name} needs tasks with synthetic rows for pre-finetuning, and other tasks for "
            "testing",
            hint="pass --synthetic FOLDER with rows of several tasks, or --tasks A,B to choose "
            "which tasks to test on",
        )
    notes = [f"Pre-finetuned on {', '.join(first)}, then fine-tuned and tested on each other task."]
    arms = []
    if options.generators:
        for task in first:
            try:
                path = method_file(registry, options, "selfinstruct", task, og[task][0])
            except UsageError as error:
                notes.append(f"Self-Instruct before lacks {task}: {error}.")
                continue
            run = options.folder / "runs" / f"{task}-Self-Instruct"
            name = "Self-Instruct before"
            arms.append(Made(task, name, Typed(path), options.generation, run, str(path)))
    else:
        notes.append("Self-Instruct before was left out, because its rows need --generator.")
    tasks = {
        task: {
            "test": [str(og[task][1])],
            "arms": {"Og": [str(og[task][0])]},
            **_metric(table, task),
        }
        for task in tested
    }
    sets = {
        "Syn before": {task: syn[task] for task in first},
        "Og before": {task: og[task][0] for task in first},
    }
    return Pretraining(sets, arms, tasks, notes)


def pretrain(
    registry: Registry, plan: Pretraining, options: Options, model: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Train a model on each set, and return all models as an experiment declares them.

    Every set has the same number of rows of a task.

    Raises:
        UsageError: the trainer cannot continue a model.
        TargenError: a run or a training failed; the same call continues.
    """
    from targen_training.models import ready_trainer, starting_from, train_model
    from targen_training.progress import shown

    ready = ready_trainer(registry, model["trainer"], model.get("options", {}))
    if "model" not in ready.trainer.options.model_fields:
        raise UsageError(
            f"{model['trainer']} always starts from scratch, so it cannot be pre-finetuned",
            hint="use a pretrained model, such as --trainer encoder,model=all-MiniLM-L6-v2",
        )
    made, _ = generated(registry, plan.arms)
    sets = dict(plan.sets)
    for task, runs in made.items():
        for arm, path in runs.items():
            sets[arm] = {**sets.get(arm, {}), task: path}
    rows = {
        arm: {task: read_rows(registry, Typed(path), None, task) for task, path in of.items()}
        for arm, of in sets.items()
    }
    models = [{**model, "name": "fine-tuned alone"}]
    for arm, of in rows.items():
        counts = {task: [len(o[task]) for o in rows.values() if task in o] for task in of}
        same = [_some(each, min(*counts[t], options.values["n"])) for t, each in of.items()]
        with shown(doing=f"training {arm}") as watch:
            folder = train_model(ready, same, options.folder / "models" / arm, watch=watch)
        start = starting_from(ready.trainer.options, folder / "model")
        models.append({**model, "name": arm, "options": {**model.get("options", {}), **start}})
    return models


def _some(dataset: Dataset, rows: int) -> Dataset:
    """Return that many rows by chance; rows of an instance stay together."""
    size = dataset.task.rows_per_instance
    units = range(len(dataset) // size)
    places = sorted(random.Random(0).sample(units, rows // size))
    some = [row for at in places for row in dataset.rows[at * size : (at + 1) * size]]
    return replace(dataset, rows=some, weights=(), provenance=(), problems=())


# --- differences from the paper ---


def differences(
    registry: Registry,
    table: PaperTable,
    options: Options,
    experiment: Experiment,
    results: Results,
    sources: Iterable[Path],
) -> Iterator[str]:
    """Yield the differences of results from the paper's, by the models and the rows behind them."""
    models = {group.model for part in results.parts for group in part.groups}
    if options.models:
        yield f"The models are those passed with --trainer: {', '.join(sorted(models))}."
    else:
        yield from _applying(options.size.differs, experiment.tasks, models)
    if options.repeats != 5:
        yield f"Each model was trained {plural(options.repeats, 'time')} per arm, not five times."
    yield from _of_rows(registry, sources)
    yield from _applying(table.differs, experiment.tasks, models)
    yield from (f"{note.removesuffix('.')}." for note in results.notes)
    rows = ", ".join(f"{part.key} {part.test['rows']:,}" for part in results.parts)
    yield f"Test rows: {rows}. Seeds: {len(results.seeds)}."


def _of_rows(registry: Registry, sources: Iterable[Path]) -> Iterator[str]:
    """Yield who wrote the synthetic rows, and by which construction."""
    writers, backends, own = set(), set(), set()
    for run in sources:
        if not (run / "manifest.json").is_file():
            writers.add("an unnamed writer")
            continue
        made = made_by(run)
        writers.add(load(run, registry=registry).report.raw["models"].get("generate", "a model"))
        backends |= {step["backend"] for step in made["models"].values()}
        if "paper" not in made["variants"]:
            own.add(made["task"].rpartition(":")[2])
    if writers:
        names = ", ".join(sorted(writers))
        yield f"{names} wrote the rows, and ChatGPT the paper's. Prompts are ours."
    for name in sorted(backends):
        item = registry.find("backend", name)
        if registry.resolve(item).made_up:
            yield (
                f"Rows from the {item.name} backend were not written by a model, so their results "
                "are meaningless."
            )
    if own:
        yield (
            f"Rows of {', '.join(sorted(own))} follow targen's own construction, not the paper's "
            "(variant paper). The task's page lists the differences."
        )


def _applying(
    known: Iterable[str | Mapping[str, Any]], tasks: Collection[str], models: Collection[str]
) -> Iterator[str]:
    """Yield the differences that apply to these tasks and models; most apply to all."""
    for each in known:
        if isinstance(each, str):
            yield each
        elif {*tasks} & {*each.get("tasks", ())} or {*models} & {*each.get("models", ())}:
            yield each["text"]
