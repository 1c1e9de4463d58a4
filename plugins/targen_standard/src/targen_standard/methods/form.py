"""The form `method`: a task file that names a method and a task.

```yaml
method:
  use: coda
  task: rte
  given: [train.jsonl]
  options: {keep: 0.5}
```
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from targen_core.cli.trust import leaving, placed
from targen_core.dataset.source import open_source
from targen_core.errors import UsageError
from targen_core.hints import did_you_mean
from targen_core.origin import (
    HUB,
    Named,
    Typed,
    is_file,
    is_place,
    leads_elsewhere,
    order_of,
    texts_in,
)
from targen_core.plugins.configurable import read_options
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import FILE
from targen_core.plugins.registry import Registry
from targen_core.task_files import TaskFile, task_file
from targen_core.tasks.model import Task
from targen_standard.methods.columns import Columns
from targen_standard.methods.given import GivenRows, digest_of
from targen_standard.methods.model import Base, Given, Method
from targen_standard.task_files.files import kept_file
from targen_standard.task_files.forms import TaskForm
from targen_standard.task_files.model import AS_LIST, Declaration

FORM = "method"
"""The form's name, which is its key in a file."""


class MethodFile(BaseModel):
    """The part below the key `method`.

    Attributes:
        use: the method's name; see `targen list-methods`.
        task: the task whose rows are made: a name, or a task file.
        variants: variants of the task.
        given: datasets of the task's rows that the method starts from, if it does: files, run
            directories, or rows of a hub.
        digest: of what is in them; a run writes it down, so that other rows are noticed.
        preset: options that the method knows by a name.
        options: the method's own, over those of the preset.
        kept: the content of the task's file when the run started: the keys of a declaration, or a
            module's code. A run uses it, even if the file changes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    use: str
    task: Named
    variants: tuple[str, ...] = ()
    given: Annotated[tuple[str, ...], AS_LIST] = ()
    digest: str = ""
    preset: str = ""
    options: dict[str, Any] = {}
    kept: dict[str, Any] | str | None = Field(default=None, exclude=True)


def _located(spec: MethodFile, folder: Path) -> MethodFile:
    """The same with absolute paths, and the digest of the rows that are given."""

    def absolute(named: str) -> str:
        path, colon, attribute = named.rpartition(":") if ".py:" in named else (named, "", "")
        if not path or named.startswith(HUB):
            return named
        return f"{Path(placed(folder, path)).resolve()}{colon}{attribute}"

    # A folder with a task's name, such as a run's, is not a task.
    task = absolute(spec.task) if is_file(spec.task) else spec.task
    ordered = _ordered(
        spec.model_copy(update={"task": task, "given": tuple(map(absolute, spec.given))})
    )
    digest = ordered.digest or (digest_of(ordered.given) if ordered.given else "")
    return ordered.model_copy(update={"digest": digest})


def _ordered(spec: MethodFile) -> MethodFile:
    """The same with its files as orders: they were typed, or `reaching` had the person asked."""
    task = Typed(spec.task) if is_file(spec.task) else spec.task
    return spec.model_copy(update={"task": task, "given": tuple(map(Typed, spec.given))})


def _reaching(spec: MethodFile, folder: Path) -> Mapping[str, Any]:
    """Return names in the file that are code, or lie outside its folder."""
    paths = {f"given.{at}": given for at, given in enumerate(spec.given)}
    if is_file(spec.task) and spec.kept is None:  # else the file itself is not read
        paths["task"] = spec.task
    kept = {"kept": spec.kept} if _is_more_than_said(spec.kept) else {}
    # A method may open what an option names: a model's folder, wherever it lies, may name code.
    options = {
        f"options.{name}": value
        for name, value in spec.options.items()
        if leads_elsewhere(value) or any(map(is_place, texts_in(value)))
    }
    return {**leaving(folder, paths), **options, **kept}


def _is_more_than_said(kept: Mapping[str, Any] | str | None) -> bool:
    """Return whether a kept task is code, a form, or names files next to its old place."""
    if not isinstance(kept, Mapping):
        return kept is not None
    return not kept.keys() <= Declaration.model_fields.keys() or any(
        isinstance(part, Mapping) and part.get("file") for part in kept.values()
    )


def _keeps(spec: MethodFile) -> Mapping[str, Any]:
    """Return the task's file for a run's copy; empty for a task without a file."""
    if spec.kept is not None or not is_file(spec.task):
        return {} if spec.kept is None else {"kept": spec.kept}
    file = task_file(order_of(spec.task))
    return {"kept": json.loads(file.text) if file.copy == "task.json" else file.text}


def _kept(spec: MethodFile) -> TaskFile | None:
    """The task's file as a run keeps it."""
    return None if spec.kept is None else kept_file(Typed(spec.task), spec.kept)


def _base(spec: MethodFile, registry: Registry) -> tuple[str, Task[Any, Any]]:
    """The id of the task that rows are made of, and the task with its variants."""
    if (file := _kept(spec)) is not None:
        return f"{FILE}:{file.task.name}", file.task.varied(spec.variants)
    item = registry.find("task", spec.task)
    base: Task[Any, Any] = registry.resolve(item)
    return item.id, base.varied(spec.variants)


def options_of(name: str, method: Method[Any], preset: str, values: dict[str, Any]) -> Any:
    """A method's options: its defaults, over them a preset's, over them `values`.

    Raises:
        UsageError: the preset or an option is unknown, or a value is invalid.
    """
    if preset and preset not in method.presets:
        raise UsageError(
            f"method {name} has no preset {preset!r}",
            hint=did_you_mean(preset, method.presets, "presets"),
        )
    over = {**(method.presets[preset] if preset else {}), **values}
    return read_options(method.options, over, of=f"method {name}")


def method_task(
    spec: MethodFile, name: str, *, registry: Registry | None = None, given: Given | None = None
) -> Task[Any, Any]:
    """The task that a file of the form means.

    Args:
        spec: the content of the file.
        name: what the task is called.
        registry: finds method and task; by default what is installed.
        given: rows of a program, in place of the files that `spec` names.

    Raises:
        UsageError: the method or the task is unknown, or its options are invalid. Or it lacks rows
            that it needs, or got rows that it does not use.
    """
    registry = load_registry() if registry is None else registry
    named = registry.find("method", spec.use)
    method: Method[Any] = registry.resolve(named)
    base_id, base = _base(spec, registry)
    options = options_of(named.name, method, spec.preset, spec.options)
    if given is None and spec.given:
        given = GivenRows(spec.given, base, spec.digest)
    columns = Columns.of(base)
    if given is not None and not method.takes_given(columns):
        why = f": a row of {base.name} has a single text" if method.given == "pairs" else ""
        raise UsageError(f"the method {named.name} does not use given rows{why}", hint="omit them")
    if given is None and method.given == "required":
        raise UsageError(
            f"the method {named.name} starts from rows of {base.name}, but no rows were given",
            hint="pass --given FILE, or write `given: [FILE]` in the task file",
        )
    made = method.task(Base(base, columns, given), options)
    return made.replace(
        name=name,
        version=f"{method.version}+{base.version}",
        summary=f"{base.summary}, by {named.name}",
        about={
            "source": f"Rows of {base.name} made by {named.name}. {method.source}".strip(),
            "citation": method.citation,
            "based_on": (base_id, named.id, *made.about.based_on),
        },
    )


def require_given(spec: MethodFile, registry: Registry | None = None) -> None:
    """Read the given rows, so that bad ones are known before a run starts.

    Raises:
        UsageError: they belong to another task, or have no labels.
        RunDirectoryError: a folder holds none.
    """
    if spec.given:
        registry = load_registry() if registry is None else registry
        GivenRows(spec.given, _base(spec, registry)[1], spec.digest)()


def task_of_rows(
    source: Any, task: str | None = None, *, registry: Registry | None = None
) -> tuple[str | TaskFile, tuple[str, ...]]:
    """Return the name of the task of a dataset's rows, for a derived folder, and its variants.

    For rows that a method made, it is the original task, not the method's own.

    Args:
        source: a dataset as `read_dataset` takes it.
        task: the user's name for the task, if the dataset does not state one.
        registry: finds the task; by default what is installed.

    Returns:
        An id or a file, as the run keeps it if a method made the rows; "" if unknown.

    Raises:
        UsageError: the dataset does not exist, or its task is missing.
        RunDirectoryError: the folder holds none.
    """
    opened = open_source(source)
    name = (task or "") if opened.task is None else opened.task()
    variants = opened.variants
    if (asked := asked_in(name)) is not None:
        name, variants = asked.task, asked.variants
        if (file := _kept(asked)) is not None:
            return file, variants
    if name and not is_file(name):
        name = (load_registry() if registry is None else registry).find("task", name).id
    return name, variants


def asked_in(task: str) -> MethodFile | None:
    """Return a task file's request to a method; None for other files and names."""
    if not is_file(task) or (file := task_file(order_of(task))).copy != "task.json":
        return None
    asked = json.loads(file.text).get(FORM)
    return None if asked is None else _ordered(MethodFile.model_validate(asked))


def _then(spec: MethodFile, run: Path) -> str:
    """Return the remark that a method has yet to choose or weight a run's rows, and the command."""
    method: Method[Any] = load_registry().get("method", spec.use)
    if method.finish is None:
        return ""
    words = f"{spec.use} has not selected or weighted these rows yet"
    return f"{words}; next: targen finish {quote(str(run))}"


METHOD = TaskForm(
    summary="rows of a task, generated by a different method",
    spec=MethodFile,
    task=method_task,
    located=_located,
    reaching=_reaching,
    keeps=_keeps,
    ready=require_given,
    then=_then,
)
