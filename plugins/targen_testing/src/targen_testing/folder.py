"""A plugin's folder under development: read, and put beside what is installed."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import importlib_metadata
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from targen_core import __version__
from targen_core.errors import UsageError
from targen_core.plugins.hookspecs import API_GROUP
from targen_core.plugins.loader import API_GROUPS, Source, canonical, installed_sources, source_of
from targen_testing.rules import Finding, broken

_FILE = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Folder:
    """A distribution that is not installed.

    Attributes:
        path: the folder with `pyproject.toml`.
        table: all of that file.
        sources: its entry points in any `targen.v*` group.
    """

    path: Path
    table: dict[str, Any]
    sources: tuple[Source, ...]

    @property
    def project(self) -> dict[str, Any]:
        """The table `[project]`."""
        table: dict[str, Any] = self.table.get("project", {})
        return table

    @property
    def name(self) -> str:
        """The distribution's name in its normal form."""
        return canonical(self.project["name"])

    @property
    def version(self) -> str:
        """Its version; "0" where the build backend finds it."""
        return str(self.project.get("version", "0"))

    @property
    def code(self) -> Path:
        """Where its packages are: `src/`, or the folder itself."""
        src = self.path / "src"
        return src if src.is_dir() else self.path


def read_folder(path: Path) -> Folder:
    """Read a plugin's folder without importing it.

    Raises:
        UsageError: `pyproject.toml` is missing, cannot be read, or names no project.
    """
    file = path / "pyproject.toml"
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"there is no file {file}",
            hint="give the folder that contains the plugin's pyproject.toml",
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    project = table.get("project")
    if not isinstance(project, dict) or not isinstance(project.get("name"), str):
        raise UsageError(f"{file} does not name a project", hint='add name = "..." under [project]')
    name, version = canonical(project["name"]), str(project.get("version", "0"))
    groups = project.get("entry-points", {})
    sources = [
        source_of(importlib_metadata.EntryPoint(entry, str(value), group), name, version)
        for group, entries in sorted(groups.items())
        if API_GROUPS.fullmatch(group) and isinstance(entries, dict)
        for entry, value in sorted(entries.items())
    ]
    return Folder(path.resolve(), table, tuple(sources))


def sources_with(path: Path) -> list[Source]:
    """All that is installed, with the plugin of a folder in place of its installed copy.

    Puts the folder's code in front of `sys.path`, for the rest of the process.
    """
    folder = read_folder(path)
    if str(folder.code) not in sys.path:
        sys.path.insert(0, str(folder.code))
    others = [source for source in installed_sources() if source.distribution != folder.name]
    return [*others, *folder.sources]


def metadata_problems(folder: Folder) -> Iterator[Finding]:
    """Yield problems of `pyproject.toml`."""
    project = folder.project
    groups = {source.group for source in folder.sources}
    if not groups:
        yield broken("no-entry-point", _FILE, f"there is no entry point in the group {API_GROUP}")
    elif API_GROUP not in groups:
        yield broken(
            "api-level",
            _FILE,
            f"its entry points are in {', '.join(sorted(groups))}; this version of "
            f"targen-core supports {API_GROUP}",
        )
    yield from _requirements(project)


def _requirements(project: dict[str, Any]) -> Iterator[Finding]:
    """The dependency on the core, and on what is not the core."""
    requirements: list[Requirement] = []
    optional = project.get("optional-dependencies", {}).values()
    for text in [*project.get("dependencies", []), *(part for extra in optional for part in extra)]:
        try:
            requirements.append(Requirement(text))
        except InvalidRequirement:
            continue  # the build says so
    names = {canonical(requirement.name) for requirement in requirements}
    if "targen" in names:
        yield broken(
            "bare-targen-dependency", _FILE, "it depends on `targen`, which is not the core"
        )
    on_core = [r for r in requirements if canonical(r.name) == "targen-core"]
    if not on_core:
        yield broken("core-version-pin", _FILE, "it does not depend on targen-core")
        return
    operators = {part.operator for part in on_core[0].specifier}
    if operators & {"~=", "==", "==="}:
        operators |= {">=", "<"}
    if not operators & {">=", ">"} or not operators & {"<", "<="}:
        yield broken(
            "core-version-pin", _FILE, f"`{on_core[0]}` needs both a lower and an upper bound"
        )
    elif not on_core[0].specifier.contains(Version(__version__), prereleases=True):
        yield broken(
            "core-version-pin",
            _FILE,
            f"`{on_core[0]}` does not allow this version of targen-core, {__version__}",
        )
