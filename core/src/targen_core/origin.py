"""Where a text is from: what a person typed is an order, what a file contains is data.

In a command an ordinary `str` is data. It may name what is installed, and nothing else. A `Typed`
is an order: somebody typed it. Only a `Typed` may name code, a path outside the folder of its file,
an address, a key or a dataset of a hub. `registry.find`, the readers of tasks and datasets, and
everything that executes code require one. So a plugin that passes on a file's contents is refused.

A file that names such things is used if this person trusts it: `--trust`, an answer at a terminal,
or `targen_core.trusting()`. Trust is remembered by digest, of the file's path, of the names and of
the code behind them. Files that targen writes itself are trusted from the start (`remember_trust`).

This is the only module that executes a file or imports a module by a name that no plugin
registered.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

from targen_core import folders
from targen_core.errors import UsageError
from targen_core.plain import content_of, kind_of
from targen_core.text import printable
from targen_core.wording import Either, Option, in_a_command

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = [
    "DECLARED",
    "HUB",
    "TASK_FILE",
    "Named",
    "Typed",
    "Untrusted",
    "ask_with",
    "execute",
    "find_module",
    "is_file",
    "is_place",
    "is_trusted",
    "is_trusting",
    "leads_elsewhere",
    "leaving",
    "order_of",
    "placed",
    "reaches_out",
    "remember_trust",
    "require_trust",
    "split_model",
    "trusting",
]

HUB = "hf:"
"""The prefix of a hub dataset's name."""

DECLARED = (".yaml", ".yml", ".toml", ".json")
"""Suffixes of declaration files."""

TASK_FILE = re.compile(r"task\.json|task\.py(:[A-Za-z_]\w*)?")
"""Names of a task file's copy in a folder, with the task in it if the file names one."""

_SHOWN, _NAMED = 100, 20  # characters of a name in a message, and so many names
_LINES, _LINE = 40, 500  # that a person is asked about, and characters of one
_PLACE = re.compile(r"(?:\.{1,2}|~[^/\\]*|[A-Za-z]:)?[/\\]|\.{1,2}$|~$")
_ELSEWHERE = re.compile(r"^(?:~[\w/\\]|/[\w.~]|\\\\|[A-Za-z]:[/\\])|(?:^|[/\\])\.\.(?:[/\\]|$)|://")
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]+:(?!\\)")  # hf:OWNER/NAME, or what a plugin opens


class Typed(str):
    """A text that a person typed, or answered: an order.

    Any value derived from it (a part, a copy by pydantic, JSON) is a plain `str` again, and data.
    """

    __slots__ = ()


class Untrusted(UsageError):
    """A file names something that only a person may name, and nobody trusts the file."""


class _Keep:
    """Has pydantic keep a `Typed` as it is; from a file a field gets a `str`."""

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

    While a command runs, that is a `Typed` alone. In any other program it is whatever the program
    passes: readers of files ask for trust themselves (`require_trust`).

    Raises:
        Untrusted: it is data, which cannot name a file, a module or a dataset of a hub.
    """
    if isinstance(text, Typed) or not in_a_command():
        return Typed(text)
    raise Untrusted(
        f"{_shown(text)} would be read or run because a file names it, not because you typed it",
        hint="name it on the command line; code that means this very file passes a pathlib.Path",
    )


def is_file(name: str) -> bool:
    """Return whether a task's name is that of a file rather than a registered one."""
    path = name.rpartition(":")[0] if ".py:" in name else name
    return "/" in name or "\\" in name or path.endswith((".py", *DECLARED))


def is_place(name: str) -> bool:
    """Return whether a model's name is a path (`./NAME`, `~/NAME`, or absolute), not a hub's."""
    return bool(_PLACE.match(name))


def split_model(backend: str) -> tuple[str, str | None]:
    """Return the backend and the model of `BACKEND/MODEL`; the model is None without a slash.

    The slashes of a file with a class, `ADAPTER:./FILE.py:CLASS`, are its own.
    """
    name, _, place = backend.partition(":")
    is_class = "/" not in name and (".py:" in place or is_place(place))
    if "/" not in backend or is_class:
        return backend, None
    name, _, model = backend.partition("/")
    return Typed(name) if isinstance(backend, Typed) else name, model


def reaches_out(folder: Path, text: str) -> bool:
    """Return whether a path that a file in `folder` names is code, or lies outside that folder."""
    path = Path(text.rpartition(":")[0] if ".py:" in text else text)
    if text.startswith("~") or "\0" in text or path.suffix == ".py" or _ADDRESS.match(text):
        return True
    if path.is_absolute() and path.is_relative_to(folder.absolute()):
        path = path.relative_to(folder.absolute())
    if path.is_absolute() or path.drive or ".." in path.parts:
        return True
    place = folder
    for part in path.parts:
        place = place / part
        if kind_of(place) == "a link":  # it may lead out
            return True
    return False


def leads_elsewhere(value: Any) -> bool:
    """Return whether a text in a value starts like an absolute path, climbs, or is an address."""
    return any(map(_ELSEWHERE.search, _texts(value)))


def leaving(folder: Path, paths: Mapping[str, str]) -> dict[str, str]:
    """Those of a file's paths that are code or lie outside its folder; see `reaches_out`."""
    return {key: path for key, path in paths.items() if reaches_out(folder, path)}


def placed(folder: Path, text: str) -> Typed:
    """A path that a file in `folder` names, as seen from here; the caller has checked it."""
    if _ADDRESS.match(text):
        return Typed(text)
    named = Path(text).expanduser() if text.startswith("~") else Path(text)  # ./~ is no home
    path = folder / named
    if _ADDRESS.match(str(path)) or str(path).startswith("~"):
        path = path.absolute()  # else it would be no file's name to those who read it next
    return Typed(path)


# --- trust -------------------------------------------------------------------------


class _Person:
    """Decisions of this process's user about files by others.

    Attributes:
        trusting: how many blocks of `trusting()` are open.
        asked: asks them a question and returns their answer; None without a terminal to ask on.
    """

    trusting = 0
    asked: Callable[[str], bool] | None = None


def ask_with(asked: Callable[[str], bool] | None) -> None:
    """Set how a person is asked whether to trust a file; a command on a terminal does so."""
    _Person.asked = asked


@contextlib.contextmanager
def trusting() -> Iterator[None]:
    """Trust every file that is read in this block, and remember that, as `--trust` does.

    Code that such files name is executed. Addresses, paths and keys that they name are used.
    """
    _Person.trusting += 1
    try:
        yield
    finally:
        _Person.trusting -= 1


def is_trusting() -> bool:
    """Return whether the person trusts every file that is read now."""
    return _Person.trusting > 0


def is_trusted(file: Path, names: Mapping[str, Any]) -> bool:
    """Return whether this person trusts a file with everything it names."""
    return not _untrusted(file, names)


def _untrusted(file: Path, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names in a file with which this person never trusted it.

    Code is looked at only if its name is known: a stranger's file has no other file read.
    """
    return {
        key: value
        for key, value in names.items()
        if not folders.is_known("trusted", _digest(file, key, value, {}))
        or not folders.is_known("trusted", _digest(file, key, value, _code(file, value)))
    }


def remember_trust(file: Path, names: Mapping[str, Any]) -> None:
    """Remember that this person trusts what a file names: targen wrote it, or they said so."""
    for key, value in names.items():
        folders.make_known("trusted", _digest(file, key, value, {}))
        folders.make_known("trusted", _digest(file, key, value, _code(file, value)))


def require_trust(file: Path, names: Mapping[str, Any]) -> None:
    """Stop unless the person trusts a file with everything it names.

    Args:
        file: the file.
        names: the code, paths, addresses, keys and limits that it names, by their place in it.

    Raises:
        Untrusted: it names something that this person never trusted it with.
    """
    new = _untrusted(file, names)
    if not new:
        return
    if not is_trusting() and not _agreed(file, told(new)):
        listed = [f"{key} = {_shown(value)}" for key, value in islice(new.items(), _NAMED)]
        if len(new) > _NAMED:
            listed.append(f"and {len(new) - _NAMED} more")
        raise Untrusted(
            f"{printable(str(file), lines=False)} names {', '.join(listed)}: a file from "
            "someone else may name any code, file, address or limit",
            hint="read it first; if you trust it, "
            + Either(
                "add " + Option("trust", True) + " to the command",
                "read it within `with targen_core.trusting():`",
            ),
        )
    remember_trust(file, new)


def told(names: Mapping[str, Any]) -> list[str]:
    """Return a line for each name in a file, with none left out: the unseen is not trusted."""
    return [
        printable(f"{key} = {text}", lines=False)
        for name, value in names.items()
        for key, text in _leaves(name, value)
    ]


def _agreed(file: Path, lines: Sequence[str]) -> bool:
    """Ask the person, if there is one, and if it is not more than a person reads."""
    if _Person.asked is None or len(lines) > _LINES or max(map(len, lines)) > _LINE:
        return False
    return _Person.asked("\n  ".join([f"{printable(str(file), lines=False)} names", *lines]))


def _leaves(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from _leaves(f"{key}.{name}", each)
    elif isinstance(value, list | tuple) and value:
        for at, each in enumerate(value):
            yield from _leaves(f"{key}.{at}", each)
    else:
        yield key, value if isinstance(value, str) else json.dumps(value, default=str)


def _digest(file: Path, key: str, value: Any, code: Mapping[str, str]) -> str:
    """Return the digest of a file's place, of a name in it, and of the code behind that name."""
    said = json.dumps([str(file.resolve()), key, value, code], sort_keys=True, default=str)
    return hashlib.sha256(said.encode("utf-8", "backslashreplace")).hexdigest()


def _code(file: Path, value: Any) -> dict[str, str]:
    """The digest of each file of code that a value names, from the file's folder or from here."""
    code = {}
    for text in _texts(value):
        # ADAPTER:FILE.py:CLASS names the file behind the colon.
        files = {
            Path(name[: found.end()])
            for name in (text, text.partition(":")[2])
            for found in re.finditer(r"\.py", name)
        }
        for path in (place for named in files for place in (file.parent / named, named)):
            with contextlib.suppress(OSError, ValueError, UsageError):
                if path.suffix == ".py" and path.is_file():
                    code[str(path.resolve())] = hashlib.sha256(content_of(path, _CODE)).hexdigest()
    return code


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value, keys among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from (*_texts(name), *_texts(each))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return printable(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…", lines=False)


# --- code --------------------------------------------------------------------------

_CODE = 16 << 20  # bytes of a module


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
