"""A `Dataset` as other libraries hold it, and as a notebook shows it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from targen_cli.pages import safe
from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_standard.datasets.arrow import arrow_tables
from targen_standard.extras import needs

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
        return pd.DataFrame(columns=list(dataset.task.schema.model_fields))
    return pd.DataFrame([dict(row) for row in dataset.rows])


def to_hf(dataset: Dataset) -> datasets.Dataset:
    """See `Dataset.to_hf`."""
    with needs("creating a datasets.Dataset", extra="datasets"):
        import datasets
    if not dataset.rows:
        raise UsageError(f"{dataset.name} has no rows, so its columns are unknown")
    import pyarrow as pa

    return datasets.Dataset(pa.concat_tables(arrow_tables(dataset)))


def as_html(dataset: Dataset) -> str:
    """The first rows as a table, everything escaped."""
    rows = list(dataset.rows[:_SHOWN])
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["<table>", f"<caption>{_safe(dataset.summary)}</caption>", "<thead><tr>"]
    lines += [f"<th>{_safe(name)}</th>" for name in columns]
    lines += ["</tr></thead>", "<tbody>"]
    for row in rows:
        cells = "".join(f"<td>{_safe(_cell(row.get(name)))}</td>" for name in columns)
        lines.append(f"<tr>{cells}</tr>")
    if (rest := len(dataset) - len(rows)) > 0:
        lines.append(f'<tr><td colspan="{len(columns)}">… and {rest:,} more</td></tr>')
    return "\n".join([*lines, "</tbody>", "</table>"])


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=str)


def _safe(text: str) -> str:
    return safe(text[:_LONGEST]) + ("…" if len(text) > _LONGEST else "")
