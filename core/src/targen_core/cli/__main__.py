"""`python -m targen_core.cli` is the `targen` command."""

from targen_core.cli import script

script()
