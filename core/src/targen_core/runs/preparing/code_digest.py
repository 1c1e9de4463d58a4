"""The code that decides verdicts, as one digest: what the ledger was written by."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from importlib_metadata import Distribution, PackageNotFoundError

from targen_core.plugins.hookspecs import API_GROUP
from targen_core.plugins.register import FILE, MEMORY

if TYPE_CHECKING:
    from targen_core.runs.preparing.plan import Prepared

known: dict[str, str] = {}
"""The digests of the code that this process has read, by distribution."""


def code_digest(prepared: Prepared) -> str | None:
    """Return a digest of what decides a run's verdicts, except its manifest; None if unknown.

    It takes in the version of Python and of every distribution that a run records, and the files of
    those with plugins. The text of a task's file is part of the task's version. A task that exists
    only in memory has no digest.
    """
    if prepared.distribution == MEMORY:
        return None
    names = {"targen-core", *prepared.lock.distributions, prepared.distribution} - {FILE}
    digest = hashlib.sha256(sys.version.encode())
    try:
        for name in sorted(names):
            digest.update(code_of(name).encode())
    except (PackageNotFoundError, ImportError, OSError, ValueError):
        return None
    return digest.hexdigest()[:32]


def code_of(name: str) -> str:
    """Return a digest of a distribution's name, version and code, read once per process.

    Raises:
        PackageNotFoundError, ImportError, OSError, ValueError: its code is unknown.
    """
    if name not in known:
        distribution = Distribution.from_name(name)
        digest = hashlib.sha256(f"{name} {distribution.version}".encode())
        points = distribution.entry_points.select(group=API_GROUP)
        packages = {point.module.partition(".")[0] for point in points}
        if name == "targen-core":
            packages.add("targen_core")
        for path in (path for package in sorted(packages) for path in _files(package)):
            code = path.read_bytes()
            digest.update(f"\n{path.name} {len(code)}\n".encode() + code)
        known[name] = digest.hexdigest()
    return known[name]


def _files(package: str) -> Iterator[Path]:
    """Yield the files of a package, which may change while its version stays."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ImportError(package)
    if not spec.submodule_search_locations and spec.origin:
        yield Path(spec.origin)
    for folder in spec.submodule_search_locations or ():
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc" and not path.name.startswith("."):
                yield path
