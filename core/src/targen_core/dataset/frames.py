"""A `Dataset` as other libraries hold it, and as a notebook shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from targen_core.dataset.kinds import Classes, Kind, Many, Record, Scalar, column_kinds
from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.extras import needs
from targen_core.pages import table
from targen_core.text import printable

if TYPE_CHECKING:
    import pyarrow as pa

if TYPE_CHECKING:
    import datasets
    import pandas as pd

_SHOWN = 8  # rows of a table
_LONGEST = 160  # characters of a cell


def to_pandas(dataset: Dataset) -> pd.DataFrame:
    """See `Dataset.to_pandas`."""
    with needs("creating a data frame", extra="pandas"):
        import pandas as pd
    if not dataset.rows:  # as a slice may be: its columns are those of any row
        return pd.DataFrame(columns=_columns(dataset))
    return pd.DataFrame([dict(row) for row in dataset.rows])


def to_hf(dataset: Dataset) -> datasets.Dataset:
    """See `Dataset.to_hf`."""
    with needs("creating a datasets.Dataset", extra="datasets"):
        import datasets
    import pyarrow as pa

    kinds = column_kinds(dataset)
    tables = list(arrow_tables(dataset, kinds)) or [arrow_schema(kinds).empty_table()]
    return datasets.Dataset(pa.concat_tables(tables))


def as_html(dataset: Dataset) -> str:
    """The first rows as a table, everything escaped."""
    rows = list(dataset.rows[:_SHOWN])
    columns = list(dict.fromkeys(name for row in rows for name in row)) or _columns(dataset)
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    if (rest := len(dataset) - len(rows)) > 0:
        cells.append([f"… and {rest:,} more"])
    return table(_cut(dataset.summary), map(_cut, columns), cells)


def _columns(dataset: Dataset) -> list[str]:
    """Return the columns of any row of its task."""
    return list(dataset.task.schema.model_fields)


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return _cut(value or "")
    return _cut(json.dumps(value, ensure_ascii=False, default=str))


def _cut(text: str) -> str:
    return text[:_LONGEST] + ("…" if len(text) > _LONGEST else "")


_BATCH = 10_000  # rows that are held twice at once; each batch is a row group of Parquet


def arrow_schema(kinds: Mapping[str, Kind]) -> pa.Schema:
    """The types of columns.

    Raises:
        MissingDependency: pyarrow is not installed.
    """
    with needs("Parquet", extra="parquet"):
        import pyarrow as pa
    info = {"info": {"features": {name: feature(kind) for name, kind in kinds.items()}}}
    return pa.schema(
        [pa.field(name, _arrow(pa, kind)) for name, kind in kinds.items()],
        metadata={"huggingface": json.dumps(info)},
    )


def arrow_tables(dataset: Dataset, kinds: Mapping[str, Kind] | None = None) -> Iterator[pa.Table]:
    """The rows in batches; a key that a row lacks becomes a null.

    Raises:
        MissingDependency: pyarrow is not installed.
        UsageError: a column has mixed types, or a number that does not fit any.
    """
    kinds = column_kinds(dataset) if kinds is None else kinds
    schema = arrow_schema(kinds)
    import pyarrow as pa

    for batch in _batches(dataset, kinds):
        try:
            yield pa.Table.from_pylist(batch, schema=schema)
        except (pa.ArrowException, OverflowError) as error:
            raise UsageError(
                f"{dataset.name} cannot be written as Parquet: {_column(batch, schema)}{error}",
                hint="use --as jsonl, which accepts any values",
            ) from error


def _column(batch: Sequence[Mapping[str, Any]], schema: pa.Schema) -> str:
    """Return which column pyarrow cannot take, as the start of a message, or ""."""
    import pyarrow as pa

    for field in schema:
        try:
            pa.array([row.get(field.name) for row in batch], type=field.type)
        except (pa.ArrowException, OverflowError):
            return f"column {printable(field.name, lines=False)}: "
    return ""


def feature(kind: Kind) -> Any:
    """A kind as `datasets.Features.from_dict` reads it, in every version of that library."""
    if isinstance(kind, Scalar):
        return {"dtype": kind.dtype, "_type": "Value"}
    if isinstance(kind, Classes):
        return {"names": list(kind.names), "_type": "ClassLabel"}
    if isinstance(kind, Many):
        return [feature(kind.item)]
    return {name: feature(part) for name, part in kind.fields.items()}


def _arrow(pa: Any, kind: Kind) -> pa.DataType:
    if isinstance(kind, Scalar):
        return pa.type_for_alias(kind.dtype)
    if isinstance(kind, Classes):
        return pa.int64()
    if isinstance(kind, Many):
        return pa.list_(_arrow(pa, kind.item))
    return pa.struct([pa.field(name, _arrow(pa, part)) for name, part in kind.fields.items()])


def _batches(dataset: Dataset, kinds: Mapping[str, Kind]) -> Iterator[list[dict[str, Any]]]:
    """The rows, labels as their numbers."""
    columns = Record(kinds)
    for start in range(0, len(dataset.rows), _BATCH):
        yield [_coded(columns, row) for row in dataset.rows[start : start + _BATCH]]


def _coded(kind: Kind, value: Any) -> Any:
    """A value with the numbers of classes in place of their names."""
    if value is None or isinstance(kind, Scalar):
        return value
    if isinstance(kind, Classes):
        return kind.codes[value]
    if isinstance(kind, Many):
        return [_coded(kind.item, item) for item in value]
    return {name: _coded(part, value.get(name)) for name, part in kind.fields.items()}
