"""From a template to the folder of a new distribution."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from targen_cli.scaffold.names import Names
from targen_core.errors import PluginError, UsageError, WriteFailed
from targen_core.plain import replace_plain, why_not
from targen_core.plugins.kinds import Kind

__all__ = ["rendered", "write_distribution"]

_SHARED = ("pyproject.toml", "gitignore", "github")
_DOTTED = ("gitignore", "github")  # written with a dot: git would obey them where they lie


def rendered(kind: Kind, names: Names) -> dict[PurePosixPath, str]:
    """The files of a new distribution, by their path in its folder.

    Raises:
        PluginError: the kind's template cannot be read.
    """
    templates = files("targen_cli.scaffold") / "templates"
    texts: dict[PurePosixPath, str] = {}
    shared = [(PurePosixPath(name), templates / name) for name in _SHARED]
    own = [(PurePosixPath(part.name), part) for part in _template(kind).iterdir()]
    for path, part in sorted([*shared, *own], key=lambda item: item[0]):
        for below, file in _files(path, part):
            texts[_target(below, names)] = _filled(file.read_text(encoding="utf-8"), names)
    project = PurePosixPath("pyproject.toml")
    texts[project] = texts[project].replace(
        "\ndependencies = [",
        "\ndependencies = [" + "".join(f'"{needed}", ' for needed in kind.requires),
    )
    return texts


def _template(kind: Kind) -> Traversable:
    """The folder of a kind's template."""
    package, _, folder = kind.template.partition(":")
    try:
        found = files(package).joinpath(*folder.split("/"))
        if found.is_dir():
            return found
        problem = "there is no such folder"
    except (ImportError, TypeError) as error:  # no such module, or one that is no package
        problem = str(error)
    raise PluginError(
        f"the kind {kind.name}: its template, {kind.template}, cannot be read: {problem}",
        check="bad-kind",
        distribution=kind.owner,
        hint=f"report it to the authors of {kind.owner}",
    )


def write_distribution(kind: Kind, names: Names, folder: Path) -> list[Path]:
    """Write a new distribution into a folder that is not there yet, or empty.

    Raises:
        UsageError: there is something in it.
        WriteFailed: the operating system refused.
    """
    texts = rendered(kind, names)
    try:
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            what = "is not empty" if folder.is_dir() else "is a file"
            raise UsageError(f"{folder} {what}", hint="another folder: --out FOLDER")
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            replace_plain(folder / path, text.encode())
    except OSError as error:
        raise WriteFailed(
            f"cannot write {folder}: {why_not(folder, error)}", hint="another folder: --out FOLDER"
        ) from error
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
    return text.replace("MY_DEMO", names.module.upper())
