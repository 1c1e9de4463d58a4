"""Bounded readers: texts, JSON, CSV, YAML, TOML, Parquet and arrays.

Any file may come from a stranger. Each reader takes only a regular file and bounds its bytes, its
depth and what it expands to. It makes plain values and arrays of numbers, and runs no code. It
raises `UnreadableFile` with the file and, if known, the line.

Functions that end in `_of` take a text that was read already, and raise `Malformed`. yaml, numpy
and pyarrow are imported when they are first needed.
"""

from targen_core.cli.reading.arrays import read_array, read_arrays
from targen_core.cli.reading.files import WHOLE, read_json, read_text
from targen_core.cli.reading.tables import ParquetRows, arrow_rows
from targen_core.cli.reading.texts import csv_cells, json_items, refuse_binary
from targen_core.cli.reading.typed import read_toml, read_yaml, toml_of, yaml_of

__all__ = [
    "WHOLE",
    "ParquetRows",
    "arrow_rows",
    "csv_cells",
    "json_items",
    "read_array",
    "read_arrays",
    "read_json",
    "read_text",
    "read_toml",
    "read_yaml",
    "refuse_binary",
    "toml_of",
    "yaml_of",
]
