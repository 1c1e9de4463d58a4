"""Names in errors and hints, of options, settings and calls, as values.

Code states its meaning, and the text is made for its place. `Option("max_cost")` is `--max-cost` in
a command, `max_cost` in a program, and `max_cost:` below the name of a file that holds it. With
texts around them they are `Words`:

```python
raise UsageError(Option("correct", False) + " cannot be used with " + Option("corrector"))
raise RunConflict(f"{run} is complete", hint="to extend it: " + Action("resume", run, n=40))
```

An option is called by its keyword in Python; `flag_of` derives the command's flag.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import add
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

Edge: TypeAlias = Literal["command", "python", "file"]
"""Where a text appears: a terminal, a program or notebook, or next to the name of a file."""

_FLAGS = {
    "checks": "--check",
    "dimensions": "--dimension",
    "filters": "--filter",
    "labels": "--label",
    "model": "--backend",
    "n": "-n",
    "options": "-o",
    "replicas": "--replica",
    "steps": "--backend-for",
    "variants": "--variant",
}
"""The flags that are not their keyword with dashes."""


class _Person:
    """The commands that the person of this process typed and that run now, in any thread."""

    commands = 0


@contextmanager
def of_a_command() -> Iterator[None]:
    """Let a command run: only the texts that its person typed are orders then."""
    _Person.commands += 1
    try:
        yield
    finally:
        _Person.commands -= 1


def in_a_command() -> bool:
    """Return whether a command that a person typed runs now."""
    return _Person.commands > 0


def edge() -> Edge:
    """Return where texts appear now."""
    return "command" if in_a_command() else "python"


def flag_of(option: str) -> str:
    """Return the flag of an option, which is called by its keyword."""
    return _FLAGS.get(option) or f"--{option.replace('_', '-')}"


class Phrase:
    """Words that differ between command and program; `str` gives those for the present one."""

    __slots__ = ()

    def text(self, where: Edge) -> str:
        """Return the text for an edge."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.text(edge())

    def __repr__(self) -> str:
        return repr(str(self))

    def __add__(self, after: Words) -> Phrase:
        return _Joined(self, after)

    def __radd__(self, before: Words) -> Phrase:
        return _Joined(before, self)


Words: TypeAlias = str | Phrase
"""A text, or what becomes one where it appears."""


class Blank(str):
    """A blank for the reader to fill in, such as `FILE`: written without quotes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, repr=False)
class _Joined(Phrase):
    """One after the other."""

    first: Words
    then: Words

    def text(self, where: Edge) -> str:
        return in_words(self.first, where) + in_words(self.then, where)


@dataclass(frozen=True, slots=True, repr=False)
class Either(Phrase):
    """Two wordings, if the command and Python do not do the same in the same way."""

    command: Words
    python: Words

    def text(self, where: Edge) -> str:
        """Return that of who does something about it: no file does."""
        where = _by_function(where)
        return in_words(self.command if where == "command" else self.python, where)


@dataclass(frozen=True, slots=True, repr=False)
class Option(Phrase):
    """An option, or with a value how to pass it.

    Attributes:
        name: its keyword in Python, such as `max_cost`.
        value: a number, a text, a switch, a list or values by name; `...` for the reader's choice,
            and None for only the option's name.
    """

    name: str
    value: Any = None

    def text(self, where: Edge) -> str:
        """Return `--max-cost 5`, `max_cost=5` or `max_cost: 5`."""
        if where == "command":
            return _as_flags(self.name, self.value)
        if self.value is None:
            return f"{self.name}:" if where == "file" else self.name
        if where == "file":
            return f"{self.name}: {'…' if self.value is ... else _in_json(self.value)}"
        return f"{self.name}={_in_python(self.value)}"


@dataclass(frozen=True, slots=True, repr=False)
class Setting(Phrase):
    """An option of a model, a step or a part, or with a value how to pass it.

    Attributes:
        key: its key, such as `temperature` or `correct.temperature`.
        value: as of `Option`.
    """

    key: str
    value: Any = None

    @property
    def is_nested(self) -> bool:
        """Return whether functions do not take it as a keyword."""
        return not self.key.isidentifier()

    def text(self, where: Edge) -> str:
        """Return `-o correct.times=5`, or it as one of `options` in Python or a file."""
        if where == "command":
            return f"-o {self.key}" if self.value is None else f"-o {_pair(self.key, self.value)}"
        if not self.is_nested or (where == "file" and self.value is None):
            return Option(self.key, self.value).text(where)
        if where == "file":
            return f"options: {{{Option(self.key, self.value).text(where)}}}"
        if self.value is None:
            return f"options[{_in_python(self.key)}]"
        return f"options={_in_python({self.key: self.value})}"


@dataclass(frozen=True, slots=True, repr=False)
class Model(Phrase):
    """The way to pass the name of a backend's model."""

    backend: str
    name: str

    def text(self, where: Edge) -> str:
        """Return `--model NAME` or `model="BACKEND/NAME"`."""
        if where == "command":
            return f"--model {_typed(self.name)}"
        return Option("model", f"{self.backend}/{self.name}").text(where)


@dataclass(frozen=True, slots=True, repr=False)
class Unplaced(Phrase):
    """The beginning of a message that says what it is about, unless a place in a file says so."""

    words: Words

    def text(self, where: Edge) -> str:
        """Return the words, except next to the name of a file and a key in it."""
        return "" if where == "file" else in_words(self.words, where)


class Together(Phrase):
    """Options and settings that are passed in one call."""

    __slots__ = ("options",)

    def __init__(self, *options: Option | Setting) -> None:
        self.options = options

    def text(self, where: Edge) -> str:
        """Return `-o price_in=0 -o price_out=0` or `price_in=0, price_out=0`."""
        if where == "command":
            return " ".join(option.text(where) for option in self.options)
        by_key = {o.key: o.value for o in self.options if isinstance(o, Setting) and o.is_nested}
        options = [o for o in self.options if not (isinstance(o, Setting) and o.is_nested)]
        options += [Option("options", by_key)] if by_key else []
        return ", ".join(option.text(where) for option in options)


class Action(Phrase):
    """A command, or the function of `targen_core` that does the same.

    A command without such a function is also a command in Python's texts.
    """

    __slots__ = ("arguments", "name", "options")

    def __init__(self, name: str, *arguments: object, **options: object) -> None:
        """Name a call.

        Args:
            name: of the command and the function, with its module if it is not in `targen_core`.
                Words of a command have a space between them.
            arguments: in order, including options and settings; `...` for one that only matters in
                Python.
            options: as of `Option`, by name.
        """
        self.name = name
        self.arguments = arguments
        self.options = options

    def text(self, where: Edge) -> str:
        """Return `targen resume RUN -n 40` or `targen_core.resume("RUN", n=40)`."""
        options = [Option(name, value) for name, value in self.options.items()]
        if self.name[0].isupper():  # a class
            return f"{self.name}({', '.join(map(_passed, self.arguments))})"
        elsewhere = "." in self.name  # with its module
        if _by_function(where) == "command" or not (elsewhere or _is_function(self.name)):
            typed = (_argument(each) for each in self.arguments if each is not ...)
            flags = (option.text("command") for option in options)
            return " ".join(["targen", self.name.rpartition(".")[2], *typed, *flags])
        passed = [_passed(each) for each in self.arguments]
        passed += [option.text("python") for option in options]
        return f"{self.name if elsewhere else f'targen_core.{self.name}'}({', '.join(passed)})"


ANOTHER_OUT: Words = "choose a different " + Option("out", ...)
"""Where something else is in the place of a new folder or file."""

AGAIN: Words = Either("the same command", "the same call")
"""The action that repeats a request."""

REPEAT: Words = Either("run the same command again", "make the same call again")
"""The advice if the same request continues it."""


def in_python(action: Action) -> Words:
    """Return a call of Python as the hint of a command, which cannot do the same."""
    return Either("in Python: " + action.text("python"), action)


def listed(items: Iterable[Words], between: str = ", ") -> Words:
    """Return items with a text between them."""
    first, *others = items
    return reduce(add, [part for each in others for part in (between, each)], first)


def _by_function(where: Edge) -> Edge:
    return ("command" if in_a_command() else "python") if where == "file" else where


def _is_function(name: str) -> bool:
    """Return whether `targen_core` has a function of a command's name."""
    return name in dir(sys.modules["targen_core"])


def in_words(words: Words, where: Edge) -> str:
    """Return a text or a value as text for an edge."""
    return words if isinstance(words, str) else words.text(where)


def _as_flags(name: str, value: Any) -> str:
    """Return an option as typed; one with several values is repeated."""
    flag = flag_of(name)
    if value is None or value is ... or value is True:
        return flag
    if value is False:
        return f"--no-{flag.removeprefix('--')}"
    if isinstance(value, Mapping):
        return " ".join(f"{flag} {_pair(key, each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return " ".join(f"{flag} {_typed(each)}" for each in value)
    return f"{flag} {_typed(value)}"


def _pair(key: str, value: Any) -> str:
    if isinstance(value, Blank):
        return f"{key}={value}"
    text = value if isinstance(value, str) else _in_json(value)
    if isinstance(value, tuple):
        text = ",".join(map(str, value))
    return shlex.quote(f"{key}={text}")


def _typed(value: object) -> str:
    """A value as a shell takes it."""
    return value if isinstance(value, Blank) else shlex.quote(str(value))


def _argument(value: object) -> str:
    return value.text("command") if isinstance(value, Phrase) else _typed(value)


def _passed(value: object) -> str:
    return value.text("python") if isinstance(value, Phrase) else _in_python(value)


def _in_json(value: Any) -> str:
    return value if isinstance(value, Blank) else json.dumps(value, ensure_ascii=False, default=str)


def _in_python(value: Any) -> str:
    """A value as Python writes it, with the quotes of our documentation."""
    if isinstance(value, Blank):
        return str(value)
    if value is ...:
        return "..."
    if isinstance(value, str | PathLike):
        return json.dumps(fspath(value), ensure_ascii=False)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_in_python(k)}: {_in_python(v)}' for k, v in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_in_python, value))}]"
    return repr(value)


def install(package: str) -> str:
    """Return the command that installs a package, or several with spaces between them.

    targen's own packages come from the core's source: a clone, a repository, a folder of wheels, or
    the index. Only the index has the version of a `NAME==VERSION`.
    """
    names = package.split()
    source = _source() if all(name.startswith("targen-") for name in names) else {}
    place = _place_of(source)
    if source:
        names = [name.partition("==")[0] for name in names]
    wanted = [shlex.quote(name) if "[" in name else name for name in names]
    if place is not None and "dir_info" in source:
        wanted = [shlex.quote(_in_a_clone(place.parent, name)) for name in names]
    elif place is not None and "archive_info" in source:
        wanted[:0] = ["--find-links", shlex.quote(str(place.parent))]
    elif "vcs_info" in source:
        wanted = [shlex.quote(_in_a_repository(source, name)) for name in names]
    elif len(names) == 1:
        wanted = [f"'{package}'"]
    return " ".join(["pip", "install", *wanted])


def anywhere(text: str) -> str:
    """Return a hint for other machines: without the folder that packages come from on this one."""
    place = _place_of(_source())
    if place is None:
        return text
    root = re.escape(str(place.parent))
    named = re.sub(
        rf"{root}/(?:plugins/)?([a-z_]+)",
        lambda found: f"targen-{found[1].replace('_', '-').removeprefix('targen-')}",
        text,
    )
    return re.sub(rf"--find-links '?{root}'? ", "", named)


def _source() -> dict[str, Any]:
    """Return pip's record of the core's source (PEP 610); empty for the index."""
    import importlib_metadata

    try:
        distribution = importlib_metadata.distribution("targen-core")
        value = json.loads(distribution.read_text("direct_url.json") or "{}")
    except (importlib_metadata.PackageNotFoundError, ValueError, OSError):
        return {}
    return value if isinstance(value, dict) else {}


def _place_of(source: Mapping[str, Any]) -> Path | None:
    """Return the local folder or file that a package came from; None if it is elsewhere."""
    url = str(source.get("url", ""))
    if not url.startswith("file:"):
        return None
    from urllib.request import url2pathname  # 40 ms to import, which `list-tasks` does not need

    return Path(url2pathname(urlsplit(url).path))


def _folder(package: str) -> tuple[str, str]:
    """The folder of a package in our repository, and its extras in brackets."""
    name, bracket, extras = package.partition("[")
    if name == "targen-core":
        folder = "core"
    elif name in _AT_THE_ROOT:
        folder = name.replace("-", "_")
    else:
        folder = f"plugins/{name.replace('-', '_')}"
    return folder, bracket + extras


_AT_THE_ROOT = {
    f"targen-{name}" for name in ("backends", "cli", "standard", "tasks-superglue", "testing")
}


def _in_a_clone(root: Path, package: str) -> str:
    folder, extras = _folder(package)
    return f"{root / folder}{extras}" if (root / folder).is_dir() else package


def _in_a_repository(source: dict[str, Any], package: str) -> str:
    folder, _ = _folder(package)
    at = source["vcs_info"].get("requested_revision", "")
    return f"{package} @ git+{source['url']}{f'@{at}' if at else ''}#subdirectory={folder}"
