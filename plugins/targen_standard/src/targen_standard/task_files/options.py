"""Options of registered parts that a declaration uses: `options: {table.path: places.csv}`.

A file's options are data. A path among them is in the folder of the file, and not hidden there, or
the person trusts the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo

from targen_core.calls.sampling import costly
from targen_core.cli.trust import require_trust
from targen_core.errors import TargenError
from targen_core.options import Datasets, Multiplies
from targen_core.origin import leads_elsewhere, texts_in
from targen_core.plain import is_hidden, is_inside
from targen_core.task_files import Loc, is_own_copy
from targen_standard.task_files.model import Declaration


def used_parts(declaration: Declaration) -> Iterator[tuple[str, str]]:
    """The kind and the name of each registered part that the declaration uses."""
    for step, part in declaration.lists.items():
        if part.use:
            yield step, part.use
    for name in dict.fromkeys(declaration.generators.values()):
        yield "generator", name
    for name in dict.fromkeys(declaration.checks):
        yield "check", name
    for name in dict.fromkeys(declaration.used_filters):
        yield "filter", name
    if declaration.corrector is not None:
        yield "corrector", declaration.corrector


def spellings(loc: Loc) -> Iterator[Loc]:
    """The ways in which a file may write a place: `options: {NAME.KEY: …}`, or grouped by NAME."""
    yield loc
    if loc[0] == "options":
        about, _, key = str(loc[1]).rpartition(".")
        yield "options", about, key
        if about.rpartition(":")[2] == key == "examples":
            yield ("examples",)
    elif loc[0] == "filters":  # one that no list names
        yield ("examples",)


def require_trusted(declaration: Declaration, file: Path) -> None:
    """Ask whether a file is trusted with options that lead out of its folder or raise the cost.

    An option that is not a `Path` may still be used as one. So a text that leads elsewhere, or is
    an address, needs trust, whatever its type. A dataset is looked for from the current folder, as
    one that is typed.

    Raises:
        Untrusted: the file is not trusted with them.
    """
    paths = dict(_paths(declaration))
    marks = {
        (option, type(mark)): mark
        for option, field in _fields(declaration)
        for mark in field.metadata
    }
    folder = file.parent.absolute()

    def is_outside(option: str, value: Any) -> bool:
        if option in paths:
            return _is_outside(folder, folder / Path(value).expanduser())
        here = texts_in(value) if (option, Datasets) in marks else ()
        return leads_elsewhere(value) or any(_is_outside(folder, Path(text)) for text in here)

    outside = {
        _key(declaration, option): value
        for option, value in declaration.used_options.items()
        if is_outside(option, value)
    }
    limits = {
        f"parameters.{step}.{key}": value
        for step in type(declaration.parameters).model_fields
        for key, value in costly(getattr(declaration.parameters, step)).items()
    }
    for (option, kind), mark in marks.items():
        value = declaration.used_options[option]
        if kind is Multiplies and not (isinstance(value, int) and value <= mark.free):
            limits[_key(declaration, option)] = value
    if (reaching := {**outside, **limits}) and not is_own_copy(file):
        require_trust(file, reaching)


def _is_outside(folder: Path, path: Path) -> bool:
    return not is_inside(folder, path) or is_hidden(folder, path)


def _key(declaration: Declaration, option: str) -> str:
    """Return the key by which a file sets an option of a part."""
    own = ("options", option)
    return ".".join(map(str, own if option in declaration.options else [*spellings(own)][2]))


def located(declaration: Declaration, folder: Path) -> dict[str, Any]:
    """The options of a declaration, with the paths among them absolute, from its folder."""
    paths = {
        option: str(folder.absolute() / Path(value).expanduser())
        for option, value in _paths(declaration)
    }
    return {**declaration.used_options, **paths}


def _paths(declaration: Declaration) -> Iterator[tuple[str, str]]:
    """The options that are paths, with their values."""
    for option, field in _fields(declaration):
        value = declaration.used_options[option]
        if isinstance(value, str) and _holds_path(field.annotation):
            yield option, value


def _fields(declaration: Declaration) -> Iterator[tuple[str, FieldInfo]]:
    """The options of parts in use that the file sets, as it spells them, with their fields."""
    from targen_core.plugins.loader import load_registry

    if not declaration.used_options:
        return
    registry = load_registry()
    for kind, name in used_parts(declaration):
        try:
            model = registry.options_of(registry.find(kind, name))
        except TargenError:
            continue  # it is said where the part is used
        for field, info in (model.model_fields if model is not None else {}).items():
            for option in (f"{name.rpartition(':')[2]}.{field}", f"{name}.{field}"):
                if option in declaration.used_options:
                    yield option, info


def _holds_path(annotation: Any) -> bool:
    return annotation is Path or any(_holds_path(part) for part in get_args(annotation))
