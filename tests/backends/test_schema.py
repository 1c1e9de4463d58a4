"""The forms of a reply's schema, and the sampling that small models get."""

from __future__ import annotations

import re

import pytest
from pydantic import BaseModel

from targen_backends.local.backend import LocalOptions, defaults
from targen_backends.schema import response_format, strict_schema, tight_schema
from targen_core.tasks.replies import line, list_of


def test_strict_schema_drops_lengths_and_keeps_counts():
    schema = strict_schema(list_of("topics", line(4, 60), 3).model_json_schema())
    topics = schema["properties"]["topics"]
    assert topics["items"] == {"type": "string"}
    assert (topics["minItems"], topics["maxItems"]) == (3, 3)
    assert schema["required"] == ["topics"]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("A harbour that froze in March, said the mayor’s office.", True),
        ("Zu kurz", False),
        ("[a bracket at the start of it", False),
        ("a line\nbroken in two by the model", False),
        ('a "quoted" word inside of a line', False),
        ("x" * 61, False),
    ],
)
def test_tight_schema_is_one_line_of_prose(text, fits):
    class Reply(BaseModel):
        topic: line(10, 60)

    tight = tight_schema(Reply.model_json_schema())["properties"]["topic"]
    assert bool(re.fullmatch(tight["pattern"], text)) is fits


def test_tight_schema_leaves_enums_and_free_text_alone():
    schema = {
        "type": "object",
        "properties": {"a": {"enum": ["x", "y"]}, "b": {"type": "string"}},
        "required": ["a"],
    }
    assert tight_schema(schema) == schema


def test_only_the_tiny_model_judges_at_a_high_temperature():
    assert defaults(LocalOptions())["correct.temperature"] > 1
    assert "correct.temperature" not in defaults(LocalOptions(model="some.gguf"))


ITEM, NULL = {"$ref": "#/$defs/Item"}, {"type": "null"}
ITEMS = {"type": "array", "items": ITEM}
NUMBERS = {"type": "object", "additionalProperties": {"type": "integer"}}


@pytest.mark.parametrize(
    ("given", "strict"),
    [
        ({"type": "string", "default": "x"}, {"type": "string"}),
        ({**ITEMS, "items": {**ITEM, "description": "d"}}, ITEMS),
        ({"oneOf": [NULL, ITEM], "discriminator": {}}, {"anyOf": [NULL, ITEM]}),
        (NUMBERS, NUMBERS),
    ],
)
def test_a_strict_schema_closes_every_object_and_leaves_out_what_services_refuse(given, strict):
    """A property may be called like a keyword."""
    item = {"type": "object", "properties": {"default": given}}
    schema = {**item, "required": [], "$defs": {"Item": item}}
    before = repr(schema)
    closed = {**item, "properties": {"default": strict}, "required": ["default"]}
    closed["additionalProperties"] = False
    assert strict_schema(schema) == {**closed, "$defs": {"Item": closed}}
    assert repr(schema) == before


def test_a_schema_name_is_fitted():
    assert response_format({}, "a b/c" + "x" * 90)["json_schema"]["name"] == "a_b_c" + "x" * 59
    assert response_format({}, "")["json_schema"]["name"] == "reply"
