"""`targen look`: how a file of rows is read, before anything is done with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.sources import EncodingArg, WhoseArg
from targen_core.cli.tables import print_json
from targen_core.hints import quoted
from targen_core.text import plural, printable

if TYPE_CHECKING:
    from targen_core.dataset.source import Source
    from targen_core.tasks.model import Task

_SHOWN = 12  # labels of the first line
_SAMPLE = 60  # characters of a value
_MISREAD = ("Ã", "â€", "Â ", "\ufffd")
"""Signs of UTF-8 that was read as Latin-1, and of a byte that could not be decoded."""


@dataclass
class Look:
    """The content of a file, as it is read.

    Attributes:
        file: the file.
        rows: the number of rows that can be read.
        columns: the column of each field of a row, as it is found or typed.
        labels: the number of rows of each label.
        encoding: the encoding in which it is read.
        problems: what may be misread, with the number of rows and the first place.
        sample: the first row.
        hint: what to type if the columns are not certain, or "".
    """

    file: str
    rows: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    encoding: str = "utf-8"
    problems: list[dict[str, Any]] = field(default_factory=list)
    sample: dict[str, Any] = field(default_factory=dict)
    hint: str = ""


def look(
    file: Annotated[
        Path, typer.Argument(help="A file or folder of rows, in any form.", show_default=False)
    ],
    task: WhoseArg = None,
    encoding: EncodingArg = "utf-8",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if anything may be misread.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show how a file is read: rows, columns, labels, and what may be misread.

    Each command reads files in this way. Where the guess is wrong, --map, --label-map,
    --no-header, --delimiter, --quoting and --encoding correct it, in any command.

    Exits with 2 if the columns of the texts and labels are not certain.

    Examples:
    - targen look reviews.csv
    - targen look spam.csv --encoding latin-1 --map text=v2,label=v1
    - targen look rows.tsv --no-header --label-map 0=negative,1=positive
    """
    found = look_at(file, task, encoding)
    if json:
        print_json(asdict(found))
    else:
        print(headline(found))
        for problem in found.problems:
            print(
                f"  {problem['what']}: {plural(problem['rows'], 'row')}, first {problem['first']}"
            )
        for name, value in found.sample.items():
            print(f"  {printable(name)}: {_short(value)}")
        if found.hint:
            print(f"  try: targen look {printable(found.file)} {found.hint}")
    if found.hint:
        raise typer.Exit(2)
    if strict and found.problems:
        raise typer.Exit(1)


def headline(found: Look) -> str:
    """Return the line that says what a file contains."""
    most = Counter(found.labels).most_common()
    counts = ", ".join(f"{printable(name)} {count:,}" for name, count in most[:_SHOWN])
    counts += f", … {len(most)} labels" if len(most) > _SHOWN else ""
    columns = [f"{name} = {printable(column)}" for name, column in found.columns.items()]
    said = ", ".join(columns) + (f" ({counts})" if counts else "")
    parts = (plural(found.rows, "row"), said or "texts in no column", found.encoding)
    return f"{found.file}: " + "; ".join(parts)


def look_at(file: Path, task: str | None = None, encoding: str = "utf-8") -> Look:
    """Return what a file contains, as every command reads it.

    Raises:
        UsageError: the file or the task does not exist, or the file cannot be read.
        MissingDependency: a library that reads it is not installed.
    """
    from targen_core.dataset.naming import in_columns_of, in_layout_of
    from targen_core.dataset.source import open_source
    from targen_core.origin import Typed
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.tasks import find_task

    source = open_source(Typed(str(file)), encoding=encoding)
    whose = None if task is None else find_task(load_registry(), Typed(task))[1]
    found = Look(source.place, encoding=encoding)
    source = in_layout_of(source, whose)
    _find_columns(found, source, whose)
    if whose is not None and not found.hint:
        source, _ = in_columns_of(source, whose)
    fields = {name: name if whose else column for name, column in found.columns.items()}
    _count(found, source, fields, whose)
    return found


def _find_columns(found: Look, source: Source, task: Task[Any, Any] | None) -> None:
    """Find the columns of the texts and the label, as all commands do."""
    from targen_core.dataset.layout import LOOKED_AT
    from targen_core.dataset.naming import naming_of
    from targen_core.dataset.records import first_rows
    from targen_core.errors import UsageError

    rows = first_rows(source.form, LOOKED_AT)
    if not rows:
        return
    found.sample = dict(rows[0])
    names = [*dict.fromkeys(name for row in rows for name in row)]
    likely = _likely(rows, names)
    if task is None and any(
        name in {str(row.get(name)) for row in rows} for name in likely.values()
    ):
        # The name of a column is one of its values: a row stands in the place of the header.
        found.hint = "--no-header --map " + _pairs(
            {n: names.index(c) + 1 for n, c in likely.items()}
        )
        return
    try:
        naming = naming_of(task, rows)
    except UsageError as error:
        found.hint = error.hint if task is not None else "--map " + _pairs(likely)
        return
    found.columns = {name: naming.renamed.get(name, name) for name in naming.fields}
    if naming.label is not None:
        found.columns["label"] = naming.label
    elif task is None and "label" in likely and likely["label"] != found.columns["text"]:
        found.hint = "--map " + _pairs({"text": found.columns["text"], "label": likely["label"]})


def _likely(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, str]:
    """Return the columns that look like the text, the longest, and the label, of few values."""
    from targen_core.dataset.layout import LABELS

    said = {name: [str(row[name]) for row in rows if row.get(name)] for name in names}
    lengths = {name: sum(map(len, each)) / max(1, len(each)) for name, each in said.items()}
    text = max(names, key=lambda name: lengths[name])
    values = {name: len({*each}) for name, each in said.items() if each and name != text}
    few = {n: count for n, count in values.items() if 1 < count <= max(2, len(rows) / 3)}
    usual = [name for name in values if name.casefold() in LABELS]
    label = next(iter(usual), min(few, key=lambda name: few[name], default=""))
    return {"text": text, **({"label": label} if label else {})}


def _pairs(columns: Mapping[str, object]) -> str:
    return quoted(
        ",".join(f"{name}={column}" for name, column in columns.items() if name != column)
    )


def _count(
    found: Look, source: Source, fields: Mapping[str, str], task: Task[Any, Any] | None
) -> None:
    """Count the rows, the labels, and what may be misread."""
    from targen_core.dataset.naming import known_labels, plain_label
    from targen_core.dataset.problems import row_problem

    labels, problems, known = Counter[str](), dict[str, list[Any]](), known_labels(task)
    seen: set[int] = set()
    label = fields.get("label", "")
    texts = [c for name, c in fields.items() if name != "label"]

    def note(what: str, number: int) -> None:
        problems.setdefault(what, [0, f"{source.form.place} {number:,}"])[0] += 1

    for number, row in source.each(task):
        if isinstance(row, ValueError):
            note(f"left out ({row_problem(row)})", number)
            continue
        found.rows += 1
        said = [str(row[name]) for name in texts if row.get(name) not in (None, "")]
        if texts and not said:
            note("without a text", number)
        if (key := hash(tuple(said))) in seen and said:
            note("with a text that came before", number)
        seen.add(key)
        if any(mark in text for text in said for mark in _MISREAD):
            note("with characters of a wrong encoding", number)
        if label:
            value = row.get(label)
            for each in value if isinstance(value, list) else [value]:
                if each in (None, "") or each != each:
                    note("without a label", number)
                    continue
                labels[str(each)] += 1
                if known and plain_label(each) not in known:
                    note("with a label that the task does not have", number)
    found.labels = dict(labels.most_common())
    found.problems = [
        {"what": what, "rows": count, "first": first} for what, (count, first) in problems.items()
    ]


def _short(value: Any) -> str:
    text = printable(str(value), lines=False)
    return text if len(text) <= _SAMPLE else f"{text[: _SAMPLE - 1]}…"
