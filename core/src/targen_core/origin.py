"""Where a text is from: what a person typed is an order, what a file contains is data.

In a command an ordinary `str` is data. It may only name what is installed. A `Typed` is an order:
somebody typed it. Only a `Typed` may name code, a path outside the folder of its file, an address,
a key or a dataset of a hub. `registry.find`, the readers of tasks and datasets, and everything that
executes code require one. So a plugin that passes on a file's contents is refused.

A file that names such things is used if this person's command wrote it, or if the person trusts it
in this call. See `trusting` and `targen_core.cli.trust`.

This is the only module that executes a file or imports a module by a name that no plugin
registered.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

from targen_core.errors import UsageError
from targen_core.text import printable

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

HUB = "hf:"
"""The prefix of a hub dataset's name."""

DECLARED = (".yaml", ".yml", ".toml", ".json")
"""Suffixes of declaration files."""

TASK_FILE = re.compile(r"task\.json|task\.py(:[A-Za-z_]\w*)?")
"""Names of a task file's copy in a folder, with the task in it if the file names one."""

_SHOWN = 100  # characters of a name in a message
_PLACE = re.compile(r"(?:\.{1,2}|~[^/\\]*|[A-Za-z]:)?[/\\]|\.{1,2}$|~$")
_ELSEWHERE = re.compile(
    rf"^(?:~[\w/\\]|/[\w.~]|\\\\|[A-Za-z]:[/\\]|{HUB}\S)"
    r"|(?:^|[/\\])\.\.(?:[/\\]|$)|(?:^|/)\.[A-Za-z_][\w.-]*(?:/|$)|://"
)


class Typed(str):
    """A text that a person typed or answered: an instruction.

    Any value derived from it (a part, a copy by pydantic, JSON) is a plain `str` again, that is,
    data.
    """

    __slots__ = ()


class Untrusted(UsageError):
    """A file that the user does not trust names something that only a person may name."""


class _Keep:
    """Makes pydantic keep a `Typed` unchanged; from a file a field gets a `str`."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from pydantic_core import core_schema

        def keep(value: Any, inner: Callable[[Any], Any]) -> Any:
            checked = inner(value)
            return value if isinstance(value, Typed) else checked

        return core_schema.no_info_wrap_validator_function(keep, handler(source))


Named = Annotated[str, _Keep()]
"""A field that is data or an order, as the value is; for models made of both."""


def order_of(text: str) -> Typed:
    """A text that has to be an order.

    While a command runs, this must be a `Typed`. In any other program it is whatever the program
    passes: readers of files ask for trust themselves (`require_trust`).

    Raises:
        Untrusted: it is data, which cannot name a file, a module or a dataset of a hub.
    """
    if isinstance(text, Typed) or not in_a_command():
        return Typed(text)
    raise Untrusted(
        f"{shown(text)} would be read or run because a file refers to it, not because you typed it",
        hint="type it on the command line; in Python, pass a pathlib.Path to refer to this file",
    )


def is_file(name: str) -> bool:
    """Return whether a task's name is that of a file rather than a registered one."""
    path = name.rpartition(":")[0] if ".py:" in name else name
    return "/" in name or "\\" in name or path.endswith((".py", *DECLARED))


def is_place(name: str) -> bool:
    """Return whether a model's name is a path (`./NAME`, `~/NAME`, or absolute), not a hub's."""
    return bool(_PLACE.match(name))


def split_model(backend: str) -> tuple[str, str | None]:
    """Return the backend and the model of `BACKEND/MODEL`; the model is None without a slash."""
    name, _, place = backend.partition(":")
    is_class = "/" not in name and (".py:" in place or is_place(place))
    if "/" not in backend or is_class:
        return backend, None
    name, _, model = backend.partition("/")
    return Typed(name) if isinstance(backend, Typed) else name, model


def leads_elsewhere(value: Any) -> bool:
    """Return whether a text in a value may lead elsewhere.

    It starts like an absolute path, climbs, has a hidden name in it, or is an address or a dataset
    of a hub.
    """
    return any(map(_ELSEWHERE.search, texts_in(value)))


# --- trust -------------------------------------------------------------------------


class _Person:
    """Decisions of this process's user about files by others.

    Attributes:
        commands: how many commands that the person typed run now, in any thread.
        trusted: the files and folders of the open blocks of `trusting`, without links.
    """

    commands = 0
    trusted: tuple[Path, ...] = ()


@contextlib.contextmanager
def of_a_command() -> Iterator[None]:
    """Let a command run: only the texts that its person typed are orders then."""
    _Person.commands += 1
    try:
        yield
    finally:
        _Person.commands -= 1


def in_a_command() -> bool:
    """Return whether a command that a person typed runs now."""
    return _Person.commands > 0


@contextlib.contextmanager
def trusting(path: str | os.PathLike[str], *paths: str | os.PathLike[str]) -> Iterator[None]:
    """Trust files, and all files in folders, within this block, as `--trust=PATH` does for a call.

    targen executes code and uses addresses, paths and keys to which these files refer.
    """
    before = _Person.trusted
    _Person.trusted = (*before, *(Path(each).expanduser().resolve() for each in (path, *paths)))
    try:
        yield
    finally:
        _Person.trusted = before


def is_trusted(path: Path) -> bool:
    """Return whether the person trusts a file or folder, or a folder that contains it, now."""
    return bool(_Person.trusted) and any(map(path.resolve().is_relative_to, _Person.trusted))


def has_separator(path: str) -> bool:
    """Return whether a path is more than a name: a shell's `*` cannot make one from a file."""
    return any(separator in path for separator in (os.sep, os.altsep) if separator)


def trust_hint(path: Path) -> str:
    """Return what to type to trust a file or folder, for a hint."""
    text = str(path) if has_separator(str(path)) else os.path.join(".", path)  # noqa: PTH118 - Path drops the dot
    return f"add {shlex.quote(f'--trust={text}')}"


def texts_in(value: Any) -> Iterator[str]:
    """Yield all texts in a value, keys among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from (*texts_in(name), *texts_in(each))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts_in(each)


def shown(value: Any) -> str:
    """Return a value as messages have it: on one line, and cut."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return printable(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…", lines=False)


# --- code --------------------------------------------------------------------------


_executed: set[str] = set()  # names of modules


def is_executed(module: str) -> bool:
    """Return whether `execute` made the module of this name."""
    return module in _executed


def execute(path: Typed, data: bytes, prefix: str) -> ModuleType:
    """Execute the code of a file that a person named, as a module of its own.

    Args:
        path: the file, which tracebacks name.
        data: its content.
        prefix: the start of the module's name.

    Returns:
        The module, registered in `sys.modules`, where pydantic looks up annotations.

    Raises:
        Exception: whatever the code raises.
    """
    name = f"{prefix}{re.sub(r'[^0-9a-zA-Z_]', '_', Path(path).stem)}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _executed.add(name)
    # The text itself, not Python's compiled copy: that would miss an edit within one second.
    exec(compile(data, str(Path(path).absolute()), "exec"), module.__dict__)  # noqa: S102 - typed
    return module


def find_module(name: Typed) -> ModuleType:
    """Import a module by a dotted name that a person typed.

    Raises:
        ImportError: the module, or one that it imports, does not exist.
        Exception: whatever its code raises.
    """
    return importlib.import_module(name)
