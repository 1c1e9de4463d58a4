"""Bounded readers: texts, JSON, CSV, YAML, TOML, Parquet and arrays.

Any file may come from a stranger. Each reader takes only a regular file and bounds its bytes, its
depth and what it expands to. It makes plain values and arrays of numbers, and runs no code. It
raises `UnreadableFile` with the file and, if known, the line.

Functions that end in `_of` take a text that was read already, and raise `Malformed`. yaml, numpy
and pyarrow are imported when they are first needed.
"""
