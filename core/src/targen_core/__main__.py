"""`python -m targen_core` is the `targen` command."""

from targen_core.cli import main

main()
