"""From a template to the folder of a new distribution."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from targen_core.cli.scaffold.names import Names
from targen_core.errors import UsageError
from targen_core.outputs import writing
from targen_core.plain import replace_plain
from targen_core.plugins.kinds import Kind
from targen_core.plugins.loader import load_registry, versions_of

_REQUIREMENTS = "requirements.txt"  # of a template, beside those of every distribution
_SHARED = ("pyproject.toml", "gitignore", "github")
_DOTTED = ("gitignore", "github")  # written with a dot: git would obey them where they lie


def rendered(kind: Kind, names: Names) -> dict[PurePosixPath, str]:
    """The files of a new distribution, by their path in its folder."""
    templates = files("targen_core.cli") / "templates"
    texts: dict[PurePosixPath, str] = {}
    shared = [(PurePosixPath(name), templates / name) for name in _SHARED]
    own = [
        (PurePosixPath(part.name), part)
        for part in _template(kind).iterdir()
        if part.name != _REQUIREMENTS
    ]
    for path, part in sorted([*shared, *own], key=lambda item: item[0]):
        for below, file in _files(path, part):
            texts[_target(below, names)] = _filled(file.read_text(encoding="utf-8"), names)
    project = PurePosixPath("pyproject.toml")
    more = (f'"{needed}", ' for needed in requirements_of(kind) if needed not in texts[project])
    texts[project] = texts[project].replace(
        "\ndependencies = [", "\ndependencies = [" + "".join(more)
    )
    return texts


def add_part(kind: Kind, names: Names, folder: Path) -> list[Path]:
    """Write a part into the folder of a distribution that exists; no file is overwritten.

    Args:
        kind: what it is.
        names: the name that is registered, and the module, a package inside the distribution's.
        folder: holds the distribution's `pyproject.toml`.

    Raises:
        UsageError: a file of the part exists.
        RunDirectoryError: the operating system refused.
    """
    package = PurePosixPath("src", *names.module.split("."))
    texts: dict[Path, str] = {}
    for path, text in rendered(kind, names).items():
        if path.parts[:2] == ("src", names.module):
            texts[folder / package.joinpath(*path.parts[2:])] = text
        elif path.parts[0] == "tests" and path.suffix == ".py":
            own = f"{path.stem}_{names.distribution.replace('-', '_')}{path.suffix}"
            texts[folder / path.with_name(own)] = text
        elif path.parts[0] == "tests":
            texts[folder / path] = text
    with writing(folder, hint="use a different folder: --into FOLDER"):
        if there := [str(file) for file in texts if os.path.lexists(file)]:
            raise UsageError(
                f"{there[0]} already exists, so no files were written",
                hint="choose a different name",
            )
        for file, text in texts.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_plain(file, text.encode())
    return [*texts]


def has_template(kind: Kind) -> bool:
    """Return whether `targen new` can make a distribution with an object of the kind."""
    with contextlib.suppress(ImportError, TypeError):  # no such module, or it is not a package
        return _template(kind).is_dir()
    return False


def requirements_of(kind: Kind) -> tuple[str, ...]:
    """Return the requirements of a distribution beside those of every template."""
    if (owner := load_registry().owner_of(kind.name)) == "targen-core":
        listed = _template(kind) / _REQUIREMENTS
        return tuple(listed.read_text(encoding="utf-8").split()) if listed.is_file() else ()
    version = versions_of([owner]).get(owner, "")
    if not (numbers := re.match(r"(\d+)\.(\d+)", version)):
        return (owner,)
    major, minor = numbers.groups()
    below = f",<0.{int(minor) + 1}" if major == "0" else ""  # of a version that may still change
    return (f"{owner}>={major}.{minor}{below}",)


def _template(kind: Kind) -> Traversable:
    """The folder of a kind's template, which may not exist."""
    package, _, folder = kind.template.partition(":")
    return files(package).joinpath(*folder.split("/"))


def write_distribution(kind: Kind, names: Names, folder: Path) -> list[Path]:
    """Write a new distribution into a folder that is not there yet, or empty.

    Raises:
        UsageError: there is something in it.
        RunDirectoryError: the operating system refused.
    """
    texts = rendered(kind, names)
    with writing(folder, hint="use a different folder: --out FOLDER"):
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            what = "is not empty" if folder.is_dir() else "is a file"
            raise UsageError(f"{folder} {what}", hint="use a different folder: --out FOLDER")
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            replace_plain(folder / path, text.encode())
    return [folder / path for path in texts]


def _files(path: PurePosixPath, part: Traversable) -> Iterator[tuple[PurePosixPath, Traversable]]:
    """All files in a folder of templates, but what Python compiled."""
    if part.is_file():
        yield path, part
    elif part.name != "__pycache__":
        for below in sorted(part.iterdir(), key=lambda item: item.name):
            yield from _files(path / below.name, below)


def _target(path: PurePosixPath, names: Names) -> PurePosixPath:
    first, *rest = path.parts
    dotted = f".{first}" if first in _DOTTED else first
    return PurePosixPath(dotted, *(_filled(part, names) for part in rest))


def _filled(text: str, names: Names) -> str:
    text = text.replace("my-demo", names.distribution).replace("my_demo", names.module)
    return text.replace("MY_DEMO", names.module.rpartition(".")[2].upper())
