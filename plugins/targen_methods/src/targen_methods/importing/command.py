"""`targen import-rows`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.completion import completer
from targen_core.errors import JobFailed, UsageError

if TYPE_CHECKING:
    from targen_core import Task
    from targen_methods.importing.rows import Importing


def import_rows(
    form: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            help="The method that wrote the file: zerogen, progen, supergen, sungen, lstm, "
            "attrprompt, self-instruct or coda.",
            show_default=False,
        ),
    ],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The published file.", show_default=False)
    ],
    task: Annotated[
        str,
        typer.Option(
            "--task",
            metavar="NAME",
            help="The task of the imported rows: a name or a file.",
            autocompletion=completer("task"),
            show_default=False,
        ),
    ],
    labels: Annotated[
        list[str] | None,
        typer.Option(
            "--labels",
            metavar="MAP",
            help="Map the file's labels to the task's: 0=LABEL,1=LABEL, a .json file of such "
            "pairs, a known map such as zerogen:sst-2, or same. KEY=- skips rows. Repeatable.",
        ),
    ] = None,
    label_file: Annotated[
        Path | None,
        typer.Option(
            "--label-file",
            metavar="FILE",
            help="AttrPrompt's label.txt: the names of the labels 0, 1 and so on.",
        ),
    ] = None,
    columns: Annotated[
        str,
        typer.Option(
            "--columns",
            metavar="MAP",
            help="Map the task's columns to the file's: premise=C,hypothesis=X; A+B joins two.",
        ),
    ] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="COLUMN=TEXT",
            help="Import only rows whose column contains this text. Repeatable.",
        ),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--values",
            metavar="ATTRIBUTE=PATH",
            help="AttrPrompt's list of an attribute's values: a file, or a folder with one for "
            "each label. Repeatable.",
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights",
            metavar="FILE",
            help="The rows' weights, as SunGen's code writes them: .npy, or JSON Lines "
            "with idx and weight.",
        ),
    ] = None,
    logits: Annotated[
        bool,
        typer.Option(
            "--logits", help="The weights are SunGen's thetas, whose sigmoid is the weight."
        ),
    ] = False,
    unescape: Annotated[
        bool, typer.Option("--unescape", help="Decode HTML entities, such as &#34;, in texts.")
    ] = False,
    skip: Annotated[
        int,
        typer.Option(
            "--skip", min=0, help="Skip this many rows at the start, such as CoDa's given rows."
        ),
    ] = 0,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Import at most this many rows.")
    ] = None,
    license: Annotated[
        str,
        typer.Option(
            "--license", metavar="NAME", help="The licence, if you know it, such as cc-by-4.0."
        ),
    ] = "",
    encoding: Annotated[
        str, typer.Option("--encoding", help="The file's encoding, if it has no byte order mark.")
    ] = "utf-8",
    out: Annotated[
        Path | None, typer.Option("--out", help="The output folder. [default: TASK-FORMAT]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier import.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be imported, without writing anything."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Import the published rows of another method as a dataset of a task.

    Writes a folder that every command accepts as a dataset. It contains the rows, the origin of
    each row, and a card with the source and its licence. targen never guesses the meaning of the
    file's labels, since files for the same task number them in both ways. Pass a map or name a
    known one, and check the rows that the command shows. Rows that do not fit the task are counted
    by reason.

    Examples:
    - targen import-rows supergen RTE/train.json --task rte --labels supergen:rte
    - targen import-rows zerogen rte-dataset.jsonl --task rte --labels 0=entailment,1=not_entailment
      --columns premise=C,hypothesis=X
    - targen import-rows sungen train.jsonl --task ./mail.yaml --labels 0=praise,1=complaint
      --weights weights.npy --logits
    - targen import-rows attrprompt attrprompt-v1.jsonl --task ./news.yaml --label-file label.txt
    """
    from targen_core.cli.outputs import check_free
    from targen_core.cli.tables import print_json
    from targen_core.hints import did_you_mean
    from targen_core.outputs import remove
    from targen_core.plugins.loader import load_registry
    from targen_methods.importing.mapping import columns_for, labels_for, preset_of
    from targen_methods.importing.published import FORMS
    from targen_methods.importing.reading import open_published
    from targen_methods.importing.rows import Importing
    from targen_methods.importing.showing import examples_of, facts_of, show
    from targen_methods.importing.weights import read_weights
    from targen_methods.importing.writing import (
        FILE,
        OWN,
        card_of,
        finish,
        write_rows,
        write_weighing,
    )

    if logits and weights is None:
        raise UsageError("--logits requires --weights", hint="--weights FILE")
    of = FORMS.get(form)
    if of is None:
        raise UsageError(f"unknown format {form!r}", hint=did_you_mean(form, FORMS, "formats"))
    registry = load_registry()
    item = registry.find("task", task)
    found = registry.resolve(item)
    _check_task(found)
    given = labels or []
    target = out or Path(f"{re.sub(r'[^a-zA-Z0-9._-]+', '-', found.name)}-{of.name}")
    opened = open_published(file, of, encoding)
    mapped = labels_for(given, label_file, found, of)
    preset = preset_of(given, of)
    importing = Importing(
        opened,
        found,
        columns_for(columns, preset, found, of, opened.columns),
        mapped,
        unescape=unescape,
        where=_where(where or [], opened.columns),
        skip=skip,
        limit=limit,
        values=_values(values or []),
        weights=None if weights is None else read_weights(weights, logits=logits),
    )
    if not dry_run:
        check_free(target, "imported rows", FILE, force=force, own=OWN)
    part = target.with_name(f".{target.name}.part")
    facts: dict[str, Any]
    try:
        if dry_run:
            for _ in importing:
                pass
        else:
            write_rows(part, importing)
        if not importing.count:
            raise JobFailed(
                f"none of the rows of {file} could be converted to rows of {found.name}: "
                f"{_reasons(importing)}",
                hint=_none_hint(importing),
            )
        known = license or of.license
        if not dry_run:
            write_weighing(part, importing, "" if item.id.startswith("file:") else item.id)
        facts = facts_of(importing, item.id, known, "--license" if license else of.license_from)
        if not dry_run:
            said = "the person who imported them" if license else of.license_from
            finish(part, target, facts, card_of(importing, target.name, known, said))
    finally:
        if not dry_run:
            remove(part)
    if json:
        print_json({**facts, "examples": examples_of(importing), "out": str(target)})
        return
    show(importing, facts)
    if not dry_run:
        print(target)


def _check_task(task: Task[Any, Any]) -> None:
    """Check that a row of a task can be made of one published row.

    Raises:
        UsageError: it cannot.
    """
    if task.rows_per_instance > 1:
        raise UsageError(
            f"rows of {task.name} come in groups of {task.rows_per_instance}, but published rows "
            "do not",
            hint="import them for a task whose rows are not grouped, such as rte",
        )
    if task.labels and "label" not in task.schema.model_fields:
        raise UsageError(f"a row of {task.name} has nested labels, but published rows are flat")


def _where(given: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    from targen_core.hints import did_you_mean

    wanted: dict[str, str] = {}
    for each in given:
        name, is_said, text = each.partition("=")
        if not is_said:
            raise UsageError(f"--where {each}: the text is missing", hint="--where COLUMN=TEXT")
        if name not in columns:
            raise UsageError(
                f"--where: the file has no column {name!r}",
                hint=did_you_mean(name, columns, "columns"),
            )
        wanted[name] = text
    return wanted


def _values(given: Sequence[str]) -> dict[str, Mapping[str, Sequence[str]]]:
    """Lists of values by attribute: under "", or by label if the attribute depends on it."""
    lists: dict[str, Mapping[str, Sequence[str]]] = {}
    for each in given:
        name, is_said, place = each.partition("=")
        if not is_said or not name or not place:
            raise UsageError(
                f"--values {each}: the list is missing", hint="--values length=length/length.txt"
            )
        path = Path(place)
        if path.is_dir():
            files = sorted(one for one in path.iterdir() if one.is_file())
            lists[name] = {one.stem: [*_lines(one), "others"] for one in files}
        else:
            lists[name] = {"": _lines(path)}
    return lists


_MARK = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s+")


def _lines(path: Path) -> list[str]:
    """The values of a list: a line each, without its number, bullet and quotes."""
    from targen_core.reading.files import read_text

    lines = read_text(path, 16 << 20).splitlines()
    return [_MARK.sub("", line).strip().strip("\"'") for line in lines if line.strip()]


def _reasons(done: Importing) -> str:
    return ", ".join(f"{reason} {rows:,}" for reason, rows in done.left_out.most_common())


def _none_hint(done: Importing) -> str:
    said = done.columns.said()
    _, why = done.first.get("not-a-row-of-the-task", (0, ""))
    return {
        "no-text": f"change --columns, which is now {said}; in files of ZeroGen's first stage, the "
        "texts are in C",
        "not-a-row-of-the-task": f"the first row: {why}; --columns is now {said}",
        "skipped": "pass a smaller --skip",
        "not-asked-for": "pass a different --where",
    }.get(next(iter(dict(done.left_out.most_common(1))), ""), "")
