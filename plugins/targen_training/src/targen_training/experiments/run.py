"""An experiment from its declaration to its results, in a folder that a kill does no harm to.

```text
comparisons/rte/
  experiment.toml   the request
  cells/            a folder each: cell.json has what decides it, scores.json its predictions
  runs/             run directories of arms that were generated
  results.json      all figures
  results.md, results.html
```
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core.cli.outputs import check_own
from targen_core.errors import UsageError
from targen_core.outputs import write_file
from targen_core.plugins.registry import Registry
from targen_core.signing import is_signed, sign
from targen_training.decisions import label_order
from targen_training.experiments.cells import (
    Done,
    Plan,
    done,
    output_of,
    plan_cells,
    ready_models,
    run_cells,
    sweep,
)
from targen_training.experiments.data import Material, read_material
from targen_training.experiments.model import Experiment, reaching, read_request, validated
from targen_training.experiments.pages import as_html, as_markdown
from targen_training.experiments.results import Results
from targen_training.experiments.summing import results_of
from targen_training.models import Ready
from targen_training.scores import measured
from targen_training.trainers import Watch


@dataclass(frozen=True)
class Planned:
    """An experiment whose data are read.

    Attributes:
        experiment: the request.
        materials: the data of each part.
        models: by their names in tables.
        plans: all cells.
        there: those that were trained before, by key.
        notes: remarks, such as why cells are left out.
        folder: the folder of the whole experiment.
    """

    experiment: Experiment
    materials: Mapping[str, Material]
    models: Mapping[str, Ready]
    plans: list[Plan]
    there: dict[str, Done]
    notes: list[str]
    folder: Path

    @property
    def missing(self) -> list[Plan]:
        """Cells that are to be trained, each once, for the first group that needs it."""
        keys: dict[str, Plan] = {}
        for plan in self.plans:
            if plan.key not in self.there:
                keys.setdefault(plan.key, plan)
        return list(keys.values())


def check_folder(folder: Path) -> None:
    """Check that an experiment may be done in `folder`.

    Raises:
        UsageError: it is not an experiment's folder, or it contains a link or the like, at any
            depth.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError(f"{folder} is not a folder", hint="choose a different --out")
    # Files that a plan, or a command killed at once, may have left.
    early = {"data", "models", ".lock", ".experiment.toml.part"}
    there = {path.name for path in folder.iterdir()} - early if folder.exists() else set()
    if there and "experiment.toml" not in there:
        raise UsageError(
            f"{folder} exists and does not contain a comparison", hint="choose a different --out"
        )
    check_own(folder)


def planned(
    registry: Registry, experiment: Experiment, folder: Path, made: Mapping[str, Mapping[str, Path]]
) -> Planned:
    """Read the data, of whose bad rows `check_given` warns, and plan the cells.

    Args:
        registry: finds tasks and trainers.
        experiment: the request.
        folder: where earlier cells are.
        made: part -> arm -> the run directory of an arm that was generated.

    Raises:
        UsageError: anything wrong with data, models or options.
    """
    models = ready_models(registry, experiment)
    output = output_of(models)
    materials = {
        key: read_material(registry, experiment, key, made.get(key, {}), output, warns=False)
        for key in experiment.tasks
    }
    for key, material in materials.items():
        _check_metric(experiment.metric_of(key), material)
    plans, notes = plan_cells(experiment, materials, models)
    found = {
        plan.key: done(plan, materials[plan.cell.task], folder / "cells")
        for plan in {plan.key: plan for plan in plans}.values()
    }
    there = {key: each for key, each in found.items() if each is not None}
    return Planned(experiment, materials, models, plans, there, notes, folder)


def check_given(registry: Registry, experiment: Experiment) -> None:
    """Check the models and the given rows before generating.

    Raises:
        UsageError: anything wrong with them, or options.
        UnknownName: a trainer is not installed.
    """
    output = output_of(ready_models(registry, experiment))
    for key in experiment.tasks:
        material = read_material(registry, experiment, key, None, output)
        _check_metric(experiment.metric_of(key), material)


def _check_metric(metric: str, material: Material) -> None:
    """Check that there is such a figure of the test rows.

    Raises:
        UsageError: the figure does not exist.
    """
    examples = material.held.examples
    labels = label_order(material.labels, examples.decisions)
    values: list[Any] = [[1 / len(labels)] * len(labels)] * len(examples.decisions)
    if material.output is not None:
        values = [decision.value for decision in examples.decisions]
    known = measured(
        examples.decisions, values, labels, unit=material.held.size, output=material.output
    ).measures
    if metric and metric not in known:
        raise UsageError(
            f"the metric {metric} is not available for {material.task}",
            hint=f"use one of: {', '.join(known)}",
        )


def run_experiment(
    plan: Planned, *, keep: bool = False, tell: Callable[[int, int, Plan], Watch]
) -> Results:
    """Train what is missing, and sum up.

    Args:
        plan: what to do.
        keep: also keep models.
        tell: called before each cell is trained, with the numbers done and in total. It returns the
            watch of the training.

    Raises:
        TargenError: a training failed; cells that are done stay.
    """
    trainings: dict[str, list[Plan]] = {}
    for each in plan.missing:
        trainings.setdefault(each.training, []).append(each)
    cells_folder = plan.folder / "cells"
    sweep(cells_folder, trainings)
    for at, cells in enumerate(trainings.values()):
        watch = tell(at, len(trainings), cells[0])
        ready = plan.models[cells[0].cell.model]
        plan.there.update(
            run_cells(cells, ready, plan.materials, cells_folder, keep=keep, watch=watch)
        )
    return results_of(plan.experiment, plan.materials, plan.plans, plan.there, plan.notes)


def write_results(folder: Path, results: Results) -> None:
    """Write the results in all forms.

    Raises:
        RunDirectoryError: the operating system refuses.
    """
    text = json.dumps(results.as_json(), indent=2, ensure_ascii=False) + "\n"
    write_file(folder / "results.json", text)
    write_file(folder / "results.md", as_markdown(results))
    write_file(folder / "results.html", as_html(results))


def declare(folder: Path, values: Mapping[str, Any]) -> None:
    """Write `experiment.toml`, and sign it for this person unless a stranger's was there.

    Raises:
        RunDirectoryError: the operating system refuses.
    """
    import tomlkit

    path = folder / "experiment.toml"
    before = read_request(folder)
    names = reaching(validated(before, str(path)), folder) if before else {}
    is_own = before is None or (bool(before) and (not names or is_signed(path, names)))
    write_file(path, tomlkit.dumps(values))
    if is_own:
        sign(path, reaching(validated(values, str(path)), folder))
