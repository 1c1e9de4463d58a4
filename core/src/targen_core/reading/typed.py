"""YAML and TOML, which people write by hand: plain values, of bounded size and depth."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from targen_core.reading.files import read_text, value_in
from targen_core.reading.values import (
    Malformed,
    TooDeep,
    shallow,
    too_deep,
    unreadable_number,
)

_TYPED = 1 << 20  # of a file written by hand: PyYAML reads a few hundred KiB per second
_LEVELS = 16  # of such a file
_BITS = 8192  # of a number; Python writes no more than 4,300 digits
_DOTTED = re.compile(r"""(?<![\w"'-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){100}""")
_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def read_yaml(
    path: Path, max_bytes: int = _TYPED, *, inside: Path | None = None, texts: bool = False
) -> Any:
    """Return the value of a YAML file; see `yaml_of` and `read_text`.

    Raises:
        UnreadableFile: it cannot be read, is not YAML, or expands too far.
    """
    return value_in(path, read_text(path, max_bytes, inside=inside), yaml_of, texts=texts)


def read_toml(path: Path, max_bytes: int = _TYPED, *, inside: Path | None = None) -> dict[str, Any]:
    """Return the table of a TOML file; see `read_text`.

    Raises:
        UnreadableFile: it cannot be read, is not TOML, or is nested too deeply.
    """
    table: dict[str, Any] = value_in(path, read_text(path, max_bytes, inside=inside), toml_of)
    return table


def yaml_of(text: str, *, deepest: int = _LEVELS, texts: bool = False) -> Any:
    """Return the value of a YAML text, with plain values as in YAML 1.2.

    `yes`, `no`, `on`, `off` and dates are texts, and so is each key. Tags make no objects: except
    for `!!str`, `!!seq` and `!!map` they are refused. Merge keys (`<<`) and aliases work, and count
    with all that they expand to.

    Args:
        text: the text.
        deepest: the most levels of nesting.
        texts: whether each scalar is read as a text, whatever it looks like.

    Raises:
        Malformed: it is not YAML, is nested too deeply, expands too far, or gives a key twice.
    """
    from targen_core.reading.nodes import yaml_value

    return yaml_value(text, deepest=deepest, texts=texts)[0]


def toml_of(text: str, *, deepest: int = _LEVELS) -> dict[str, Any]:
    """Return the table of a TOML text.

    Raises:
        Malformed: it is not TOML, or is nested too deeply.
    """
    import tomllib

    if long := _DOTTED.search(text):  # tomllib takes the square of a key's parts
        line = text.count("\n", 0, long.start()) + 1
        raise TooDeep(f"nested more than {deepest} levels deep", line)
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise too_deep(text, deepest) from None
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1] or text.count("\n") + 1) if found else 0
        raise Malformed(f"it is not TOML: {_AT_LINE.sub('', str(error))}", line) from None
    except ValueError as error:
        raise unreadable_number(error, text) from None
    whole: dict[str, Any] = shallow(table, text, deepest)
    if len(text) * 4 > _BITS and _has_long_number(whole):
        raise Malformed(f"it contains a number of more than {_BITS:,} bits")
    return whole


def _has_long_number(value: Any) -> bool:
    """Return whether a number is too long for decimal digits, as hexadecimal ones may be."""
    if isinstance(value, dict | list):
        return any(map(_has_long_number, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int) and value.bit_length() > _BITS
