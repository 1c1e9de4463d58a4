"""The origin of results, so that they can be cited: date, command, versions and data files."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import importlib_metadata

from targen_core.origin import in_a_command
from targen_core.plain import digest_of
from targen_core.plugins.loader import metadata_of, versions_of

_NAME = re.compile(r"[\w.-]+")
_SECRET = re.compile(r"((?:^|[.,])\w*(?:key|secret|password)\w*=).*", re.IGNORECASE)
_LOGIN = re.compile(r"(?<=://)[^/@\s]+@")


def provenance(distributions: Iterable[str], files: Iterable[str | Path] = ()) -> dict[str, Any]:
    """Return the date, the command, versions and digests of data, as JSON values.

    Args:
        distributions: what made the results. Their installed requirements, which include those of
            extras, are added.
        files: data; of a run, its `dataset.jsonl`. Other sources have no digest.
    """
    names = {*distributions}
    for name in versions_of(names):  # a program may register parts of its own
        required = metadata_of(importlib_metadata.distribution(name))[2]
        names |= {found[0] for text in required if (found := _NAME.match(text))}
    paths = (Path(file) for file in files)
    data = [path / "dataset.jsonl" if path.is_dir() else path for path in paths]
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": _command() if in_a_command() else "",
        "python": platform.python_version(),
        "distributions": versions_of({"targen-core", *names}),
        "files": {_relative(str(path)): digest_of(path) for path in data if path.is_file()},
    }


def provenance_notes(made: Mapping[str, Any]) -> list[str]:
    """Return the same as sentences for a report; [] without provenance."""
    if not made:
        return []
    versions = ", ".join(f"{name} {version}" for name, version in made["distributions"].items())
    said = f" by {made['command']}" if made["command"] else ""
    notes = [f"Made on {made['created']}{said}, with Python {made['python']}, {versions}."]
    files = ", ".join(f"{path} ({digest})" for path, digest in made["files"].items())
    return [*notes, f"SHA-256 digests of data: {files}."] if files else notes


def _command() -> str:
    """The command of this process, without secrets and absolute paths."""
    words = (_LOGIN.sub("", _SECRET.sub(r"\1…", word)) for word in sys.argv[1:])
    return shlex.join(["targen", *map(_relative, words)])


def _relative(word: str) -> str:
    """Return a path, or `NAME=PATH`, relative to this folder: others have no such folders."""
    name, _, path = word.rpartition("=")
    if not Path(path).is_absolute():
        return word
    with contextlib.suppress(ValueError):  # on another drive
        path = os.path.relpath(path)
    return f"{name}={path}" if name else path
