"""`targen correct`: step 4 on a dataset that is there already."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.report import flow_columns, print_usage
from targen_core.cli.request import (
    BackendArg,
    BatchArg,
    CacheArg,
    CorrectorArg,
    KeyFileArg,
    MaxCostArg,
    MaxOutageArg,
    MaxTokensArg,
    OptionsArg,
    RoundsArg,
    SeedArg,
    VariantArg,
    cache_folder,
    checked_limits,
    options_of,
    spec_of,
)
from targen_core.cli.sources import EncodingArg, SourceArg, WhoseArg, task_name
from targen_core.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from targen_core.dataset.model import Dataset


def correct(
    source: SourceArg,
    task: WhoseArg = None,
    corrector: CorrectorArg = "",
    variant: VariantArg = None,
    encoding: EncodingArg = "utf-8",
    backend: BackendArg = "local",
    option: OptionsArg = None,
    key_file: KeyFileArg = None,
    n: Annotated[
        int | None, typer.Option("-n", "--number", help="Judge so many, drawn by --seed.")
    ] = None,
    flip: Annotated[
        float, typer.Option("--flip", help="Give this share of rows a wrong label first.")
    ] = 0.0,
    seed: SeedArg = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A directory. [default: runs/NAME-CORRECTOR]"),
    ] = None,
    max_cost: MaxCostArg = None,
    max_tokens: MaxTokensArg = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", help="Calls at once, at most. [default: 32]")
    ] = None,
    rpm: Annotated[float | None, typer.Option("--rpm", help="Requests a minute, at most.")] = None,
    tpm: Annotated[float | None, typer.Option("--tpm", help="Tokens a minute, at most.")] = None,
    max_outage: MaxOutageArg = None,
    batch: BatchArg = False,
    rounds: RoundsArg = None,
    cache: CacheArg = True,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress on standard error.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Correct the labels of a dataset: ours, the original, or anyone's.

    Writes a directory with dataset.jsonl (the rows with the labels that they ended with),
    changes.jsonl (every verdict) and report.json. Rows change in their label alone; rows that are
    not official are left out, and counted on standard error. With --flip it is the test of a
    corrector: labels are made wrong on purpose, and the report says how many of them it mended.
    The same command goes on where it was stopped.

    Examples:
    - targen correct runs/rte-0 --corrector blind
    - targen correct RTE/val.jsonl --task rte --corrector vote --flip 0.2 --seed 1 -n 200
    - targen correct RTE/train.jsonl --task rte -b chatgpt -o model=gpt-6-luna --batch
    """
    from targen_core.cli.progress import watching
    from targen_core.dataset.read import read_dataset
    from targen_core.dataset.source import open_source
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.correction import correct_dataset

    registry = load_registry()
    opened = open_source(source, encoding=encoding)
    data = read_dataset(opened, task, variants=variant or (), registry=registry, strict=False)
    name = task_name(opened, task) or data.task.name
    _say_left_out(data, opened.form.place, f"targen validate {source} --task {name}")
    spec = spec_of(
        registry,
        name,
        quotas={},
        variants=tuple(variant or opened.variants),
        backend=backend,
        backend_for=None,
        options=options_of(option, key_file),
        seed=seed,
        correct=True,
        corrector=corrector,
        limits=checked_limits(
            max_cost=max_cost,
            max_tokens=max_tokens,
            concurrency=concurrency,
            rpm=rpm,
            tpm=tpm,
            max_outage=max_outage,
            rounds=rounds,
        )
        | {"batch": batch},
    )
    folder = out or Path("runs") / f"{data.name}-{(corrector or 'corrected').replace(':', '-')}"
    with watching(quiet=quiet) as watch:
        report = correct_dataset(
            registry,
            spec,
            data,
            folder,
            flip_share=flip,
            most=n,
            cache=cache_folder(cache),
            on_judged=watch.counted("judged"),
            on_layer=watch.on_layer,
        )
    if json:
        print_json(report)
    else:
        _print(report, folder)


def _say_left_out(data: Dataset, word: str, command: str) -> None:
    """Tell on standard error which rows are not judged."""
    bad = [problem for problem in data.problems if problem.left_out]
    if bad:
        count = len({problem.line for problem in bad})
        some = f"1 {word}" if count == 1 else f"{count:,} {word}s"
        print(
            f"note: {some} of {data.source} left out, the first is {word} {bad[0].line}: "
            f"{bad[0].message}; see: {command}",
            file=sys.stderr,
        )


def _print(report: dict[str, Any], folder: Path) -> None:
    print(f"{report['instances']:,} instances of {report['task']}, by {report['corrector']}")
    flows = report["flow"]
    columns = flow_columns(flows)
    print("\nLabel flow (row: the label shown; column: after correction)")
    print_table(
        ["", *columns, "rejected", "judged"],
        [
            (
                name,
                *(flow["accepted"].get(column, 0) for column in columns),
                sum(flow["rejected"].values()),
                flow["judged"],
            )
            for name, flow in flows.items()
        ],
    )
    reasons = {
        (label, reason): count
        for label, flow in flows.items()
        for reason, count in flow["reasons"].items()
    }
    if reasons:
        print("\nRejected because")
        print_table(["label shown", "reason", "count"], [(*key, n) for key, n in reasons.items()])
    print("\nAgainst the labels of the file")
    kinds = [("as given", report["as_given"])]
    if report["flip"]:
        kinds.append(("flipped", report["flipped"]))
    print_table(
        ["label shown", "right after", "wrong after", "rejected"],
        [(name, *(c.get(k, 0) for k in ("right", "wrong", "rejected"))) for name, c in kinds],
    )
    after = report["accuracy_after"]
    text = "no row was kept" if after is None else f"{after:.1%} of the {report['kept']:,} kept"
    print(f"labels right: {report['accuracy_before']:.1%} before, {text} after")
    print_usage(report)
    print(f"\n{folder / 'dataset.jsonl'}")
