"""Adding a key to a task file, whose other lines stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from targen_core.errors import UsageError
from targen_core.origin import DECLARED
from targen_standard.task_files.reading import parsed_file, values_of


def as_yaml(value: Mapping[str, Any]) -> str:
    """Return keys as a section of a task file."""
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=1_000)
    return text


def may_get_kinds(path: Path) -> bool:
    """Return whether a task file has labels, and nothing that says what their rows are like."""
    keys = parsed_file(path).value.keys() if path.suffix in DECLARED else set()
    return "labels" in keys and keys.isdisjoint({"kinds", "examples", "profile", "generators"})


def with_key(path: Path, text: str, key: str, section: str, hint: str) -> str:
    """Return the text of the file at `path` with a `section`, which holds `key`, at its end.

    The section is in YAML, and is written in the format of the file. `hint` is the rest of what to
    type otherwise.

    Raises:
        UsageError: it has the key already, or no place for one behind the rest, such as a file in
            flow style.
    """
    try:
        was, _ = values_of(text, path) if text.strip() else ({}, None)
        if not isinstance(was, Mapping):
            raise ValueError("it is not a mapping")
        if key in was:
            raise UsageError(f"{path} already has a key `{key}`", hint=f"remove it, or {hint}")
        made, _ = values_of(section, Path())
        whole = _joined(path, text.rstrip(), section, made)
        if "\r\n" in text:
            whole = re.sub(r"\r?\n", "\r\n", whole)
        if values_of(whole, path)[0] != {**was, **made}:
            raise ValueError("it does not end with a key")
    except ValueError as error:
        raise UsageError(
            f"{path}: targen cannot add a key at the end of the file: {error}", hint=hint
        ) from error
    return whole


def _joined(path: Path, text: str, section: str, made: Mapping[str, Any]) -> str:
    """Return a text with a section behind it, whose value is `made`, in the file's format."""
    if path.suffix == ".json":
        keys = json.dumps(made, ensure_ascii=False, indent=2).removeprefix("{")
        return f"{text.removesuffix('}').rstrip()},{keys}\n"
    if path.suffix == ".toml":
        import tomlkit

        comments = [f"{line}\n" for line in section.splitlines() if line.startswith("#")]
        section = "".join([*comments, tomlkit.dumps(made)])
    return f"{text}\n\n{section}".lstrip()
