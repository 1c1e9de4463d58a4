"""The code that decides verdicts, as one digest: what the ledger was written by."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.util
import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from importlib_metadata import Distribution, PackageNotFoundError
from packaging.requirements import InvalidRequirement, Requirement

from targen_core.plugins.hookspecs import API_GROUP
from targen_core.plugins.loader import canonical, metadata_of
from targen_core.plugins.register import FILE, MEMORY

if TYPE_CHECKING:
    from targen_core.runs.preparing.plan import Prepared
    from targen_core.task_files import TaskFile

_MOST = 64 << 20  # bytes of one distribution's own files
known: dict[tuple[str, ...], str | None] = {}
"""The digests that this process has computed, by distributions."""

_OF_EXTRA = re.compile(r"""; *extra *== *["'][^"']*["']\s*\Z""")
_EVERYWHERE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*) *(?:\[[^\]]*\])? *(?:[(<>=!~][^;]*)?")


class Place(NamedTuple):
    """A file; or, with an ending, the files below a folder whose names end so."""

    path: str
    ending: str | None = None

    def files(self) -> Iterable[str]:
        """Return their paths."""
        return (self.path,) if self.ending is None else _files(self.path, self.ending)


def code_digest(prepared: Prepared) -> str | None:
    """Return a digest of what decides a run's verdicts, except its manifest; None if unknown.

    It takes in the files of every distribution that has a part in the run, the versions of
    all that they depend on, and Python's. A task that exists only in memory has no digest. Nor does
    one whose file imports a module that neither targen-core nor its reader provides.
    """
    if prepared.distribution == MEMORY:
        return None
    names = {"targen-core", *prepared.lock.distributions}
    if prepared.distribution != FILE:
        names.add(prepared.distribution)
    elif prepared.file is None or not _stands_alone(prepared.file):
        return None
    return digest_of(tuple(sorted(map(canonical, names))))


def digest_of(names: tuple[str, ...]) -> str | None:
    """Return the digest of the installed code of these distributions, read once per process."""
    if names not in known:
        known[names] = _digest(names)
    return known[names]


def _digest(names: tuple[str, ...]) -> str | None:
    digest = hashlib.sha256(f"{platform.python_implementation()} {sys.version}".encode())
    size = 0
    try:
        for name, (version, distribution) in sorted(_required(names).items()):
            code, length = _read(tuple(_places(distribution)))
            size += length
            if size > _MOST:
                return None
            digest.update(f"\n{name} {version} {code}".encode())
    except (PackageNotFoundError, ImportError, OSError, ValueError):
        return None
    return digest.hexdigest()[:32]


@cache
def _read(places: Sequence[Place]) -> tuple[str, int]:
    """Return a digest of the files at these places, and their bytes; it stops above `_MOST`."""
    digest, size = hashlib.sha256(), 0
    for place in places:
        for path in place.files():
            with open(path, "rb", buffering=0) as file:
                size += os.fstat(file.fileno()).st_size
                if size > _MOST:
                    return "", size
                text = file.readall()
            digest.update(f"\n{path.rpartition(os.sep)[2]} {len(text)}\n".encode() + text)
    return digest.hexdigest(), size


def _required(names: Iterable[str]) -> dict[str, tuple[str, Distribution]]:
    """Return distributions and all their installed dependencies, with versions.

    Raises:
        PackageNotFoundError: one of `names` is not.
        OSError, ValueError: the metadata of one of them cannot be read.
    """
    required: dict[str, tuple[str, Distribution]] = {}
    left = dict.fromkeys(names, True)
    while left:
        name, needed = left.popitem()
        try:
            distribution = Distribution.from_name(name)
            _, version, requirements = metadata_of(distribution)
        except (PackageNotFoundError, OSError, ValueError):
            if needed:
                raise
            continue
        required[name] = (version, distribution)
        for text in requirements:
            if (other := _needed(text)) and other not in required:
                left.setdefault(other, False)
    return required


@cache
def _needed(text: str) -> str:
    """Return the distribution that a requirement names, or "" if it does not apply here.

    To parse all of them takes as long as to read the code: half belong to an extra, and most of the
    others apply everywhere.
    """
    if _OF_EXTRA.search(text):
        return ""
    if found := _EVERYWHERE.fullmatch(text):
        return canonical(found[1])
    with contextlib.suppress(InvalidRequirement):
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}):
            return canonical(requirement.name)
    return ""


def _places(distribution: Distribution) -> Iterator[Place]:
    """Where the files of plugins and of checkouts are, which may change while the version stays."""
    points = (
        distribution.entry_points if API_GROUP in _text(distribution, "entry_points.txt") else ()
    )
    ours = [point for point in points if point.group == API_GROUP]
    if not ours and '"editable"' not in _text(distribution, "direct_url.json"):
        return
    imported: list[Path] = []
    for top in sorted({point.module.partition(".")[0] for point in ours}):
        spec = importlib.util.find_spec(top)
        if spec is None:
            raise ImportError(top)
        if not spec.submodule_search_locations and spec.origin:
            yield Place(spec.origin)
        for folder in spec.submodule_search_locations or ():
            imported.append(Path(folder))
            yield Place(folder, "")
    for file in distribution.files or ():
        path = Path(str(file.locate()))
        if file.suffix == ".pth":  # an editable install: where the checkout is
            for root in map(Path, path.read_text(encoding="utf-8").splitlines()):
                # Not where another copy comes before it on the path.
                if root.is_dir() and all(root in folder.parents for folder in imported):
                    yield Place(str(root), ".py")
        elif ours and file.suffix == ".py":
            yield Place(str(path))


def _text(distribution: Distribution, name: str) -> str:
    """Return a file of a distribution's metadata, or ""."""
    return distribution.read_text(name) or ""


def _files(folder: str, ending: str) -> Iterator[str]:
    """The files below a folder, in an order that does not change; no hidden and no compiled one.

    Each run that starts looks up a thousand: as `Path` objects they would take twice as long.
    """
    with os.scandir(folder) as found:
        entries = sorted(
            (each for each in found if each.name[0] != "."), key=lambda each: each.name
        )
    yield from (each.path for each in entries if each.name.endswith(ending) and each.is_file())
    for each in entries:
        if each.is_dir(follow_symlinks=False) and each.name != "__pycache__":
            yield from _files(each.path, ending)


def _stands_alone(file: TaskFile) -> bool:
    """Return whether its text, which is part of the task's version, is all the code of the task."""
    if not file.copy.startswith("task.py"):
        return True
    brought = set(map(_module, _required(("targen-core", *file.distributions))))
    for node in ast.walk(ast.parse(file.text)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        tops = {name.partition(".")[0] for name in names}
        if not tops <= sys.stdlib_module_names | brought:
            return False
    return True


def _module(distribution: str) -> str:
    """Return the usual name of a distribution's module; if it is wrong, all is judged again."""
    return distribution.replace("-", "_")
