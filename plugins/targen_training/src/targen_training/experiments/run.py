"""An experiment from its declaration to its results, in a folder that a kill does no harm to.

```text
comparisons/rte/
  experiment.toml   what was asked for
  cells/            a folder each: cell.json says what decided it, scores.npy what it said
  runs/             run directories of arms that were generated
  results.json      all figures
  results.md, results.html
  earlier/          results that were asked for otherwise: 1, 2 and so on
```
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core.cli.outputs import check_own
from targen_core.cli.status import note
from targen_core.errors import UsageError
from targen_core.outputs import remove, write_file
from targen_core.plain import content_of
from targen_core.plugins.registry import Registry
from targen_core.signing import is_signed, sign
from targen_training.experiments.cells import (
    BEFORE,
    Done,
    Plan,
    done,
    output_of,
    plan_cells,
    ready_models,
    run_cells,
    sweep,
)
from targen_training.experiments.data import Material, label_order, read_before, read_material
from targen_training.experiments.model import Experiment, reaching, read_asked, validated
from targen_training.experiments.pages import as_html, as_markdown
from targen_training.experiments.results import LARGEST, Results, read_results
from targen_training.experiments.summing import results_of
from targen_training.models import Ready, require_able
from targen_training.scores import measured
from targen_training.trainers import Watch

_RESULTS = ("results.json", "results.md", "results.html")


@dataclass(frozen=True)
class Planned:
    """An experiment whose data are read.

    Attributes:
        experiment: what was asked for.
        materials: the data of each part.
        models: by their names in tables.
        plans: all cells.
        there: those that were trained before, by key.
        left: cells that are left out, and why.
        folder: the folder of the whole experiment.
    """

    experiment: Experiment
    materials: Mapping[str, Material]
    models: Mapping[str, Ready]
    plans: list[Plan]
    there: dict[str, Done]
    left: list[str]
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
    early = {"data", ".lock", ".experiment.toml.part"}
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
        folder: where cells of before are.
        made: part -> arm -> the run directory of an arm that was generated.

    Raises:
        UsageError: anything wrong with data, models or options.
    """
    models = ready_models(registry, experiment)
    materials = {
        key: read_material(
            registry, experiment, key, made.get(key, {}), output_of(models), warns=False
        )
        for key in experiment.tasks
    }
    for key, material in materials.items():
        _check_metric(experiment.metric_of(key), material)
    sets = read_before(registry, experiment, made, warns=False)
    plans, left = plan_cells(experiment, materials, models, sets)
    there = {}
    for plan in plans:
        if plan.key not in there:
            result = done(plan, materials[plan.cell.task], folder / "cells")
            if result is not None:
                there[plan.key] = result
    return Planned(experiment, materials, models, plans, there, left, folder)


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
    read_before(registry, experiment, None)


def check_models(registry: Registry, experiment: Experiment) -> None:
    """Check, before rows are made, that the models can be trained on this machine.

    Raises:
        MissingDependency: a package is not installed.
        UsageError: weights or a device are lacking.
    """
    for name, model in ready_models(registry, experiment).items():
        try:
            require_able(model)
        except UsageError as error:
            error.args = (f"model {name}: {error}",)
            raise


def _check_metric(metric: str, material: Material) -> None:
    """Check that there is such a figure of the test rows.

    Raises:
        UsageError: the figure does not exist.
    """
    examples = material.held.examples
    labels = label_order(material, examples.decisions)
    said: list[Any] = [[1 / len(labels)] * len(labels)] * len(examples.decisions)
    if material.output is not None:
        said = [decision.value for decision in examples.decisions]
    known = measured(
        examples.decisions, said, labels, unit=material.held.size, output=material.output
    ).measures
    if metric and metric not in known:
        raise UsageError(
            f"the metric {metric} is not available for {material.task}",
            hint=f"use one of: {', '.join(known)}",
        )


def run_experiment(
    plan: Planned,
    *,
    keep: bool = False,
    tell: Callable[[int, int, Plan], Watch | None] = lambda _done, _of, _plan: None,
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
    missing = plan.missing
    trainings: dict[str, list[Plan]] = {}
    for each in missing:
        trainings.setdefault(each.training, []).append(each)
    before = {each.before[1] for each in missing if each.before}
    sweep(plan.folder / "cells", before.union(trainings))
    for at, cells in enumerate(trainings.values()):
        watch = tell(at, len(trainings), cells[0])
        made = run_cells(
            cells,
            plan.models[cells[0].cell.model],
            plan.materials,
            plan.folder / "cells",
            keep=keep,
            watch=watch,
        )
        plan.there.update(made)
    if not keep:  # every cell that would start from one is there
        for path in (plan.folder / "cells").glob(f"{BEFORE}*"):
            remove(path)
    return results_of(plan.experiment, plan.materials, plan.plans, plan.there, plan.left)


def written(folder: Path, results: Results) -> list[Path]:
    """Write the results in all forms; those of another request are kept in `earlier/`.

    Raises:
        WriteFailed: the operating system refuses.
    """
    _set_aside(folder, results)
    texts = {
        "results.json": json.dumps(results.as_json(), indent=2, ensure_ascii=False) + "\n",
        "results.md": as_markdown(results),
        "results.html": as_html(results),
    }
    return [write_file(folder / name, text) for name, text in texts.items()]


def _set_aside(folder: Path, results: Results) -> None:
    """Copy results that were asked for otherwise to earlier/1/ and so on."""
    if not (folder / _RESULTS[0]).exists():
        return
    try:
        if read_results(folder).asked == results.as_json()["asked"]:
            return
    except UsageError:  # damaged
        pass
    earlier = folder / "earlier"
    there = earlier.iterdir() if earlier.exists() else ()
    numbers = (int(path.name) for path in there if path.name.isdecimal())
    kept = earlier / str(max(numbers, default=0) + 1)
    for name in _RESULTS:
        if (folder / name).exists():
            content = content_of(folder / name, LARGEST, inside=folder)
            write_file(kept / name, content)
    note(f"the earlier results in {folder}, with different options, are now in {kept}")


def declare(folder: Path, values: Mapping[str, Any]) -> None:
    """Write `experiment.toml`.

    Raises:
        WriteFailed: the operating system refuses.
    """
    import tomlkit

    path = folder / "experiment.toml"
    before = read_asked(folder)
    names = reaching(validated(before, str(path)), folder) if before else {}
    was_own = before is None or (bool(before) and (not names or is_signed(path, names)))
    write_file(path, tomlkit.dumps(values))
    if was_own:
        sign(path, reaching(validated(values, str(path)), folder))  # what was typed here
