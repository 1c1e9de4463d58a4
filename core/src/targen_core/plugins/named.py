"""A class that a user names as a backend: imported, or executed from its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from targen_core.errors import MissingDependency, UsageError, no_such_file
from targen_core.hints import did_you_mean
from targen_core.origin import Typed, execute, find_module, order_of
from targen_core.plain import content_of
from targen_core.plugins.adapters import IN_FILE, NamedClass


def load_class(named: NamedClass) -> Any:
    """Return the class, for the adapter of any library; see `NamedClass.load`."""
    return _executed(named) if named.in_file else _imported(named)


def _imported(named: NamedClass) -> Any:
    try:
        order_of(named.name)
        return getattr(find_module(Typed(named.where)), named.attribute)
    except ModuleNotFoundError as error:
        missing = error.name or named.where
        # No package is proposed: anybody may have registered one of that name.
        if named.where == missing or named.where.startswith(f"{missing}."):
            file = f"./{named.where.replace('.', '/')}.py"
            raise UsageError(
                f"the {named.adapter} model {named.path}: no module named {missing!r} can be "
                "imported",
                hint="for a class in a file, pass its path: --backend "
                f"{named.adapter}:{file}:{named.attribute} (to continue, repeat the "
                "command); for a class in a package, install that package",
            ) from error
        raise MissingDependency(
            f"the {named.adapter} model {named.path} imports {missing!r}, but no module of that "
            "name can be imported",
            distribution=named.adapter,
            hint=f"check the documentation of {named.where.split('.')[0]} for what to install",
        ) from error
    except AttributeError:
        raise UsageError(
            f"module {named.where} has no {named.attribute}",
            hint="use the module and class names from the documentation of the class",
        ) from None


def _executed(named: NamedClass) -> Any:
    order_of(named.name)
    file = Path(named.where)
    if not file.is_file():
        raise no_such_file(
            file,
            hint=f"use {named.adapter}:./file.py:Class, with a path relative to the current folder",
        )
    try:
        made = execute(Typed(named.where), content_of(file), IN_FILE)
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"{file} imports {error.name!r}, but no module of that name can be imported",
            distribution=named.adapter,
            hint="install it, or put the code that you need in the file itself",
        ) from error
    except Exception as error:
        line = getattr(error, "lineno", None) or _line_in(file, error)
        raise UsageError(
            f"{file}{f', line {line}' if line else ''}: {type(error).__name__}: {error}",
            hint="fix the file, which runs whenever the class is used",
        ) from error
    try:
        return getattr(made, named.attribute)
    except AttributeError:
        raise UsageError(
            f"{file} has no {named.attribute}",
            hint=did_you_mean(named.attribute, vars(made), "names"),
        ) from None


def _line_in(file: Path, error: Exception) -> int | None:
    """The last line of a file that an error came by."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file.absolute()):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
