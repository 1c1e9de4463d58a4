"""`python -m targen_cli` is the `targen` command."""

from targen_cli import script

script()
