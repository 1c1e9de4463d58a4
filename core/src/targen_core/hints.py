"""Parts of the hints of errors: commands, packages, and names that may have been meant.

Messages and hints name options as the command spells them, such as `--max-cost`. The keyword in
Python and the key in a file have the same name with underscores, `max_cost`.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_MOST = 10_000  # names of a folder that are looked at
_SHORTEST = 2  # letters that count as the beginning of a name

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


def flag_of(option: str) -> str:
    """Return the flag of an option, which is called by its keyword."""
    return _FLAGS.get(option) or f"--{option.replace('_', '-')}"


def quoted(value: object) -> str:
    """Return a value as a shell takes it."""
    return shlex.quote(str(value))


def flags(**options: Any) -> str:
    """Return options as typed, by their keywords; one with several values is repeated."""
    return " ".join(_as_typed(flag_of(name), value) for name, value in options.items())


def _as_typed(flag: str, value: Any) -> str:
    if value is None or value is True:
        return flag
    if value is False:
        return f"--no-{flag.removeprefix('--')}"
    if isinstance(value, Mapping):
        return " ".join(f"{flag} {quoted(f'{key}={each}')}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return " ".join(f"{flag} {quoted(each)}" for each in value)
    return f"{flag} {quoted(value)}"


def command(name: str, *arguments: object, **options: Any) -> str:
    """Return a command as typed, with arguments and options by their keywords."""
    typed = ["targen", name, *map(quoted, arguments), *([flags(**options)] if options else [])]
    return " ".join(typed)


def in_python(call: str, *arguments: str, **keywords: Any) -> str:
    """Return a call in Python; `MODEL` and the like stand for objects, which no run stores."""
    passed = [*map(repr, arguments), *(f"{name}={value!r}" for name, value in keywords.items())]
    return re.sub("'(TASK|MODEL|ROWS|N)'", r"\1", f"{call}({', '.join(passed)})")


def suggestions_for(word: str, known: Collection[str]) -> list[str]:
    """At most three known names like `word` or beginning with it, the nearest first."""
    from difflib import get_close_matches  # only where something went wrong

    typed, folded = word.casefold(), {name.casefold(): name for name in known}
    if typed.startswith("--"):  # counted, the dashes would make any two short options alike
        typed = typed.removeprefix("--")
        folded = {name[2:]: folded[name] for name in folded if name.startswith("--")}
    near = get_close_matches(typed, folded, n=3)
    if len(typed) >= _SHORTEST:
        near += [name for name in folded if name.startswith(typed)]
    return [folded[name] for name in dict.fromkeys(near)][:3]


def did_you_mean(word: str, known: Collection[str], listing: str) -> str:
    """The hint for an unknown name: what is near it, else `listing` and all names, or ""."""
    near = suggestions_for(word, known)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"{listing}: {', '.join(dict.fromkeys(known))}" if known else ""


def and_also(hint: str, more: str) -> str:
    """A hint and another one, which begins a sentence of its own after a question."""
    return f"{hint} {more[:1].upper()}{more[1:]}" if hint.endswith("?") else f"{hint}; {more}"


def near_path(
    path: Path, fits: Callable[[Path], bool] = lambda _: True, *, usual: str = "runs"
) -> str:
    """Return the hint for a missing path: a similar one, next to it or in `usual`; or ""."""
    words = ""
    with suppress(OSError, ValueError):
        near = dict.fromkeys(map(str, _near(path, fits, usual)))
        words = " or ".join(map(shlex.quote, islice(near, 3)))
    return words and f"did you mean {words}?"


def is_address(path: str) -> bool:
    """Return whether a text is an address in place of a path; it may have one slash fewer."""
    return re.match(r"[a-z][a-z0-9+.-]+:/+.", path) is not None


def _near(path: Path, fits: Callable[[Path], bool], usual: str) -> list[Path]:
    folders = [path.parent]
    if not path.parent.is_dir():  # the slip may be in the folder's name
        folders = _near(path.parent, Path.is_dir, usual)
    found: list[Path] = []
    for folder in dict.fromkeys((*folders, Path(usual))):
        with suppress(OSError):
            there = [each.name for each in islice(folder.iterdir(), _MOST) if fits(each)]
            found += [folder / name for name in suggestions_for(path.name, there)]
    return found


def install(package: str) -> str:
    """Return the command that installs a package, or several with spaces between them.

    targen's own packages come from the core's source: a clone, a folder of wheels, or
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


def _in_a_clone(root: Path, package: str) -> str:
    """The folder of a package in a repository, with its extras in brackets; else its name."""
    name, bracket, extras = package.partition("[")
    folder = name.replace("-", "_")
    for place in (root / folder, root / "plugins" / folder, root / folder.removeprefix("targen_")):
        if (place / "pyproject.toml").is_file():
            return f"{place}{bracket}{extras}"
    return package
