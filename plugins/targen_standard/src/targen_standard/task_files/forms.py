"""Forms of task files that plugins read.

A declaration says all of a task. A plugin may make tasks from less: from what is to be
found and transformed, say. Its file has one key, the form's name, in addition to an optional
`name`, and below it the keys of the form's model:

```yaml
transform:
  instruction: Say whether the customer is angry.
```

All that takes a task's file takes such a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from targen_core.plugins.registry import Registry
from targen_core.tasks.model import Task

SpecT = TypeVar("SpecT", bound=BaseModel)
_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskForm(Generic[SpecT]):
    """A form of task files: the content of a file, and the task that it means.

    Attributes:
        summary: a one-line summary for people.
        spec: the pydantic model of the value of the form's key. With `extra="forbid"`, errors give
            the line of a misspelt key.
        task: `task(spec, name)` returns the task; `name` is by default that of the file. It
            does not use a network, since listings also read the file. targen adds a digest of the
            file's content to the task's version.
        located: `located(spec, folder)` returns a spec that has the same meaning in any folder, for
            a run's copy. `folder` is the folder of the file.
        reaching: `reaching(spec, folder)` returns what needs the user's trust, by its place in the
            file: code, paths outside `folder`, and anything that raises costs.
            `targen_core.cli.trust.leaving` finds such paths. The user is asked before `located` or
            `task` is called. By default, this is everything below the form's key.
        keeps: `keeps(spec)` returns further values for a run's copy, such as the content of a file
            that the run then no longer needs. The digest does not cover them, so the version of the
            task must. Their fields have `exclude=True`.
        ready: `ready(spec, registry)` checks, before a run starts, that everything that its steps
            will need exists. If not, it raises a `UsageError`.
        then: `then(spec, run)` returns what people should do next with a complete run, or "".
    """

    summary: str
    spec: type[SpecT]
    task: Callable[[SpecT, str], Task[Any, Any]]
    located: Callable[[SpecT, Path], SpecT] = lambda spec, folder: spec
    reaching: Callable[[SpecT, Path], Mapping[str, Any]] | None = None
    keeps: Callable[[SpecT], Mapping[str, Any]] = lambda spec: _NONE
    ready: Callable[[SpecT, Registry], None] = lambda spec, registry: None
    then: Callable[[SpecT, Path], str] = lambda spec, run: ""

    def text(self, key: str, spec: SpecT, name: str, kept: Mapping[str, Any] = _NONE) -> str:
        """A file of this form, as JSON: `key` is the form's name, `name` the task's.

        Defaults are omitted; `kept` is further content of the key, as `keeps` returns it.
        """
        said = spec.model_dump(mode="json", exclude_defaults=True)
        return as_text({"name": name, key: {**said, **kept}})


def as_text(value: Mapping[str, Any]) -> str:
    """Return a form's file as text, for a run's copy."""
    import json

    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
