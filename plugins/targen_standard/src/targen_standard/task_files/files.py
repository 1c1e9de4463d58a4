"""A task in a file: `./mytask.yaml`, `./mytask.py`, or `./mytask.py:NAME`."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import importlib_metadata
from pydantic import ValidationError

from targen_core.cli.trust import require_trust
from targen_core.errors import UnknownName, UsageError
from targen_core.hints import quoted
from targen_core.origin import Typed, execute
from targen_core.plain import content_of
from targen_core.plugins.hookspecs import API_GROUP
from targen_core.task_files import Loc, TaskFile, TaskReader, is_own_copy, path_of
from targen_core.tasks.model import Task
from targen_core.text import key_path, with_article
from targen_standard.task_files.easing import eased
from targen_standard.task_files.forms import TaskForm
from targen_standard.task_files.model import Declaration
from targen_standard.task_files.options import located, spellings
from targen_standard.task_files.reading import (
    COPY,
    Parsed,
    declaration_of,
    entries,
    parsed_file,
    read_declaration,
    refusal,
)


def _declared(name: Typed) -> TaskFile:
    """Read a declaration, or a file in a form of a plugin."""
    return _read(parsed_file(Path(name)))


def keys_of(copy: Path) -> dict[str, Any]:
    """Return the keys of a run's copy of a file.

    Raises:
        UsageError: it cannot be read.
    """
    value = parsed_file(copy).value
    if _form_key(value):
        return value
    said: dict[str, Any] = json.loads(Declaration.model_validate(value).as_json())
    return said


def require_form_of(copy: Path, task: Path | Declaration) -> None:
    """Refuse a task in another form than a run's copy: it would generate rows in another way.

    Raises:
        UsageError: it is, or a file cannot be read.
    """
    was = _form_key(parsed_file(copy).value)
    now = "" if isinstance(task, Declaration) else _form_key(parsed_file(task).value)
    if was == now:
        return
    name = "the declaration" if isinstance(task, Declaration) else str(task)
    if not was:
        raise UsageError(
            f"{name} contains {now}:, so its rows are not made like those of {copy.parent}",
            hint=f"to start a new run: targen generate {quoted(name)} -n 100",
        )
    edit = f"pass an edited copy of {copy}"
    again = f"repeat the command that created the run with {name} and --save FILE.json, then pass"
    raise UsageError(
        f"{name} does not contain {was}:, so its rows are not made like those of {copy.parent}",
        hint=f"{edit}; or {again} --task FILE.json",
    )


def _python(name: Typed) -> TaskFile:
    """Execute a module that defines a task."""
    path, attribute = path_of(name)
    return _from_module(Typed(path.absolute()), attribute, content_of(path))


def kept_file(name: Typed, kept: Mapping[str, Any] | str) -> TaskFile:
    """Return the task of a file that may have been removed or changed, read from the kept copy.

    Args:
        name: the file's, which errors speak of; with `:NAME` if a module needs it.
        kept: the keys of its copy, or the code of a module.

    Raises:
        UsageError: it is not a task.
    """
    path, attribute = path_of(name)
    if isinstance(kept, str):
        return _from_module(Typed(path), attribute, kept.encode())

    def refuse(loc: Loc, message: str, hint: str) -> UsageError:
        key = f": {key_path(loc)}" if loc else ""
        return UsageError(f"the saved copy of {path}{key}: {message}", hint=hint)

    return _read(Parsed(path, dict(kept), refuse))


def _read(parsed: Parsed) -> TaskFile:
    """The task of a file in a form, or of a declaration's."""
    if key := _form_key(parsed.value):
        return _formed(parsed, key)
    declaration = declaration_of(parsed)
    task = declaration.task(name=task_name(parsed.path.stem))
    named = declaration.model_copy(update={"name": task.name})
    placed = task.replace(
        uses={"options": located(declaration, parsed.path.parent)},
    )
    name = "the task's file" if parsed.path.name == COPY else parsed.path.name
    return TaskFile(
        placed,
        COPY,
        named.as_json(),
        declaration.draft,
        eased=partial(eased, declaration, name),
    )


def _packaged(path: Path, name: str) -> Task[Any, Any]:
    return read_declaration(path, packaged=True).task(name=name)


def _is_data(copy: Path) -> bool:
    """Return whether a run's copy is a declaration: a form may name data or code to run."""
    return not _form_key(parsed_file(copy).value)


def _blamed(name: str, places: Sequence[Loc], error: UsageError) -> UsageError:
    """Return an error with the line of the first place that the file has; see `TaskReader`."""
    parsed = parsed_file(Path(name))
    written = (each for loc in places for each in spellings(loc))
    at = next((loc for loc in written if _has(parsed.value, loc)), None)
    if at is None:
        return error
    return parsed.refuse(at, str(error), error.hint)


def _has(value: Any, loc: Loc) -> bool:
    for key in loc:
        named = entries(value)
        if key not in named:
            return False
        value = named[key]
    return True


DECLARED = TaskReader(read=_declared, packaged=_packaged, is_data=_is_data, blame=_blamed)
"""Reads YAML, TOML and JSON: declarations, and the forms of plugins."""

PYTHON = TaskReader(read=_python)
"""Reads modules that define a task."""


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
        if {"description", "labels"} & {*parsed.value[key]}:
            less = "remove this line, and unindent those below it"
            raise parsed.refuse([key], "unknown key", less) from error
        raise parsed.refuse([key], str(error), error.hint) from error
    try:
        spec = form.spec.model_validate(parsed.value[key])
    except ValidationError as error:
        loc, message, advice = refusal(error, form.spec)
        raise parsed.refuse([key, *loc], message, advice) from None
    name = parsed.value.get("name", task_name(parsed.path.stem))
    if not isinstance(name, str) or name != task_name(name):
        raise parsed.refuse(
            ["name"], f"{name!r} is not a valid name", "use lower-case letters, digits, ., _ and -"
        )
    folder = parsed.path.absolute().parent
    whole = {key: parsed.value[key]}
    reaching = whole if form.reaching is None else form.reaching(spec, folder)
    if reaching and not is_own_copy(parsed.path):
        require_trust(parsed.path, {f"{key}.{at}": each for at, each in reaching.items()})
    spec = form.located(spec, folder)
    task: Task[Any, Any] = form.task(spec, name)
    if not isinstance(task, Task):
        problem = (
            f": its task() must return a targen_core.Task, not {with_article(type(task).__name__)}"
        )
        raise registered.fault(problem, "")
    kept = form.keeps(spec)
    digest = hashlib.sha256(form.text(key, spec, name).encode()).hexdigest()
    version = f"{task.version}+{digest[:8]}"
    return TaskFile(
        task.replace(version=version),
        COPY,
        form.text(key, spec, name, kept),
        distributions=(registered.distribution,),
        ready=partial(form.ready, spec),
        then=partial(form.then, spec),
    )


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
    task = task.replace(version=f"{task.version}+{digest}")
    return TaskFile(task, copy, text, distributions=_plugins_in(text))


def _plugins_in(text: str) -> tuple[str, ...]:
    """Return the distributions of the plugins that a module imports, such as a task to change."""
    imported: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported.add((node.module or "").partition(".")[0])
    points = importlib_metadata.entry_points(group=API_GROUP)
    named = {
        point.dist.name for point in points if point.dist and point.module.split(".")[0] in imported
    }
    return tuple(sorted(named))


def _executed(path: Typed, data: bytes) -> ModuleType:
    file = Path(path)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # standard output is the command's
            return execute(path, data, "targen_file_")
    except ModuleNotFoundError as error:
        beside = (file.parent / f"{error.name}.py").exists()
        raise UsageError(
            f"{file.name} imports {error.name}, which is not installed",
            hint="a task file must be self-contained; to use several modules, write a plugin"
            if beside
            else f"pip install {error.name}",
        ) from error
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"{file.name} could not be imported: {type(error).__name__}: {error}",
            hint="run the same command with --debug to find out where",
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
            f"{path.name} does not define a task",
            hint="define TASK = Task(…); see the how-to for task files",
        )
    raise UsageError(
        f"{path.name} defines {len(different)} tasks: {names}",
        hint=f"choose one with {path.name}:{next(iter(tasks))}, or name one of them TASK",
    )
