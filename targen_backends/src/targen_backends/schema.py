"""JSON schemas in the form that strict structured output asks for.

OpenAI's strict mode wants every object closed and every property required,
and knows neither `oneOf` nor `default` nor lengths of strings. Grammar-based
servers accept the same form, and a small model is better off with no optional
field to leave out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NAMED = ("properties", "$defs", "definitions")  # name -> schema
_NESTED = ("anyOf", "allOf", "prefixItems")  # lists of schemas
_DROPPED = ("default", "discriminator", "minLength", "maxLength")

_PLAIN = r'[^"\\\x00-\x1f\[\]{}<>#*]'  # what a line of prose has no need of


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A strict copy of `schema`; what satisfies it satisfies `schema`, lengths aside.

    Objects with named properties are closed and require all of them. An open mapping (no
    `properties`) has no strict form and remains unchanged.
    """
    if "$ref" in schema:  # strict mode does not allow other keys next to a reference
        kept = {key: schema[key] for key in ("$ref", "$defs", "definitions") if key in schema}
    else:
        kept = {key: value for key, value in schema.items() if key not in _DROPPED}
    if "oneOf" in kept:
        kept["anyOf"] = kept.pop("oneOf")
    for key in _NAMED:
        if key in kept:
            kept[key] = {name: _strict(part) for name, part in kept[key].items()}
    for key in _NESTED:
        if key in kept:
            kept[key] = [_strict(part) for part in kept[key]]
    if "items" in kept:
        kept["items"] = _strict(kept["items"])
    if "properties" in kept:
        kept["required"] = list(kept["properties"])
        kept["additionalProperties"] = False
    return kept


def _strict(part: Any) -> Any:
    return strict_schema(part) if isinstance(part, Mapping) else part  # True and False are schemas


def described_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A strict copy in the part of JSON Schema that Anthropic enforces.

    It supports neither counts nor bounds nor patterns. These go into the description, where the
    model reads them, as in its official client (`anthropic.lib._parse._transform`, package 2.11).
    """
    return _described(strict_schema(schema))


_KEPT = ("$defs", "$ref", "anyOf", "allOf", "enum", "const", "type", "description", "title")
_KEPT_BY_TYPE = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items",),
    "string": (),
}


def _described(schema: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        kept: dict[str, Any] = {"$ref": schema["$ref"]}
        if "$defs" in schema:
            kept["$defs"] = {name: _described(part) for name, part in schema["$defs"].items()}
        return kept
    literal = "enum" in schema or "const" in schema
    names = {*_KEPT, *_KEPT_BY_TYPE.get(str(schema.get("type")), ())}
    if literal:
        names.discard("type")
    if schema.get("minItems") in (0, 1):
        names.add("minItems")
    kept = {key: value for key, value in schema.items() if key in names}
    for key in ("$defs", "properties"):
        if key in kept:
            kept[key] = {name: _described(part) for name, part in kept[key].items()}
    for key in ("anyOf", "allOf"):
        if key in kept:
            kept[key] = [_described(part) for part in kept[key]]
    if "items" in kept:
        kept["items"] = _described(kept["items"])
    rest = {key: value for key, value in schema.items() if key not in names and key != "type"}
    if rest:
        limits = ", ".join(f"{key}: {value}" for key, value in rest.items())
        kept["description"] = f"{kept.get('description', '')} {{{limits}}}".strip()
    return kept


def tight_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which every text of a wanted length is one line of plain prose.

    It is for small models under a grammar. They follow the length hints, start with a letter or
    digit, and cannot wander off into brackets or blank lines. The model decides how a text ends, so
    that a check can see a cut one.
    """
    min_length, max_length = schema.get("minLength", 1), schema.get("maxLength")
    if schema.get("type") == "string" and max_length is not None and "pattern" not in schema:
        return {
            "type": "string",
            "pattern": f"^[A-Za-z0-9]{_PLAIN}{{{max(0, min_length - 1)},{max_length - 1}}}$",
        }
    return {key: _tight(part) for key, part in schema.items()}


def _tight(part: Any) -> Any:
    if isinstance(part, Mapping):
        return tight_schema(part)
    return [_tight(item) for item in part] if isinstance(part, list) else part


def response_format(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The `response_format` field that makes a server enforce `schema`.

    `name` is fitted to what OpenAI allows: 64 letters, digits, `_` and `-`.
    """
    name = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64] or "reply"
    return {
        "type": "json_schema",
        "json_schema": {"name": name, "schema": strict_schema(schema), "strict": True},
    }
