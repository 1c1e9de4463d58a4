"""Adapters: models of other libraries, and their classes as backends.

An object of another library becomes a `ChatModel` by the adapter of its package. A class becomes a
backend by its name, `ADAPTER:package.module.Class` or `ADAPTER:./file.py:Class`. A file is accepted
only from the command line: a run keeps an id without a path, and resuming does not find code by it.
`NamedClass.load` imports what such a name means, so each adapter keeps the same rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.errors import MissingDependency, UsageError, no_such_file
from targen_core.hints import did_you_mean
from targen_core.origin import Typed, execute, find_module, order_of
from targen_core.plain import content_of
from targen_core.plugins.register import Registration

if TYPE_CHECKING:
    from targen_core.calls.backend import Backend
    from targen_core.calls.model import ChatModel

_FILE = ".py:"
_MARKS = "classes"
IN_FILE = "targen_file_"
"""The start of the name of a module that is a user's file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """Makes models of another library usable.

    It is registered under its library's name. It is called for objects from the top-level packages
    with that name or its aliases. So targen need not import a library to find it. Errors use its
    summary for such an object, such as "a LangChain BaseChatModel".

    Attributes:
        adapt: returns a `ChatModel` for an object, or None if the object is not a model.
        backend: returns a `Backend` for a class that a user names; None if users cannot name one.
        example: a class to show in hints, such as "langchain_openai.ChatOpenAI".
    """

    adapt: Callable[[Any], ChatModel | None]
    backend: Callable[[NamedClass], Backend] | None = None
    example: str = ""


@dataclass(frozen=True, slots=True)
class NamedClass:
    """A class that a user names as a backend; it is imported only by `load`.

    Attributes:
        adapter: the adapter's name.
        name: the whole name, an order or data as it came.
        where: the module, or the path of the file.
        attribute: the class's own name there.
    """

    adapter: str
    name: str
    where: str
    attribute: str

    @property
    def in_file(self) -> bool:
        """Return whether it is in a file of its own rather than in an installed module."""
        return _FILE in self.name

    @property
    def path(self) -> str:
        """Return its name for errors: `package.module.Class` or `file.py:Class`."""
        return f"{self.where}{':' if self.in_file else '.'}{self.attribute}"

    @property
    def id(self) -> str:
        """The path that a run keeps; a file is as if it were a module that can be imported."""
        module = re.sub(r"\W|^(?=\d)", "_", Path(self.where).stem) if self.in_file else self.where
        return f"{module}.{self.attribute}"

    def load(self) -> Any:
        """Return the class, imported or executed.

        Raises:
            Untrusted: the name is data.
            MissingDependency: a module that it imports and that cannot be imported.
            UsageError: the module, file or class does not exist, or the file does not run.
        """
        return load_class(self)


def named_backend(item: Registration[Any], adapter: Adapter, name: str) -> Registration[Backend]:
    """Return the backend that `ADAPTER:package.module.Class` or a file names, without importing it.

    Args:
        item: the adapter's registration.
        adapter: the adapter itself.
        name: the backend's name.

    Raises:
        Untrusted: the name is data, and names a file.
        UsageError: it names no class.
    """
    if adapter.backend is None:
        raise UsageError(
            f"backend {name!r}: {item.name} cannot create a backend from a class name",
            hint="pass a model object in Python: model=...",
        )
    if _FILE in name:
        path = order_of(name).partition(":")[2]
        where, _, attribute = path.rpartition(":")
        is_class = attribute.isidentifier()
    else:
        path = name.partition(":")[2].replace(":", ".")
        where, _, attribute = path.rpartition(".")
        is_class = all(part.isidentifier() for part in (*where.split("."), attribute))
    if not is_class:
        example = f", e.g. {item.name}:{adapter.example}" if adapter.example else ""
        raise UsageError(
            f"backend {name!r} is not a class name",
            hint=f"{item.name}:package.module.Class{example}; or {item.name}:./file.py:Class",
        )
    named = NamedClass(item.name, name, where, attribute)
    backend = adapter.backend(named)
    return Registration(
        "backend", named.id, backend, backend.summary, item.name, named.id, item.install
    )


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
