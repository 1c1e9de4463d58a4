"""`targen reweigh`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from targen_core.cli.completion import completer
from targen_core.cli.sources import EncodingArg
from targen_core.errors import UsageError
from targen_core.plugins.configurable import read_options
from targen_core.runs.parsing import parse_options
from targen_core.text import plural
from targen_training.asked import TaskOption, read_rows

if TYPE_CHECKING:
    from targen_training.weighing.rows import Weighed


def reweigh(
    data: Annotated[
        str,
        typer.Argument(
            help="A run directory, a file, or any data that `targen export` accepts.",
        ),
    ],
    task: TaskOption = None,
    encoding: EncodingArg = "utf-8",
    by: Annotated[
        Literal["sungen", "influence"],
        typer.Option(
            "--by",
            help="sungen: weights from 0 to 1 by bilevel optimisation; influence: weight 1 if a "
            "row helps on held-out rows, otherwise 0, as in ProGen.",
        ),
    ] = "sungen",
    best: Annotated[
        int | None,
        typer.Option(
            "--best",
            metavar="N",
            min=1,
            help="Keep the N best rows of each label, with equal weights.",
        ),
    ] = None,
    validation: Annotated[
        str | None,
        typer.Option(
            "--validation",
            metavar="DATA",
            help="For influence: the rows to measure it on. [default: parts of DATA]",
        ),
    ] = None,
    features: Annotated[
        str,
        typer.Option(
            "--features",
            metavar="NAME",
            help="The features that the linear head reads: tfidf, or an embedder, such as minilm.",
            autocompletion=completer("embedder"),
        ),
    ] = "tfidf",
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option", "-o", metavar="KEY=VALUE", help="An option of the weighting method."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Random seed.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="The output folder. [default: DATA-METHOD, such as DATA-sungen]"
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace earlier weighted rows.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not show progress.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Weight rows by their effect on a model that is trained on them.

    Writes a folder that every command accepts as a dataset, with a weight for each row in its
    provenance. `targen train` and `targen compare` use the weights. Generated rows with wrong
    labels get low weights.

    The model is a linear head on words, or on the vectors of an encoder. Its gradients are exact,
    and the same rows, options and seed give the same weights. The command shows how the share of
    each label changes.

    Examples:
    - targen reweigh runs/rte-0
    - targen reweigh runs/rte-0 --features minilm --out runs/rte-weighted
    - targen reweigh runs/rte-0 --by influence --best 50
    """
    from targen_core.cli.outputs import check_free
    from targen_core.cli.tables import print_json
    from targen_core.dataset.source import open_source
    from targen_core.plugins.loader import load_registry
    from targen_standard.datasets.weighing import FILE
    from targen_standard.methods.form import task_of_rows
    from targen_training.progress import shown
    from targen_training.weighing.bilevel import SunGenOptions
    from targen_training.weighing.influence import InfluenceOptions
    from targen_training.weighing.rows import measure_influence, weigh

    if validation is not None and by != "influence":
        raise UsageError("--validation requires --by influence")
    target = out or _beside(data, by)
    check_free(target, "weighted rows", FILE, force=force)
    registry = load_registry()
    opened = open_source(data, encoding=encoding)
    known = None if opened.task is None else opened.task()
    dataset = read_rows(registry, data, task, encoding=encoding)
    held = None
    if validation is not None:
        held = read_rows(registry, validation, task, known, encoding=encoding)
    with shown(quiet=quiet) as watch:
        more: dict[str, Any] = {"features": features, "seed": seed, "registry": registry}
        more["watch"] = lambda done, of: watch.step(done, of, {})
        values = parse_options(option or (), "-o decay=0.01")
        if by == "sungen":
            found = weigh(dataset, read_options(SunGenOptions, values, of=by), **more)
        else:
            options = read_options(InfluenceOptions, values, of=by)
            found = measure_influence(dataset, options, validation=held, **more)
    if best is not None:
        found = found.best(best)
    whose, variants = task_of_rows(opened, task, registry=registry)
    found.write(target, task=whose, variants=variants, force=force)
    report = found.report()
    if json:
        print_json({"out": str(target), "made": found.made, **report})
    else:
        _print(report, found)
    _warn(report, best)
    if not json:
        print(target)


def _beside(data: str, by: str) -> Path:
    """Return where weighted rows go: next to the data; for a hub's data, in this folder."""
    if data.startswith("hf:"):
        return Path(f"{data.removeprefix('hf:').replace('/', '-').replace(':', '-')}-{by}")
    path = Path(data).expanduser()
    path = path if path.name.strip(".") else path.resolve()
    return path.with_name(f"{path.name if path.is_dir() else path.stem}-{by}")


def _print(report: dict[str, Any], found: Weighed) -> None:
    from targen_core.cli.tables import print_table

    accuracy = found.made.get("validation_accuracy")
    learned = f", {accuracy:.0%} correct on held-out rows" if accuracy is not None else ""
    left = report["unlabeled"]
    said = f"; {plural(left, 'unlabelled row')} omitted" if left else ""
    name = found.dataset.task.name
    print(f"{report['rows']:,} rows of {name}, weighted by {found.by}{learned}{said}")
    print_table(
        ["label", "rows", "mean weight", "with weight 0", "share before", "after"],
        [
            (
                name,
                f"{of['units'] * found.dataset.task.rows_per_instance:,}",
                f"{of['mean_weight']:.3f}",
                f"{of['of_weight_0']:,}",
                f"{of['share_before']:.0%}",
                f"{of['share_after']:.0%}",
            )
            for name, of in report["labels"].items()
        ],
    )


def _warn(report: dict[str, Any], best: int | None) -> None:
    from targen_training.weighing.rows import MOVED

    moved = [
        f"{name} from {of['share_before']:.0%} to {of['share_after']:.0%}"
        for name, of in report["labels"].items()
        if abs(of["share_after"] - of["share_before"]) > MOVED
    ]
    if moved:
        way = "" if best else "; --best N keeps the same number for each label"
        print(
            f"warning: the weights changed the label shares: {', '.join(moved)}{way}",
            file=sys.stderr,
        )
