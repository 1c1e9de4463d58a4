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

from targen_core.errors import UsageError
from targen_core.origin import order_of
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
        from targen_core.plugins.named import load_class  # which loads this module

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
