"""`targen finish`: what a method makes of the rows of its run."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from targen_core.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from targen_core.dataset.model import Dataset


def finish(
    run: Annotated[
        Path, typer.Argument(help="A run directory; it is not modified.", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="The output folder. [default: RUN-finished]")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an earlier selection or weighting.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Select or weight the rows of a method's run, as the method does before training.

    SuperGen keeps the best rows of each label, and SunGen gives each row a weight, according to the
    options of the run. The result is a folder next to the run, which every command accepts as a
    dataset. targen does not call a model.

    Examples:
    - targen finish runs/rte-supergen-0
    - targen finish runs/rte-sungen-0 --out runs/rte-weighted
    """
    from targen_core import read_dataset
    from targen_core.plugins.loader import load_registry
    from targen_standard.finishing.api import finish_run

    registry = load_registry()
    path = run if run.name.strip(".") else run.resolve()
    target = out or path.with_name(f"{path.name}-finished")
    finish_run(run, target, registry, force=force)
    made, kept = (read_dataset(each, registry=registry) for each in (run, target))
    _say_what_is_missing(run, len(made))
    before, after, weight = _by_label(made), _by_label(kept), _weight_by_label(kept)
    if json:
        labels = {
            name: {"made": before[name], "kept": after[name], "weight": weight[name]}
            for name in before
        }
        print_json({"out": str(target), "labels": labels})
        return
    rows = [(name, before[name], after[name], f"{weight[name]:,.1f}") for name in before]
    print_table(["label", "made", "kept", "weight"], rows)
    print(target)


def _say_what_is_missing(run: Path, rows: int) -> None:
    """Say of a run that was stopped, or runs still, that it was to have more rows."""
    from targen_core.runs.manifest import Manifest

    wanted = Manifest.load(run / "manifest.json").targets[-1].quotas.total
    if rows < wanted:
        print(
            f"note: {run} has {rows:,} of {wanted:,} rows. To generate the others, run targen "
            f"resume {quote(str(run))}; then repeat this command with --force",
            file=sys.stderr,
        )


def _by_label(dataset: Dataset) -> Counter[str]:
    return Counter(str(dataset.task.label_of(one)) for one in dataset.instances)


def _weight_by_label(dataset: Dataset) -> dict[str, float]:
    """Return the total weight of each label's rows; rows without a weight count as one."""
    size = dataset.task.rows_per_instance
    weights = [*dataset.weights[::size]] or [1.0] * (len(dataset) // size)
    found: dict[str, float] = defaultdict(float)
    for one, weight in zip(dataset.instances, weights, strict=True):
        found[str(dataset.task.label_of(one))] += weight
    return found
