"""Parquet: one file, or a folder that `datasets.load_dataset` loads and a hub accepts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from targen_core.dataset.frames import arrow_schema, arrow_tables
from targen_core.dataset.kinds import Kind, column_kinds, unclassed
from targen_core.dataset.model import Dataset
from targen_core.outputs import write_file
from targen_standard.exporting.hub_card import hub_card
from targen_standard.exporting.model import Exporter


def _parquet(dataset: Dataset, kinds: Mapping[str, Kind], out: Path) -> None:
    """Write the rows as columns of `kinds`.

    Raises:
        MissingDependency: pyarrow is not installed.
        UsageError: a number that fits no column.
    """
    schema = arrow_schema(kinds)
    import pyarrow.parquet as pq

    with pq.ParquetWriter(out, schema) as writer:
        for table in arrow_tables(dataset, kinds):
            writer.write_table(table)


def _write_file(dataset: Dataset, out: Path) -> None:
    # Data frames and databases do not know the numbers of classes, unlike `datasets` and hubs.
    kinds = {name: unclassed(kind) for name, kind in column_kinds(dataset).items()}
    _parquet(dataset, kinds, out)


def _write_folder(dataset: Dataset, out: Path) -> None:
    _write_parts(dataset, {"train": dataset}, out)


def _write_parts(dataset: Dataset, parts: Mapping[str, Dataset], out: Path) -> None:
    kinds = column_kinds(dataset)  # of all rows: each part has the same columns
    data = out / "data"
    data.mkdir(parents=True)
    for name, part in parts.items():
        _parquet(part, kinds, data / f"{name}-00000-of-00001.parquet")
    write_file(out / "README.md", hub_card(dataset, kinds, parts))


HF = Exporter(
    write=_write_folder,
    suffix="",
    summary="a folder for datasets.load_dataset and the hub",
    write_parts=_write_parts,
    columns=True,
)
PARQUET = Exporter(
    write=_write_file, suffix=".parquet", summary="typed columns in one file", columns=True
)
