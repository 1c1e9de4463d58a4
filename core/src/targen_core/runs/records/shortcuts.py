"""Options of filters that have flags and keywords of their own: `--max-cosine 0.8`.

`--max-cosine 0.8` means `--filter distance -o distance.max_cosine=0.8`. Manifests of earlier
versions have these options as fields of their spec. Both are read here, into the same form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from targen_core import wording
from targen_core.engine.distance_options import DistanceOptions
from targen_core.errors import UsageError
from targen_core.options import Option, Options, RowOptions

__all__ = ["ROWS", "SHORTCUTS", "locked_parts", "spelled_out"]

_FILTERS: Mapping[str, type[Options]] = {"targen-core:distance": DistanceOptions}
"""By the id of a filter, the options that may be given by their names alone."""

SHORTCUTS: Mapping[str, Option] = {
    name: option for model in _FILTERS.values() for name, option in model.declared().items()
}
"""These options, by their names."""

ROWS: Mapping[str, Option] = {**RowOptions.declared(), **SHORTCUTS}
"""Which rows a run makes, as commands take it."""


def spelled_out(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a spec with each shortcut as a filter and its options.

    A shortcut that is None or "" was not given.

    Raises:
        UsageError: a value out of range; an option without the one that turns its filter on.
    """
    fields = dict(asked)
    for part, model in _FILTERS.items():
        name = part.partition(":")[2]
        said = {key: fields.pop(key) for key in model.model_fields if key in fields}
        given = {key: value for key, value in said.items() if value not in (None, "")}
        if not given:
            continue
        options = dict(fields.get("options") or {})
        there = {}
        for about in (name, part):  # the full id comes first, wherever options are read
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
        fields["options"] = {**options, **{f"{name}.{key}": v for key, v in values.items()}}
        filters = fields.get("filters") or ()
        filters = (filters,) if isinstance(filters, str) else tuple(filters)
        if not {name, part} & set(filters):
            fields["filters"] = (part, *filters)
    return fields


def locked_parts(spec: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a lock's parts as of today, where an old spec has options of filters as fields."""
    found = dict(parts)
    for part, model in _FILTERS.items():
        values = {key: spec[key] for key in model.model_fields if spec.get(key) not in (None, "")}
        if len(values) < len(model.model_fields):
            continue
        place = f"filter {part.partition(':')[2]}"
        found[place] = {"id": part, "options": values}
        for key in model.model_fields:
            if key in found:  # a part that it uses
                found[f"{key} of {place}"] = found.pop(key)
    return found
