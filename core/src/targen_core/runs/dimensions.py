"""Dimensions as a user sets them, and put into a task.

A bare name is that of a dimension of the task, or of a new one of its rows; `STEP.NAME` puts it on
a list. No values take a dimension away. `@words` is replaced by a vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from targen_core.errors import UnreadableFile, UsageError
from targen_core.hints import did_you_mean, suggestions_for
from targen_core.plain import content_of
from targen_core.runs.parsing import parse_dimensions
from targen_core.tasks.dimensions import VOCABULARIES, Dimension, meant
from targen_core.tasks.model import Task
from targen_core.tasks.steps import ListStep

Drawn: TypeAlias = "str | tuple[str, ...] | dict[str, int]"
"""Values of a dimension as a spec keeps them: `@NAME`, texts, or weights; () takes it away."""

_Change: TypeAlias = Callable[[str, tuple[Dimension, ...]], tuple[Dimension, ...]]
_LARGEST = 16 << 20  # bytes of a file of values
_SHOWN = 8
_EXAMPLE = "--dimension length=short,long"


def read_dimensions(values: Mapping[str, Any] | Sequence[str]) -> dict[str, Drawn]:
    """Read values by `[STEP.]NAME`: texts, weights, "@VOCABULARY", "@FILE", or None to remove one.

    They may also be texts `[STEP.]NAME=VALUES`.

    Raises:
        UsageError: something else, or a file that cannot be read.
    """
    if not isinstance(values, Mapping):
        values = parse_dimensions(values)
    drawn: dict[str, Drawn] = {}
    for name, value in values.items():
        if isinstance(value, str) and value.startswith("@"):
            known = value[1:] in VOCABULARIES
            drawn[name] = value if known else _lines(name, Path(value[1:]).expanduser())
        elif isinstance(value, Mapping):
            drawn[name] = dict(value)
        elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
            drawn[name] = tuple(value)
        elif value is None:
            drawn[name] = ()
        else:
            raise UsageError(
                f"dimension {name} is {repr(value)[:80]}",
                hint="pass a list of values, or a mapping of values to weights, such as "
                'dimensions={"length": ["short"]}',
            )
    return drawn


def _lines(name: str, path: Path) -> tuple[str, ...]:
    """The values of a file, one a line, blank lines left out."""
    what = f"--dimension {name}=@{path}"
    try:
        lines = content_of(path, _LARGEST).decode("utf-8-sig").splitlines()
    except (UnreadableFile, UnicodeDecodeError) as error:
        reason = error.reason if isinstance(error, UnreadableFile) else "it is not UTF-8 text"
        near = did_you_mean(str(path), VOCABULARIES, "the vocabularies are")
        raise UsageError(f"{what}: {reason}", hint=near) from None
    values = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not values:
        raise UsageError(f"{what}: the file contains no values")
    return values


def as_typed(drawn: Mapping[str, Drawn], *, keep: bool) -> str:
    """Return the user's values as typed, shortened to the first few."""
    said = [] if keep else ["without the task's own"]
    for name, values in drawn.items():
        if isinstance(values, dict):
            parts = [f"{value}:{weight}" for value, weight in values.items()]
        else:
            parts = [values] if isinstance(values, str) else list(values)
        more = f",... ({len(parts):,})" if len(parts) > _SHOWN else ""
        said.append(f"{name}={','.join(parts[:_SHOWN])}{more}")
    return "; ".join(said) or "the task's own"


def misspelt(task: Task[Any, Any], drawn: Mapping[str, Drawn]) -> Iterator[str]:
    """Yield a warning for each new dimension whose name resembles one of the task's."""
    for name, values in drawn.items():
        step, _, bare = name.rpartition(".")
        known = [one.name for at, one in task.dimensions_by_step if step in ("", at)]
        there = bare.casefold() in map(str.casefold, known)
        if values and not there and (near := suggestions_for(bare, known)):
            yield (
                f"the task {task.name} has no dimension {name}, so targen adds it; did you mean "
                f"{' or '.join(near)}?"
            )


def with_dimensions(
    task: Task[Any, Any],
    drawn: Mapping[str, Drawn],
    *,
    keep: bool = True,
    given: Collection[str] = (),
) -> Task[Any, Any]:
    """The task with dimensions as the user sets them.

    Without `keep` it loses its own that prompts say. `given` are list steps whose items come from
    the user, without draws.

    Raises:
        UsageError: a name, step or value that cannot be.
    """
    if not keep:
        task = _with(task, lambda _, mine: tuple(one for one in mine if not one.in_prompt))
    for name, values in drawn.items():
        try:
            task = _set(task, name, values, given)
        except ValueError as error:
            said = str(error).removeprefix(f"task {task.name}: ")
            raise UsageError(f"--dimension {name}: {said}") from None
    return task


def _set(task: Task[Any, Any], name: str, values: Drawn, given: Collection[str]) -> Task[Any, Any]:
    """The task with one dimension added, changed or taken away."""
    step, dot, bare = name.rpartition(".")
    drawing = {
        part.name: part.lists for part in task.steps if part.lists or part.kind == "generate"
    }
    if dot and step not in drawing:
        raise UsageError(
            f"--dimension {name}: there is no step {step!r} with dimensions",
            hint=did_you_mean(step, drawing, "steps"),
        )
    known = [one for one in task.dimensions_by_step if not dot or one[0] == step]
    there = [(at, one) for at, one in known if one.name.casefold() == bare.casefold()]
    if not there and not values:
        names = [one.name for _, one in known]
        raise UsageError(
            f"--dimension {name}=: the task {task.name} has no such dimension",
            hint=did_you_mean(bare, names, "one of") or "it has no dimensions; " + _EXAMPLE,
        )
    for at in dict.fromkeys(at for at, _ in there) or (step or "generate",):
        if at in given:
            raise UsageError(
                f"--dimension {name}: you gave the {at}, so targen draws no dimensions for them"
            )
        if not there and (lists := drawing[at]) and not lists[-1].asks:
            raise UsageError(f"--dimension {name}: no model generates the {at} of {task.name}")
    read = meant(values)
    for _, one in there:
        if not one.in_prompt and not (read and set(read) <= set(one.pool)):
            raise UsageError(
                f"--dimension {name}: the task's code reads this dimension and accepts only "
                "the original values",
                hint="choose among them, or give them weights: "
                f"{', '.join(dict.fromkeys(one.pool))}",
            )
    if not there:
        new = Dimension(name=bare, values=read)
        return _with(task, lambda at, mine: (*mine, new) if at == (step or "generate") else mine)

    def changed(_: str, mine: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
        old = {id(one) for _, one in there}
        kept = (one for one in mine if read or id(one) not in old)
        return tuple(replace(one, values=read) if id(one) in old else one for one in kept)

    return _with(task, changed)


def _with(task: Task[Any, Any], change: _Change) -> Task[Any, Any]:
    """Change a task's dimensions; `change` gets each list's step, or "generate" for the rows.

    Where lists share a step, what is new goes to the last of them.
    """
    changed: dict[int, ListStep[Any]] = {}
    for step in task.steps:
        for part in step.lists or ():
            mine = change(step.name, part.dimensions)
            more = len(mine) > len(part.dimensions) and part is not (step.lists or ())[-1]
            changed[id(part)] = replace(part, dimensions=part.dimensions if more else mine)
    own = change("generate", task.dimensions)
    if task.seeding.parts:
        parts = {
            name: replace(part, lists=tuple(changed[id(one)] for one in part.lists))
            for name, part in task.seeding.parts.items()
        }
        return task.replace(
            dimensions=own,
            seeding={"parts": parts},
        )
    return task.replace(
        contexts=task.contexts and changed[id(task.contexts)],
        seeds=tuple(changed[id(one)] for one in task.seeds),
        dimensions=own,
    )
