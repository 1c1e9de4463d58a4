"""Adapters: models of other libraries, and their classes as backends.

An object of another library becomes a `ChatModel` by the adapter of its package. A class becomes a
backend by its name, `ADAPTER:package.module.Class`. `NamedClass.load` imports what such a name
means, so each adapter keeps the same rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from targen_core.errors import MissingDependency, UsageError
from targen_core.origin import Typed, find_module, order_of
from targen_core.plugins.register import Registration

if TYPE_CHECKING:
    from targen_core.calls.backend import Backend
    from targen_core.calls.model import ChatModel


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
        where: the module.
        attribute: the class's own name there.
    """

    adapter: str
    name: str
    where: str
    attribute: str

    @property
    def id(self) -> str:
        """Its name as errors have it and runs keep it: `package.module.Class`."""
        return f"{self.where}.{self.attribute}"

    def load(self) -> Any:
        """Return the class, imported.

        Raises:
            Untrusted: the name is data.
            MissingDependency: a module that it imports and that cannot be imported.
            UsageError: the module or class does not exist.
        """
        try:
            order_of(self.name)
            return getattr(find_module(Typed(self.where)), self.attribute)
        except ModuleNotFoundError as error:
            missing = error.name or self.where
            # No package is proposed: anybody may have registered one of that name.
            if self.where == missing or self.where.startswith(f"{missing}."):
                raise UsageError(
                    f"the {self.adapter} model {self.id}: no module named {missing!r} can be "
                    "imported",
                    hint="install its package; for a file of your own, run the command with "
                    "PYTHONPATH=FOLDER",
                ) from error
            raise MissingDependency(
                f"the {self.adapter} model {self.id} imports {missing!r}, but no module of that "
                "name can be imported",
                distribution=self.adapter,
                hint=f"check the documentation of {self.where.split('.')[0]} for what to install",
            ) from error
        except AttributeError:
            raise UsageError(
                f"module {self.where} has no {self.attribute}",
                hint="use the module and class names from the documentation of the class",
            ) from None


def named_backend(item: Registration[Any], adapter: Adapter, name: str) -> Registration[Backend]:
    """Return the backend that `ADAPTER:package.module.Class` names, without importing it.

    Args:
        item: the adapter's registration.
        adapter: the adapter itself.
        name: the backend's name.

    Raises:
        UsageError: it names no class.
    """
    if adapter.backend is None:
        raise UsageError(
            f"backend {name!r}: {item.name} cannot create a backend from a class name",
            hint="pass a model object in Python: model=...",
        )
    path = name.partition(":")[2].replace(":", ".")
    where, _, attribute = path.rpartition(".")
    is_class = all(part.isidentifier() for part in (*where.split("."), attribute))
    if not is_class:
        example = f", e.g. {item.name}:{adapter.example}" if adapter.example else ""
        raise UsageError(
            f"backend {name!r} is not a class name",
            hint=f"{item.name}:package.module.Class{example}",
        )
    named = NamedClass(item.name, name, where, attribute)
    backend = adapter.backend(named)
    return Registration(
        "backend", named.id, backend, backend.summary, item.name, named.id, item.install
    )
