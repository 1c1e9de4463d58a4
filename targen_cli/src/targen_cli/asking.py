"""Questions to the person at a terminal. Every command reads this module, so it reads little."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from targen_cli.trust import ask_with

__all__ = ["ask_about_files", "can_ask"]


def can_ask() -> bool:
    """Return whether a person can answer: both ends are a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


@contextmanager
def ask_about_files() -> Iterator[None]:
    """Ask a person at a terminal whether they trust what a file names, as long as this lasts."""

    def asked(said: str) -> bool:
        print(said, file=sys.stderr)
        print("Someone else's file could refer to any code, file or address.", file=sys.stderr)
        return typer.confirm("Use it from now on?", err=True)

    ask_with(asked if can_ask() else None)
    try:
        yield
    finally:
        ask_with(None)
