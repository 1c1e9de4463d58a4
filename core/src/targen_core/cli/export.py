"""`targen export`: a dataset in the form that another tool reads."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from targen_core.cli.completion import completer
from targen_core.cli.request import VariantArg
from targen_core.cli.sources import EncodingArg, SourceArg, WhoseArg
from targen_core.cli.tables import print_table

if TYPE_CHECKING:
    from targen_core.dataset.model import Dataset
    from targen_core.exporters.model import Exporter
    from targen_core.plugins.register import Registration


def export(
    source: SourceArg,
    form: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="NAME",
            help="The form to write; see list-exporters.",
            autocompletion=completer("exporter"),
        ),
    ] = "jsonl",
    task: WhoseArg = None,
    variant: VariantArg = None,
    encoding: EncodingArg = "utf-8",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="The file or folder to write. [default: exports/ and the source's name]"
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
) -> None:
    """Write a dataset in the form that another tool reads.

    Rows are checked against the task's schema first. What is written appears whole or not at all.

    Examples:
    - targen export runs/rte-0
    - targen export runs/rte-0 --as hf --out my-dataset
    - targen export rows.csv --task rte --as openai
    """
    from targen_core.dataset.read import read_dataset
    from targen_core.exporters.save import check_free
    from targen_core.plugins.loader import load_registry

    registry = load_registry()
    item = registry.find("exporter", form)
    exporter: Exporter = registry.resolve(item)
    dataset = read_dataset(
        source, task, variants=variant or (), registry=registry, encoding=encoding
    )
    target = out or Path("exports") / _file_name(dataset.name, item.name, exporter.suffix)
    _check_apart(target, source)
    check_free(target, folder=not exporter.suffix, force=force)
    if dataset.run is not None:
        _say_unfinished(dataset.run)
    files = _save(dataset, item, exporter, target, force=force)
    print(f"{len(dataset.rows):,} rows of {dataset.task.name} as {item.name}: {target}\n")
    print_table(["file", "bytes"], [(path, f"{path.stat().st_size:,}") for path in files])


def _file_name(dataset: str, form: str, suffix: str) -> str:
    """rte-0.csv, rte-0.openai.jsonl, rte-0.hf."""
    return f"{dataset}{suffix}" if suffix == f".{form}" else f"{dataset}.{form}{suffix}"


def _check_apart(out: Path, source: Path) -> None:
    """Refuse to write over what is read."""
    from targen_core.errors import UsageError

    target, origin = out.resolve(), source.resolve()
    if target == origin:
        raise UsageError(f"{out} is what is to be exported", hint="choose another --out")
    if source.is_dir() and origin in target.parents:
        raise UsageError(
            f"{out} is inside the run directory, which holds what the run left and nothing else",
            hint="choose another --out",
        )


def _say_unfinished(run: Path) -> None:
    """Tell on standard error that a run did not make all its rows."""
    from targen_core.runs.report import read_report

    report = read_report(run)
    if report["status"] != "complete":
        print(
            f"note: this run is {report['status']}, its rows so far are exported: "
            f"{report['problem']}",
            file=sys.stderr,
        )


def _save(
    dataset: Dataset, item: Registration[Exporter], exporter: Exporter, out: Path, *, force: bool
) -> list[Path]:
    """Save, and say whose fault it is where an exporter fails."""
    from targen_core.errors import PluginError, TargenError
    from targen_core.exporters.save import save
    from targen_core.plugins.registry import missing_dependency

    try:
        return save(dataset, exporter, out, force=force)
    except TargenError:
        raise
    except ModuleNotFoundError as error:
        raise missing_dependency(item, error.name or str(error)) from error
    except Exception as error:
        raise PluginError(
            f"exporter {item.id} failed: {type(error).__name__}: {error}",
            distribution=item.distribution,
            hint=f"report it to the authors of {item.distribution}",
        ) from error
