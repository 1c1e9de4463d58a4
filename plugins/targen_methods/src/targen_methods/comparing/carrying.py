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

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from targen_core import Registry, analyze, correct, generate, load, read_dataset
from targen_core.errors import BudgetExhausted, JobFailed, QuotaNotMet, UsageError
from targen_core.metrics.model import Estimate
from targen_core.text import plural
from targen_methods.comparing.asked import Asked, Way
from targen_methods.comparing.measured import Compared, Measured
from targen_methods.comparing.page import write

if TYPE_CHECKING:
    from targen_analysis.analysis import Analysis

__all__ = ["carry_out"]

_FIGURES = {
    "hd-d": ("lexical", "hd-d"),
    "self-BLEU": ("repetition", "self-bleu"),
    "a part tells": ("artifacts", "most that a part gives away"),
}
"""Column -> metric and figure of the analysis."""

_MOST = 1_000_000  # rows that are asked for where dollars end a run


def carry_out(
    registry: Registry, asked: Asked, folder: Path, tell: Callable[[str], None]
) -> Compared:
    """Make what is missing, measure all and write the page; `tell` hears what is done now.

    Raises:
        UsageError: something else lies in the folder, or what was asked for makes no sense.
        JobFailed: a run ended early; the same again goes on with it.
    """
    _claim(folder, asked)
    starting = [way.name for way in asked.ways if way.given]
    notes = [f"Rows were given to {', '.join(starting)} alone."] if starting else []
    made: dict[str, Measured] = {}
    for way in asked.ways:
        made[way.name] = _made(registry, asked, way, folder, tell)
    able = [name for name, one in made.items() if one.rows]
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
    equal = plural(asked.rows, "row") if asked.rows is not None else f"${asked.dollars:,.2f}"
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
                f"{folder} holds a comparison of another task, model or size",
                hint="choose another --out, or ask for the same again",
            )
        return
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is there and holds no comparison", hint="choose another --out")
    folder.mkdir(parents=True, exist_ok=True)
    known.write_text(text, encoding="utf-8")


def _made(
    registry: Registry, asked: Asked, way: Way, folder: Path, tell: Callable[[str], None]
) -> Measured:
    """Have a way make its rows, or find them made."""
    run = folder / "runs" / way.name
    task = asked.task
    if way.text:
        path = folder / "methods" / f"{way.name}.json"
        path.parent.mkdir(exist_ok=True)
        if path.exists() and path.read_text(encoding="utf-8") != way.text:
            raise UsageError(
                f"{run} was made by {way.name} with other options",
                hint="choose another --out, or remove that folder",
            )
        path.write_text(way.text, encoding="utf-8")
        task = str(path)
    values = dict(asked.generate)
    if asked.dollars is not None:
        values["max_cost"] = asked.dollars
    if asked.rows is None:
        values["cache"] = False  # a reply that another way paid for would be a gift
    note = ""
    tell(f"{way.name}: rows into {run}")
    try:
        wanted = _MOST if asked.rows is None else asked.rows * way.made_for_each
        generate(task, n=wanted, out=run, registry=registry, **values)
    except QuotaNotMet as error:
        note = str(error)
    except BudgetExhausted as error:
        note = "" if asked.rows is None else str(error)
    except JobFailed as error:
        error.add_note(f"while {way.name} made its rows; the same command goes on")
        raise
    report = load(run, registry=registry).report
    rows = sum(report.rows.values())
    if way.finish is not None and rows:
        note = " ".join(filter(None, (note, _finish(way, run, folder / "finished" / way.name))))
        rows = len(read_dataset(_rows_of(way.name, folder), asked.task, registry=registry))
    usage = report.usage
    return Measured(
        way.name,
        rows,
        asked.rows,
        usage.calls + usage.cached,
        usage.tokens,
        usage.cost,
        note=note,
    )


def _finish(way: Way, run: Path, out: Path) -> str:
    """Choose or weigh the rows of a run, unless that is done; what is to be said of it."""
    assert way.finish is not None
    stamp = out.with_name(f"{out.name}.of")
    digest = hashlib.sha256((run / "dataset.jsonl").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return ""
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(exist_ok=True)
    try:
        way.finish(run, out)
    except UsageError as error:
        return f"measured as they were made, neither chosen nor weighed: {error}"
    stamp.write_text(digest, encoding="utf-8")
    return ""


def _rows_of(name: str, folder: Path) -> Path:
    """The rows of a way that are measured, as plain rows of the task."""
    finished = folder / "finished" / name
    there = (finished / "dataset.jsonl").exists()
    return finished if there else folder / "runs" / name / "dataset.jsonl"


def _judged(
    registry: Registry,
    asked: Asked,
    names: list[str],
    folder: Path,
    tell: Callable[[str], None],
) -> dict[str, float | None]:
    """The share of labels that a judge who does not see them finds too."""
    right: dict[str, float | None] = {}
    for name in names:
        out = folder / "judged" / name
        report = out / "report.json"
        if not report.exists():
            tell(f"{name}: labels by a blind judge into {out}")
            shutil.rmtree(out, ignore_errors=True)
            kept = {"model", "options", "seed", "concurrency", "rpm", "tpm", "max_cost"}
            values = {key: each for key, each in asked.generate.items() if key in kept}
            rows = read_dataset(_rows_of(name, folder), asked.task, registry=registry)
            correct(rows, corrector="blind", out=out, registry=registry, **values)
        found = json.loads(report.read_text(encoding="utf-8"))
        right[name] = found["accuracy_before"]
    return right


def _analyzed(
    registry: Registry,
    asked: Asked,
    names: list[str],
    folder: Path,
    tell: Callable[[str], None],
) -> Analysis:
    """All in one analysis, beside the original where there is one."""
    runs = [
        replace(read_dataset(_rows_of(name, folder), asked.task, registry=registry), name=name)
        for name in names
    ]
    tell(f"analysis into {folder / 'analysis'}")
    analysis = analyze(
        *runs,
        against=asked.original or None,
        without=("judged", "reviewed", "difficulty"),
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
    registry: Registry, asked: Asked, names: list[str], folder: Path
) -> tuple[dict[str, dict[str, Estimate]], str, list[str]]:
    """What the rows of each train; as many rows of each, with the same labels."""
    if not asked.test:
        return {}, "", ["Nothing was trained: --test DATA says on which rows models are tested."]
    from targen_training.comparing import carried_out, model_choice
    from targen_training.experiments.model import declared

    arms = {name: [str(_rows_of(name, folder).resolve())] for name in names}
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
    return found, part.metric, [*results.notes]
