"""The request of a comparison: methods, their budgets, and the measures of their rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError
from targen_core.hints import did_you_mean
from targen_core.plugins.registry import Registry
from targen_standard.methods.columns import Columns
from targen_standard.methods.form import FORM, METHOD, MethodFile, options_of, require_given
from targen_standard.methods.model import Method

TARGEN = "targen"
"""The name of the task's own steps among the methods."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to make rows of the task.

    Attributes:
        name: the method's, or "targen".
        text: the task file that says it; "" if it is the task itself.
        given: whether it starts from given rows.
        data: existing rows, in place of generated ones.
    """

    name: str
    text: str = ""
    given: bool = False
    data: str = ""


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """A comparison.

    Attributes:
        task: the task's name or file.
        ways: how its rows are made, the one that others are held against first.
        generate: what `targen_core.generate` is called with, for all of them.
        rows: how many each makes; None if each makes what its dollars give.
        dollars: what each may cost; None for no limit.
        test: labelled rows that are kept from training.
        original: rows with which all others are compared in the analysis, and which are also
            trained on.
        judge: whether a blind judge measures how many labels are right.
        trainers: what is trained, as `targen compare --trainer` takes it.
        repeats: how often each is trained.
        given: rows that some ways start from.
    """

    task: str
    ways: tuple[Way, ...]
    generate: Mapping[str, Any]
    rows: int | None
    dollars: float | None = None
    test: tuple[str, ...] = ()
    original: str = ""
    judge: bool = True
    trainers: tuple[str, ...] = ("tfidf",)
    repeats: int = 5
    given: tuple[str, ...] = ()


def ways_of(
    registry: Registry,
    task: str,
    names: Sequence[str],
    *,
    data: Mapping[str, str],
    given: Sequence[str],
    options: Mapping[str, Mapping[str, Any]],
    settings: str,
) -> Iterator[Way]:
    """The ways by their names, each with its task file.

    Args:
        registry: finds methods and the task.
        task: the task's name or file.
        names: methods, and "targen" for the task's own steps.
        data: name -> existing rows.
        given: rows for the methods that start from some, if they do with this task.
        options: method -> option -> value.
        settings: a name of options, for the methods that know it.

    Raises:
        UsageError: a method is repeated, unknown or lacks rows, an option is invalid, or no method
            uses given rows or has options under the name.
    """
    if len({*names}) < len(names):
        raise UsageError("--methods contains a method twice")
    for name in data:
        if name in names:
            raise UsageError(
                f"{name} is in both --methods and --data", hint="choose a different name"
            )
        if not re.fullmatch(r"[\w.+-]+", name):
            raise UsageError(f"--data {name}=…: use letters, digits, ., _, + and - in a name")
    if strange := options.keys() - {*names}:
        raise UsageError(
            f"--set: {min(strange)} is not one of the methods",
            hint=f"use one of: {', '.join(names)}",
        )
    presets = {
        preset
        for name in names
        if name != TARGEN
        for preset in registry.get("method", name).presets
    }
    if settings and settings not in presets:
        raise UsageError(
            f"none of the methods have a set of options named {settings!r}",
            hint=did_you_mean(settings, sorted(presets), "one of"),
        )
    columns = Columns.of(registry.get("task", task))  # raises if methods cannot write such rows
    starting = False
    for name in names:
        if name == TARGEN:
            yield Way(name)
            continue
        method: Method[Any] = registry.get("method", name)
        if method.given == "required" and not given:
            raise UsageError(
                f"method {name} needs rows of {task} to start from", hint="--given FILE"
            )
        starts = bool(given) and method.takes_given(columns)
        starting = starting or starts
        preset = settings if settings in method.presets else ""
        mine = dict(options.get(name, {}))
        typed = options_of(name, method, preset, mine)
        spec = MethodFile(
            use=name,
            task=task,
            given=tuple(given) if starts else (),
            preset=preset,
            options=typed.model_dump(mode="json", include={*mine}),
        )
        spec = METHOD.located(spec, Path.cwd())
        METHOD.task(spec, name)
        require_given(spec, registry=registry)
        yield Way(name, METHOD.text(FORM, spec, name), starts)
    if given and not starting:
        raise UsageError(f"none of the methods use given rows of {task}", hint="omit --given")

    for name, source in data.items():
        yield Way(name, data=source)
