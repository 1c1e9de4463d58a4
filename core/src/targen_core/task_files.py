"""A task in a file: its reader, and the copy that a run keeps.

The core takes a `Task` or the name of a registered one. A path goes to the `TaskReader` that is
registered for the file's suffix, by the hook `register_task_readers`. Those for `.yaml`, `.toml`,
`.json` and `.py` are a plugin's.

A file is not installed, so a run keeps a copy, and needs no other to continue. A copy of a
declaration is data. A copy of a module is code, and a run directory may come from a stranger. It is
executed only if a command of this user wrote it there, or if the user trusts it. Contents of a
plugin's form may be its user's files or code, so its copy is treated in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Protocol

from targen_core.errors import TargenError, UnknownName, UsageError, no_such_file
from targen_core.origin import DECLARED, TASK_FILE, Typed, is_trusted, order_of, trust_hint
from targen_core.plain import content_of, digest_of, what_is
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import FILE, Registration
from targen_core.plugins.registry import Registry, no_task
from targen_core.signing import is_signed, sign
from targen_core.tasks.model import Task

Loc = Sequence[str | int]
"""The keys that lead to a value in a file, from the outermost."""


class SavedTask(Protocol):
    """A task that a program may pass because it can be a file, such as a `Declaration`."""

    def task(self) -> Task[Any, Any]:
        """Return the task that it declares."""
        ...

    def save_in(self, folder: Path) -> Typed:
        """Write a task file into a folder and return its path."""
        ...


@dataclass(frozen=True, slots=True)
class TaskFile:
    """A task that was read from a file, and the copy that a run keeps.

    Attributes:
        task: the task.
        copy: the copy's name in a run directory: `task.json`, or `task.py`, with `:NAME` if needed.
            The readers of `.json` and `.py` read it.
        text: the content of the copy.
        draft: whether a person must still review the task.
        distributions: the distributions that the file's meaning depends on; `task_file` adds the
            reader's.
        ready: checks, before a run starts, that everything its steps need exists. If not, it raises
            a `UsageError`.
        then: returns what people should do next with a complete run, or "".
        eased: `eased(reason, details)` returns the change to the file that would make its checks
            accept texts that they rejected for this reason, or "". `details` are their messages.
    """

    task: Task[Any, Any]
    copy: str
    text: str
    draft: bool = False
    distributions: tuple[str, ...] = ()
    ready: Callable[[Registry], None] = lambda registry: None
    then: Callable[[Path], str] = lambda run: ""
    eased: Callable[[str, Sequence[str]], str] = lambda reason, details: ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReader:
    """Reads tasks from files with one suffix, such as `.yaml`, or with several.

    Attributes:
        read: `read(name)` returns the task in a file; `name` is its path, with `:NAME` for a `.py`.
            It requires trust in what the file refers to (`targen_core.cli.trust.require_trust`).
        packaged: `packaged(path, name)` returns the task `name` from a file in an installed
            package, which is trusted.
        is_data: whether a run's copy, which may come from anybody, is only data. Copies in Python
            always count as code.
        blame: `blame(name, places, error)` returns an error with the line of the first of these
            places that the file contains. A place has the same form as in a declaration, such as
            `("checks", 0)` or `("options", "NAME.KEY")`. By default it returns the error unchanged.
    """

    read: Callable[[Typed], TaskFile]
    packaged: Callable[[Path, str], Task[Any, Any]] | None = None
    is_data: Callable[[Path], bool] = lambda copy: True
    blame: Callable[[str, Sequence[Loc], UsageError], UsageError] = lambda name, places, error: (
        error
    )


def task_file(name: Typed) -> TaskFile:
    """The task of a file, named as `targen generate` takes it.

    Raises:
        UsageError: the file does not exist, is of no kind that tasks are in, or does not hold a
            task.
        MissingDependency: the distribution that reads such files is not installed.
        PluginError: a plugin's reader gives a copy that a run cannot keep.
    """
    item, reader = _reader_of(name)
    file = reader.read(name)
    if not TASK_FILE.fullmatch(file.copy):
        problem = f": a run keeps its copy of {name} as task.json or task.py, not as {file.copy!r}"
        raise item.fault(problem, "")
    return replace(file, distributions=(item.distribution, *file.distributions))


def registration(name: str) -> Registration[Any]:
    """The task of a file as the registry gives it; its id is `file:NAME`.

    Raises:
        Untrusted: the name is data, not an order.
    """
    task = task_file(order_of(name)).task
    return Registration("task", task.name, task, task.summary, FILE, name, "")


def packaged_task(package: str, name: str, task: str) -> Task[Any, Any]:
    """The task of a declaration that lies in a package, as a plugin registers it.

    Raises:
        UsageError: the declaration is invalid or does not exist.
        MissingDependency: the distribution that reads such files is not installed.
    """
    reader = _reader_of(name)[1]
    if reader.packaged is None:
        raise UsageError(f"{name}: files of this type cannot be registered")
    with as_file(files(package)) as folder:  # the folder, for the files that it names
        return reader.packaged(folder / name, task)


def require_copy(name: str, file: TaskFile, run: Path) -> None:
    """Check that the copy of a file that lies in a run is read as the same task.

    Otherwise the run could not be resumed, which shows only after the rows are paid for.

    Raises:
        PluginError: it is not; names the reader of the file.
    """
    path, copy = path_of(name)[0], path_of(file.copy)[0]
    if path.suffix == copy.suffix and content_of(path) == file.text.encode():
        return  # what was read just now; reading a module again would execute it twice
    try:
        require_known(run / file.copy)
        again = task_file(Typed(run / file.copy)).task
    except TargenError as error:
        problem = f"cannot be read again: {error}"
    else:
        if (again.name, again.version) == (file.task.name, file.task.version):
            return
        problem = (
            f"is read as {again.name}, version {again.version}, not as {file.task.name}, version "
            f"{file.task.version}"
        )
    item = _reader_of(name)[0]
    raise item.fault(f": its copy of {path}, {file.copy}, {problem}", "")


def note_own_copy(path: Path) -> None:
    """Note that a command of this user wrote a task's file, so that it may be read again."""
    sign(path, digest_of(path))


def is_own_copy(path: Path) -> bool:
    """Return whether a command of this user wrote a task's file as it is now."""
    return is_signed(path, digest_of(path))


def require_known(copy: Path) -> None:
    """Refuse a copy of a module, or of a form, unless targen wrote it there or the user trusts it.

    Raises:
        UsageError: with what to type.
    """
    path, _ = path_of(str(copy))
    is_code = path.suffix == ".py"
    if not is_code and _reader_of(path.name)[1].is_data(path):
        return
    if not is_trusted(path) and not is_own_copy(path):
        what = "contains code" if is_code else "lists data to read or code to run"
        raise UsageError(
            f"{path} {what}, but targen did not write it here",
            hint="read it first; if you trust it, " + trust_hint(path),
        )


def blame(name: str, places: Sequence[Loc], error: UsageError) -> bool:
    """Have an error name the first of these places that a task's file has; False if it cannot."""
    told = _reader_of(name)[1].blame(name, places, error)
    error.args, error.hint = told.args, told.hint
    return told is not error


def path_of(name: str) -> tuple[Path, str]:
    """Path and attribute of `FILE.py:NAME`."""
    path, colon, attribute = name.rpartition(":")
    if colon and path.endswith(".py"):
        return Path(path), attribute
    return Path(name), ""


def _reader_of(name: str) -> tuple[Registration[Any], TaskReader]:
    """Return the reader of a file.

    Raises:
        UsageError: no reader is registered for that suffix.
        MissingDependency: the distribution that does is not installed.
    """
    try:
        return _reader(path_of(name)[0].suffix[1:])
    except UnknownName:
        if (path := path_of(name)[0]).suffix in DECLARED and what_is(path) == "file":
            raise UsageError(
                f"no installed plugin reads *{path.suffix} task files",
                hint="install a plugin that does",
            ) from None
        raise no_task(load_registry(), name) or no_such_file(
            name, hint="targen list-tasks lists tasks"
        ) from None


@lru_cache(maxsize=16)  # a file is read several times for one run
def _reader(suffix: str) -> tuple[Registration[Any], TaskReader]:
    registry = load_registry()
    item = registry.find("reader", suffix)
    return item, registry.resolve(item)
