"""The options of every command, in any position before `--`: `--debug`, `--trust=PATH`, `--map`, ….

A shell replaces `*` by the names of files, and a stranger may have chosen them. So no word after
`--` is an option, and no option before it is the name of a file. `--trust` has a path, not a name.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from targen_core.errors import UsageError


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The words of a command, without the options of every command.

    Attributes:
        words: the other words.
        options: those of them before `--`.
        trusted: the paths of `--trust`.
        layout: how files of rows are laid out, as `targen_core.dataset.layout.layout_of` takes it.
    """

    words: list[str]
    options: list[str]
    trusted: list[str]
    layout: dict[str, Any]


_NAMES = "map label_map delimiter quoting from_split".split()
_LAYOUT = {f"--{name.replace('_', '-')}": name for name in _NAMES}
_NO_HEADER = "--no-header"


def is_debugging() -> bool:
    """Return whether the person wants tracebacks."""
    return "--debug" in _split(sys.argv[1:])[0] or bool(os.environ.get("TARGEN_DEBUG"))


def read_words(words: Sequence[str]) -> CommandLine:
    """Take the options of every command out of the words of a command.

    Raises:
        UsageError: an option is also the name of a file, `--trust` lacks a path, or `--` comes
            before the command.
    """
    before, after = _split(words)
    for word in before:
        if word[:1] == "-" and word != "-" and os.path.lexists(word):
            raise UsageError(
                f"{word} would be an option, but a file here has this name, and a shell's * may "
                "have inserted it",
                hint="put -- before the names of files, or rename that file",
            )
    layout, before = _layout_in(before)
    options = [word for word in before if word != "--debug" and not _is_trust(word)]
    if after and all(word[:1] == "-" for word in options):
        raise UsageError("-- comes after the command", hint="targen COMMAND … -- FILE")
    trusted = [_path_in(before, at) for at, word in enumerate(before) if _is_trust(word)]
    return CommandLine([*options, *after], options, trusted, layout)


def _layout_in(words: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Return what a person says of their files, and the other words.

    Raises:
        UsageError: an option has no value.
    """
    layout: dict[str, Any] = {}
    others: list[str] = []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if word == _NO_HEADER:
            layout["header"] = False
        elif name in _LAYOUT:
            value = value if equals else next(rest, "")
            if not value:
                raise UsageError(f"{name} has no value", hint="see targen look --help")
            key = _LAYOUT[name]
            before = layout.get(key, "") if key.endswith("map") else ""
            layout[key] = f"{before},{value}" if before else value
        else:
            others.append(word)
    return layout, others


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words before `--`, and the others."""
    end = words.index("--") if "--" in words else len(words)
    return [*words[:end]], [*words[end:]]


def _is_trust(word: str) -> bool:
    return word.partition("=")[0] == "--trust"


def _path_in(words: Sequence[str], at: int) -> str:
    """Return the path of the `--trust=PATH` at this position.

    Raises:
        UsageError: it has none, or only a name.
    """
    from targen_core.origin import has_separator  # not to list tasks

    _, equals, path = words[at].partition("=")
    if has_separator(path):
        return path
    if not equals and at + 1 < len(words):
        path = words[at + 1].removeprefix("--")
    path = path if has_separator(path) else os.path.join(".", path or "FILE")  # noqa: PTH118 (keeps the dot)
    raise UsageError(
        "--trust needs the path of the file or folder that you trust, after = and with a /",
        hint=shlex.quote(f"--trust={path}"),
    )
