"""Bounded readers of what the kernel does not read: YAML, TOML, npy, npz and zip.

They keep the rules of `targen_core.reading`. yaml and numpy are imported when they are first
needed.
"""

from targen_cli.reading.archives import read_zip
from targen_cli.reading.arrays import read_array, read_arrays
from targen_cli.reading.typed import read_toml, read_yaml, toml_of, yaml_of

__all__ = [
    "read_array",
    "read_arrays",
    "read_toml",
    "read_yaml",
    "read_zip",
    "toml_of",
    "yaml_of",
]
