"""Patterns that a file declares, matched in time that grows only with the text.

A file may be a stranger's, and a model writes the texts. Python's `re` can take for ever over a
pattern such as (a|aa)+ and ignores signals meanwhile. The engine of pydantic, Rust's `regex`, never
backtracks, and bounds the size of a compiled pattern. It knows letters and digits of all scripts,
and neither look-around nor back-references.
"""

from __future__ import annotations

from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

_LONGEST = 1000  # characters of a pattern


def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern matches the whole of a text; a dot also matches line breaks."""
    try:
        _compiled(rf"\A(?s:{pattern})\z").validate_python(text)
    except ValidationError:
        return False
    return True


def search(pattern: str, text: str) -> str:
    """Return the first part of a short text that a pattern matches, as long as possible, or "".

    The time grows with the square of the text's length.
    """

    def fits(pattern: str, start: int, end: int) -> bool:
        try:
            _compiled(pattern).validate_python(text[start:end])
        except ValidationError:
            return False
        return True

    size = len(text)
    starts = range(size + 1) if fits(pattern, 0, size) else ()
    start = next((at for at in starts if fits(rf"\A(?:{pattern})", at, size)), size)
    whole = rf"\A(?:{pattern})\z"
    return text[
        start : next((at for at in range(size, start, -1) if fits(whole, start, at)), start)
    ]


def refuse_pattern(pattern: str) -> None:
    """Refuse a pattern that cannot be matched.

    Raises:
        ValueError: with what is wrong with it.
    """
    if len(pattern) > _LONGEST:
        raise ValueError(f"a pattern must have at most {_LONGEST:,} characters")
    try:
        pattern.encode()
        _compiled(pattern)  # by itself: no bracket in it may close those around it
        _compiled(rf"\A(?s:{pattern})\z")
    except (SchemaError, UnicodeEncodeError) as error:
        words = str(error).strip().splitlines()[-1].strip().removeprefix("error: ")
        words = words.removeprefix("SchemaError: ")
        raise ValueError(f"it is not a usable regular expression: {words}") from None


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
