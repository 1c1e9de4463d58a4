"""Options of filters that have flags and keywords of their own: `--max-cosine 0.8`.

`--max-cosine 0.8` means `--filter distance -o distance.max_cosine=0.8`. A filter that is registered
with `flags` has its options so. Manifests of earlier versions have options of some filters as
fields of their spec. Both are read here, into the same form.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from targen_core import wording
from targen_core.calls.sampling import SAMPLING
from targen_core.engine.filters import USUAL
from targen_core.errors import TargenError, UsageError
from targen_core.options import Datasets, Limits, ListOptions, Option, Options, RowOptions
from targen_core.plugins.elsewhere import OURS, package_of
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.wording import install

_MOVED = "targen-core:"
"""Before the names of filters that were the core's own in earlier versions."""


_COMMANDS = (
    *(
        "task",
        "n",
        "label",
        "labels",
        "preset",
        "shares_of",
        "shard",
        "suite",
        "measured",
        "savings",
        "correct",
    ),
    *("model", "backend", "backend_for", "base_url", "key_file", "options", "model_options"),
    *("steps", "profile", "price_in", "price_out", "reasoning_tokens", "yield_"),
    *("executor", "address", "workers", "resources", "replica", "registry", "progress"),
    *("out", "dry_run", "yes", "quiet", "json", "strict", "batch_lists", "batch_offline"),
)
"""Further options of `generate` and `estimate`, as commands and in Python."""


@dataclass(frozen=True, slots=True)
class _Flagged:
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
def _filters() -> Mapping[str, _Flagged]:
    return _flagged(load_registry())


def _flagged(registry: Registry) -> Mapping[str, _Flagged]:
    """By the id of a filter, the options that may be given by their names alone.

    Each name has one owner: targen itself, or the filter that comes first. Our own filters come
    before those of strangers.
    """
    items = [item for item in registry.everything() if item.kind == "filter" and item.flags]
    ours = (name for of in (RowOptions, ListOptions, Limits) for name in of.model_fields)
    owners = dict.fromkeys((*ours, *_COMMANDS, *SAMPLING), "targen")
    found: dict[str, _Flagged] = {}
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
                name: replace(each, flag=replace(each.flag, default=each.flag.default or "off"))
                for name, each in declared.items()
            }
        taken = {name: owners[name] for name in declared if name in owners}
        flags = {name: each for name, each in declared.items() if name not in taken}
        owners |= dict.fromkeys(flags, f"the filter {item.id}")
        found[item.id] = _Flagged(model, flags, taken)
    return found


def shortcuts() -> Mapping[str, Option]:
    """Return the options of filters that may be given by their names alone."""
    return {name: option for of in _filters().values() for name, option in of.flags.items()}


def taken_flags(registry: Registry, part: str) -> Mapping[str, str]:
    """Return the options of a filter, by its id, whose names are taken, and by whom.

    They are no flags: `--filter NAME -o NAME.OPTION=VALUE` sets them.
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
    spec["filters"] = _as_today(spec.get("filters") or ())
    others = {name: value for name, value in asked.items() if name not in fields}
    if not others:
        return spec
    for part, flagged in _filters().items():
        name, model = part.partition(":")[2], flagged.model
        said = {key: others.pop(key) for key in flagged.flags if key in others}
        given = {key: value for key, value in said.items() if _is_given(value)}
        if not given:
            continue
        options = dict(spec.get("options") or {})
        there = {}
        for about in (name, f"{_MOVED}{name}", part):  # the full id comes last, as everywhere
            for key in model.model_fields:
                if f"{about}.{key}" in options:
                    there[key] = options.pop(f"{about}.{key}")
        values = {**there, **given}
        for key, field in model.model_fields.items():
            if field.is_required() and key not in values:
                needed = wording.Option(key, ...)
                raise UsageError(
                    wording.Option(next(iter(given))) + " is for " + wording.Option(key),
                    hint="give " + needed + " too",
                )
        model(**values)
        spec["options"] = {**options, **{f"{name}.{key}": v for key, v in values.items()}}
        if name not in USUAL and not {name, part} & {*spec["filters"]}:
            spec["filters"] = (part, *spec["filters"])
    for name, value in others.items():
        if package := package_of("option", name):
            if _is_given(value):
                raise UsageError(
                    wording.Option(name) + ": no filter that is installed has this option",
                    hint=install(package),
                )
        else:
            spec[name] = value
    return spec


def _is_given(value: Any) -> bool:
    return value is not None and value not in ("", (), [])


def _as_today(names: Any) -> Any:
    """The names of filters, those of former filters of the core by the ids that they have now."""
    if isinstance(names, str):
        return (names,)
    if not isinstance(names, list | tuple):
        return names
    return tuple(map(_id_today, names))


def _id_today(name: Any) -> Any:
    if not isinstance(name, str) or not name.startswith(_MOVED):
        return name
    bare = name.removeprefix(_MOVED)
    return f"{package_of('filter', bare) or 'targen-core'}:{bare}"


def datasets_of(part: str) -> tuple[str, Datasets]:
    """Return the option of a filter, by its id, that names datasets, and its words."""
    flagged = _filters().get(part)
    marked = {} if flagged is None else Datasets.among(flagged.model)
    return next(iter(marked.items()), ("options", Datasets()))


def dataset_options() -> set[str]:
    """Return how options of filters that name datasets are spelled."""
    return {
        f"{name}.{option}"
        for part, flagged in _filters().items()
        for option in Datasets.among(flagged.model)
        for name in (part, part.partition(":")[2])
    }


def locked(spec: Mapping[str, Any], lock: Mapping[str, Any]) -> dict[str, Any]:
    """Return a lock as of today, where an old spec has options of filters as fields."""
    today = {name: value for name, value in lock.items() if name != "excluded"}
    parts = lock.get("parts", {})
    if not isinstance(parts, Mapping):
        return today
    return {**today, "parts": _parts(spec, parts, lock.get("excluded", []))}


def _parts(spec: Mapping[str, Any], parts: Mapping[str, Any], sources: Any) -> dict[str, Any]:
    found = {
        place: {**part, "id": _id_today(part.get("id"))}
        if place.startswith("filter ") and isinstance(part, dict)
        else part
        for place, part in parts.items()
    }
    names = [name for name in spec if package_of("option", name)]
    for part, flagged in _filters().items() if names else ():
        model, flags = flagged.model, flagged.flags
        values = {key: spec[key] for key in flags if _is_given(spec.get(key))}
        if len(values) < len(flags):
            continue
        others = {key: f.default for key, f in model.model_fields.items() if key not in flags}
        place, marked = f"filter {part.partition(':')[2]}", Datasets.among(model)
        values = {key: value for key, value in values.items() if key not in marked}
        found[place] = {"id": part, "options": {**others, **values}}
        if marked:
            found[place]["sources"] = sources
        for key in model.model_fields:
            if key in found:  # a part that it uses
                found[f"{key} of {place}"] = found.pop(key)
    return found
