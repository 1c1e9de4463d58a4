"""Each way makes its rows, and all are measured: rows, cost, variety, artefacts, labels, training.

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

Whatever is there already is gone on with: runs, judgements and trainings alike.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core import Registry, analyze, correct, estimate, generate, load, read_dataset
from targen_core.errors import BudgetExhausted, JobFailed, QuotaNotMet, UsageError
from targen_core.methods.finishing import finished, rows_to_make
from targen_core.metrics.model import Estimate
from targen_core.text import plural
from targen_methods.comparing.asked import Asked, Way
from targen_methods.comparing.measured import Compared, Measured
from targen_methods.comparing.page import write

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
    "dollars": "--max-cost",
    "model": "backend",
}  # what is asked for, in words of the command

_MOST = 1_000_000  # rows that are asked for where dollars end a run


def carry_out(
    registry: Registry, asked: Asked, folder: Path, tell: Callable[[str], None]
) -> Compared:
    """Make what is missing, measure all and write the page; `tell` hears what is done now.

    Raises:
        UsageError: something else lies in the folder, or what was asked for makes no sense.
        JobFailed: a run ended early; the same again goes on with it.
    """
    for data in (*asked.test, *filter(None, [asked.original])):  # before anything is paid for
        read_dataset(data, asked.task, registry=registry)
    found = {way.name: _found(registry, asked, way, folder) for way in asked.ways if way.data}
    both = _apart(registry, asked)
    _claim(folder, asked)
    tasks = {way.name: _task(asked, way, folder) for way in asked.ways if not way.data}
    for name, task in tasks.items():
        if not (folder / "runs" / name).exists():
            _require_able(registry, asked, name, task)
    starting = [way.name for way in asked.ways if way.given]
    model, seed = asked.generate["model"], asked.generate["seed"]
    notes = [f"Rows were made by {model} with seed {seed}."] if tasks else []
    notes += both
    notes += [f"Rows were given to {', '.join(starting)} alone."] if starting else []
    made = {
        way.name: found.get(way.name) or _made(registry, asked, way, tasks[way.name], folder, tell)
        for way in asked.ways
    }
    able = [way for way in asked.ways if made[way.name].rows]
    if not able:
        raise JobFailed("no method made a row", hint=f"see the reports in {folder / 'runs'}")
    judged = _judged(registry, asked, able, folder, tell) if asked.judge else {}
    analysis = _analyzed(registry, asked, able, folder, tell)
    trained, metric, said = _trained(registry, asked, able, folder)
    notes += said
    ways = tuple(
        replace(
            one,
            figures=_figures(analysis, one.name),
            right=judged.get(one.name),
            trained=trained.get(one.name, {}),
        )
        for one in made.values()
    )
    equal = ""
    if asked.rows is not None:
        equal = plural(asked.rows, "row")
    elif asked.dollars is not None:
        equal = f"${asked.dollars:,.2f}"
    compared = Compared(asked.task, ways, equal, metric, tuple(notes))
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
    if known.exists():
        if known.read_text(encoding="utf-8") != text:
            raise UsageError(
                f"{folder} holds another comparison: {_other(known, json.loads(text))}",
                hint="choose another --out, or ask for the same again",
            )
        return
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is there and holds no comparison", hint="choose another --out")
    folder.mkdir(parents=True, exist_ok=True)
    known.write_text(text, encoding="utf-8")


def _other(known: Path, wanted: dict[str, Any]) -> str:
    """What was asked for there, and what is asked for now, of all that is not the same."""
    try:
        before = json.loads(known.read_text(encoding="utf-8"))
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
    """What is to be said of given rows that models are tested on, too: few are in public data.

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
            f"{both:,} of {plural(len(given), 'given row')} are in --test, too: models would be "
            "tested on what their rows were made from",
            hint="--given FILE with rows of the training set",
        )
    return [f"{plural(both, 'given row')} in --test, too."] if both else []


def _task(asked: Asked, way: Way, folder: Path) -> str:
    """The task whose rows a way makes: a method's is a file, which is written."""
    if not way.text:
        return asked.task
    path = folder / "methods" / f"{way.name}.json"
    path.parent.mkdir(exist_ok=True)
    if path.exists() and path.read_text(encoding="utf-8") != way.text:
        raise UsageError(
            f"{folder / 'runs' / way.name} was made by {way.name} with other options",
            hint="choose another --out, or remove that folder",
        )
    path.write_text(way.text, encoding="utf-8")
    return str(path)


def _require_able(registry: Registry, asked: Asked, name: str, task: str) -> None:
    """See that the model can do what a way asks of it, before any is paid, and that dollars end it.

    Raises:
        UsageError: it cannot, or it costs nothing.
    """
    known = {key: asked.generate[key] for key in ("model", "options") if key in asked.generate}
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
    tell(f"{way.name}: rows into {run}")
    try:
        wanted = _MOST if asked.rows is None else asked.rows
        labels = None if asked.rows is None else rows_to_make(task, wanted, registry)
        n = None if labels else wanted
        generate(task, n=n, labels=labels, out=run, registry=registry, **values)
    except QuotaNotMet as error:
        note = str(error)
    except BudgetExhausted as error:
        note = "" if asked.rows is None else str(error)
    except JobFailed as error:
        error.hint = re.sub(r"\bresume\b.*", "the same command goes on", error.hint)
        raise
    report = load(run, registry=registry).report
    rows = sum(report.rows.values())
    if way.text and rows:
        _, said = finished(run, folder / "finished" / way.name, registry)
        note = " ".join(filter(None, (note, said)))
        rows = len(read_dataset(_rows_of(way, folder), asked.task, registry=registry))
    return _measured(way.name, rows, asked.rows, report, note)


def _found(registry: Registry, asked: Asked, way: Way, folder: Path) -> Measured:
    """Rows that are there, with what they cost where a run of ours made them."""
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
    calls = usage.calls + usage.cached
    return Measured(name, rows, wanted, calls, usage.tokens, usage.cost, note=note)


def _rows_of(way: Way, folder: Path) -> str:
    """The rows of a way that are measured, as plain rows of the task."""
    if way.data.startswith("hf:"):
        return way.data
    chosen = folder / "finished" / way.name
    if not way.data and (chosen / "dataset.jsonl").exists():
        return str(chosen.resolve())
    run = Path(way.data) if way.data else folder / "runs" / way.name
    # A run says that its rows are of the method's task: they are read as those of the task's own.
    return str((run / "dataset.jsonl" if (run / "manifest.json").exists() else run).resolve())


def _judged(
    registry: Registry,
    asked: Asked,
    ways: list[Way],
    folder: Path,
    tell: Callable[[str], None],
) -> dict[str, float | None]:
    """The share of labels that a judge who does not see them finds too."""
    right: dict[str, float | None] = {}
    for way in ways:
        name, out = way.name, folder / "judged" / way.name
        report = out / "report.json"
        if not report.exists():
            tell(f"{name}: labels by a blind judge into {out}")
            shutil.rmtree(out, ignore_errors=True)
            kept = {"model", "options", "seed", "concurrency", "rpm", "tpm", "max_cost"}
            values = {key: each for key, each in asked.generate.items() if key in kept}
            rows = read_dataset(_rows_of(way, folder), asked.task, registry=registry)
            correct(rows, corrector="blind", out=out, registry=registry, **values)
        found = json.loads(report.read_text(encoding="utf-8"))["as_given"]
        total = sum(found.values())  # right, wrong, and those that the judge rejects
        right[name] = found.get("right", 0) / total if total else None
    return right


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
    analysis = analyze(
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
    """What the rows of each train; as many rows of each, with the same labels."""
    if not asked.test:
        return {}, "", ["Nothing was trained: --test DATA says on which rows models are tested."]
    from targen_training.comparing import carried_out, model_choice
    from targen_training.experiments.model import declared

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
            "seeds": asked.seeds,
            "match": "labels",
            "sizes": ["matched"],
        },
        "compare-methods",
    )
    results = carried_out(registry, experiment, folder / "training")
    assert results is not None
    found: dict[str, dict[str, Estimate]] = {}
    (part,) = results.parts
    for group in part.groups:
        if group.kind == "matched":
            found.setdefault(group.arm, {})[group.model] = group.figure
    rows = {group.rows for group in part.groups if group.kind == "matched"}
    each = (
        [f"Models were trained on {min(rows)} rows of each, however many it has."] if rows else []
    )
    return found, part.metric, [*each, *results.notes]
