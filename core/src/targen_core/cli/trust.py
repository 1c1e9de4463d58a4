"""Trust in the paths, the code and the addresses that files of others name.

A file that names such things is used if this person trusts it in this call: by `--trust=PATH`, an
answer at a terminal, or `origin.trusting`. This is not remembered. targen remembers only the files
that it wrote for this person: their path, their names and the code behind them (`note_own`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from targen_core import folders
from targen_core.errors import UsageError
from targen_core.origin import Typed, Untrusted, is_trusted, shown, texts_in, trust_hint
from targen_core.places import is_hidden
from targen_core.plain import content_of, kind_of
from targen_core.text import printable

_NAMED = 20  # names in a message
_LINES, _LINE = 40, 500  # of the question to the user, and characters per line
_CODE = 16 << 20  # bytes of a module
# hf:OWNER/NAME, or what a plugin opens; FILE.py:NAME is no address
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]+(?<!\.py):(?!\\)")


class _Person:
    """The user of this process, if there is a terminal.

    Attributes:
        asked: asks a question.
        agreed: the questions to which the answer was yes, in this command.
    """

    asked: Callable[[str], bool] | None = None
    agreed: ClassVar[set[str]] = set()


def leaving(folder: Path, paths: Mapping[str, str]) -> dict[str, str]:
    """Those of a file's paths that need trust; see `reaches_out`."""
    return {key: path for key, path in paths.items() if reaches_out(folder, path)}


def placed(folder: Path, text: str) -> Typed:
    """A path that a file in `folder` names, as seen from here; the caller has checked it."""
    if _ADDRESS.match(text):
        return Typed(text)
    named = Path(text).expanduser() if text.startswith("~") else Path(text)  # ./~ is not a home
    path = folder / named
    if _ADDRESS.match(str(path)) or str(path).startswith("~"):
        path = path.absolute()  # else it would be no file's name to those who read it next
    return Typed(path)


def reaches_out(folder: Path, text: str) -> bool:
    """Return whether a path that a file in `folder` names is code, hidden, or lies elsewhere."""
    path = Path(text.rpartition(":")[0] if ".py:" in text else text)
    if text.startswith("~") or "\0" in text or path.suffix == ".py" or _ADDRESS.match(text):
        return True
    if path.is_absolute() and path.is_relative_to(folder.absolute()):
        path = path.relative_to(folder.absolute())
    if path.is_absolute() or path.drive or ".." in path.parts:
        return True
    place = folder
    for part in path.parts:
        place = place / part
        if kind_of(place) == "a link":  # it may lead out
            return True
    return is_hidden(folder, place)


def ask_with(asked: Callable[[str], bool] | None) -> None:
    """Set how to ask the user whether to trust a file; a command on a terminal does so."""
    _Person.asked = asked
    _Person.agreed.clear()


def note_own(file: Path, names: Mapping[str, Any]) -> None:
    """Note that targen wrote a file that names these things for this person."""
    for key, value in names.items():
        folders.note_own(file, [key, value])
        folders.note_own(file, [key, value, _code(file, value)])


def is_own(file: Path, names: Mapping[str, Any]) -> bool:
    """Return whether targen wrote a file with all these names, and their code is the same.

    Code is read only if its name is known: a stranger's file has no other file read.
    """
    return all(
        folders.is_own(file, [key, value])
        and folders.is_own(file, [key, value, _code(file, value)])
        for key, value in names.items()
    )


def require_trust(file: Path, names: Mapping[str, Any]) -> None:
    """Stop unless the person trusts a file with everything it names.

    Args:
        file: the file.
        names: the code, paths, addresses, keys and limits that it names, by their place in it.

    Raises:
        Untrusted: it names something, and the person does not trust it.
    """
    if is_trusted(file):
        return
    new = {key: value for key, value in names.items() if not is_own(file, {key: value})}
    if not new or agreed(file, told(new)):
        return
    listed = [f"{key} = {shown(value)}" for key, value in islice(new.items(), _NAMED)]
    if len(new) > _NAMED:
        listed.append(f"and {len(new) - _NAMED} more")
    raise Untrusted(
        f"{printable(str(file), lines=False)} sets {', '.join(listed)}, but someone else's file "
        "could specify any code, file, address or limit",
        hint="read it first; if you trust it, " + trust_hint(file),
    )


def told(names: Mapping[str, Any]) -> list[str]:
    """Return a line for each name in a file, with none left out: the unseen is not trusted."""
    return [
        printable(f"{key} = {text}", lines=False)
        for name, value in names.items()
        for key, text in _leaves(name, value)
    ]


def agreed(file: Path, lines: Sequence[str]) -> bool:
    """Ask the person about a file, if there is one, and if it is not more than a person reads.

    A command may read a file several times, but asks once.
    """
    if _Person.asked is None or len(lines) > _LINES or max(map(len, lines)) > _LINE:
        return False
    question = "\n  ".join([f"{printable(str(file), lines=False)} names", *lines])
    if question not in _Person.agreed and _Person.asked(question):
        _Person.agreed.add(question)
    return question in _Person.agreed


def _leaves(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from _leaves(f"{key}.{name}", each)
    elif isinstance(value, list | tuple) and value:
        for at, each in enumerate(value):
            yield from _leaves(f"{key}.{at}", each)
    else:
        yield key, value if isinstance(value, str) else json.dumps(value, default=str)


def _code(file: Path, value: Any) -> dict[str, str]:
    """The digest of each file of code that a value names, from the file's folder or from here."""
    code = {}
    for text in texts_in(value):
        # ADAPTER:FILE.py:CLASS names the file behind the colon.
        files = {
            Path(name[: found.end()])
            for name in (text, text.partition(":")[2])
            for found in re.finditer(r"\.py", name)
        }
        for path in (place for named in files for place in (file.parent / named, named)):
            with contextlib.suppress(OSError, ValueError, UsageError):
                if path.suffix == ".py" and path.is_file():
                    code[str(path.resolve())] = hashlib.sha256(content_of(path, _CODE)).hexdigest()
    return code
