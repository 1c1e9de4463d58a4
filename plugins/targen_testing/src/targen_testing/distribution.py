"""Checks of a plugin's metadata and of the content of its wheel."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from targen_core import __version__
from targen_core.plugins.hookspecs import API_GROUP
from targen_core.plugins.loader import canonical
from targen_testing.folder import Folder
from targen_testing.rules import Finding, broken

_FILE = "pyproject.toml"
_NOT_SOURCES = shutil.ignore_patterns(
    ".git", ".venv", "venv", "__pycache__", "*.egg-info", "build", "dist", ".*_cache", "runs"
)
_BUILD = (
    "import importlib, sys; name, _, part = sys.argv[1].partition(':'); "
    "backend = importlib.import_module(name); "
    "backend = getattr(backend, part) if part else backend; backend.build_wheel(sys.argv[2])"
)


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
    readme = project.get("readme")
    file = readme.get("file") if isinstance(readme, dict) else readme
    if not readme:
        yield broken("no-readme", _FILE, "[project] has no readme")
    elif isinstance(file, str) and not (folder.path / file).is_file():
        yield broken("no-readme", _FILE, f"[project] names the readme {file}, which does not exist")
    if not project.get("requires-python"):
        yield broken("no-requires-python", _FILE, "[project] has no requires-python")


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


def wheel_problems(folder: Folder) -> Iterator[Finding]:
    """Yield what a wheel of the folder lacks, built from a copy by its own build backend.

    Raises:
        LookupError: the build backend is not installed; its name is the message.
    """
    system = folder.table.get("build-system", {})
    backend = system.get("build-backend", "setuptools.build_meta:__legacy__")
    top = backend.partition(":")[0].partition(".")[0]
    if "backend-path" not in system and importlib.util.find_spec(top) is None:
        raise LookupError(top)
    with tempfile.TemporaryDirectory(prefix="targen-wheel-") as scratch:
        copy, out = Path(scratch) / "copy", Path(scratch) / "out"
        shutil.copytree(folder.path, copy, ignore=_NOT_SOURCES)
        out.mkdir()
        built = subprocess.run(  # noqa: S603 - the build backend that the folder names
            [sys.executable, "-c", _BUILD, backend, str(out)],
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
        )
        wheels = list(out.glob("*.whl"))
        if built.returncode or not wheels:
            last = (built.stderr or built.stdout).strip().splitlines()[-1:]
            yield broken("wheel-not-built", "wheel", f"{backend} fails: {''.join(last)}")
            return
        with zipfile.ZipFile(wheels[0]) as wheel:
            packed = set(wheel.namelist())
    missing = sorted(set(_files(folder)) - packed)
    if missing:
        names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if missing[5:] else "")
        yield broken("not-packaged", "wheel", f"the wheel lacks {names}")


def _files(folder: Folder) -> Iterator[str]:
    """The files of the packages that its entry points name, as a wheel names them."""
    for top in {str(source.module).partition(".")[0] for source in folder.sources}:
        package = folder.code / top
        for path in sorted(package.rglob("*")) if package.is_dir() else []:
            ignored = "__pycache__" in path.parts or path.suffix in (".pyc", ".pyo")
            if path.is_file() and not ignored and not path.name.startswith("."):
                yield path.relative_to(folder.code).as_posix()
