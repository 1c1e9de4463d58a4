"""The code that decides verdicts, as one digest: what the ledger was written by."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from importlib_metadata import Distribution, PackageNotFoundError

from targen_core.plugins.hookspecs import API_GROUP
from targen_core.plugins.loader import canonical, metadata_of
from targen_core.plugins.register import FILE, MEMORY

if TYPE_CHECKING:
    from targen_core.runs.preparing.plan import Prepared
    from targen_core.task_files import TaskFile

_MOST = 64 << 20  # bytes of a file
known: dict[str, str] = {}
"""The digests of the code that this process has read, by distribution."""


def code_digest(prepared: Prepared) -> str | None:
    """Return a digest of what decides a run's verdicts, except its manifest; None if unknown.

    It takes in the files of every distribution that has a part in the run, the versions of
    all that they depend on, and Python's. A task that exists only in memory has no digest. Nor does
    one whose file imports a module that neither targen-core nor its reader provides.
    """
    if prepared.distribution == MEMORY or (prepared.file and not _stands_alone(prepared.file)):
        return None
    names = {"targen-core", *prepared.lock.distributions, prepared.distribution} - {FILE}
    digest = hashlib.sha256(sys.version.encode())
    try:
        for name in sorted(_required(names).union(map(canonical, names))):
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
        digest = hashlib.sha256(f"{name} {metadata_of(distribution)[1]}".encode())
        for path in dict.fromkeys(_files(distribution)):
            with open(path, "rb") as file:
                code = file.read(_MOST + 1)
            if len(code) > _MOST:
                raise ValueError(path)
            digest.update(f"\n{path.rpartition(os.sep)[2]} {len(code)}\n".encode() + code)
        known[name] = digest.hexdigest()
    return known[name]


def _required(names: Iterable[str]) -> set[str]:
    """Return distributions and all their dependencies, without those that are not installed."""
    required: set[str] = set()
    left = [*map(canonical, names)]
    while left:
        name = left.pop()
        with contextlib.suppress(PackageNotFoundError, OSError, ValueError):
            requirements = metadata_of(Distribution.from_name(name))[2]
            required.add(name)
            left += {*map(_needed, requirements)} - required
    return required


def _needed(requirement: str) -> str:
    """Return the distribution that a requirement names, or "" if it belongs to an extra.

    Other conditions are ignored: what is installed without need can change the digest, not hide a
    change.
    """
    named, _, condition = requirement.partition(";")
    return "" if "extra" in condition else canonical(re.split(r"[^\w.-]", named)[0])


def _files(distribution: Distribution) -> Iterator[str]:
    """The files of plugins and of checkouts, which may change while the version stays."""
    has_points = API_GROUP in (distribution.read_text("entry_points.txt") or "")
    points = distribution.entry_points.select(group=API_GROUP) if has_points else ()
    if not points and '"editable"' not in (distribution.read_text("direct_url.json") or ""):
        return
    for top in sorted({point.module.partition(".")[0] for point in points}):
        spec = importlib.util.find_spec(top)
        if spec is None:
            raise ImportError(top)
        if not spec.submodule_search_locations and spec.origin:
            yield spec.origin
        for folder in spec.submodule_search_locations or ():
            yield from _below(folder)
    for file in distribution.files or ():
        path = str(file.locate())
        if file.suffix == ".pth":  # an editable install: where the checkout is
            for root in Path(path).read_text(encoding="utf-8").splitlines():
                yield from (each for each in _below(root) if each.endswith(".py"))
        elif points and file.suffix == ".py":
            yield path


def _below(folder: str) -> Iterator[str]:
    """The files below a folder, in an order that does not change; no hidden and no compiled one."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != "." and name != "__pycache__")
        yield from (f"{parent}{os.sep}{name}" for name in sorted(names) if name[0] != ".")


def _stands_alone(file: TaskFile) -> bool:
    """Return whether its text, which is part of the task's version, is all the code of the task."""
    if not file.copy.startswith("task.py"):
        return True
    brought = {name.replace("-", "_") for name in _required(("targen-core", *file.distributions))}
    for node in ast.walk(ast.parse(file.text)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        if not {name.partition(".")[0] for name in names} <= sys.stdlib_module_names | brought:
            return False
    return True
