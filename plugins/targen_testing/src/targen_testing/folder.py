"""A plugin's folder under development: read, and put beside what is installed."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import importlib_metadata

from targen_core.errors import UsageError
from targen_core.plugins.loader import API_GROUPS, Source, canonical, installed_sources, source_of


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
