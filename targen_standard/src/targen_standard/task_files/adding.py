"""Adding a key to a task file in YAML, whose other lines stay as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from targen_cli.reading.nodes import yaml_value
from targen_core.errors import UsageError
from targen_standard.task_files.reading import parsed_file

_DEEPEST = 16  # levels of a task file


def as_yaml(value: Mapping[str, Any]) -> str:
    """Return keys as a section of a task file."""
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=1_000)
    return text


def may_get_kinds(path: Path) -> bool:
    """Return whether a task file has labels, and nothing that says what their rows are like."""
    keys = parsed_file(path).value.keys() if path.suffix in (".yaml", ".yml") else set()
    return "labels" in keys and keys.isdisjoint({"kinds", "examples", "profile", "generators"})


def with_key(path: Path, text: str, key: str, section: str, hint: str) -> str:
    """Return the text of the file at `path` with a `section`, which holds `key`, at its end.

    `hint` is the rest of what to type otherwise.

    Raises:
        UsageError: it has the key already, or no place for one behind the rest, such as a file in
            flow style.
    """
    try:
        was = yaml_value(text, deepest=_DEEPEST)[0] if text.strip() else {}
        if not isinstance(was, Mapping):
            raise ValueError("it is not a mapping")
        if key in was:
            raise UsageError(f"{path} already has a key `{key}`", hint=f"remove it, or {hint}")
        whole = f"{text.rstrip()}\n\n{section}".lstrip()
        if "\r\n" in text:
            whole = re.sub(r"\r?\n", "\r\n", whole)
        made = yaml_value(section, deepest=_DEEPEST)[0]
        if yaml_value(whole, deepest=_DEEPEST)[0] != {**was, **made}:
            raise ValueError("it does not end with a key")
    except ValueError as error:
        raise UsageError(
            f"{path}: targen cannot add a key at the end of the file: {error}", hint=hint
        ) from error
    return whole
