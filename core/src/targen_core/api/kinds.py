"""Kinds of the keywords' values, and errors that name keywords, for all exported functions.

They serve programs that are not type-checked. The options of a run are checked by `RunConfig`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from targen_core.errors import UsageError
from targen_core.hints import did_you_mean
from targen_core.options import several
from targen_core.plain import require_possible
from targen_core.plugins.blame import within
from targen_core.plugins.registry import Registry
from targen_core.runs.shortcuts import shortcuts

P = ParamSpec("P")
T = TypeVar("T")


def _is(*kinds: Any) -> Callable[[Any], bool]:
    """Return a test for values of these classes; True and False are not numbers."""
    return lambda value: isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


_is_whole = _is(Integral)


def _are_counts(labels: Any) -> bool:
    # A Series of pandas is not a Mapping, and its labels may be numbers.
    return hasattr(labels, "items") and all(
        isinstance(name, str | Integral) and _is_whole(rows) for name, rows in labels.items()
    )


def _are_names(value: Any) -> bool:
    if isinstance(value, Iterator):  # it can be read only once, by its use
        return True
    names = several(value)
    return isinstance(names, tuple) and all(isinstance(name, str) for name in names)


def _are_items(value: Any) -> bool:
    return isinstance(value, PathLike | Iterable) and not isinstance(value, Mapping)


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    name: (fits, expected)
    for names, fits, expected in (
        ("n", _is_whole, "a whole number of rows, such as n=100"),
        ("labels", _are_counts, 'a whole number of rows for each label: labels={"yes": 40}'),
        ("seed", _is_whole, "a whole number"),
        ("flip", _is(Real), "a number"),
        ("progress verify", _is(bool), "True or False"),
        ("correct", _is(bool), 'True or False; for a different corrector, pass corrector="NAME"'),
        ("preset", _is(str), 'a name, such as preset="paper"'),
        ("variants", _are_names, "a name, or a list of names"),
        ("options", _is(Mapping), 'a mapping, such as options={"temperature": 0.7}'),
        ("steps", _is(Mapping), 'a mapping, such as steps={"correct": "chatgpt"}'),
        ("dimensions", _is(Mapping), 'a mapping: dimensions={"length": ["short", "long"]}'),
        (
            "shares",
            _is(Mapping, list, tuple),
            'a mapping: shares={"language": {"German": 15, "English": 15}}',
        ),
        ("contexts seeds", _are_items, 'a file, or a list of items, such as ["a lost parcel"]'),
        ("exclude", _is(PathLike, Iterable), "a dataset, or several in a list"),
        ("shard", _is(str, tuple, list), 'the shard and the number of shards: "2/8" or (2, 8)'),
        ("out", _is(str, PathLike), 'a path, such as out="runs/rte-0"'),
        ("registry", _is(Registry), "the result of targen_core.plugins.loader.load_registry()"),
    )
    for name in names.split()
}
"""The test of each keyword's value, and what to pass."""


def python_number(value: Any) -> Any:
    """Return a number of numpy's as one of Python's; other values are unchanged."""
    return value.tolist() if getattr(value, "shape", None) == () else value


def _check_kinds(arguments: Mapping[str, Any], keywords: Mapping[str, inspect.Parameter]) -> None:
    """Check that arguments have the kinds of their names.

    An argument may be None if it was left out, unless its default is a number or a switch.

    Raises:
        UsageError: the first that is not, and what to pass.
    """
    for name, value in arguments.items():
        if name not in _KINDS or name not in keywords:
            continue
        fits, expected = _KINDS[name]
        if value is None and not isinstance(keywords[name].default, int | float):
            continue
        if value is None or not fits(value):
            raise UsageError(f"{name} is {repr(value)[:80]}", hint=f"pass {expected}")
        if name == "out":
            require_possible(Path(value))


def exported(function: Callable[P, T]) -> Callable[P, T]:
    """Return a function for programs: its arguments are checked."""
    checking = partial(_keywords, function.__name__, inspect.signature(function))
    made = within(function, checking)
    vars(made)["unchecked"] = function  # which `waiting` runs
    return made


@contextmanager
def _keywords(
    name: str, signature: inspect.Signature, args: Iterable[Any], kwargs: dict[str, Any]
) -> Iterator[None]:
    """Check a function's arguments, and report an unknown option as an unknown keyword.

    Numbers of numpy's become those of Python in `kwargs`.
    """
    _bind(name, signature, args, kwargs)
    for key, value in kwargs.items():
        values = value.items() if isinstance(value, dict) else ()
        kwargs[key] = {of: python_number(v) for of, v in values} or python_number(value)
    _check_kinds(kwargs, signature.parameters)
    try:
        yield
    except UsageError as error:
        ours = [k for k, each in signature.parameters.items() if each.kind != each.VAR_KEYWORD]
        ours += shortcuts() if "filters" in ours else ()
        if error.known and error.option in kwargs and error.option not in ours:
            error.args = (f"{name}() has no keyword {error.option!r}",)
            error.hint = did_you_mean(error.option, [*ours, *error.known], "options")
        raise


def _bind(
    name: str, signature: inspect.Signature, args: Iterable[Any], kwargs: Mapping[str, Any]
) -> None:
    """Check that a function can be called with these arguments.

    Raises:
        UsageError: it cannot.
    """
    keywords = signature.parameters
    if not any(each.kind is each.VAR_KEYWORD for each in keywords.values()):
        for key in kwargs.keys() - keywords.keys():
            problem = f"{name}() has no keyword {key!r}"
            hint = did_you_mean(key, [*keywords], "its keywords")
            raise UsageError(problem, option=key, known=keywords, hint=hint)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        problem = str(error)  # without its verb
        if problem.startswith("missing"):
            raise UsageError(f"{name}() is {problem}") from None
        placed = [key for key, each in keywords.items() if each.kind <= each.VAR_POSITIONAL]
        hint = f"pass arguments after {placed[-1]} by keyword"
        raise UsageError(f"{name}() got {problem}", hint=hint) from None
