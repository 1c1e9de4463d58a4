"""Parquet, with the types of the columns as the `datasets` library notes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.errors import MissingDependency, UsageError
from targen_core.exporters.kinds import Classes, Kind, Many, Scalar
from targen_core.exporters.model import Dataset

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["feature", "write_parquet"]

_BATCH = 10_000  # rows that are held twice at once; each batch is a row group


def write_parquet(dataset: Dataset, kinds: Mapping[str, Kind], out: Path) -> int:
    """Write the rows as columns of `kinds`; return their size in memory, in bytes.

    A key that a row lacks becomes a null.

    Raises:
        MissingDependency: pyarrow is not installed.
        UsageError: a number that fits no column.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"Parquet needs the package {error.name!r}, which is not installed",
            distribution="targen-core",
            hint="pip install 'targen-core[parquet]'",
        ) from error
    info = {"info": {"features": {name: feature(kind) for name, kind in kinds.items()}}}
    schema = pa.schema(
        [pa.field(name, _arrow(pa, kind)) for name, kind in kinds.items()],
        metadata={"huggingface": json.dumps(info)},
    )
    size = 0
    with pq.ParquetWriter(out, schema) as writer:
        for batch in _batches(dataset, kinds):
            try:
                table = pa.Table.from_pylist(batch, schema=schema)
            except (pa.ArrowException, OverflowError) as error:
                raise UsageError(
                    f"{dataset.name} does not fit into Parquet: {error}",
                    hint="--as jsonl takes any values",
                ) from error
            writer.write_table(table)
            size += table.nbytes
    return size


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
    coded = {name: kind.codes for name, kind in kinds.items() if isinstance(kind, Classes)}
    for start in range(0, len(dataset.rows), _BATCH):
        batch = []
        for row in dataset.rows[start : start + _BATCH]:
            numbers = {
                name: codes[row[name]] for name, codes in coded.items() if row.get(name) is not None
            }
            batch.append({**row, **numbers})
        yield batch
