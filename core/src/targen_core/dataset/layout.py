"""The layout of files of rows: columns, labels and tables, as a person states them."""

from __future__ import annotations

import contextlib
import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from targen_core.dataset.records import Form, changed, first_rows
from targen_core.errors import UsageError
from targen_core.hints import quoted, suggestions_for
from targen_core.text import printable

LOOKED_AT = 200
"""Rows by which columns are distinguished."""

LABELS = (
    *("label", "category", "intent", "class", "labels"),
    *("sentiment", "score", "rating", "stars"),
)
"""Usual names of the column of labels."""

_MARKS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
_POINT_ZERO = re.compile(r"(?<=\d)\.0+$")
_LISTED = 20  # columns that a message names


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How files are laid out.

    Attributes:
        columns: the column of each field of a row, such as `{"text": "v2", "label": "v1"}`.
        labels: the label for each value of that column, such as `{"0": "negative"}`.
        header: whether the first line of a table names its columns; otherwise they are called 1,
            2, ….
        delimiter: what separates the cells of a table; "" to look at the first line.
        quoting: whether quotation marks of a table enclose cells; None to find out.
        split: the split of a JSON file that has several.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    header: bool = True
    delimiter: str = ""
    quoting: bool | None = None
    split: str = ""

    @property
    def is_table(self) -> bool:
        """True if it says how to read a table."""
        return not self.header or bool(self.delimiter) or self.quoting is not None

    def renamed(self, form: Form) -> dict[str, str]:
        """Return the columns of a file with the name that it gives each; {} if it gives none."""
        fields = {column: name for name, column in self.columns.items()}
        if not fields:
            return {}
        return {n: fields.get(n, n) for row in first_rows(form, LOOKED_AT) for n in row}

    def applied(self, form: Form, place: str) -> Form:
        """Return the rows with the fields and labels that it names.

        Raises:
            UsageError: a column is not there.
        """
        if not (self.columns or self.labels):
            return form
        rows = first_rows(form, LOOKED_AT)
        names = [*dict.fromkeys(name for row in rows for name in row)]
        missing = {f: c for f, c in self.columns.items() if c not in names and f not in names}
        for name, column in missing.items():
            near = suggestions_for(column, names) or names[:1] or ["COLUMN"]
            raise UsageError(
                f"{place} has no column {column}; the columns are {listed(names)}",
                hint=f"--map {quoted(f'{name}={near[0]}')}",
            )
        columns = {column: name for name, column in self.columns.items() if column in names}
        gone = {name for name in columns.values() if name in names and name not in columns}

        def renamed(row: Mapping[str, Any]) -> dict[str, Any]:
            # A form may know the values of a column by its name, such as classes that are numbers.
            return {
                columns.get(name, name): form.typed({name: value}, None)[name]
                if name in columns
                else value
                for name, value in row.items()
                if name not in gone
            }

        made = changed(form, renamed) if columns else form
        return self._labelled(made, place) if self.labels else made

    def _labelled(self, form: Form, place: str) -> Form:
        rows = first_rows(form, LOOKED_AT)
        names = [*dict.fromkeys(name for row in rows for name in row)]
        written = {*self.labels, *self.labels.values()}

        def fits(name: str) -> bool:
            said = [_as_written(row[name]) for row in rows if row.get(name) not in (None, "")]
            return bool(said) and sum(each in written for each in said) > len(said) / 2

        likely = [name for name in names if fits(name)]
        usual = [n for n in LABELS for name in likely if name.casefold() == n for n in (name,)]
        if not likely or (len(likely) > 1 and not usual):
            what = f"the columns {listed(likely)} may each hold" if likely else "no column holds"
            raise UsageError(
                f"{place}: {what} the values {', '.join(self.labels)} of --label-map",
                hint=f"--map label={quoted((likely or names or ['COLUMN'])[0])}",
            )
        column = (usual or likely)[0]

        def labelled(row: Mapping[str, Any]) -> dict[str, Any]:
            said = _as_written(row.get(column))
            return {**row, column: self.labels.get(said, row.get(column))}

        return changed(form, labelled)


class _Said:
    """The layout that the person states in this call."""

    layout = Layout()
    is_used = False


def current() -> Layout:
    """Return the layout that the person says in this call, to read a file by it."""
    _Said.is_used = True
    return _Said.layout


@contextlib.contextmanager
def reading_as(layout: Layout) -> Iterator[None]:
    """Read all files of this block so, except runs."""
    before = _Said.layout
    _Said.layout, _Said.is_used = layout, False
    try:
        yield
    finally:
        _Said.layout = before


def is_used() -> bool:
    """Return whether a file was read since the last `reading_as` began."""
    return _Said.is_used


def layout_of(
    map: Mapping[str, str] | str = "",
    label_map: Mapping[Any, str] | str = "",
    *,
    header: bool = True,
    delimiter: str = "",
    quoting: str = "",
    from_split: str = "",
) -> Layout:
    """Return a layout as options or a task file say it; texts are read as on a command line.

    Raises:
        UsageError: a value cannot be meant.
    """
    if quoting not in ("", "none", "double"):
        raise UsageError(f"quoting is {quoting!r}", hint="--quoting none, or --quoting double")
    mark = _MARKS.get(delimiter, delimiter)
    if len(mark) > 1 or mark in ('"', "\n", "\r"):
        raise UsageError(f"a delimiter cannot be {delimiter!r}", hint="--delimiter ';', or tab")
    labels = _pairs(label_map, "--label-map 0=negative,1=positive")
    return Layout(
        columns=_pairs(map, "--map text=COLUMN,label=COLUMN"),
        labels={_as_written(value): label for value, label in labels.items()},
        header=header,
        delimiter=mark,
        quoting=None if not quoting else quoting != "none",
        split=from_split,
    )


def _pairs(value: Mapping[Any, str] | str, hint: str) -> dict[Any, str]:
    """Return `a=b,c=d` as a mapping; quotation marks protect a comma."""
    if not isinstance(value, str):
        return {name: str(each) for name, each in value.items()}
    cells = next(csv.reader([value], skipinitialspace=True), []) if value else []
    pairs = [cell.partition("=") for cell in cells]
    for name, equals, each in pairs:
        if not (name.strip() and equals and each.strip()):
            raise UsageError(
                f"{hint.split()[0]} {value!r} does not have the form a=b,c=d", hint=hint
            )
    return {name.strip(): each.strip() for name, _, each in pairs}


def _as_written(value: Any) -> str:
    """Return a value as people write it: 1.0 of pandas and true of JSON as 1 and true."""
    said = str(value).strip()
    return said.lower() if isinstance(value, bool) else _POINT_ZERO.sub("", said)


def listed(names: Iterable[Any]) -> str:
    """Return the first columns of a file, which may have any number and any name, in words."""
    some = [printable(str(name), lines=False, max_length=40) for name in islice(names, _LISTED + 1)]
    return ", ".join([*some[:_LISTED], *["…"][: len(some) > _LISTED]])
