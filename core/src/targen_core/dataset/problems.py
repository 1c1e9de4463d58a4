"""Problems of rows, in words for people."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import ValidationError

from targen_core.hints import suggestions_for
from targen_core.text import key_path, plain_fault, printable, problem_in, refused

_COLUMNS = 20  # of a row, to name
_EXPECTED = 200  # characters of the values that a column may have
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_COLUMN = re.compile(r" at line \d+ (column \d+)$")


def row_problem(error: Exception) -> str:
    """Return the first problem of a row, with its column, in one line."""
    return _first_fault(error) if isinstance(error, ValidationError) else problem_in(error)


def _first_fault(error: ValidationError) -> str:
    """The first thing that a schema refuses of a row, in words for people."""
    first = error.errors(include_url=False)[0]
    where, value = key_path(first["loc"]), first["input"]
    if first["type"] == "missing" and isinstance(value, Mapping) and len(first["loc"]) == 1:
        missing = [
            key_path(each["loc"])
            for each in error.errors()
            if each["type"] == "missing" and len(each["loc"]) == 1
        ]
        # An `idx` may be ours.
        named = [printable(str(name), lines=False) for name in value if name != "idx"]
        there = ", ".join([*named[:_COLUMNS], *["…"][: len(named) > _COLUMNS]])
        unknown = any(each["type"] == "extra_forbidden" for each in error.errors())
        columns, rename = "no such column", f"; if one contains it, pass --map {where}=COLUMN"
        if len(missing) > 1:
            columns, rename = f"{columns}s", "; if others contain these, rename them"
        has = f"the row has {there or 'no columns'}{rename if unknown else ''}"
        return f"{', '.join(missing)}: {columns}; {has}"
    if first["type"] in ("literal_error", "enum"):
        expected = str(first["ctx"]["expected"])
        known = re.findall("'(.+?)'", expected)
        near = " or ".join(suggestions_for(str(value), known))
        meant = f"; did you mean {near}?" if near else ""
        if str(value) in known and not isinstance(value, str):  # 1 is not "1"
            meant = "; it must be text"
        if len(expected) > _EXPECTED:
            expected = expected[:_EXPECTED].rpartition("', '")[0] + "', …"
        return f"{where}: {repr(value)[:80]} is not {expected}{meant}"
    if first["type"] == "json_invalid":
        why = _COLUMN.sub(r", \1", str(first["ctx"]["error"]))
        quotes = ": names and strings need double quotes" if "key must be" in why else ""
        return f"it is not JSON: {why}{quotes}"
    if first["type"] in ("model_type", "dict_type", "model_attributes_type"):
        return f"{where + ': ' if where else ''}it is not an object of the form {{COLUMN: VALUE}}"
    if isinstance(value, str):
        if first["type"] in ("list_type", "tuple_type"):
            return f'{where}: it must be a list in JSON, such as ["a", "b"]'
        if first["type"] == "float_type" and _DECIMAL_COMMA.fullmatch(value.strip()):
            return f"{where}: it must be a number with a decimal point, such as 0.5"
    return plain_fault(refused(error))
