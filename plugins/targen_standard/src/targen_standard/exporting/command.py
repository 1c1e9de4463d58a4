"""`targen export`: a dataset in the form that another tool reads, in splits, and on the hub."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.completion import completer
from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import JsonArg
from targen_core.cli.sources import EncodingArg, SourceArg, WhoseArg
from targen_core.cli.tables import print_files, print_table
from targen_core.options import RowOptions
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.dataset.model import Dataset
    from targen_core.plugins.register import Registration
    from targen_standard.exporting.model import Exporter

_ROWS = "Rows"
_HUB = "The Hugging Face hub"


@takes(RowOptions.declared("variants"))
def export(
    source: SourceArg,
    form: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NAME",
            help=(
                "The format to write (see targen list-exporters). [default: jsonl; hf with --push]"
            ),
            autocompletion=completer("exporter"),
            show_default=False,
        ),
    ] = None,
    task: WhoseArg = None,
    encoding: EncodingArg = "utf-8",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The output file or folder. [default: a name in the exports/ folder of the run, "
            "or of the current folder]",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            metavar="SHARES",
            help="Shares for train, validation and test, for example 0.8/0.1/0.1. Two shares give "
            "train and test; train=0.9/dev=0.1 sets the names. Each split has the same proportion "
            "of each label.",
            rich_help_panel=_ROWS,
        ),
    ] = None,
    weights: Annotated[
        bool,
        typer.Option(
            "--weights",
            help="Add a column `weight`: how much each row counts, as set by targen reweigh or "
            "finish.",
            rich_help_panel=_ROWS,
        ),
    ] = False,
    reviewed: Annotated[
        bool,
        typer.Option(
            "--reviewed",
            help="Export only rows that reviewers accepted, with their edits; see targen review.",
            rich_help_panel=_ROWS,
        ),
    ] = False,
    shuffle: Annotated[
        bool, typer.Option("--shuffle", help="Shuffle the rows.", rich_help_panel=_ROWS)
    ] = False,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", help="Random seed for --split and --shuffle.", rich_help_panel=_ROWS
        ),
    ] = 0,
    push: Annotated[
        str | None,
        typer.Option(
            "--push",
            metavar="OWNER/NAME",
            help="Upload to this dataset on the hub, creating it if it does not exist.",
            rich_help_panel=_HUB,
        ),
    ] = None,
    license: Annotated[
        str,
        typer.Option(
            "--license",
            metavar="ID",
            help="The licence for the dataset card, such as cc-by-4.0.",
            rich_help_panel=_HUB,
        ),
    ] = "",
    private: Annotated[
        bool,
        typer.Option(
            "--private/--public",
            help="The visibility of the dataset that --push creates.",
            rich_help_panel=_HUB,
        ),
    ] = True,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "-o",
            "--option",
            metavar="FORM.KEY=VALUE",
            help="An option of the format, such as `csv.delimiter=tab`; see targen describe.",
        ),
    ] = None,
    json: JsonArg = False,
    *,
    said: Said,
) -> None:
    """Export a dataset in another tool's format, or upload it.

    Checks the rows against the task's schema first. Writes the output either completely or not at
    all.

    Examples:
    - targen export runs/rte-0
    - targen export runs/rte-0 --as hf --split 0.8/0.1/0.1 --shuffle --license cc-by-4.0
    - targen export runs/rte-0 --push me/rte --split 0.9/0.1 --public
    - targen export rows.csv --task rte --as openai
    - targen export runs/rte-0 --reviewed --as hf
    - targen export runs/rte-0-sungen --weights --as parquet
    """
    from targen_core.dataset.reading import read_dataset
    from targen_core.errors import UsageError
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.parsing import parse_options
    from targen_core.runs.parts import Parts
    from targen_standard.datasets.weighing import with_weights
    from targen_standard.exporting.api import require_used
    from targen_standard.exporting.save import check_apart, check_free, save_as
    from targen_standard.given import unfinished_note
    from targen_standard.splitting import shares_of
    from targen_standard.splitting import shuffle as shuffle_dataset
    from targen_standard.splitting import split as split_dataset

    registry = load_registry()
    options = parse_options(option or (), "-o csv.delimiter=tab")
    meant = out.suffix.lower().removeprefix(".") if out is not None and form is None else ""
    for what in (form or "", meant):
        if what.lower() in ("excel", "xls", "xlsx"):
            raise UsageError(
                f"targen does not write spreadsheets ({what})",
                hint="use --as csv --out rows.csv; spreadsheet programs can open that file",
            )
    if any(meant == each.name for each in registry.all("exporter")):
        form = meant
    elif meant in ("tsv", "tab", "json", "txt"):  # it could not be read as what its name says
        table = "--as csv -o csv.delimiter=tab, or --as csv --out rows.csv"
        raise UsageError(
            f"{out}: no format of export has the suffix .{meant}",
            hint=table if meant in ("tsv", "tab") else "--out rows.jsonl, or --as FORMAT",
        )
    used = Parts(registry, options)
    exporter: Exporter
    item, exporter = used.find(
        "exporter",
        "exporter",
        form or ("hf" if push or license else "jsonl"),
        is_default=form is None,
    )
    require_used(used, options)
    _check_hub(item, push=push, license=license)
    if weights and not exporter.columns:
        raise UsageError(
            f"the format {item.name} cannot store weights",
            hint="use --as jsonl, csv, parquet or hf; or run targen reweigh --best N, which keeps "
            "the best rows and gives them equal weights",
        )
    shares = shares_of(split) if split is not None else None
    variants = said.values.get("variants", ())
    dataset = read_dataset(source, task, variants=variants, registry=registry, encoding=encoding)
    if dataset.run is not None and (note := unfinished_note(dataset, dataset.run, "exporting")):
        print(note, file=sys.stderr)
    dataset = (_reviewed if reviewed else _with_figures)(source, dataset)
    if item.id == "targen-standard:hf":
        _note_licences(dataset)
    if dataset.problems:
        first = dataset.problems[0]
        print(
            f"note: left out {plural(len(dataset.problems), 'known oddity', 'known oddities')} of "
            f"the original data; the first is on line {first.line}: {first.message}",
            file=sys.stderr,
        )
    if dataset.weights and not weights:
        more = "; use --weights to add them as a column" if exporter.columns else ""
        print(f"note: the rows' weights are left out{more}", file=sys.stderr)
    if push is not None and out is not None:
        raise UsageError(
            "--push and --out cannot be used together",
            hint="run it once with --out, then again with --push only",
        )
    target = None
    if push is None:
        name = _file_name(dataset.name, item.name, exporter.suffix, parts=shares is not None)
        target = out or _exports(dataset) / name
        check_apart(target, source)
        check_free(target, folder=not exporter.suffix or shares is not None, force=force)
    dataset = replace(dataset, license=license.lower())
    parts = split_dataset(dataset, shares, seed=seed) if shares is not None else None
    if shuffle:
        dataset = shuffle_dataset(dataset, seed=seed)
        parts = (
            {name: shuffle_dataset(each, seed=seed) for name, each in parts.items()}
            if parts
            else None
        )
    if weights:  # last, since splits go by what is in a row
        dataset = with_weights(dataset)
        parts = {name: with_weights(each) for name, each in parts.items()} if parts else None
    if target is None:
        assert push is not None
        _push(dataset, push, parts, private=private, force=force, json=json)
        return
    if exporter.note is not None and (note := exporter.note(dataset)):
        print(f"note: {note}", file=sys.stderr)
    files = save_as(item, exporter, dataset, target, force=force, parts=parts)
    if json:
        print_files(*files, **_facts(dataset, parts), format=item.name)
        return
    print(f"{_sizes(dataset, parts)} of {dataset.task.name} as {item.name}: {target}\n")
    print_table(["file", "bytes"], [(path, f"{path.stat().st_size:,}") for path in files])


def _reviewed(source: Path, dataset: Dataset) -> Dataset:
    """The rows that people found acceptable; how many these are is said on standard error."""
    from targen_core.extras import needs_distribution

    with needs_distribution("--reviewed", "targen-review"):
        from targen_review.accepted import accepted
    kept, said = accepted(source, dataset)
    print(f"note: {said}", file=sys.stderr)
    return kept


def _with_figures(source: Path, dataset: Dataset) -> Dataset:
    """Return the dataset with people's grades in its card, if there are any."""
    from targen_core.errors import TargenError

    try:
        from targen_review.card import with_figures
    except ModuleNotFoundError:
        return dataset
    try:
        return with_figures(source, dataset)
    except TargenError as error:
        print(f"note: the card does not include the review figures: {error}", file=sys.stderr)
        return dataset


def _note_licences(dataset: Dataset) -> None:
    """Print a note for each non-commercial licence of a source that an edited card lacks."""
    from targen_core.cli.licenses import NON_COMMERCIAL, terms_of
    from targen_core.cli.markup import markdown
    from targen_core.text import printable

    for name in sorted({one["license"] for one in dataset.report.get("sources", ())}):
        if NON_COMMERCIAL in terms_of(name) and markdown(name) not in dataset.card:
            said = printable(name)
            print(
                f"note: the card does not mention {said}, a source's non-commercial licence",
                file=sys.stderr,
            )


def _check_hub(item: Registration[Exporter], *, push: str | None, license: str) -> None:
    """Refuse options of the hub that cannot be followed, before anything is read."""
    from targen_core.errors import UsageError
    from targen_standard.exporting.push import check_push

    if (push or license) and item.id != "targen-standard:hf":
        option = "--push" if push else "--license"
        raise UsageError(
            f"{option} works with the format hf, not with {item.name}", hint="omit --as"
        )
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]*|", license):
        raise UsageError(
            f"--license {license!r} is not a licence id",
            hint="use an id that the hub knows, such as cc-by-4.0, apache-2.0, mit or other",
        )
    if push is not None:
        check_push(push)


def _push(
    dataset: Dataset,
    repo: str,
    parts: Mapping[str, Dataset] | None,
    *,
    private: bool,
    force: bool,
    json: bool,
) -> None:
    from targen_standard.exporting.push import push

    if not dataset.license and "\nlicense:" not in dataset.card:
        print("note: the card does not state a licence; add one with --license", file=sys.stderr)
    with _notes_of_the_hub():
        url = push(dataset, repo, parts=parts, private=private, force=force)
    if json:
        print_files(**_facts(dataset, parts), url=url)
        return
    print(f"{_sizes(dataset, parts)} of {dataset.task.name} on the hub: {url}\n")
    print(f'datasets.load_dataset("{repo}")')


@contextmanager
def _notes_of_the_hub() -> Iterator[None]:
    """Show the log of the hub's client, such as that it waits, as our own notes."""
    from targen_standard.exporting.push import words_of

    class Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            print(f"note: the hub: {words_of(record.getMessage())}", file=sys.stderr)

    logger = logging.getLogger("huggingface_hub")
    handlers, logger.handlers = logger.handlers, [Notes()]
    try:
        yield
    finally:
        logger.handlers = handlers


def _sizes(dataset: Dataset, parts: Mapping[str, Dataset] | None) -> str:
    """20 rows, or 20 rows (train 16, test 4)."""
    named = ", ".join(f"{name} {len(part):,}" for name, part in (parts or {}).items())
    return plural(len(dataset), "row") + (f" ({named})" if named else "")


def _facts(dataset: Dataset, parts: Mapping[str, Dataset] | None) -> dict[str, Any]:
    splits = {name: len(part) for name, part in (parts or {}).items()}
    return {"task": dataset.task.name, "rows": len(dataset), "splits": splits}


def _exports(dataset: Dataset) -> Path:
    """The folder of exports: a run's own, or one in this folder."""
    from targen_core.errors import UsageError
    from targen_core.plain import kind_of

    folder = (dataset.run or Path()) / "exports"
    if (kind := kind_of(folder)) not in ("", "a folder"):
        raise UsageError(f"{folder} is {kind}, not a folder for exports", hint="pass --out")
    return folder


def _file_name(dataset: str, form: str, suffix: str, *, parts: bool) -> str:
    """rte-0.csv, rte-0.openai.jsonl, rte-0.hf; of splits the folders rte-0.csv.splits, rte-0.hf."""
    if parts and suffix:
        return f"{dataset}.{form}.splits"
    return f"{dataset}{suffix}" if suffix == f".{form}" else f"{dataset}.{form}{suffix}"
