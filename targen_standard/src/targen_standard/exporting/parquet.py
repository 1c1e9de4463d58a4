"""Parquet, with the types of the columns as the `datasets` library notes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from targen_core.dataset.model import Dataset
from targen_standard.datasets.arrow import arrow_schema, arrow_tables
from targen_standard.datasets.kinds import Kind, column_kinds, unclassed
from targen_standard.exporting.model import Exporter

__all__ = ["PARQUET", "write_parquet"]


def write_parquet(dataset: Dataset, kinds: Mapping[str, Kind], out: Path) -> int:
    """Write the rows as columns of `kinds`; return their size in memory, in bytes.

    Raises:
        MissingDependency: pyarrow is not installed.
        UsageError: a number that fits no column.
    """
    schema = arrow_schema(kinds)
    import pyarrow.parquet as pq

    size = 0
    with pq.ParquetWriter(out, schema) as writer:
        for table in arrow_tables(dataset, kinds):
            writer.write_table(table)
            size += table.nbytes
    return size


def _write(dataset: Dataset, out: Path) -> None:
    # Data frames and databases do not know the numbers of classes, unlike `datasets` and hubs.
    kinds = {name: unclassed(kind) for name, kind in column_kinds(dataset).items()}
    write_parquet(dataset, kinds, out)


PARQUET = Exporter(
    write=_write, suffix=".parquet", summary="typed columns in one file", columns=True
)
