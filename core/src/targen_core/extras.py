"""Packages of our extras: imported when they are needed, named if they are not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from targen_core.errors import MissingDependency
from targen_core.hints import install


@contextmanager
def needs(what: str, extra: str, distribution: str = "targen-core") -> Iterator[None]:
    """Around an import: `what` is that which cannot be done without it.

    Raises:
        MissingDependency: naming the package, and the extra that brings it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"{what} needs the package {error.name!r}, which is not installed",
            distribution=distribution,
            hint=install(f"{distribution}[{extra}]"),
        ) from error


@contextmanager
def needs_distribution(what: str, distribution: str) -> Iterator[None]:
    """Around an import of a plugin that may not be installed: `what` cannot be done without it.

    Raises:
        MissingDependency: naming the distribution.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != distribution.replace("-", "_"):
            raise
        raise MissingDependency(
            f"{what} needs the distribution {distribution}, which is not installed",
            distribution=distribution,
            hint=install(distribution),
        ) from error


def hub_without_telemetry() -> None:
    """Let the hub's client only report targen's name, its own version and Python's.

    By default it also names torch and the coding agent that it runs under. It decides when it is
    imported, so this comes before; what a user has set is kept.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
