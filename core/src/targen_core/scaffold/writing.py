"""From a template to the folder of a new distribution."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from targen_core.errors import UsageError, WriteFailed
from targen_core.plain import replace_plain, why_not
from targen_core.scaffold.names import Names
from targen_core.wording import Blank, Option

__all__ = ["KINDS", "rendered", "write_distribution"]

KINDS = ("task", "backend", "corrector", "exporter", "metric", "trainer", "catalogue", "retriever")
"""What `targen new` makes plugins of: each has a folder of templates."""

_SHARED = ("pyproject.toml", "gitignore", "github")
_DOTTED = ("gitignore", "github")  # written with a dot: git would obey them where they lie
_NEEDS = {"backend": '"aiohttp>=3.10", '}  # dependencies beside the core


def rendered(kind: str, names: Names) -> dict[PurePosixPath, str]:
    """The files of a new distribution, by their path in its folder."""
    templates = files("targen_core.scaffold") / "templates"
    texts: dict[PurePosixPath, str] = {}
    shared = [(PurePosixPath(name), templates / name) for name in _SHARED]
    own = [(PurePosixPath(part.name), part) for part in (templates / kind).iterdir()]
    for path, part in sorted([*shared, *own], key=lambda item: item[0]):
        for below, file in _files(path, part):
            texts[_target(below, names)] = _filled(file.read_text(encoding="utf-8"), names)
    project = PurePosixPath("pyproject.toml")
    texts[project] = texts[project].replace(
        "\ndependencies = [", f"\ndependencies = [{_NEEDS.get(kind, '')}"
    )
    return texts


def write_distribution(kind: str, names: Names, folder: Path) -> list[Path]:
    """Write a new distribution into a folder that is not there yet, or empty.

    Raises:
        UsageError: there is something in it.
        WriteFailed: the operating system refused.
    """
    texts = rendered(kind, names)
    try:
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            what = "is not empty" if folder.is_dir() else "is a file"
            raise UsageError(
                f"{folder} {what}", hint="another folder: " + Option("out", Blank("FOLDER"))
            )
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            replace_plain(folder / path, text.encode())
    except OSError as error:
        raise WriteFailed(
            f"cannot write {folder}: {why_not(folder, error)}",
            hint="another folder: " + Option("out", Blank("FOLDER")),
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
