"""Table 8 in the paper's form: decoders pre-finetuned on rows, measured on OpenLLM's tasks.

```text
reproductions/table8-openllm/
  runs/            rows that were generated
  models/ARM/0/    a decoder, for each seed
  openllm/ARM-0.json   what the harness said of it, task by task
```

Existing parts are continued. lm-evaluation-harness downloads its tasks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from targen_core import generate
from targen_core.cli.outputs import check_own, read_file
from targen_core.errors import MissingDependency, QuotaNotMet, UsageError
from targen_core.hints import install
from targen_core.origin import Typed
from targen_core.outputs import write_file
from targen_core.plugins.registry import Registry
from targen_core.reading.values import json_of
from targen_training.reproduction.material import synthetic_of

if TYPE_CHECKING:
    from targen_core.dataset.model import Dataset
    from targen_training.money import Money
    from targen_training.reproduction.paper import Asked, PaperTable

_FREE = "free-instructions"
_DECODER = "decoder"


def carry_out(
    registry: Registry,
    paper: PaperTable,
    asked: Asked,
    options: Mapping[str, Any],
    money: Money,
    *,
    plan: bool,
) -> dict[str, Any] | None:
    """Make rows that are missing, train a decoder on each arm's and have the harness measure it.

    `options` are the decoder's. Runs draw from `money`, which the caller has opened.

    Returns:
        Arm -> task -> its figures by seed, in per cent; None if only the plan was wanted.

    Raises:
        UsageError: rows are missing without a generator, options are not a decoder's, or the folder
            has other contents.
        MissingDependency: the harness, or what trains decoders, is not installed.
        TargenError: a run or training failed; the same call continues.
    """
    from targen_training.asked import read_rows
    from targen_training.comparing import say_arms
    from targen_training.experiments.making import Made
    from targen_training.models import ready_trainer, require_able, train_model
    from targen_training.progress import shown

    if find_spec("lm_eval") is None:
        raise MissingDependency(
            f"{paper.name} with --models paper needs lm-evaluation-harness, which is not installed",
            distribution="targen-training",
            hint=f"{install('targen-training[harness]')}; --models small evaluates on tasks of "
            "SuperGLUE instead of OpenLLM's",
        )
    there = {path.name for path in asked.folder.iterdir()} if asked.folder.is_dir() else set()
    if there - {"models", "openllm", "results.json", "runs"}:
        raise UsageError(f"{asked.folder} contains other files", hint="choose a different --out")
    check_own(asked.folder)
    ready = ready_trainer(registry, _DECODER, options)
    sources = _sources(paper, asked)
    to_make, values = [], {**asked.options, **asked.generator}
    for arm, places in sources.items():
        for task, place in places.items():
            if _is_ours(asked, place):
                to_make.append(Made(task, arm, task, values, place))
            else:
                print(f"arm {arm} ({task}): using existing rows: {place}", file=sys.stderr)
    say_arms(registry, to_make, money)
    names = ", ".join(each["task"] for each in paper.harness)
    trainings = len(sources) * asked.repeats
    print(f"{trainings} decoder training runs, each evaluated on {names}", file=sys.stderr)
    for places in sources.values():  # before anything is paid for
        for task, place in places.items():
            if not _is_ours(asked, place):
                read_rows(registry, Typed(place), None, task)
    if plan:
        return None
    require_able(ready)
    money.ask()
    data = {arm: _rows(registry, asked, places) for arm, places in sources.items()}
    found: dict[str, dict[str, list[float]]] = {}
    for arm, datasets in data.items():
        for seed in range(asked.repeats):
            model = asked.folder / "models" / arm / str(seed)
            if not (model / "model.json").exists():
                print(f"training {model}", file=sys.stderr)
                with shown() as watch:
                    train_model(
                        ready, datasets, model, seed=seed, style="instructions", watch=watch
                    )
            for task, figure in _measured(paper, asked, arm, seed, model).items():
                found.setdefault(arm, {}).setdefault(task, []).append(100 * figure)
    write_file(asked.folder / "results.json", json.dumps(found, indent=2) + "\n")
    return found


def _sources(paper: PaperTable, asked: Asked) -> dict[str, dict[str, Path]]:
    """Arm -> task -> where its rows are, or go.

    Raises:
        UsageError: rows of an arm are missing, and no generator is given.
    """
    given = {task: synthetic_of(asked.synthetic, task) for task in paper.tasks}
    runs = asked.folder / "runs"
    ours = {
        task: place or runs / f"{task}-Syn"
        for task, place in given.items()
        if place is not None or asked.generators
    }
    theirs = asked.self_instruct or (runs / _FREE if asked.generators else None)
    if not ours or theirs is None:
        lacking = "synthetic rows" if not ours else "rows of Self-Instruct"
        raise UsageError(
            f"{paper.name} lacks {lacking}",
            hint="pass --generator NAME/MODEL, --synthetic FOLDER with a run or file per task, or "
            f"--self-instruct DATA with rows of {_FREE} (see targen import-rows)",
        )
    if not theirs.exists() and asked.self_instruct is not None:
        raise UsageError(f"--self-instruct {theirs} does not exist")
    first, second = (arm["name"] for arm in paper.harness_arms)
    return {first: ours, second: {_FREE: theirs}}


def _is_ours(asked: Asked, place: Path) -> bool:
    """Return whether rows are those that the generator makes, or has made."""
    return bool(asked.generators) and place.is_relative_to(asked.folder)


def _rows(registry: Registry, asked: Asked, places: Mapping[str, Path]) -> list[Dataset]:
    """The rows of an arm, made if they are not there."""
    from targen_training.asked import read_rows

    datasets = []
    for task, place in places.items():
        if _is_ours(asked, place):
            try:
                values = {**asked.options, **asked.generator}
                generate(task, out=place, registry=registry, **values)
            except QuotaNotMet as error:
                print(f"note: {task}: {error}", file=sys.stderr)
        datasets.append(read_rows(registry, Typed(place), None, task))
    return datasets


def _measured(
    paper: PaperTable, asked: Asked, arm: str, seed: int, model: Path
) -> dict[str, float]:
    """Task -> its figure, from 0 to 1; what was measured is kept."""
    from targen_training.harness import harness_figures

    kept = asked.folder / "openllm" / f"{arm}-{seed}.json"
    known = json_of(read_file(kept) or "{}")
    for each in paper.harness:
        if each["task"] in known:
            continue
        print(f"evaluating {model} on {each['task']}", file=sys.stderr)
        figures = harness_figures(model, [each["task"]], shots=each["shots"])[each["task"]]
        if each["figure"] not in figures:
            raise UsageError(
                f"lm-evaluation-harness does not report {each['figure']} for {each['task']}",
                hint=f"it reports {', '.join(figures)}; targen-training was written for version "
                "0.4 of lm-evaluation-harness",
            )
        known[each["task"]] = float(figures[each["figure"]])
        write_file(kept, json.dumps(known, indent=2) + "\n")
    return {each["task"]: known[each["task"]] for each in paper.harness}


def show(paper: PaperTable, found: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    """Print the figures here: the mean over seeds, and the least and greatest."""
    from targen_core.cli.tables import print_table

    lines = []
    for each in paper.harness:
        line = [each["name"]]
        for figures in found.values():
            values = figures[each["task"]]
            spread = f" ({min(values):.2f} to {max(values):.2f})" if len(values) > 1 else ""
            line.append(f"{fmean(values):.2f}{spread}")
        lines.append(line)
    means = [fmean(fmean(values) for values in figures.values()) for figures in found.values()]
    lines.append(["mean", *(f"{mean:.2f}" for mean in means)])
    print("this reproduction, mean over seeds")
    print_table(["", *found], lines)
