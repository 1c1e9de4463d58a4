"""A task in a file: `./mytask.yaml`, `./mytask.py`, or `./mytask.py:NAME`.

A file is not installed, so a run keeps a copy of it, and needs no other to go
on. A copy of a declaration is data. A copy of a module is code, and a run
directory may come from anybody: it is executed where its user has run the very
same text before by its name, and nowhere else. What a form of a plugin names
or keeps may be files of its user's, or code, so a copy of it is treated in the same way.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from targen_core import folders
from targen_core.declared.forms import KNOWN, TaskForm, as_text
from targen_core.declared.model import Declaration
from targen_core.declared.options import located
from targen_core.declared.reading import (
    Loc,
    Parsed,
    declaration_of,
    parsed_file,
    read_declaration,
    refusal,
)
from targen_core.errors import UnknownName, UsageError
from targen_core.origin import DECLARED, Typed, execute, is_trusting, order_of, require_trust
from targen_core.plain import content_of, digest_of
from targen_core.plugins.register import FILE, Registration
from targen_core.tasks.model import Task
from targen_core.wording import Action, Either, Option

__all__ = [
    "TaskFile",
    "kept_file",
    "packaged_task",
    "registration",
    "require_known",
    "task_file",
    "task_name",
]


@dataclass(frozen=True, slots=True)
class TaskFile:
    """A task that was read from a file, and the copy that a run keeps.

    Attributes:
        task: the task.
        copy: the copy's name in a run directory, with `:NAME` where it needs one.
        text: what the copy holds.
        draft: whether a person has yet to read it.
        distribution: whose form it is in; "" of a declaration or a module.
    """

    task: Task[Any, Any]
    copy: str
    text: str
    draft: bool = False
    distribution: str = ""


def task_file(name: Typed) -> TaskFile:
    """The task of a file, named as `targen generate` takes it.

    Raises:
        UsageError: there is no such file, it is of no kind that tasks are in,
            or what it holds is no task.
    """
    path, attribute = _split(name)
    if path.suffix not in (".py", *DECLARED):
        raise UsageError(
            f"{name}: a task file must end in .py, .yaml, .toml or .json",
            hint=Action("list-tasks") + " shows what is installed",
        )
    if path.suffix == ".py":
        data = content_of(path)
        folders.make_known(KNOWN, hashlib.sha256(data).hexdigest())  # the user has named it
        return _from_module(Typed(path.absolute()), attribute, data)
    return _read(parsed_file(path))


def kept_file(name: Typed, kept: Mapping[str, Any] | str) -> TaskFile:
    """The task of a file that may be gone by now or say something else, of what was kept of it.

    Args:
        name: the file's, which errors speak of; with `:NAME` where a module needs it.
        kept: the keys of its copy, or the code of a module.

    Raises:
        UsageError: it is no task.
    """
    path, attribute = _split(name)
    if isinstance(kept, str):
        data = kept.encode()
        folders.make_known(KNOWN, hashlib.sha256(data).hexdigest())  # as what it is kept in is
        return _from_module(Typed(path), attribute, data)

    def refuse(loc: Loc, message: str, hint: str) -> UsageError:
        key = f": {'.'.join(map(str, loc))}" if loc else ""
        return UsageError(f"what was kept of {path}{key}: {message}", hint=hint)

    return _read(Parsed(path, dict(kept), refuse))


def _read(parsed: Parsed) -> TaskFile:
    """The task of a file in a form, or of a declaration's."""
    if key := _form_key(parsed.value):
        return _formed(parsed, key)
    declaration = declaration_of(parsed)
    task = declaration.task(name=task_name(parsed.path.stem))
    named = declaration.model_copy(update={"name": task.name})
    placed = task.replace(part_options=located(declaration, parsed.path.parent))
    return TaskFile(placed, "task.json", named.as_json(), declaration.draft)


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
        UsageError: what is wrong with it, or that there is no such file.
    """
    with as_file(files(package)) as folder:  # the folder, for the files that it names
        return read_declaration(folder / name, packaged=True).task(name=task)


def require_known(copy: Path) -> None:
    """Refuse a run's copy of a module, or of a form, that was never run here by its name.

    Raises:
        UsageError: with the command that shows it and makes it known.
    """
    path, attribute = _split(str(copy))
    form = path.suffix != ".py"
    if form and not _form_key(parsed_file(path).value):
        return
    digest = digest_of(path)
    if is_trusting():
        folders.make_known(KNOWN, digest)
    if not folders.is_known(KNOWN, digest):
        name = f"{path}:{attribute}" if attribute else str(path)
        what = "names data to read or code to run; it" if form else "is code that"
        raise UsageError(
            f"{path} {what} came with its folder and has not been run on this machine before",
            hint="read it and, if you trust it, run: "
            + Action("describe", name, **({"trust": True} if form else {})),
        )


def _split(name: str) -> tuple[Path, str]:
    """Path and attribute of `FILE.py:NAME`."""
    path, colon, attribute = name.rpartition(":")
    if colon and path.endswith(".py"):
        return Path(path), attribute
    return Path(name), ""


def task_name(words: str) -> str:
    """Words, such as a file's name, as a task may be called."""
    return re.sub(r"[^a-z0-9._-]+", "-", words.lower()).strip("-._") or "task"


# --- forms of plugins ---------------------------------------------------------------


def _form_key(value: Mapping[str, Any]) -> str:
    """The name of the form that a file is in; "" of a declaration."""
    keys = [key for key in value if key != "name"]
    if len(keys) != 1 or keys[0] in Declaration.model_fields:
        return ""
    return keys[0] if isinstance(value[keys[0]], dict) else ""


def _formed(parsed: Parsed, key: str) -> TaskFile:
    """The task of a file in a plugin's form."""
    from targen_core.plugins.loader import load_registry

    registry = load_registry()
    try:
        registered = registry.find("form", key)
        form: TaskForm[Any] = registry.resolve(registered)
    except UnknownName as error:
        raise parsed.refuse([key], str(error), error.hint) from error
    try:
        spec = form.spec.model_validate(parsed.value[key])
    except ValidationError as error:
        loc, message, hint = refusal(error, form.spec)
        raise parsed.refuse([key, *loc], message, hint) from None
    name = parsed.value.get("name", task_name(parsed.path.stem))
    if not isinstance(name, str) or name != task_name(name):
        raise parsed.refuse(
            ["name"], f"{name!r} is not a valid name", "lower-case letters, digits, ., _ and -"
        )
    folder = parsed.path.absolute().parent
    whole = {key: parsed.value[key]}
    reaching = whole if form.reaching is None else form.reaching(spec, folder)
    if not folders.is_known(KNOWN, _digest(as_text(parsed.value))):  # not ours, nor a known copy
        require_trust(parsed.path, {f"{key}.{at}": each for at, each in reaching.items()})
    spec = form.located(spec, folder)
    task: Task[Any, Any] = form.task(spec, name)
    if not isinstance(task, Task):
        problem = f": its task() returned a {type(task).__name__}, not a targen_core.Task"
        raise registered.fault(problem, "")
    kept = form.keeps(spec)
    text, digest = form.text(key, spec, name, kept), _digest(form.text(key, spec, name))
    folders.make_known(KNOWN, _digest(text))  # the user has named it
    if kept.keys().isdisjoint(parsed.value[key]):  # it may be a copy from before any were kept
        folders.make_known(KNOWN, digest)
    version = f"{task.version}+{digest[:8]}"
    return TaskFile(
        task.replace(version=version), "task.json", text, distribution=registered.distribution
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- modules --------------------------------------------------------------------


@lru_cache(maxsize=16)
def _from_module(named: Typed, attribute: str, data: bytes) -> TaskFile:
    """The task that a module defines; the module is executed once for each text."""
    path = Path(named)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path.name} is not UTF-8: {error.reason}") from error
    task = _chosen(_executed(named, data), path, attribute)
    digest = hashlib.sha256(data).hexdigest()[:8]
    copy = f"task.py:{attribute}" if attribute else "task.py"
    return TaskFile(task.replace(version=f"{task.version}+{digest}"), copy, text)


def _executed(path: Typed, data: bytes) -> ModuleType:
    file = Path(path)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # standard output is the command's
            return execute(path, data, "targen_file_")
    except ModuleNotFoundError as error:
        beside = (file.parent / f"{error.name}.py").exists()
        raise UsageError(
            f"{file.name} imports {error.name}, which is not installed",
            hint="a task file must be self-contained; use a plugin for several modules"
            if beside
            else f"pip install {error.name}",
        ) from error
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"{file.name} could not be imported: {type(error).__name__}: {error}",
            hint=Either(
                "run the same command with " + Option("debug", True), "look at the cause above"
            )
            + " to see where",
        ) from error


def _chosen(module: ModuleType, path: Path, attribute: str) -> Task[Any, Any]:
    """`NAME`, else `TASK`, else the only task there is."""
    tasks = {name: value for name, value in vars(module).items() if isinstance(value, Task)}
    names = ", ".join(tasks) or "none"
    if attribute:
        if attribute not in tasks:
            raise UsageError(f"{path.name} has no task {attribute}", hint=f"it defines: {names}")
        return tasks[attribute]
    if "TASK" in tasks:
        return tasks["TASK"]
    different = list({id(task): task for task in tasks.values()}.values())
    if len(different) == 1:
        return different[0]
    if not different:
        raise UsageError(
            f"{path.name} defines no task",
            hint="define TASK = Task(…); see the how-to on tasks in files",
        )
    raise UsageError(
        f"{path.name} defines {len(different)} tasks: {names}",
        hint=f"{path.name}:{next(iter(tasks))} picks one; or name it TASK",
    )
