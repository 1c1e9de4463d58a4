"""`targen analyze`: show what is in a dataset, compared with the original."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from targen_core.cli.command_line import is_debugging
from targen_core.cli.completion import completer
from targen_core.cli.sources import EncodingArg
from targen_core.errors import JobFailed, UsageError
from targen_core.plain import kind_of

if TYPE_CHECKING:
    from targen_analysis.metrics import Corpus

complete_metric = completer("metric")


def analyze(
    synthetic: Annotated[
        list[Path],
        typer.Argument(
            help="Run directories, files, or any data that `targen export` accepts; several are "
            "shown side by side.",
            show_default=False,
        ),
    ],
    against: Annotated[
        Path | None,
        typer.Option("--against", help="The dataset to compare with, such as the original."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            metavar="NAME",
            help="The task of the rows, also for --against; not needed for runs, which record it.",
            autocompletion=completer("task"),
        ),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option("--text", metavar="COLUMN", help="A text column of the files; repeatable."),
    ] = None,
    label: Annotated[
        str, typer.Option("--label", metavar="COLUMN", help="The label column.")
    ] = "label",
    intended: Annotated[
        str,
        typer.Option(
            "--intended",
            metavar="COLUMN",
            help="The column with the requested label, for the label flow.",
        ),
    ] = "",
    encoding: EncodingArg = "utf-8",
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="NAME",
            help="Measure this metric; repeatable. [default: all installed metrics]",
            autocompletion=complete_metric,
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            metavar="NAME",
            help="Do not measure this metric; repeatable.",
            autocompletion=complete_metric,
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option", "-o", metavar="METRIC.KEY=VALUE", help="An option of a metric; repeatable."
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", help="Random seed for sampling and resampling.")
    ] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The output folder. [default: analysis/ in the run; for files or several "
            "datasets, a folder in analyses/]",
        ),
    ] = None,
    pictures: Annotated[
        str,
        typer.Option("--pictures", metavar="svg|png", help="Also write each picture as a file."),
    ] = "",
    tables: Annotated[
        bool,
        typer.Option(
            "--tables", help="Also print each metric's tables. [default: only those of --metric]"
        ),
    ] = False,
    texts: Annotated[
        bool,
        typer.Option(
            "--texts/--no-texts",
            help="Show rows, or omit their contents if you must not publish the data.",
        ),
    ] = True,
    show: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser afterwards.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier analysis.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Do not show progress on standard error.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print analysis.json.")] = False,
) -> None:
    """Measure a dataset and, with --against, how it differs from real rows.

    Prints tables and writes analysis.json, report.md and report.html, a page that needs no network.
    If a metric fails or lacks a package or a model, reports it and measures the other metrics.
    Exits with 1 if you asked for that metric with --metric or -o.

    Examples:
    - targen analyze runs/rte-0 --against RTE/train.jsonl
    - targen analyze runs/rte-0 runs/rte-vote --against RTE/train.jsonl --pictures svg
    - targen analyze reviews.csv --text review --label stars --metric lexical
    """
    import webbrowser

    from targen_analysis.analysis import measure_all, request_metrics, without_texts
    from targen_analysis.corpus import Columns, read_study
    from targen_analysis.report.files import as_json, check_free, write
    from targen_analysis.report.pictures import KINDS
    from targen_analysis.report.terminal import print_analysis
    from targen_core.cli.tables import print_json
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.parsing import parse_options

    if pictures and pictures not in KINDS:
        raise UsageError(f"--pictures {pictures}: choose {' or '.join(KINDS)}")
    registry = load_registry()
    example = "-o lexical.replicates=200"
    requested = request_metrics(
        registry, metric or (), without or (), parse_options(option or (), example)
    )
    if not requested:
        raise UsageError("no metrics are left to measure", hint="omit --without")
    columns = Columns(tuple(text or ()), label if label != "label" else "", intended)
    study = read_study(
        registry, synthetic, against, task=task, columns=columns, encoding=encoding, seed=seed
    )
    if intended and not any(corpus.intended for corpus in study.corpora):
        raise UsageError(f"none of the files have a column {intended!r} (--intended)")
    target = out or _target(study.corpora)
    check_free(target, force=force)
    say = (lambda name: print(f"{name} …", file=sys.stderr)) if _watched(quiet) else None
    files = [*synthetic, *([against] if against is not None else [])]
    analysis = measure_all(study, requested, say, raising=is_debugging(), files=files)
    if not texts:
        analysis = without_texts(analysis)
    written = write(analysis, target, pictures=pictures)
    if json:
        print_json(as_json(analysis))
    else:
        print_analysis(analysis, tables=tables or bool(metric))
        print()
        for path in written:
            print(path)
    if show:
        webbrowser.open((target / "report.html").resolve().as_uri())
    named = {*(metric or ()), *(each.partition(".")[0] for each in option or ())}
    failed = [part for part in analysis.failed if {part.item.name, part.item.id} & named]
    if failed:
        names = ", ".join(part.item.name for part in failed)
        raise JobFailed(
            f"{len(failed)} of {len(requested)} metrics could not be measured: {names}; "
            f"{failed[0].problem}",
            hint=failed[0].hint,
        )


def _target(corpora: Sequence[Corpus]) -> Path:
    """A run's own folder for its analysis; of files and of several, one here."""
    run = corpora[0].run
    if run is None or len(corpora) > 1:
        return Path("analyses") / re.sub(r"[^\w.-]+", "-", corpora[0].name)
    if (kind := kind_of(run / "analysis")) not in ("", "a folder"):
        raise UsageError(
            f"{run / 'analysis'} is {kind}, not a folder",
            hint="write to a different folder with --out",
        )
    return run / "analysis"


def _watched(quiet: bool) -> bool:
    return not quiet and sys.stderr.isatty()
