"""Bounded readers of what the kernel does not read: CSV, YAML, TOML, Parquet, arrays and zip.

They keep the rules of `targen_core.reading`. yaml, numpy and pyarrow are imported when they are
first needed.
"""

from targen_cli.reading.archives import read_zip
from targen_cli.reading.arrays import read_array, read_arrays
from targen_cli.reading.tables import ParquetRows, arrow_rows
from targen_cli.reading.texts import csv_cells, json_items, refuse_binary
from targen_cli.reading.typed import read_toml, read_yaml, toml_of, yaml_of

__all__ = [
    "ParquetRows",
    "arrow_rows",
    "csv_cells",
    "json_items",
    "read_array",
    "read_arrays",
    "read_toml",
    "read_yaml",
    "read_zip",
    "refuse_binary",
    "toml_of",
    "yaml_of",
]
