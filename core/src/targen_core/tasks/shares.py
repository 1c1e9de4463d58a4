"""Exact shares of properties of rows, such as half in German and half in English.

A task with shares has a part for each combination of values: the task's own lists and branches,
whose prompts require these values. So the counts of a property are as exact as those of a label,
after correction and duplicates, and spread evenly over the labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, create_model

from targen_core.errors import UsageError
from targen_core.tasks.dimensions import Dimension
from targen_core.tasks.fields import as_lines
from targen_core.tasks.steps import InverseGenerator, Llm, Part

if TYPE_CHECKING:
    from targen_core.tasks.model import Task

Shares = Mapping[str, Mapping[str, int]]
"""The share of each value, as a weight or a number of rows, by property."""

_MOST = 100  # combinations of values


def with_shares(task: Task[Any, Any], shares: Shares) -> Task[Any, Any]:
    """Return the task with a part for each combination of the properties' values.

    Its rows have a column for each property.

    Raises:
        UsageError: a property or its shares are invalid, or the task has parts of its own.
    """
    if not shares:
        return task
    _check(task, shares)
    combinations = [dict(zip(shares, values, strict=True)) for values in product(*shares.values())]
    whole = math.prod(sum(of.values()) for of in shares.values())
    wide = task.varied(columns_of(shares))
    lists = [replace(each, name=each.name or "seeds") for each in task.seeds]
    if task.contexts is not None:
        lists.insert(0, replace(task.contexts, name=task.contexts.name or "contexts"))
    parts: dict[str, Part] = {}
    generators: dict[str, InverseGenerator[Any, Any]] = {}
    aims: dict[str, str | None] = {}
    for values in combinations:
        name = ", ".join(values.values())
        weight = math.prod(shares[each][value] for each, value in values.items())
        branches = {f"{branch} ({name})": branch for branch in task.branches}
        parts[name] = Part(
            lists=tuple(map(replace, lists)),
            branches=tuple(branches),
            share=float(Fraction(weight, whole)),
            properties=values,
        )
        for branch, own in branches.items():
            generators[branch] = _Generator(task.generators[own], wide.instance, values)
            aims[branch] = task.branches[own]
    return wide.replace(
        contexts=None,
        seeds=(),
        generators=generators,
        variants={},
        seeding={"parts": parts, "branch_labels": aims, "seats": ()},
        uses={"generators": {}},
    )


def columns_of(shares: Shares) -> tuple[str, ...]:
    """Return the columns of properties as a run records them, such as "tone=dry|warm"."""
    return tuple(f"{name}={'|'.join(of)}" for name, of in shares.items())


def with_column(task: Task[Any, Any], column: str) -> Task[Any, Any]:
    """Return the task with a column of its rows, as `columns_of` writes it."""
    name, _, values = column.partition("=")
    columns: dict[str, Any] = {name: (Literal[tuple(values.split("|"))] | None, None)}
    rows, texts, schema = task.rows, task.texts, task.rows.schema
    own = {*task.instance.model_fields} - {"label"}  # which a judge reads
    if schema is not None:
        schema = create_model(schema.__name__, __base__=schema, **columns)
    instance = create_model(task.instance.__name__, __base__=task.instance, **columns)
    return task.replace(
        instance=instance,
        rows={
            "schema": schema,
            "fields": task.fields,
            "to_rows": rows.to_rows and partial(_to_rows, rows.to_rows, name),
            "from_rows": rows.from_rows and partial(_from_rows, rows.from_rows, instance, name),
            "with_label": rows.with_label and partial(_with_label, rows.with_label, instance, name),
        },
        texts={"render": texts.render or partial(_render, own)},
    )


def require_whole(shares: Shares, rows: int) -> None:
    """Check that rows can be divided into all combinations of several properties' values.

    The shares of a single property are rounded.

    Raises:
        UsageError: a combination would have a fraction of a row.
    """
    whole = math.prod(sum(of.values()) for of in shares.values())
    weights = [math.prod(each) for each in product(*(of.values() for of in shares.values()))]
    unit = math.lcm(*(Fraction(weight, whole).denominator for weight in weights))
    if len(shares) > 1 and rows % unit:
        raise UsageError(
            f"--share: {rows:,} rows cannot be divided into the {len(weights)} combinations of "
            f"{' and '.join(shares)}",
            hint=f"-n {max(1, round(rows / unit)) * unit}",
        )


def _check(task: Task[Any, Any], shares: Shares) -> None:
    """Check that a task can have these shares.

    Raises:
        UsageError: it cannot.
    """
    if task.seeding.parts or task.rows.rows_per_instance != 1 or task.seeding.samples_per_seed != 1:
        raise UsageError(
            f"--share: rows of {task.name} already have parts or come in groups",
            hint="generate a run for each value, and merge them with targen merge",
        )
    taken = {*task.schema.model_fields, "idx", "label", "id"}
    for name, of in shares.items():
        if not name.isidentifier() or name in taken:
            raise UsageError(
                f"--share: a property cannot be called {name!r}"
                + (", since rows have a column with that name" if name in taken else ""),
                hint="use letters, digits and _, such as --share language=German:15,English:15",
            )
        if len(of) < 2:
            raise UsageError(
                f"--share {name}: a property needs two values or more",
                hint=f"--dimension {name}={next(iter(of), 'VALUE')} gives all rows one value",
            )
        try:
            Dimension(name=name, values=dict(of))
        except ValueError as error:
            raise UsageError(f"--share: {error}") from None
        if any("|" in value for value in of):
            raise UsageError(f"--share {name}: a value cannot contain |")
    if math.prod(map(len, shares.values())) > _MOST:
        raise UsageError(f"--share: the properties have more than {_MOST} combinations of values")


@dataclass(frozen=True)
class _Generator:
    """A generator whose instances also have the values of a part."""

    own: InverseGenerator[Any, Any]
    instance: type[BaseModel]
    values: Mapping[str, str]

    async def __call__(self, llm: Llm, seed: Any, /) -> Any:
        """See `InverseGenerator`."""
        made = await self.own(llm, seed)
        return [*map(self._with, made)] if isinstance(made, Sequence) else self._with(made)

    def _with(self, made: Any) -> Any:
        if not isinstance(made, BaseModel):  # a rejection
            return made
        return _with_values(self.instance, made, self.values)

    def __getattr__(self, name: str) -> Any:
        """Return what a registered generator may have, such as prompts and offline replies."""
        return getattr(self.own, name)


def _with_values(
    instance: type[BaseModel], made: BaseModel, values: Mapping[str, Any]
) -> BaseModel:
    fields = {name: getattr(made, name) for name in type(made).model_fields}
    return instance.model_construct(**{**fields, **values})


def _render(fields: set[str], made: BaseModel) -> str:
    return as_lines(made.model_dump(include=fields))


def _to_rows(
    own: Callable[[Any, int], Sequence[Mapping[str, Any]]], name: str, made: BaseModel, idx: int
) -> Sequence[Mapping[str, Any]]:
    return [{**row, name: getattr(made, name, None)} for row in own(made, idx)]


def _from_rows(
    own: Callable[[Sequence[Mapping[str, Any]]], Sequence[BaseModel]],
    instance: type[BaseModel],
    name: str,
    rows: Sequence[Mapping[str, Any]],
) -> Sequence[BaseModel]:
    plain = [{key: value for key, value in row.items() if key != name} for row in rows]
    return [_with_values(instance, made, {name: rows[0].get(name)}) for made in own(plain)]


def _with_label(
    own: Callable[[Any, str], BaseModel],
    instance: type[BaseModel],
    name: str,
    made: BaseModel,
    label: str,
) -> BaseModel:
    return _with_values(instance, own(made, label), {name: getattr(made, name, None)})
