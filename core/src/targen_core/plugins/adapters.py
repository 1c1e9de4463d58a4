"""Adapters: models of other libraries, and their classes as backends.

An object of another library becomes a `ChatModel` by the adapter of its package. A class becomes a
backend by its name, `ADAPTER:package.module.Class` or `ADAPTER:./file.py:Class`. A file is accepted
only from the command line: a run keeps an id without a path, and resuming does not find code by it.
Only this module imports what such a name means, so each adapter keeps the same rules.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core import folders
from targen_core.errors import MissingDependency, NoSuchFile, UsageError
from targen_core.origin import Typed, execute, find_module, order_of
from targen_core.plain import content_of
from targen_core.plugins.register import Registration
from targen_core.suggestions import did_you_mean
from targen_core.wording import AGAIN, Option

if TYPE_CHECKING:
    from targen_core.calls.backend import Backend
    from targen_core.calls.model import ChatModel

__all__ = ["Adapter", "NamedClass", "is_known_class", "named_backend", "remember_class"]

_FILE = ".py:"
_MARKS = "module-classes"  # not "classes", where earlier versions also noted classes of files


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """Makes models of another library usable.

    It is registered under its library's name. That name and its aliases are the top-level packages
    whose objects it is asked about, so that no library is imported to find it. Its summary is what
    errors call such an object, such as "a langchain BaseChatModel".

    Attributes:
        adapt: makes a `ChatModel` of an object; None if the object is no model.
        backend: makes a `Backend` of a class that a user names; None if classes cannot be named.
        example: a class to name in hints, such as "langchain_openai.ChatOpenAI".
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
            Untrusted: the name is data, and this user has not used the class before.
            MissingDependency: a module that it imports and that cannot be imported.
            UsageError: the module, file or class does not exist, or the file does not run.
        """
        return self._executed() if self.in_file else self._imported()

    def _imported(self) -> Any:
        try:
            name = f"{self.adapter}:{self.path}"
            if not is_known_class(name):
                order_of(self.name)
            found = getattr(find_module(Typed(self.where)), self.attribute)
            # Here alone: a file's class has the id of a module that somebody else may bring.
            remember_class(name)
            return found
        except ModuleNotFoundError as error:
            missing = error.name or self.where
            # No package is proposed: anybody may have registered one of that name.
            if self.where == missing or self.where.startswith(f"{missing}."):
                file = f"./{self.where.replace('.', '/')}.py"
                raise UsageError(
                    f"the {self.adapter} model {self.path}: no module named {missing!r} can be "
                    "imported",
                    hint="a class in a file is named by its path: "
                    + Option("model", f"{self.adapter}:{file}:{self.attribute}")
                    + " (continue such a run by "
                    + AGAIN
                    + ", not by resume); a package is installed by the name that its "
                    "documentation says",
                ) from error
            raise MissingDependency(
                f"the {self.adapter} model {self.path} imports {missing!r}, and no module of that "
                "name can be imported",
                distribution=self.adapter,
                hint=f"see what the documentation of {self.where.split('.')[0]} says to install",
            ) from error
        except AttributeError:
            raise UsageError(
                f"module {self.where} has no {self.attribute}",
                hint="the class as its documentation imports it",
            ) from None

    def _executed(self) -> Any:
        order_of(self.name)
        file = Path(self.where)
        if not file.is_file():
            raise NoSuchFile(
                file,
                hint=f"{self.adapter}:./file.py:Class, seen from this folder",
            )
        try:
            made = execute(Typed(self.where), content_of(file), "targen_file_")
        except ModuleNotFoundError as error:
            raise MissingDependency(
                f"{file} imports {error.name!r}, and no module of that name can be imported",
                distribution=self.adapter,
                hint="install it, or put what is needed into the file itself",
            ) from error
        except Exception as error:
            line = getattr(error, "lineno", None) or _line_in(file, error)
            raise UsageError(
                f"{file}{f', line {line}' if line else ''}: {type(error).__name__}: {error}",
                hint="fix the file; it is executed whenever the class is used",
            ) from error
        try:
            return getattr(made, self.attribute)
        except AttributeError:
            raise UsageError(
                f"{file} has no {self.attribute}",
                hint=did_you_mean(self.attribute, vars(made), "names"),
            ) from None


def named_backend(item: Registration[Any], adapter: Adapter, name: str) -> Registration[Backend]:
    """Return the backend that `ADAPTER:package.module.Class` or a file names; imports nothing yet.

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
            f"backend {name!r}: {item.name} has no backends that are named by a class",
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
            f"backend {name!r} names no class",
            hint=f"{item.name}:package.module.Class{example}; or {item.name}:./file.py:Class",
        )
    named = NamedClass(item.name, name, where, attribute)
    backend = adapter.backend(named)
    return Registration(
        "backend", named.id, backend, backend.summary, item.name, named.id, item.install
    )


def remember_class(backend: str) -> None:
    """Remember that this user has used a class, by its backend's id."""
    folders.make_known(_MARKS, _digest(backend))


def is_known_class(backend: str) -> bool:
    """Return whether this user has used a class before, by its backend's id."""
    return folders.is_known(_MARKS, _digest(backend))


def _digest(backend: str) -> str:
    return hashlib.sha256(backend.encode()).hexdigest()


def _line_in(file: Path, error: Exception) -> int | None:
    """The last line of a file that an error came by."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file.absolute()):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
