"""`targen compare`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import YesArg
from targen_core.cli.sources import EncodingArg
from targen_core.cli.status import note
from targen_core.errors import Interrupted, MissingDependency, UsageError, no_such_file
from targen_core.hints import quoted
from targen_core.options import Limits
from targen_core.origin import Typed
from targen_core.runs.parsing import parse_options
from targen_core.text import plural
from targen_training.asked import NAME_THE_TASK, TaskOption, names_its_task
from targen_training.money import Money

if TYPE_CHECKING:
    from targen_core import Task
    from targen_core.plugins.registry import Registry
    from targen_training.experiments.making import Made
    from targen_training.experiments.model import Experiment
    from targen_training.experiments.results import Published, Results
    from targen_training.experiments.run import Planned

GeneratorOptions = Annotated[
    list[str] | None,
    typer.Option("--option", "-o", metavar="KEY=VALUE", help="An option of the generating model."),
]
_DATA = "DATA"
_NAMED = "NAME=DATA"
_COMBINED = "NAME=A+B"
_OPTIONS = {
    "models": "--trainer",
    "per_label": "--curve",
    "rows": "--curve",
    "seeds": "--repeats",
}
"""The options behind the keys of an experiment."""


@takes(Limits.declared("max_cost", "max_tokens"))
def compare(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="EXPERIMENT.toml | [NAME=]DATA...",
            help="An experiment file, or the datasets to train on, in any form that "
            "`targen export` accepts. NAME=A+B combines two datasets.",
        ),
    ],
    test: Annotated[
        list[str] | None,
        typer.Option("--test", metavar="DATA", help="Labelled test rows."),
    ] = None,
    task: TaskOption = None,
    encoding: EncodingArg = "utf-8",
    trainer: Annotated[
        list[str] | None,
        typer.Option(
            "--trainer",
            metavar="NAME[,KEY=VALUE]...",
            help="A trainer with its options. Repeat to compare several. [default: tfidf; for a "
            "curve with --real, vectors if MiniLM is installed]",
        ),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(
            "--repeats",
            help="Number of training runs per arm. [default: 5; 10 for a curve with --real]",
        ),
    ] = None,
    real: Annotated[
        str | None,
        typer.Option(
            "--real", metavar="[NAME=]DATA", help="Real rows to compare the datasets with."
        ),
    ] = None,
    curve: Annotated[
        str | None,
        typer.Option(
            "--curve",
            metavar="ROWS,...",
            help="Learning curves at these sizes, such as 16,64,all; auto doubles from 16. With "
            "--real: numbers of real rows per label, with and without the dataset, such as "
            "0,2,5,20,60.",
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option("--metric", help="The metric to compare. [default: the benchmark's]"),
    ] = None,
    together: Annotated[
        bool,
        typer.Option("--together/--apart", help="With two datasets, also train on both combined."),
    ] = True,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The output folder. [default: comparisons/NAME]"),
    ] = None,
    keep_models: Annotated[
        bool, typer.Option("--keep-models", help="Keep all trained models.")
    ] = False,
    yes: YesArg = False,
    plan: Annotated[bool, typer.Option("--plan", help="Show the plan, then stop.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    *,
    said: Said,
) -> None:
    """Compare datasets by training: same models, same number of rows, same test rows.

    Every model is trained on every dataset with several seeds, at equal and at original sizes. At
    equal sizes, label shares are also matched if they differ. The results are on one page: means,
    spreads, intervals, paired tests and learning curves. Training rows that are also in the test
    set are counted and left out. The same command continues a comparison that was stopped, and
    trains only what has changed.

    Examples:
    - targen compare runs/rte-0 --test RTE/val.jsonl
    - targen compare runs/mail-0 --real own.csv --test test.csv --curve 0,2,5,20,60
    - targen compare Og=RTE/train.jsonl Syn=runs/rte-0 --test RTE/val.jsonl --task rte --curve auto
    - targen compare experiment.toml
    """
    from targen_core.plugins.loader import load_registry
    from targen_training.experiments.model import read_experiment
    from targen_training.experiments.run import check_folder

    registry = load_registry()
    if len(what) == 1 and what[0].endswith(".toml"):
        given = {"--test": test, "--task": task, "--trainer": trainer, "--repeats": repeats,
                 "--metric": metric, "--curve": curve, "--real": real,
                 "--encoding": encoding != "utf-8"}  # fmt: skip
        for name, value in given.items():
            if value:
                raise UsageError(f"{what[0]} already sets {name}", hint=f"omit {name}")
        path = Path(what[0])
        experiment = read_experiment(path)
        called = experiment.name if experiment.name != "comparison" else path.stem
    else:
        experiment = experiment_of(
            registry,
            [arm_of(item) for item in what],
            test or [],
            task,
            trainer or [],
            repeats,
            real=None if real is None else arm_of(real, usual="real"),
            curve=curve,
            metric=metric,
            together=together,
            encoding=encoding,
        )
        called = experiment.name
    folder = out or folder_for(experiment, called)
    check_folder(folder)
    with Money(said.of(Limits), yes=yes) as money:
        results = carried_out(registry, experiment, folder, money, keep=keep_models, plan=plan)
    if results is not None:
        show(results, folder, json=json)
        print_bill(money)


def carried_out(
    registry: Registry,
    experiment: Experiment,
    folder: Path,
    money: Money,
    *,
    keep: bool = False,
    plan: bool = False,
    quiet: bool = False,
    publish: Callable[[Results], Published | None] = lambda _: None,
    results_in: Path | None = None,
) -> Results | None:
    """Announce the plan, carry it out and write the results; None if only the plan was wanted.

    Runs draw from `money`, which the caller has opened. With `quiet`, only notes are shown.
    `publish` adds the paper's figures to the results of an experiment that repeats a table. They
    are written to `results_in`, if it is another folder than that of the trainings.

    Raises:
        TargenError: anything wrong with what was asked for, or a run or training that failed.
    """
    from targen_core.cli.outputs import locked
    from targen_training.experiments.cells import too_large
    from targen_training.experiments.making import generated, made_once, to_generate
    from targen_training.experiments.run import (
        check_given,
        declare,
        planned,
        run_experiment,
        write_results,
    )
    from targen_training.progress import cells_shown

    arms = list(to_generate(registry, experiment, folder))
    missing = announce_arms(registry, arms, money)
    check_given(registry, experiment)  # before any call, and before there is a folder
    if missing:
        _check_models(registry, experiment, plan=plan)
    if plan and missing:
        cells = len(experiment.models) * len(experiment.seeds)
        print(f"then at least {plural(cells, 'training run')} per arm and task", file=sys.stderr)
        return None
    if plan:
        made: dict[str, dict[str, Path]] = {}
        for arm in arms:
            made.setdefault(arm.part, {})[arm.arm] = arm.rows
        _announce(planned(registry, experiment, folder, made))
        return None
    money.ask()
    # Without arms to generate, everything that is wrong shows before there is a folder.
    ready = None if arms else planned(registry, experiment, folder, {})
    with locked(folder), resumable():
        declare(folder, _values(experiment, folder))
        made, notes = generated(registry, arms)
        ready = ready or planned(registry, experiment, folder, made)
        notes += made_once(arms)
        for key, material in ready.materials.items():
            notes += too_large(ready.experiment, key, material)
        for line in notes:
            note(line)
        ready.notes.extend(notes)
        if not quiet:
            _announce(ready)
        try:
            with cells_shown(quiet=quiet) as tell:
                results = run_experiment(ready, keep=keep, tell=tell)
        except KeyboardInterrupt:
            left, known = ({p.training for p in of} for of in (ready.missing, ready.plans))
            raise KeyboardInterrupt(
                f"stopped with {len(left):,} of {len(known):,} training runs left"
            ) from None
        made_by = _made(registry, ready.experiment)
        place = results_in or folder
        results = replace(results, paper=publish(results), made=made_by, folder=place)
        write_results(place, results)
    return results


def _made(registry: Registry, experiment: Experiment) -> dict[str, Any]:
    """Return what made the results: versions of the trainers and their libraries, and test data."""
    from targen_core.cli.provenance import provenance

    trainers = (registry.find("trainer", model.trainer) for model in experiment.models)
    tests = (test for part in experiment.tasks.values() for test in part.test)
    return provenance({"targen-training", *(each.distribution for each in trainers)}, tests)


def folder_for(experiment: Experiment, called: str) -> Path:
    """Return where a comparison goes: in comparisons/, by its name.

    A comparison of other tasks or on other test rows keeps the name: this one gets another.
    """
    from targen_training.experiments.model import read_request

    def subject(values: Mapping[str, Any]) -> dict[str, Any]:
        tasks = values.get("tasks")
        parts = tasks.items() if isinstance(tasks, dict) else ()
        return {key: (of.get("task"), of.get("test")) for key, of in parts if isinstance(of, dict)}

    def is_free(folder: Path) -> bool:
        request = read_request(folder)
        return request is None or subject(request) == subject(_values(experiment, folder))

    name = called.replace("/", "-")
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(filter(is_free, (Path("comparisons") / each for each in names)))


def _check_models(registry: Registry, experiment: Experiment, *, plan: bool) -> None:
    """Check that the models can be trained here; a plan, which may be made elsewhere, only says so.

    Raises:
        MissingDependency: a package is not installed.
        UsageError: weights or a device are lacking.
    """
    from targen_training.experiments.cells import ready_models
    from targen_training.models import require_able

    try:
        for model in ready_models(registry, experiment).values():
            require_able(model)
    except (MissingDependency, UsageError) as error:
        if not plan:
            raise
        print(
            f"note: the models cannot be trained on this machine: {error}; {error.hint}",
            file=sys.stderr,
        )


@contextmanager
def resumable() -> Iterator[None]:
    """Let Ctrl-C say that the same command continues, as one does that keeps what it has made.

    Raises:
        Interrupted: Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt as stopped:
        raise Interrupted(
            str(stopped) or "stopped", hint="run the same command again to continue"
        ) from None


def show(results: Results, folder: Path, *, json: bool) -> None:
    """Print the results and their folder."""
    from targen_core.cli.tables import print_json

    if json:
        print_json(results.as_json())
        return
    for line in print_tables(results):
        print(f"warning: {line}", file=sys.stderr)
    print(folder / "results.html")


_PAGE_ONLY = ("labels", "digest")
"""Columns of results.html that would make each row of a table many lines of a terminal."""

_COUNTS = ("same as test", "near test", "no label")
"""Columns that are left out if all are 0."""


def print_tables(results: Results) -> Sequence[str]:
    """Print the tables and conclusions; return the warnings."""
    from targen_core.cli.tables import print_table
    from targen_training.experiments.pages import findings_of, shown

    findings = findings_of(results)
    for table in findings.tables:
        print(table.title)
        kept = [at for at, name in enumerate(table.columns) if name not in _PAGE_ONLY]
        print_table(
            [table.columns[at] for at in kept],
            [[shown(row[at]) for at in kept] for row in table.rows],
            optional=_COUNTS,
        )
        if table.note:
            print(table.note)
        print()
    for line in findings.headlines:
        print(line)
    return findings.warnings


def print_bill(money: Money) -> None:
    """Print what the generated rows were billed, earlier starts included, if they cost a call."""
    if money.billed:
        print(money.billed, file=sys.stderr)


def announce_arms(registry: Registry, arms: Sequence[Made], money: Money) -> list[Made]:
    """Report what exists of each arm, what will be generated, and for how many dollars.

    Returns:
        The arms that are not complete.

    Raises:
        RunConflict: rows of another request are in the place of an arm's.
        UsageError: what cannot be generated.
    """
    from targen_training.experiments.making import expected, found_of

    missing: list[Made] = []
    for arm in arms:
        report = found_of(registry, arm)
        if report is not None and report.status in ("complete", "short"):
            money.expect(arm.run, None)
            print(f"{arm.name}: using existing rows: {arm.description}", file=sys.stderr)
            continue
        missing.append(arm)
        part = expected(registry, arm)
        money.expect(arm.run, part)
        cost = part.unknown or "the price is unknown"
        cost = cost if part.dollars is None else f"about ${part.dollars:,.2f}"
        task = "to generate"
        if report is not None:
            task = f"to continue after {plural(sum(report.rows.values()), 'row')}"
        print(f"{arm.name}: {task}: {arm.description}: {cost}", file=sys.stderr)
    cap = money.limits.max_cost
    if any(part.dollars for part in money.expected):
        total = sum(part.dollars or 0.0 for part in money.expected)
        limit = "" if cap is None else f", and at most ${cap:,.2f} (--max-cost)"
        print(f"all arms: about ${total:,.2f}{limit}; less if they share replies", file=sys.stderr)
    # A run would refuse it; a plan, too, must not promise a cap that cannot hold.
    unpriced = [p.name for p in money.expected if p.dollars is None and not p.unknown]
    if cap is not None and unpriced:
        raise UsageError(
            f"--max-cost needs a price, but the price of {unpriced[0]} is unknown",
            hint="give it in dollars per million tokens: -o price_in=0.15 -o price_out=0.60; "
            "if calls are free: -o price_in=0 -o price_out=0",
        )
    return missing


def _announce(ready: Planned) -> None:
    """Report what will be trained."""
    missing = {plan.training: plan for plan in ready.missing}.values()
    known = {plan.training for plan in ready.plans}
    models = ", ".join(ready.models)
    text = f"{len(missing):,} of {len(known):,} training runs to do ({models})"
    print(text, file=sys.stderr)


def experiment_of(
    registry: Registry,
    what: Sequence[tuple[str, list[str]]],
    test: Sequence[str],
    task: str | None,
    models: Sequence[str],
    seeds: int | None,
    *,
    real: tuple[str, list[str]] | None = None,
    curve: str | None = None,
    metric: str | None = None,
    together: bool = True,
    encoding: str = "utf-8",
) -> Experiment:
    """Return the requested experiment; `what` and `real` are names with their datasets.

    Raises:
        UsageError: what cannot be.
    """
    from targen_training.experiments.model import declared
    from targen_training.learning import usual_trainer

    if not test:
        raise UsageError(
            "no test rows were given", hint=f"pass labelled rows with --test {quoted(_DATA)}"
        )
    few = real is not None and curve is not None
    arms: dict[str, list[str]] = {}
    for name, sources in [*([real] if real else []), *what]:
        if name in arms:
            raise UsageError(
                f"two datasets have the name {name}", hint="pass " + _NAMED + " to name them"
            )
        arms[name] = sources
    if few and len(arms) != 2:
        raise UsageError(
            "--curve with --real needs exactly one dataset to add to the real rows",
            hint="pass one dataset, as " + _NAMED + "; " + _COMBINED + " combines two datasets",
        )
    pair = list(arms)[:2]
    if together and not few and len(arms) == 2 and all(len(of) == 1 for of in arms.values()):
        arms["+".join(arms)] = [source for sources in arms.values() for source in sources]
    whose = task or _whose([source for of in [*arms.values(), test] for source in of])
    called, found = _found(registry, whose)
    loaded = registry.get("task", found) if isinstance(found, str) else found
    usual = "tfidf" if models else usual_trainer(registry, loaded)
    if few and not models and usual == "tfidf":
        models = [_usual_of_few(registry)]
    values = {
        "name": "-".join(pair),
        "models": [model_choice(item) for item in models or [usual]],
        "encoding": encoding,
        **({"seeds": 10} if few else {}),
        **({} if seeds is None else {"seeds": seeds}),
        **({} if metric is None else {"metric": metric}),
        "task": whose,
        "test": list(test),
        "arms": arms,
    }
    if few and curve is not None:
        values |= {"sizes": [], "per_label": _numbers(curve)}
    elif curve is not None:
        values["rows"] = _sizes(registry, values) if curve == "auto" else _numbers(curve)
    part = {key: values.pop(key) for key in ("task", "test", "arms")}
    return declared({**values, "tasks": {called: part}}, "compare", options=_OPTIONS)


def _numbers(curve: str) -> list[int | str]:
    """The numbers of --curve.

    Raises:
        UsageError: it is not a list of numbers.
    """
    parts = [part.strip() for part in curve.split(",")]
    if not all(part == "all" or (part.isascii() and part.isdigit()) for part in parts):
        raise UsageError(
            f"--curve {curve} is not a list of numbers",
            hint="--curve 16,64,all; with --real, --curve 0,2,5,20,60",
        )
    return [part if part == "all" else int(part) for part in parts]


def _found(registry: Registry, whose: str) -> tuple[str, Task[Any, Any] | str]:
    """Return what a task is called, by its name, file, or rows, and the task or what finds it."""
    from targen_training.experiments.data import task_for

    found = task_for(registry, whose)
    name = Path(found).stem.rpartition(":")[2] if isinstance(found, str) else found.name
    return name, found


def _usual_of_few(registry: Registry) -> str:
    """Return the trainer that learns most from few rows, of those that can run here."""
    from targen_training.models import ready_trainer, require_able

    try:
        require_able(ready_trainer(registry, "vectors", {}))
    except (MissingDependency, UsageError) as error:
        note(f"using `tfidf`, because `vectors` is not available: {error}")
        return "tfidf"
    return "vectors"


def arm_of(item: str, *, usual: str = "") -> tuple[str, list[str]]:
    """Return the name and the datasets of [NAME=]DATA or [NAME=]A+B.

    Args:
        item: the text.
        usual: the name if the text has none; by default that of the files.

    Raises:
        UsageError: a dataset is missing.
    """
    name, equals, rest = item.partition("=")
    if not equals or Path(item).exists():
        name, rest = "", item
    sources = [rest] if Path(rest).exists() or "+" not in rest else rest.split("+")
    if not all(sources):
        raise UsageError(f"{item}: a dataset is missing", hint=_NAMED + ", or " + _COMBINED)
    name = name or usual or "+".join(Path(source).stem for source in sources)
    return name, [*map(Typed, sources)]


def _whose(sources: Sequence[str]) -> str:
    """The first of the datasets that knows its task."""
    for source in sources:
        if names_its_task(source):
            return source
        if not source.startswith("hf:") and not Path(source).exists():
            raise no_such_file(
                source, hint="give a run directory, or a .jsonl, .csv or .parquet file"
            )
    raise UsageError("the task of these rows is unknown", hint=NAME_THE_TASK)


def model_choice(item: str) -> dict[str, Any]:
    """A model as an experiment declares it, from NAME[,KEY=VALUE]...

    Raises:
        UsageError: it is not written so.
    """
    name, *pairs = item.split(",")
    like = "tfidf,regularization=5"
    example = f"--trainer {like}"
    return {"trainer": name, "options": parse_options(pairs, example)}


def generator_options(items: Sequence[str]) -> dict[str, Any]:
    """Return the options for generating arms, from KEY=VALUE.

    Raises:
        UsageError: one is not written so.
    """
    import json

    options = parse_options(items)  # in which digits are text
    for item in items:
        key, _, text = item.partition("=")
        with suppress(ValueError):
            options[key] = json.loads(text)
    return {"options": options} if options else {}


def _sizes(registry: Registry, values: Mapping[str, Any]) -> list[Any]:
    """Return the sizes of learning curves for the available rows: 16, 32 and so on."""
    from targen_training.asked import read_rows
    from targen_training.experiments.data import task_for

    whose = task_for(registry, values["task"])
    max_rows = max(
        sum(
            len(read_rows(registry, source, whose, warns=False, encoding=values["encoding"]))
            for source in sources
        )
        for sources in values["arms"].values()
    )
    sizes: list[Any] = [16]
    while sizes[-1] * 2 < max_rows:
        sizes.append(sizes[-1] * 2)
    return [*sizes, "all"]


def _values(experiment: Experiment, folder: Path) -> dict[str, Any]:
    """An experiment as a file in `folder` has it: paths from there, defaults left out."""
    from targen_training.experiments.model import located

    def there(source: str) -> str:
        path = Path(source)
        if source.startswith("hf:") or path.is_absolute():
            return source
        return os.path.relpath(path, folder)

    def kept(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: kept(each) for key, each in value.items() if each is not None}
        return [kept(each) for each in value] if isinstance(value, list) else value

    given = located(experiment, there)
    values: dict[str, Any] = kept(given.model_dump(mode="json", exclude_defaults=True))
    return values
