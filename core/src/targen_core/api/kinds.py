"""Kinds of each keyword's values, and errors that name keywords, for all exported functions.

They serve programs that are not type-checked. Further limits of a number or a name are checked at
its use.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any, ParamSpec, TypeAlias, TypeVar

from targen_core.errors import UnknownOption, UsageError
from targen_core.options import several
from targen_core.plain import require_possible
from targen_core.plugins.registry import Registry
from targen_core.runs.records.shortcuts import shortcuts
from targen_core.suggestions import did_you_mean, suggestions_for
from targen_core.tracebacks import trimmed, within

P = ParamSpec("P")
T = TypeVar("T")

_Kind: TypeAlias = tuple[Callable[[Any], bool], str]


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_names(value: Any) -> bool:
    if isinstance(value, Iterator):  # it can be read only once, by its use
        return True
    names = several(value)
    return isinstance(names, tuple) and all(map(_is_text, names))


def _is_path(value: Any) -> bool:
    return isinstance(value, str | PathLike)


_NUMBER: _Kind = _is_number, "a number"
_WHOLE: _Kind = _is_whole, "a whole number"
_SWITCH: _Kind = _is_switch, "True or False"

_KINDS: dict[str, _Kind] = {
    "n": (_is_whole, "a whole number of rows, such as n=100"),
    "labels": (
        lambda value: (
            hasattr(value, "items")
            and all(isinstance(x, str | Integral) and _is_whole(rows) for x, rows in value.items())
        ),
        'a whole number of rows for each label, such as labels={"yes": 40}',
    ),
    "worked_examples": (_is_text, '"auto", "all" or "none"'),
    "out": (_is_path, 'a path, such as out="runs/rte-0"'),
    "preset": (_is_text, 'the name of a preset, such as preset="paper"'),
    "variants": (_is_names, "the name of a variant, or a list of names"),
    "checks": (
        _is_names,
        "the name of a check, or a list of names; a Task of your own accepts functions",
    ),
    "filters": (_is_names, "the name of a filter, or a list of names"),
    "options": (
        _is_mapping,
        'a mapping of options to values, such as options={"temperature": 0.7}',
    ),
    "steps": (_is_mapping, 'a mapping of steps to models, such as steps={"correct": "chatgpt"}'),
    "embedder": (_is_text, 'the name of an embedder, such as embedder="words"'),
    "contexts_from": (_is_text, 'the name of a list of contexts, such as contexts_from="topics"'),
    "seeds_from": (_is_text, 'the name of a list of seeds, such as seeds_from="premises"'),
    "generators_from": (
        lambda value: (
            _is_text(value) or (_is_mapping(value) and all(map(_is_text, value.values())))
        ),
        'a generator\'s name, or a mapping of labels to names: generators_from={"yes": "letters"}',
    ),
    "dimensions": (
        _is_mapping,
        'a mapping of names to values, such as dimensions={"length": ["short", "long"]}',
    ),
    "corrector": (_is_text, 'the name of a corrector, such as corrector="blind"'),
    "correct": (_is_switch, 'True or False; for a different corrector, pass corrector="NAME"'),
    "near_duplicates": (
        lambda value: _is_number(value) and not 0 < value <= 1,
        "a percentage above 1 and up to 100, such as near_duplicates=90, or 0 for no filter",
    ),
    "exclude": (
        lambda value: _is_text(value) or isinstance(value, PathLike | Iterable),
        'a dataset, or several in a list, such as exclude="test.jsonl"',
    ),
    "labels_per_seed": (
        lambda value: value == "all" or (_is_whole(value) and value == 1),
        'labels_per_seed=1, or "all"',
    ),
    "shard": (
        lambda value: isinstance(value, str | tuple | list),
        'the number of the shard and of all shards, such as shard="2/8" or (2, 8)',
    ),
    "delivery": (_is_text, 'the name of a delivery method, such as delivery="batch"'),
    "registry": (
        lambda value: isinstance(value, Registry),
        "the result of targen_core.load_registry()",
    ),
    **{
        name: (
            lambda value: isinstance(value, PathLike | Iterable) and not _is_mapping(value),
            f'a file, or a list of items, such as {name}=["a lost parcel"]',
        )
        for name in ("contexts", "seeds")
    },
    **dict.fromkeys(("seed", "contexts_limit", "give_up_after"), _WHOLE),
    **dict.fromkeys(
        (
            "contexts_fraction",
            "max_cosine",
            "max_refused",
            "flip",
            "max_cost",
            "max_tokens",
            "concurrency",
            "rpm",
            "tpm",
            "max_outage",
            "rounds",
        ),
        _NUMBER,
    ),
    **dict.fromkeys(
        (
            "batch",
            "batch_lists",
            "cache",
            "close_gap",
            "hedge",
            "progress",
            "show_examples",
            "task_dimensions",
            "verify",
        ),
        _SWITCH,
    ),
}


MEANT = {
    **dict.fromkeys(("count", "num", "num_rows", "number", "rows", "size"), "n"),
    **dict.fromkeys(("backend", "llm", "provider"), "model"),
    **dict.fromkeys(("budget", "cost"), "max_cost"),
    **dict.fromkeys(("dir", "folder", "output", "output_dir", "path"), "out"),
    **dict.fromkeys(("api_base", "url"), "base_url"),
    **dict.fromkeys(("label", "shares", "ratio"), "labels"),
    **dict.fromkeys(("decl", "declaration"), "task"),
    **dict.fromkeys(("from_run", "run"), "measured"),
}
"""Keywords of ours by the names that people try for them."""


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
        if fits is _is_path:
            require_possible(Path(value))


@cache  # a name is always the same function, as pickle wants
def exported(function: Callable[P, T]) -> Callable[P, T]:
    """Return a function as `targen_core` exports it: its arguments checked, its errors trimmed."""
    checking = partial(_keywords, function.__name__, inspect.signature(function))
    made = trimmed(within(function, checking))
    made.__module__ = __name__.partition(".")[0]
    return made


@contextmanager
def _keywords(
    name: str, signature: inspect.Signature, args: Iterable[Any], kwargs: dict[str, Any]
) -> Iterator[None]:
    """Check a function's arguments, and report an unknown option as an unknown keyword.

    Numbers of numpy's become those of Python in `kwargs`, also as values of mappings. An unknown
    keyword may be meant as an option of the model, so the error suggests a keyword.
    """
    keywords = signature.parameters
    try:
        _bind(name, signature, args, kwargs)
        for key, value in kwargs.items():
            values = value.items() if isinstance(value, dict) else ()
            kwargs[key] = {of: python_number(v) for of, v in values} or python_number(value)
        _check_kinds(kwargs, keywords)
        yield
    except UnknownOption as error:
        ours = [key for key, each in keywords.items() if each.kind != each.VAR_KEYWORD]
        ours += shortcuts() if "filters" in keywords else ()
        known = [key for key in (*ours, *error.known) if key != error.option]
        if error.option not in kwargs or error.option in keywords:
            raise
        meant = MEANT.get(error.option, "")
        if meant in known or (error.known and suggestions_for(error.option, ours)):
            near = did_you_mean(error.option, known, "options")
            error.hint = f"did you mean {meant}?" if meant in known else near
        elif error.option in _KINDS:  # of other functions
            error.hint = f"its keywords: {', '.join(ours)}"
        else:
            raise
        error.args = (f"{name}() has no keyword {error.option!r}",)
        raise
    except UsageError as error:
        for key in kwargs.keys() - keywords.keys():
            if (meant := MEANT.get(key, "")) in keywords and kwargs.get(meant) is None:
                error.hint = f"did you mean {meant} instead of {key}?"
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
            raise UnknownOption(problem, option=key, known=keywords, hint=hint)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        kinds = {key: each.kind for key, each in keywords.items()}
        placed = [key for key, kind in kinds.items() if kind <= inspect.Parameter.VAR_POSITIONAL]
        named = next((key for key in kinds if key not in placed), "")
        example = f"{name}({', '.join(placed)}, {named}=…)"
        hint = f"pass arguments after {placed[-1]} by keyword, such as {example}" if named else ""
        problem = str(error)  # without its verb
        if not problem.startswith("missing"):
            raise UsageError(f"{name}() got {problem}", hint=hint) from None
        raise UsageError(f"{name}() is {problem}") from None
