"""Make the rows of each method, and measure all: rows, cost, variety, artefacts, labels, training.

```text
methods/rte/
  methods/NAME.json   the task file of a method
  runs/NAME/          its run directory
  finished/NAME/      what it makes of the run, where it chooses or weighs rows
  judged/NAME/        its labels beside those of a blind judge
  analysis/           all of them in one analysis
  training/           what they train, as targen compare leaves it
  results.json, results.md, results.html
```

Existing runs, judgements and trainings are continued.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_cli.ahead import Expected, expected_of
from targen_cli.estimating import estimate
from targen_cli.findings import Estimate
from targen_cli.outputs import check_own, claim, read_file
from targen_core import Limits, Registry, Typed, generate, load, read_dataset
from targen_core.errors import (
    BudgetExhausted,
    JobFailed,
    QuotaNotMet,
    RunConflict,
    TargenError,
    UsageError,
)
from targen_core.outputs import write_file
from targen_core.reading import json_of
from targen_core.runs.jobs.account import Account
from targen_core.text import plural
from targen_methods.comparing.asked import Asked, Way
from targen_methods.comparing.measured import Compared, Measured
from targen_methods.comparing.page import write
from targen_standard import correct
from targen_standard.finishing.api import finished, rows_to_make

if TYPE_CHECKING:
    from targen_analysis.analysis import Analysis
    from targen_core import Report

__all__ = ["carry_out"]

_FIGURES = {
    "hd-d": ("lexical", "hd-d"),
    "self-BLEU": ("repetition", "self-bleu"),
    "a part tells": ("artifacts", "most that a part gives away"),
    "leakage": ("leakage", "a run of 8 words"),
}
"""Column -> metric and figure of the analysis."""

_ASIDE = {"judged", "reviewed", "difficulty"}
"""Metrics of what nobody gave here; some are of plugins that need not be installed."""

_CALLED = {
    "rows": "-n",
    "dollars": "--cost-each",
    "model": "backend",
}  # what is asked for, in words of the command

_MOST = 1_000_000  # rows that are asked for where dollars end a run


def carry_out(
    registry: Registry,
    asked: Asked,
    folder: Path,
    tell: Callable[[str], None],
    *,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    ask: Callable[[Iterable[Expected]], None] = lambda parts: None,
) -> Compared:
    """Make what is missing, measure all and write the page.

    Args:
        registry: finds task, methods and backend.
        asked: what to compare.
        folder: the folder of all files.
        tell: hears what is done now.
        max_cost: dollars for runs and judge together, earlier processes included.
        max_tokens: tokens for runs and judge together, earlier processes included.
        ask: is asked before the first call, with what the parts are likely to cost.

    Raises:
        UsageError: something else lies in the folder, or what was asked for makes no sense.
        JobFailed: a run ended early; the same call continues it.
    """
    check_own(folder)
    for data in (*asked.test, *filter(None, [asked.original])):  # before anything is paid for
        read_dataset(data, asked.task, registry=registry)
    found = {way.name: _found(registry, asked, way, folder) for way in asked.ways if way.data}
    both = _apart(registry, asked)
    _claim(folder, asked)
    tasks = {way.name: _task(asked, way, folder) for way in asked.ways if not way.data}
    for name, task in tasks.items():
        if not (folder / "runs" / name).exists():
            _require_able(registry, asked, name, task)
    ask(_expected(registry, asked, tasks, folder))
    starting = [way.name for way in asked.ways if way.given]
    model, seed = asked.generate["model"], asked.generate["seed"]
    notes = [f"Rows were made by {model} with seed {seed}."] if tasks else []
    notes += both
    notes += [f"Rows were given to {', '.join(starting)} alone."] if starting else []
    parts = [folder / "runs" / name for name in tasks]
    parts += [folder / "judged" / way.name for way in asked.ways if asked.judge]
    with Account(max_cost=max_cost, max_tokens=max_tokens, parts=parts) as account:
        made = {
            way.name: found.get(way.name)
            or _made(registry, asked, way, tasks[way.name], folder, tell)
            for way in asked.ways
        }
        able = [way for way in asked.ways if made[way.name].rows]
        if not able:
            raise JobFailed(
                "no method generated a row", hint=f"see the reports in {folder / 'runs'}"
            )
        judged = _judged(registry, asked, able, folder, tell) if asked.judge else {}
    analysis = _analyzed(registry, asked, able, folder, tell)
    trained, metric, said = _trained(registry, asked, able, folder)
    notes += said
    ways = tuple(
        replace(
            one,
            figures=_figures(analysis, one.name),
            right=judged[one.name].right if one.name in judged else None,
            judge_dollars=judged[one.name].dollars if one.name in judged else None,
            trained=trained.get(one.name, {}),
        )
        for one in made.values()
    )
    equal = ""
    if asked.rows is not None:
        equal = plural(asked.rows, "row")
    elif asked.dollars is not None:
        equal = f"${asked.dollars:,.2f}"
    compared = Compared(
        asked.task, ways, equal, metric, tuple(notes), account.billed, account.facts
    )
    write(folder, compared)
    return compared


def _claim(folder: Path, asked: Asked) -> None:
    """See that the folder is ours, or free, and write down what is compared.

    Raises:
        UsageError: it is not, or holds another comparison.
    """
    values = {
        "task": asked.task,
        "generate": dict(asked.generate),
        "rows": asked.rows,
        "dollars": asked.dollars,
    }
    text = json.dumps(values, indent=2, sort_keys=True, default=str) + "\n"
    known = folder / "asked.json"
    before = read_file(known)
    if before is not None:
        if before != text:
            raise UsageError(
                f"{folder} contains another comparison: {_other(known, before, json.loads(text))}",
                hint="choose another --out, or ask for the same again",
            )
        return
    if folder.exists() and any(not path.name.startswith(".asked.") for path in folder.iterdir()):
        raise UsageError(
            f"{folder} exists and does not contain a comparison", hint="choose another --out"
        )
    claim(folder)
    write_file(known, text)


def _other(known: Path, said: str, wanted: dict[str, Any]) -> str:
    """Return the differences between the earlier request there and the current one."""
    try:
        before = json_of(said)
        there = {**before, **before.pop("generate")}
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"{known} was changed"
    here = {**wanted, **wanted.pop("generate")}
    return "; ".join(
        f"its {_CALLED.get(key, key)} is {there.get(key)}, not {here.get(key)}"
        for key in sorted({*there, *here})
        if there.get(key) != here.get(key) and key != "generate"
    )


def _apart(registry: Registry, asked: Asked) -> list[str]:
    """Return remarks on given rows that also test the models: a few are in public data.

    Raises:
        UsageError: most of them are.
    """

    def texts(data: Iterable[str]) -> list[str]:
        read = (read_dataset(each, asked.task, registry=registry) for each in data)
        return [one.task.render(row) for one in read for row in one.instances]

    tested = {*texts(asked.test)} if asked.given else set()
    given = texts(asked.given)
    both = sum(text in tested for text in given)
    if 2 * both > len(given):
        raise UsageError(
            f"{both:,} of {plural(len(given), 'given row')} are also in --test: models would be "
            "tested on the rows that their training data came from",
            hint="--given FILE with rows of the training set",
        )
    return [f"{plural(both, 'given row')} also in --test."] if both else []


def _task(asked: Asked, way: Way, folder: Path) -> str:
    """The task whose rows a way makes: a method's is a file, which is written."""
    if not way.text:
        return asked.task
    path = folder / "methods" / f"{way.name}.json"
    if read_file(path) not in (None, way.text):
        raise UsageError(
            f"{folder / 'runs' / way.name} was made by {way.name} with other options",
            hint="choose another --out, or remove that folder",
        )
    write_file(path, way.text)
    return Typed(path)


def _require_able(registry: Registry, asked: Asked, name: str, task: str) -> None:
    """Check, before paying, that the model can do what a way needs, and that dollars can end it.

    Raises:
        UsageError: it cannot, or it costs nothing.
    """
    known = _model_of(asked)
    try:
        costs = estimate(task, n=2 * registry.get("task", task).rows_per_instance,
                         registry=registry, **known).total["dollars"]  # fmt: skip
    except JobFailed:
        return  # what its dry run cannot do, the run itself may
    if asked.rows is None and costs == 0:
        raise UsageError(
            f"{known['model']} costs nothing, so no number of dollars ends what {name} makes",
            hint="-n 100 for equal rows, or prices: -o price_in=0.15 -o price_out=0.60",
        )


def _made(
    registry: Registry,
    asked: Asked,
    way: Way,
    task: str,
    folder: Path,
    tell: Callable[[str], None],
) -> Measured:
    """Have a way make its rows, or find them made."""
    run = folder / "runs" / way.name
    values = dict(asked.generate)
    if asked.dollars is not None:
        values["max_cost"] = asked.dollars
    if asked.rows is None:
        values["cache"] = False  # a reply that another way paid for would be a gift
    note = ""
    # The last cents of a share may still pay for a shorter call. But rows that are measured stay.
    spent = folder / "methods" / f"{way.name}.spent"
    try:
        if not spent.exists():
            tell(f"{way.name}: rows into {run}")
            wanted = _MOST if asked.rows is None else asked.rows
            labels = None if asked.rows is None else rows_to_make(task, wanted, registry)
            n = None if labels else wanted
            generate(task, n=n, labels=labels, out=run, registry=registry, **values)
    except QuotaNotMet as error:
        note = str(error)
    except BudgetExhausted as error:
        if error.shared:  # the cap of all of it: the others and the judge need money as well
            raise
        note = "" if asked.rows is None else str(error)
        if asked.rows is None:
            spent.parent.mkdir(exist_ok=True)
            write_file(spent, f"{error}\n")
    except JobFailed as error:
        error.hint = re.sub(r"\bresume\b.*", "the same command continues", error.hint)
        raise
    report = load(run, registry=registry).report
    rows = sum(report.rows.values())
    if way.text and rows:
        _, said = finished(run, folder / "finished" / way.name, registry)
        note = " ".join(filter(None, (note, said)))
        rows = len(read_dataset(_rows_of(way, folder), asked.task, registry=registry))
    return _measured(way.name, rows, asked.rows, report, note)


def _found(registry: Registry, asked: Asked, way: Way, folder: Path) -> Measured:
    """Return existing rows, with their cost if a run of ours made them."""
    dataset = read_dataset(_rows_of(way, folder), asked.task, registry=registry)
    is_run = (Path(way.data) / "manifest.json").exists()
    report = load(way.data, registry=registry).report if is_run else None
    return _measured(way.name, len(dataset), None, report, "")


def _measured(
    name: str, rows: int, wanted: int | None, report: Report | None, note: str
) -> Measured:
    if report is None:
        return Measured(name, rows, wanted, None, None, None, note=note)
    usage = report.usage
    return Measured(name, rows, wanted, usage.answered, usage.tokens, usage.cost, note=note)


def _rows_of(way: Way, folder: Path) -> str:
    """The rows of a way that are measured, as plain rows of the task."""
    if way.data.startswith("hf:"):
        return Typed(way.data)
    chosen = folder / "finished" / way.name
    if not way.data and (chosen / "dataset.jsonl").exists():
        return Typed(chosen.resolve())
    run = Path(way.data) if way.data else folder / "runs" / way.name
    # A run says that its rows are of the method's task: they are read as those of the task's own.
    return Typed((run / "dataset.jsonl" if (run / "manifest.json").exists() else run).resolve())


def _expected(
    registry: Registry, asked: Asked, tasks: Mapping[str, str], folder: Path
) -> Iterator[Expected]:
    """Yield the likely cost of each run and each judgement that is missing."""
    known = _model_of(asked)
    for name, task in tasks.items():
        if (folder / "runs" / name / "report.json").exists():
            continue
        if asked.rows is None:
            yield Expected(name, asked.dollars)
            continue
        labels = rows_to_make(task, asked.rows, registry)
        rows = {"labels": labels} if labels else {"n": asked.rows}
        yield expected_of(name, partial(estimate, task, registry=registry, **rows, **known))
    for way in asked.ways if asked.judge else ():
        if (folder / "judged" / way.name / "report.json").exists():
            continue
        number = asked.rows
        if way.data:
            data = _rows_of(way, folder)
            number = len(read_dataset(data, asked.task, registry=registry))
        yield _judge_expected(registry, asked, way.name, number)


def _judge_expected(registry: Registry, asked: Asked, name: str, rows: int | None) -> Expected:
    """Estimate a judge's cost for `rows`; None for as many as a number of dollars makes.

    The rows do not exist yet: a dry run of the task's own steps writes some to judge.
    """
    who, known = f"the judge of {name}", _model_of(asked)
    number = rows or 2 * registry.get("task", asked.task).rows_per_instance
    try:
        judged = estimate(
            asked.task, n=number, corrector="blind", yield_=1.0, registry=registry, **known
        )
    except TargenError as error:
        return Expected(who, None, unknown=f"cannot be estimated: {error}")
    dollars = sum(step["dollars"] or 0.0 for step in judged.steps if step["step"] == "correct")
    if rows is None and dollars:
        return Expected(who, None, unknown="the number of rows is not known in advance")
    return Expected(who, dollars or None)


def _model_of(asked: Asked) -> dict[str, Any]:
    """The model and its options, as `estimate` takes them."""
    return {key: asked.generate[key] for key in ("model", "options") if key in asked.generate}


@dataclass(frozen=True, slots=True)
class _Judgement:
    """A blind judge's findings on a way's labels, and their cost."""

    right: float | None
    dollars: float | None


def _judged(
    registry: Registry,
    asked: Asked,
    ways: list[Way],
    folder: Path,
    tell: Callable[[str], None],
) -> dict[str, _Judgement]:
    """Return the share of labels that a judge who does not see them confirms.

    A judgement that was stopped continues: its answered calls are in its journal.

    Raises:
        RunConflict: the rows that were judged have changed since.
    """
    judged = {}
    for way in ways:
        name, out = way.name, folder / "judged" / way.name
        if not (out / "report.json").exists():
            tell(f"{name}: labels by a blind judge into {out}")
        kept = {"model", "options", "seed", "concurrency", "rpm", "tpm"}
        values = {key: each for key, each in asked.generate.items() if key in kept}
        rows = read_dataset(_rows_of(way, folder), asked.task, registry=registry)
        try:
            report = correct(rows, corrector="blind", out=out, registry=registry, **values).report
        except RunConflict as error:
            error.hint = f"the rows of {name} were judged before and are others now; remove {out}"
            raise
        found = report.raw["as_given"]
        total = sum(found.values())  # right, wrong, and those that the judge rejects
        usage = report.usage
        judged[name] = _Judgement(found.get("right", 0) / total if total else None, usage.cost)
    return judged


def _analyzed(
    registry: Registry,
    asked: Asked,
    ways: list[Way],
    folder: Path,
    tell: Callable[[str], None],
) -> Analysis:
    """All in one analysis, beside the original where there is one."""
    runs = [
        replace(read_dataset(_rows_of(way, folder), asked.task, registry=registry), name=way.name)
        for way in ways
    ]
    tell(f"analysis into {folder / 'analysis'}")
    installed = {item.name for item in registry.all("metric")}
    analyze = registry.function("analyze", of="compare-methods")  # of an extra
    analysis: Analysis = analyze(
        *runs,
        against=asked.original or None,
        without=sorted(_ASIDE & installed),
        registry=registry,
    )
    analysis.save(folder / "analysis", force=True)
    return analysis


def _figures(analysis: Analysis, name: str) -> dict[str, Estimate]:
    found: dict[str, Estimate] = {}
    for column, (metric, figure) in _FIGURES.items():
        try:
            figures = analysis[metric].figures
        except KeyError:
            continue  # it failed, or its package is not installed
        if (value := figures.get(name, {}).get(figure)) is not None:
            found[column] = value
    return found


def _trained(
    registry: Registry, asked: Asked, ways: list[Way], folder: Path
) -> tuple[dict[str, dict[str, Estimate]], str, list[str]]:
    """Return the results of training on as many rows of each, with the same labels."""
    if not asked.test:
        return {}, "", ["No model was trained: pass --test DATA to test models."]
    from targen_training.comparing import carried_out, model_choice
    from targen_training.experiments.model import declared
    from targen_training.money import Money

    arms = {way.name: [_rows_of(way, folder)] for way in ways}
    if asked.original:
        arms["original"] = [asked.original]
    experiment = declared(
        {
            "name": "methods",
            "task": asked.task,
            "test": [*asked.test],
            "arms": arms,
            "models": [model_choice(item) for item in asked.trainers],
            "seeds": asked.repeats,
            "match": "labels",
            "sizes": ["matched"],
        },
        "compare-methods",
    )
    with Money(Limits()) as money:  # no arm is generated
        results = carried_out(registry, experiment, folder / "training", money)
    assert results is not None
    found: dict[str, dict[str, Estimate]] = {}
    (part,) = results.parts
    for group in part.groups:
        if group.kind == "labels":
            found.setdefault(group.arm, {})[group.model] = group.figure
    rows = {group.rows for group in part.groups if group.kind == "labels"}
    each = (
        [f"Models were trained on {min(rows)} rows of each, however many it has."] if rows else []
    )
    return found, part.metric, [*each, *results.notes]
