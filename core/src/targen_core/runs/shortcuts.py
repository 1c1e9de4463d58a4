"""Options of filters that have flags and keywords of their own: `--max-cosine 0.8`.

`--max-cosine 0.8` means `--filter distance -o distance.max_cosine=0.8`. A filter that is registered
with `flags` has its options so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from targen_core.calls.sampling import SAMPLING
from targen_core.engine.filters import USUAL
from targen_core.errors import TargenError, UsageError
from targen_core.hints import flag_of
from targen_core.options import Datasets, Option, Options, RowOptions, several
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import OURS, Registration
from targen_core.plugins.registry import Registry

_COMMANDS = (
    "label suite measured model_options steps reasoning_tokens yield_ registry progress "
    "out dry_run yes quiet json strict compared solve prompts full"
).split()
"""Further options of `generate`, `estimate` and `preview`, as commands and in Python."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """A filter whose options are flags.

    Attributes:
        model: all its options.
        flags: those that are flags.
        taken: names that are another's, by whose they are.
    """

    model: type[Options]
    flags: Mapping[str, Option]
    taken: Mapping[str, str]


@cache
def filters_with_flags() -> Mapping[str, Flagged]:
    """Return the installed filters whose options are flags, by their ids."""
    return _flagged(load_registry())


def _flagged(registry: Registry) -> Mapping[str, Flagged]:
    """By the id of a filter, the options that users may give by bare name.

    Each name has one owner: targen itself, or the filter that comes first. Our own filters come
    before those of strangers.
    """
    from targen_core.runs.config import CountOptions, ModelFlags, RunConfig, WorkerOptions

    items = [item for item in registry.everything() if item.kind == "filter" and item.flags]
    models = (RunConfig, CountOptions, ModelFlags, WorkerOptions)
    ours = (name for of in models for name in of.model_fields)
    owners = dict.fromkeys((*ours, *_COMMANDS, *SAMPLING), "targen")
    found: dict[str, Flagged] = {}
    for item in sorted(items, key=lambda i: i.distribution not in OURS):
        try:
            model = registry.options_of(item)
        except TargenError:  # said where it is used
            continue
        if model is None or not issubclass(model, Options):
            continue
        declared = model.declared()
        needed = any(model.model_fields[name].is_required() for name in declared)
        if not needed and item.name not in USUAL:  # whatever is given turns the filter on
            declared = {
                name: replace(
                    each,
                    flag=replace(each.flag, default=each.flag.default or _usual(each, item)),
                )
                for name, each in declared.items()
            }
        taken = {name: owners[name] for name in declared if name in owners}
        flags = {name: each for name, each in declared.items() if name not in taken}
        owners |= dict.fromkeys(flags, f"the filter {item.id}")
        found[item.id] = Flagged(model, flags, taken)
    return found


def _usual(option: Option, item: Registration[Any]) -> str:
    """The default of a flag in words: what it is once the filter is on, if that can be shown."""
    usual = option.default
    if isinstance(usual, bool) or not isinstance(usual, str | int | float) or usual == "":
        return "off"
    return f"{usual}, if the filter {item.name} is on"


def shortcuts() -> Mapping[str, Option]:
    """Return the options of filters that users may give by bare name."""
    return {
        name: option for of in filters_with_flags().values() for name, option in of.flags.items()
    }


def taken_flags(registry: Registry, part: str) -> Mapping[str, str]:
    """Return the options of a filter, by its id, whose names are taken, and by whom.

    They cannot be flags: `--filter NAME -o NAME.OPTION=VALUE` sets them.
    """
    flagged = _flagged(registry).get(part)
    return {} if flagged is None else flagged.taken


def rows() -> Mapping[str, Option]:
    """Return the options for the rows of a run, as commands accept them."""
    return {**RowOptions.declared(), **shortcuts()}


def spelled_out(asked: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """Return the fields of a spec with each shortcut as a filter and its options.

    A shortcut that is None or empty was not given. A filter that every run has is not named.

    Args:
        asked: the fields and the shortcuts.
        fields: the names of fields that a spec has.

    Raises:
        UsageError: a value is out of range, an option lacks the one that turns its filter on, or no
            installed filter has it.
    """
    spec = {name: value for name, value in asked.items() if name in fields}
    spec["filters"] = several(spec.get("filters"))
    others = {name: value for name, value in asked.items() if name not in fields}
    if not others:
        return spec
    for part, flagged in filters_with_flags().items():
        name, model = part.partition(":")[2], flagged.model
        said = {key: others.pop(key) for key in flagged.flags if key in others}
        given = {key: value for key, value in said.items() if is_given(value)}
        if not given:
            continue
        options = dict(spec.get("options") or {})
        there = {}
        for about in (name, part):  # the full id comes last, as everywhere
            for key in model.model_fields:
                if f"{about}.{key}" in options:
                    there[key] = options.pop(f"{about}.{key}")
        values = {**there, **given}
        for key, field in model.model_fields.items():
            if field.is_required() and key not in values:
                needed = flag_of(key)
                raise UsageError(
                    f"{flag_of(next(iter(given)))} requires {needed}",
                    hint=f"give {needed} too",
                )
        model(**values)
        spec["options"] = {**options, **{f"{name}.{key}": v for key, v in values.items()}}
        if name not in USUAL and not {name, part} & {*spec["filters"]}:
            spec["filters"] = (part, *spec["filters"])
    if filters_with_flags():
        return spec | others
    for name, value in others.items():
        if is_given(value):
            raise UsageError(
                f"{flag_of(name)}: no installed filter has this option",
                hint="targen list-filters lists the installed filters",
            )
    return spec


def is_given(value: Any) -> bool:
    """Return whether a value of an option was given."""
    return value is not None and value not in ("", (), [])


def datasets_of(part: str) -> tuple[str, Datasets]:
    """Return the option of a filter, by its id, that names datasets, and its words."""
    flagged = filters_with_flags().get(part)
    marked = {} if flagged is None else Datasets.among(flagged.model)
    return next(iter(marked.items()), ("options", Datasets()))


def dataset_options() -> set[str]:
    """Return how options of filters that name datasets are spelled."""
    return {
        f"{name}.{option}"
        for part, flagged in filters_with_flags().items()
        for option in Datasets.among(flagged.model)
        for name in (part, part.partition(":")[2])
    }
