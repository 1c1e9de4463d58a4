"""A `Dataset` as other libraries hold it, and as a notebook shows it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from targen_core.dataset.arrow import arrow_schema, arrow_tables
from targen_core.dataset.kinds import column_kinds
from targen_core.dataset.model import Dataset
from targen_core.extras import needs
from targen_core.pages import table

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
