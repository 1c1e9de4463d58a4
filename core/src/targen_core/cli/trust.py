"""Trust in the paths, the code and the addresses that files of others name.

Such a file is used if this person trusts it in this call, by `--trust=PATH` or `origin.trusting`.
It is also used if targen signed it for this person (`targen_core.signing`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from targen_core.origin import Typed, Untrusted, is_trusted, shown, trust_hint
from targen_core.plain import is_hidden, kind_of
from targen_core.signing import is_signed
from targen_core.text import printable

_NAMED = 20  # names in a message
# hf:OWNER/NAME, or what a plugin opens; FILE.py:NAME is no address
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]+(?<!\.py):(?!\\)")


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


def require_trust(file: Path, names: Mapping[str, Any]) -> None:
    """Stop unless the person trusts a file with everything it names.

    Args:
        file: the file.
        names: the code, paths, addresses, keys and limits that it names, by their place in it.

    Raises:
        Untrusted: it names something, and the person does not trust it.
    """
    if not names or is_trusted(file) or is_signed(file, names):
        return
    listed = [f"{key} = {shown(value)}" for key, value in islice(names.items(), _NAMED)]
    if len(names) > _NAMED:
        listed.append(f"and {len(names) - _NAMED} more")
    raise Untrusted(
        f"{printable(str(file), lines=False)} sets {', '.join(listed)}, but someone else's file "
        "could specify any code, file, address or limit",
        hint="read it first; if you trust it, " + trust_hint(file),
    )
