"""Manifests of earlier versions, as they would be written today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from targen_cli.elsewhere import package_of
from targen_core.errors import UsageError
from targen_core.options import Datasets
from targen_core.plugins.register import id_today
from targen_core.runs.records.manifest import FORMAT, given_file
from targen_core.runs.records.options import CORE
from targen_core.runs.records.shortcuts import filters_with_flags, is_given

_BEFORE_3 = {"spec.contexts_share": "contexts_fraction", "spec.limits.patience": "max_outage"}
"""By where they stood, fields that format 2 called otherwise."""


def manifest_of_today(raw: Any) -> dict[str, Any]:
    """Return the content of a manifest of format 1 or 2 in today's format.

    Raises:
        UsageError: it is not a manifest.
    """
    return _of_format_1(raw) if raw["format"] == 1 else _of_format_2(raw)


def _of_format_2(raw: dict[str, Any]) -> dict[str, Any]:
    """A manifest of format 2, in which some fields had other names."""
    read = _renamed(raw)
    if isinstance(read.get("spec"), dict):
        read["spec"] = {"near_duplicates": 90.0, **read["spec"]}
    return {**read, "format": FORMAT}


def _renamed(raw: Any, path: str = "") -> Any:
    if not isinstance(raw, dict):
        return raw
    return {
        _BEFORE_3.get(path + name, name): _renamed(value, f"{path}{name}.")
        for name, value in raw.items()
    }


def _of_format_1(raw: dict[str, Any]) -> dict[str, Any]:
    """Convert a manifest of format 1, which had no spec: the steps' options serve as one."""
    try:
        steps, sizes, digests = raw["steps"], list(raw["batches"]), raw.get("given", {})
        options = {}
        for step, plan in steps.items():
            # A parameter that is None is one that the backend leaves out, and will again.
            params = {name: value for name, value in plan["params"].items() if value is not None}
            used = {**params, **plan["options"]}
            options.update({f"{step}.{name}": value for name, value in used.items()})
        if sizes and ("contexts" in steps or "contexts" in digests):
            options["contexts.batch"] = sizes.pop(0)
        if sizes and "seeds" not in digests:
            options["seeds.batch"] = sizes
        first, *extensions = raw["targets"]
        same = ("backend", "seed", "lists_at_once", "contexts_limit", "near_duplicates", "limits")
        manifest = {
            "spec": {
                **{name: raw[name] for name in same if name in raw},
                **first,
                "task": raw.get("task_file") or raw["task"]["id"],
                "variants": raw["task"]["variants"],
                "backend_for": {step: plan["backend"] for step, plan in steps.items()},
                "options": options,
                "corrector": "" if raw["corrector"] == "task" else raw["corrector"],
                **{name: given_file(name) for name in digests},
            },
            "extensions": extensions,
            "lock": {
                **{name: raw[name] for name in ("task", "corrector", "batches")},
                "steps": {
                    step: {
                        **plan,
                        "options": {
                            name: value
                            for name, value in plan["options"].items()
                            if name not in CORE
                        },
                    }
                    for step, plan in steps.items()
                },
                "given": digests,
                "distributions": raw.get("distributions", {}),
            },
            "created": raw.get("created", ""),
        }
        return _of_format_2(manifest)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"not a manifest of format 1: {error!r}") from None


def records_of_today(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest of today's format with what was said of parts and examples since."""
    spec, lock = ids_today(raw["spec"]), ids_today(raw["lock"])
    worked = spec.get("worked_examples", True)
    if isinstance(worked, bool):
        spec = {**spec, "worked_examples": "all" if worked else "none"}
    sources = lock.pop("excluded", [])
    if isinstance(parts := lock.get("parts", {}), dict):  # an old spec has options as fields
        lock["parts"] = _parts(spec, parts, sources)
    return {**raw, "spec": spec, "lock": lock}


def ids_today(value: Any) -> Any:
    """Return a record with the ids that parts have now, which were the core's, also in options."""
    if isinstance(value, dict):
        return {id_today(name): ids_today(each) for name, each in value.items()}
    return [ids_today(each) for each in value] if isinstance(value, list) else id_today(value)


def _parts(spec: Mapping[str, Any], parts: Mapping[str, Any], sources: Any) -> dict[str, Any]:
    found = dict(parts)
    names = [name for name in spec if package_of("option", name)]
    for part, flagged in filters_with_flags().items() if names else ():
        model, flags = flagged.model, flagged.flags
        values = {key: spec[key] for key in flags if is_given(spec.get(key))}
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
