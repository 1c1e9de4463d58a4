"""JSON from a stranger: plain values, bounded, and errors that name the line."""

from __future__ import annotations

import pytest

from targen_core.reading.lines import json_line
from targen_core.reading.values import Malformed, TooDeep, json_of


def test_json_holds_a_number_of_values():
    text = "[" + ",".join("[]" for _ in range(200)) + "]"
    assert len(json_of(text, most=401)) == 200
    with pytest.raises(Malformed, match="it contains more than 100 values"):
        json_of(text, most=100)
    with pytest.raises(Malformed, match="it contains more than 100 values"):
        json_of(text.encode(), most=100)
    assert json_of('"' + "," * 150 + '"', most=100) == "," * 150


def test_json_may_be_lenient_or_strict():
    assert str(json_of("[NaN]", strict=False)) == "[nan]"
    assert json_of('{"a": 1, "a": 2}') == {"a": 2}
    with pytest.raises(Malformed, match="'a' is given twice"):
        json_of('{"a": 1, "a": 2}', once=True)
    assert json_of(b"\xff\xfe[\x001\x00]\x00") == [1]
    with pytest.raises(Malformed):
        json_of(b"\xff\xfe\xff")
    with pytest.raises(Malformed):
        json_of("9" * 10_000)  # Python refuses to make a number of it
    with pytest.raises(TooDeep):
        json_of("[[[1]]]", deepest=2)
    assert json_of("[[[1]]]", deepest=3) == [[[1]]]


def test_a_line_nested_deep_is_malformed():
    assert json_line(b'{"a": "\\ud83d"}') == {"a": "\ud83d"}
    with pytest.raises(ValueError, match=r"recursion|nested"):
        json_line(b"[" * 100_000)
